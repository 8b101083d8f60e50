// What a product's actor can be asked. Commands are plain data: they cross threads and networks as they are.
// Ids and keys come in with the command, so that the actor draws no random number and computes no hash.

import type { Gate } from './gate.ts';
import type { Key } from './key.ts';

export interface Reserve {
  readonly kind: 'reserve';
  readonly productId: string;
  readonly orderId: Key;
  readonly customerId: string;
  readonly customerKey: Key;
  readonly idempotencyKey: string;
  readonly requestKey: Key;
  readonly quantity: number;
  /** Of the purchase ticket that was brought, checked at the gateway; undefined: none was; BAD_TICKET: no good one. */
  readonly ticket?: Key | undefined;
}

/** What the payment provider said. `paid` means that the money is taken. */
export interface Pay {
  readonly kind: 'pay';
  readonly orderId: Key;
  readonly customerKey: Key;
  readonly settlement: 'paid' | 'payment_pending' | 'in_review';
}

/** The provider surely took nothing: the order is the customer's to pay again, as long as its hold lasts. */
export interface Decline {
  readonly kind: 'decline';
  readonly orderId: Key;
}

/** The shop does not sell to this customer: the units go back, and the customer cools down. */
export interface Deny {
  readonly kind: 'deny';
  readonly orderId: Key;
}

/** Whoever decides on the payment cannot be reached: the customer must not lose the units for it. */
export interface ExtendHold {
  readonly kind: 'extendHold';
  readonly orderId: Key;
  /** From now, ms. */
  readonly byMs: number;
  /** Never later than so long behind the hold's first end, ms. */
  readonly mostMs: number;
}

export interface Cancel {
  readonly kind: 'cancel';
  readonly orderId: Key;
  readonly customerKey: Key;
}

/** Sent by the owner itself when a hold's time is up. */
export interface Expire {
  readonly kind: 'expire';
  readonly orderId: Key;
}

/** The money of an order in `refund_due` went back. */
export interface Refund {
  readonly kind: 'refund';
  readonly orderId: Key;
}

export interface Configure {
  readonly kind: 'configure';
  readonly productId: string;
  readonly configuration: ProductConfiguration;
  /** The revision that the caller saw; 0 for "must not exist"; undefined for "whatever it is". */
  readonly expectedRevision: number | undefined;
}

export interface ProductConfiguration {
  readonly name: string;
  readonly description: string;
  /** Epoch milliseconds: the first at which a reservation is possible. */
  readonly startsAt: number;
  /** Epoch milliseconds: the first at which it no longer is. */
  readonly endsAt: number;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly perCustomerLimit: number;
  readonly holdSeconds: number;
  /** Undefined: an open one. */
  readonly gate?: Gate | undefined;
}

export interface ChangeStock {
  readonly kind: 'loadStock' | 'withdrawStock';
  readonly productId: string;
  readonly requestId: string;
  /** Units, above 0. */
  readonly quantity: number;
}

/** A read: whether changes of stock, each under its name, were counted as they are or can still be. */
export interface CheckStock {
  readonly kind: 'checkStock';
  readonly productId: string;
  readonly change: ChangeStock['kind'];
  readonly changes: readonly { readonly requestId: string; readonly quantity: number }[];
}

export interface PauseOrResume {
  readonly kind: 'pause' | 'resume';
  readonly productId: string;
}

/** Sent by the owner itself when a sale has been over for long. */
export interface Retire {
  readonly kind: 'retire';
  readonly productId: string;
  /** How long orders stay in memory after the sale's end. */
  readonly keptMs: number;
}

export interface ShowProduct {
  readonly kind: 'showProduct' | 'showStock';
  readonly productId: string;
}

export interface ShowOrder {
  readonly kind: 'showOrder';
  readonly orderId: Key;
  readonly customerKey: Key;
}

/** For the client that lost its answer. */
export interface FindOrder {
  readonly kind: 'findOrder';
  readonly productId: string;
  readonly requestKey: Key;
}

/** Addressed by product. */
export type ProductCommand =
  | Reserve
  | Configure
  | ChangeStock
  | CheckStock
  | PauseOrResume
  | Retire
  | ShowProduct
  | FindOrder;
/** Addressed by order id, which leads to its product. */
export type OrderCommand = Pay | Decline | Deny | ExtendHold | Cancel | Expire | Refund | ShowOrder;
export type Command = ProductCommand | OrderCommand;
