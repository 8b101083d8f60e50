// What a provider's webhook says: Standard Webhooks (headers webhook-id, webhook-timestamp, webhook-signature), with the payment as it
// is in the body. It only says that something changed: what becomes of the order rests on what the provider says when it is asked.

import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import * as z from 'zod';

export const WEBHOOK_PATH = '/v1/payments/webhook';
export const WEBHOOK_BYTES_MAX = 16 * 1024;

export const WEBHOOK_TYPES = [
  'payment.captured',
  'payment.declined',
  'payment.pending',
  'payment.refunded',
  'payment.voided',
] as const;

export const WebhookSchema = z.object({
  type: z.enum(WEBHOOK_TYPES),
  timestamp: z.string().max(64),
  data: z.object({
    orderId: z.string().min(1).max(64),
    providerId: z.string().min(1).max(200),
    state: z.enum(['open', 'pending', 'captured', 'refunded', 'voided']),
    amount: z.object({ amount: z.int().min(0), currency: z.string().regex(/^[A-Z]{3}$/) }),
    declined: z.string().max(200).nullish(),
  }),
});

export type WebhookBody = z.output<typeof WebhookSchema>;

/** `forged`: its signature is not the provider's, or is too old. `malformed`: it is, and says nothing that could be understood. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
  readonly kind: 'forged' | 'malformed';

  constructor(kind: WebhookRefused['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** @param secret `whsec_…` @param headers by their names in small letters @throws WebhookRefused */
export function readWebhook(
  secret: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): WebhookBody {
  const text = Buffer.from(body);
  try {
    new Webhook(secret).verify(text, headers, { jsonParse: false });
  } catch (error) {
    if (error instanceof WebhookVerificationError) throw new WebhookRefused('forged', error.message);
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch {
    throw new WebhookRefused('malformed', 'body: is not JSON');
  }
  const parsed = WebhookSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new WebhookRefused('malformed', `${first!.path.join('.') || 'body'}: ${first!.message}`);
}
