// What happened to a product. Events are the truth: state is what they add up to.
// Every event carries its product and the journal time at which it was decided (epoch milliseconds).

import type { ProductConfiguration } from './command.ts';
import type { Key } from './key.ts';
import type { OrderStatus, Terms } from './order.ts';

interface Happened {
  readonly productId: string;
  readonly at: number;
}

export interface Configured extends Happened {
  readonly kind: 'configured';
  readonly configuration: ProductConfiguration;
  /** Counts the configurations of this product from 1. */
  readonly revision: number;
}

export interface StockChanged extends Happened {
  readonly kind: 'stockLoaded' | 'stockWithdrawn';
  readonly requestId: string;
  readonly quantity: number;
}

/** Self-contained: whoever reads only this event knows the whole order. */
export interface Reserved extends Happened {
  readonly kind: 'reserved';
  readonly orderId: Key;
  readonly customerId: string;
  readonly customerKey: Key;
  readonly idempotencyKey: string;
  readonly requestKey: Key;
  readonly quantity: number;
  readonly terms: Terms;
  /** The ticket that it used up; undefined where none was asked for. */
  readonly ticket?: Key | undefined;
}

/** Consecutive `reserved` of one product on the same terms, with what an actor keeps of them and no more. */
export interface ReservedRun {
  readonly kind: 'reservedRun';
  readonly productId: string;
  readonly terms: Terms;
  /** Journal time of each, epoch milliseconds. */
  readonly ats: readonly number[];
  readonly quantities: readonly number[];
  /** Twelve words of each: order id, customer key, request key. */
  readonly keys: Uint32Array;
  /** Four words of each: its ticket. Undefined: none has one. */
  readonly tickets?: Uint32Array | undefined;
}

/** What each change of an order makes of it. */
export const STATUS_AFTER = {
  paymentPending: 'payment_pending',
  inReview: 'in_review',
  paid: 'paid',
  cancelled: 'cancelled',
  expired: 'expired',
  refundDue: 'refund_due',
  refunded: 'refunded',
  paymentDeclined: 'reserved',
  denied: 'cancelled',
} as const satisfies Record<string, OrderStatus>;

export type OrderChange = keyof typeof STATUS_AFTER;

export interface OrderChanged extends Happened {
  readonly kind: OrderChange;
  readonly orderId: Key;
}

/** The hold ends later than its terms say. */
export interface HoldExtended extends Happened {
  readonly kind: 'holdExtended';
  readonly orderId: Key;
  /** Epoch milliseconds. */
  readonly until: number;
}

export interface SaleSwitched extends Happened {
  readonly kind: 'paused' | 'resumed';
}

/** The sale is closed for good, and its actor has let orders, keys and requestIds go. */
export interface Retired extends Happened {
  readonly kind: 'retired';
}

export type Event =
  | Configured
  | StockChanged
  | Reserved
  | OrderChanged
  | HoldExtended
  | SaleSwitched
  | Retired;
