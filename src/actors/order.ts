// An order's life, and how an order looks to whoever asks its actor.
//
//   reserved ─┬─▶ payment_pending ─┬─▶ paid
//             ├─▶ in_review ───────┤
//             │                    ├─▶ cancelled ──(a payment arrives)──▶ refund_due ──▶ refunded
//             └────────────────────┴─▶ expired ──(a payment arrives)──▶ paid, if limit and stock still allow it,
//                                                                       else refund_due
//
// A hold runs out in `reserved` and `payment_pending`. `in_review` stops that clock: there the shop is thinking, not
// the shopper.

import type { Key } from './key.ts';

/** A status is stored as its place in this list. The list is part of the journal's meaning: it only ever grows at its end. */
export const ORDER_STATUSES = [
  'reserved',
  'payment_pending',
  'in_review',
  'paid',
  'cancelled',
  'expired',
  'refund_due',
  'refunded',
] as const;

export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** Units of the order are held for the customer, not yet sold. */
export const isHeld = (status: OrderStatus): boolean =>
  status === 'reserved' || status === 'payment_pending' || status === 'in_review';

/** No money was ever taken for the order. */
export const isUnpaid = (status: OrderStatus): boolean =>
  isHeld(status) || status === 'cancelled' || status === 'expired';

/** The hold of such an order ends when its time is up. */
export const canExpire = (status: OrderStatus): boolean =>
  status === 'reserved' || status === 'payment_pending';

/** Money in minor units (cents), an integer. */
export interface Money {
  readonly amount: number;
  /** ISO 4217, three capitals. */
  readonly currency: string;
}

/** What a customer agrees to when reserving: later changes of price or hold time do not touch it. */
export interface Terms extends Money {
  /** 0 sells at once. */
  readonly holdSeconds: number;
}

export interface Order {
  readonly orderId: Key;
  readonly productId: string;
  readonly quantity: number;
  readonly unitPrice: Money;
  readonly status: OrderStatus;
  /** Epoch milliseconds, by the owner's journal time. */
  readonly createdAt: number;
  /** Epoch milliseconds; null when the order was sold at once. */
  readonly holdExpiresAt: number | null;
}

export const holdExpiresAt = (createdAt: number, terms: Terms): number | null =>
  terms.holdSeconds === 0 ? null : createdAt + terms.holdSeconds * 1_000;

/** The status that an accepted reservation starts with. */
export const acceptedStatus = (terms: Terms): OrderStatus => (terms.holdSeconds === 0 ? 'paid' : 'reserved');
