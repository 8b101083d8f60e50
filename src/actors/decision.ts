// What an actor says to a command: a reply for the caller, and the event that it rests on, if there is one.

import type { Event } from './event.ts';
import type { Order } from './order.ts';
import type { Refusal } from './outcome.ts';
import type { ProductReading, Stock } from './product.ts';

/** What the caller is told. */
export type Reply =
  | { readonly outcome: 'reserved'; readonly order: Order; readonly replayed: boolean }
  | { readonly outcome: 'order'; readonly order: Order }
  | { readonly outcome: 'configured'; readonly product: ProductReading; readonly created: boolean }
  | { readonly outcome: 'product'; readonly product: ProductReading }
  | {
      readonly outcome: 'stock';
      readonly productId: string;
      readonly stock: Stock;
      readonly duplicate: boolean;
    }
  | { readonly outcome: 'conflict'; readonly refusal: 'order_state_conflict'; readonly order: Order }
  /** The product is retired: what became of the order that was asked for stands in Postgres alone. */
  | { readonly outcome: 'retired'; readonly productId: string }
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

/** A decision without an event changes nothing, and its answer needs no append of its own. */
export interface Decision {
  readonly reply: Reply;
  readonly event: Event | undefined;
}

/** Bounds of one actor; what happens there is `overloaded`. */
export const ACTOR_LIMITS = {
  ordersMax: 16_000_000,
  stockRequestsMax: 100_000,
  termsMax: 1_000,
} as const;

// Refusals outnumber acceptances a hundred to one in a sale: each is made once.
const refusals = new Map<Refusal, Decision>();
export function refuse(refusal: Refusal): Decision {
  let decision = refusals.get(refusal);
  if (decision === undefined) {
    decision = Object.freeze({ reply: Object.freeze({ outcome: 'refused', refusal }), event: undefined });
    refusals.set(refusal, decision);
  }
  return decision;
}

export const answer = (reply: Reply): Decision => ({ reply, event: undefined });
