// The public door of payments: the port to whoever takes the money, the adapter to it over HTTP, its webhooks, and a sandbox that
// behaves as badly as one is asked to.

export {
  ProviderUnavailable,
  type CaptureRequest,
  type PaymentProvider,
  type ProviderPayment,
  type ProviderState,
} from './provider.ts';
export { BEHAVIOURS, REVIEW_FINGERPRINT, type Behaviour } from './sandbox/behaviour.ts';
export { WEBHOOK_BYTES_MAX, WEBHOOK_PATH, WEBHOOK_TYPES, type WebhookBody } from './webhook.ts';
