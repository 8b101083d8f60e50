// What the handlers of one thread can ask about payments.

import type { Key, Order, Reply } from '../../actors/index.ts';
import type { Shopper } from '../auth.ts';

/** How somebody wants to pay. */
export interface PaymentWish {
  readonly method: string;
  /** Of the provider's. */
  readonly token: string;
  /** Of the network, as ClientAddresses says it. */
  readonly address: string;
}

/** What came of a person's decision. Repeating it gives the same answer. */
export type ReviewSettled =
  /** The money is taken, and the order is paid. */
  | { readonly outcome: 'paid'; readonly order: Order }
  /** Approved, and kept; nobody knows yet whether the money is taken. It is followed. */
  | { readonly outcome: 'pending'; readonly order: Order }
  /** Approved, and the bank said no: the order is the customer's to pay again, or cancelled. */
  | { readonly outcome: 'declined'; readonly order: Order }
  /** Denied: the order is cancelled, and nothing was taken. */
  | { readonly outcome: 'denied'; readonly order: Order }
  /** The order is not in review any more, or never was; as it is now, where anybody knows it. */
  | { readonly outcome: 'gone'; readonly order: Order | undefined };

export interface Payments {
  /**
   * Takes the money for an order as its owner just showed it. Repeated and concurrent calls take it once.
   * @returns the order: paid; payment_pending or in_review; or the conflict
   * @throws Problem payment_declined: `order` in it is `reserved` (declined: its hold goes on) or `cancelled` (denied)
   * @throws Problem unavailable when nothing could be done; the hold was extended where that was possible
   */
  pay(order: Order, shopper: Shopper, wish: PaymentWish): Promise<Reply>;
  /** An order was cancelled: what may be left of its payment at the provider is looked after soon. Never throws. */
  cancelled(orderId: Key): void;
  /** @param by who decides, for people @throws Problem unavailable when it could not be kept; repeat it */
  approve(orderId: Key, by: string): Promise<ReviewSettled>;
  reject(orderId: Key, by: string): Promise<ReviewSettled>;
  /** @param headers by their names in small letters @throws Problem when it is not taken: the provider sends it again */
  webhook(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<void>;
}
