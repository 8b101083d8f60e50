// What Doorbuster needs of whoever takes the money: a port. docs/payments.md shows how a real provider is put behind it.
//
// The order is the payment's identity: a provider holds at most one payment for each order, and takes its money at most once, whatever
// is repeated, whoever asks, and however often a process dies in between.
//
//   (nothing) ──▶ open ─┬─▶ captured ──▶ refunded
//                       └─▶ voided               open: tries may be declined, and made again with another token

import type { Money } from '../actors/index.ts';

export type ProviderState = 'open' | 'pending' | 'captured' | 'refunded' | 'voided';

export interface ProviderPayment {
  /** Of the order, as shoppers see it. */
  readonly orderId: string;
  /** What the provider calls the payment. */
  readonly providerId: string;
  /** `pending`: a try is under way, and nobody knows yet what becomes of it. */
  readonly state: ProviderState;
  readonly amount: Money;
  /** Of the last try that was declined; undefined when none was, or another one is under way. */
  readonly declined: string | undefined;
}

export interface CaptureRequest {
  readonly orderId: string;
  readonly amount: Money;
  readonly method: string;
  readonly token: string;
}

/** Nobody knows what the provider did, if it did anything: timed out, unreachable, or an answer that is none. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
}

export interface PaymentProvider {
  /**
   * Takes the money, or says why not. Repeated for an order whose money was taken it says `captured` again and takes nothing.
   * @returns `open` with `declined` when this try was declined; `pending` while it is undecided @throws ProviderUnavailable
   */
  capture(request: CaptureRequest): Promise<ProviderPayment>;
  /** @returns undefined when it never heard of the order @throws ProviderUnavailable */
  find(orderId: string): Promise<ProviderPayment | undefined>;
  /** From its answer on nothing can be taken for this order. What was taken before it stays: `captured`. @throws ProviderUnavailable */
  void(orderId: string): Promise<ProviderPayment>;
  /** Of everything that was captured; repeated it gives nothing back twice. @throws ProviderUnavailable */
  refund(orderId: string): Promise<ProviderPayment>;
  /** Alike for tokens of one card or account; undefined where the provider knows none. @throws ProviderUnavailable */
  fingerprint(method: string, token: string): Promise<string | undefined>;
  /** For audits: every payment, in an order of the provider's own. @param after `next` of the page before @throws ProviderUnavailable */
  list(
    after: string | undefined,
  ): Promise<{ readonly payments: readonly ProviderPayment[]; readonly next: string | undefined }>;
}
