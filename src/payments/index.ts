// The public door of payments: the port to whoever takes the money, the adapter to it over HTTP, its webhooks, and a sandbox that
// behaves as badly as one asks it to.

export { HttpProvider, PROVIDER_ANSWER_BYTES_MAX, type HttpProviderOptions } from './http-provider.ts';
export {
  ProviderUnavailable,
  type CaptureRequest,
  type PaymentProvider,
  type ProviderPayment,
  type ProviderState,
} from './provider.ts';
export { BEHAVIOURS, REVIEW_FINGERPRINT, type Behaviour } from './sandbox/behaviour.ts';
export { Sandbox, type SandboxOptions } from './sandbox/sandbox.ts';
export type { WebhookTarget } from './sandbox/webhook-sender.ts';
export { SANDBOX_LIMITS } from './sandbox/sandbox-store.ts';
export {
  readWebhook,
  WEBHOOK_BYTES_MAX,
  WEBHOOK_PATH,
  WEBHOOK_TYPES,
  WebhookRefused,
  WebhookSchema,
  type WebhookBody,
} from './webhook.ts';
