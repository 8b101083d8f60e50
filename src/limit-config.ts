// The settings of rate limits: one for each class of requests, and how often nodes tell each other.

import * as z from 'zod';
import {
  DEFAULT_LIMITS_TEXT,
  LIMITS_WANTED,
  limitSetting,
  limitsOf,
  parseLimits,
  REQUEST_CLASSES,
  WIDE_LIMITS_TEXT,
  type LimitPolicy,
  type RequestClass,
} from './http/index.ts';

export interface RateLimitConfig {
  readonly policy: LimitPolicy;
  readonly syncMs: number;
}

const syncWanted = 'must be a whole number from 50 to 5000';

const limits = (kind: RequestClass, of: string) =>
  z
    .string()
    .refine((text) => parseLimits(text) !== undefined, { error: LIMITS_WANTED })
    .default(DEFAULT_LIMITS_TEXT[kind])
    .describe(of);

export const LIMIT_SETTINGS = {
  RATE_LIMITS: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .describe('whether requests are limited at all'),
  RATE_LIMIT_SYNC_MS: z
    .preprocess(
      (value) => (typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value),
      z.int(syncWanted).min(50, syncWanted).max(5_000, syncWanted),
    )
    .default(200)
    .describe('between two exchanges of what was taken with other nodes, through Redis'),
  LIMIT_PURCHASE: limits('purchase', 'purchases, of one customer and from one address'),
  LIMIT_TICKET: limits('ticket', 'purchase tickets asked for'),
  LIMIT_PAYMENT: limits('payment', 'payments and cancellations'),
  LIMIT_READ: limits('read', 'other calls of the API'),
  LIMIT_PAGE: limits('page', 'pages'),
  LIMIT_STREAM: limits('stream', 'event streams opened'),
  LIMIT_SIGN_IN: limits('sign-in', 'sign-ins'),
};

type LimitName = Exclude<keyof typeof LIMIT_SETTINGS, 'RATE_LIMITS' | 'RATE_LIMIT_SYNC_MS'>;
type Values = z.output<z.ZodObject<typeof LIMIT_SETTINGS>>;

/** @returns undefined: there are none */
export function toRateLimits(values: Values, demo: boolean): RateLimitConfig | undefined {
  if (values.RATE_LIMITS === 'off') return undefined;
  const limitsOfClass = (kind: RequestClass) =>
    limitsOf(values[limitSetting(kind) as LimitName], demo ? WIDE_LIMITS_TEXT : DEFAULT_LIMITS_TEXT[kind]);
  const policy = Object.fromEntries(
    REQUEST_CLASSES.map((kind) => [kind, limitsOfClass(kind)]),
  ) as LimitPolicy;
  return { policy, syncMs: values.RATE_LIMIT_SYNC_MS };
}
