// What a provider's webhook says: Standard Webhooks (headers webhook-id, webhook-timestamp, webhook-signature), with the payment as it
// is in the body. It only says that something changed: what becomes of the order rests on what the provider says when it is asked.

export const WEBHOOK_PATH = '/v1/payments/webhook';
export const WEBHOOK_BYTES_MAX = 16 * 1024;

export const WEBHOOK_TYPES = [
  'payment.captured',
  'payment.declined',
  'payment.pending',
  'payment.refunded',
  'payment.voided',
] as const;

export interface WebhookBody {
  readonly type: (typeof WEBHOOK_TYPES)[number];
  /** ISO 8601. */
  readonly timestamp: string;
  readonly data: {
    readonly orderId: string;
    readonly providerId: string;
    readonly state: 'open' | 'pending' | 'captured' | 'refunded' | 'voided';
    readonly amount: { readonly amount: number; readonly currency: string };
    readonly declined: string | null;
  };
}
