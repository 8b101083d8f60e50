// The settings of payments: who takes the money, and what happens while they cannot be reached.

import * as z from 'zod';

const secondsMax = 3_600;
const secondsWanted = `must be a whole number from 0 to ${secondsMax}`;
const timeoutWanted = 'must be a whole number from 100 to 60000';

const digits = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;

function isProviderAddress(text: string): boolean {
  const address = URL.parse(text);
  if (address === null || address.username + address.password + address.search + address.hash !== '')
    return false;
  const isLoopback = /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(address.hostname);
  return address.protocol === 'https:' || (address.protocol === 'http:' && isLoopback);
}

/** Base64 of 24 to 64 bytes, as Standard Webhooks has them. */
function isWebhookSecret(text: string): boolean {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  if (encoded === undefined || encoded.length % 4 !== 0) return false;
  const bytes = Buffer.from(encoded, 'base64').length;
  return bytes >= 24 && bytes <= 64;
}

export const PAYMENT_SETTINGS = {
  PAYMENT_URL: z
    .string()
    .max(2_000)
    .refine(isProviderAddress, {
      error:
        'must be the address of the payment adapter, beginning with https:// (http:// only on this machine), without a password, ? and #',
    })
    .optional()
    .describe(
      'who takes the money; without it nothing can be paid, and in demo mode the sandbox of the node takes it',
    ),
  PAYMENT_SECRET: z
    .string()
    .regex(/^[\x21-\x7e]{16,4096}$/, 'must be 16 to 4096 printable ASCII characters without spaces')
    .optional()
    .describe('bearer token of calls to PAYMENT_URL'),
  PAYMENT_WEBHOOK_SECRET: z
    .string()
    .refine(isWebhookSecret, {
      error:
        'must be whsec_ and the base64 of 24 to 64 bytes (make one with: echo whsec_$(openssl rand -base64 32))',
    })
    .optional()
    .describe('signs the provider’s webhooks (Standard Webhooks)'),
  PAYMENT_TIMEOUT_MS: z
    .preprocess(digits, z.int(timeoutWanted).min(100, timeoutWanted).max(60_000, timeoutWanted))
    .default(10_000)
    .describe('for one answer of PAYMENT_URL'),
  HOLD_EXTENSION_SECONDS: z
    .preprocess(digits, z.int(secondsWanted).min(0, secondsWanted).max(secondsMax, secondsWanted))
    .default(300)
    .describe('a hold is extended by so much at most while nobody can say whether it is paid'),
  PAYMENT_UNAVAILABLE: z
    .enum(['expire', 'review'], 'must be expire or review')
    .default('expire')
    .describe('what becomes of an order when that time is over: its hold ends, or a person decides'),
};

export const PAYMENT_SECRETS = ['PAYMENT_SECRET', 'PAYMENT_WEBHOOK_SECRET'];

type Values = z.output<z.ZodObject<typeof PAYMENT_SETTINGS>>;

export interface ProviderConfig {
  readonly url: string;
  readonly secret: string;
  readonly webhookSecret: string;
}

export interface PaymentConfig {
  /** Undefined: the sandbox of a demo, or nobody. */
  readonly provider: ProviderConfig | undefined;
  readonly timeoutMs: number;
  readonly holdExtensionMs: number;
  readonly whenUnavailable: 'expire' | 'review';
}

const PROVIDER_NEEDS = ['PAYMENT_URL', 'PAYMENT_SECRET', 'PAYMENT_WEBHOOK_SECRET'] as const;

export function paymentContradictions(values: Values): string[] {
  const set = PROVIDER_NEEDS.filter((name) => values[name] !== undefined);
  const missing = PROVIDER_NEEDS.filter((name) => values[name] === undefined);
  if (set.length === 0 || missing.length === 0) return [];
  return [
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: a payment provider has all of ${PROVIDER_NEEDS.join(', ')}; ` +
      `without one leave ${set.join(', ')} out`,
  ];
}

/** @param values without contradictions */
export function toPaymentConfig(values: Values): PaymentConfig {
  const { PAYMENT_URL: url, PAYMENT_SECRET: secret, PAYMENT_WEBHOOK_SECRET: webhookSecret } = values;
  return {
    provider:
      url === undefined || secret === undefined || webhookSecret === undefined
        ? undefined
        : { url: url.replace(/\/$/, ''), secret, webhookSecret },
    timeoutMs: values.PAYMENT_TIMEOUT_MS,
    holdExtensionMs: values.HOLD_EXTENSION_SECONDS * 1_000,
    whenUnavailable: values.PAYMENT_UNAVAILABLE,
  };
}
