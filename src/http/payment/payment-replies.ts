// What whoever pays is told of an order, by how it stands.

import type { Order, Reply } from '../../actors/index.ts';
import type { Pursued } from '../../persistence/index.ts';
import type { Shopper } from '../auth.ts';
import { orderBody } from '../order-body.ts';
import { Problem } from '../problem.ts';

/** @throws Problem payment_declined */
export function replyTo({ order, payment, refusal }: Pursued, before: Order, shopper: Shopper): Reply {
  if (refusal !== undefined) return refusal;
  const shown = order ?? before;
  switch (shown.status) {
    case 'paid':
    case 'payment_pending':
    case 'in_review':
    case 'refund_due':
    case 'refunded':
      return { outcome: 'order', order: shown };
    case 'reserved':
      throw declined(shown, shopper);
    case 'expired':
      if (typeof payment === 'object' && payment.declined !== undefined) throw declined(shown, shopper);
      return conflictOf(shown);
    case 'cancelled':
      return conflictOf(shown);
  }
}

export const conflictOf = (order: Order): Reply => ({
  outcome: 'conflict',
  refusal: 'order_state_conflict',
  order,
});

const declined = (order: Order, shopper: Shopper): Problem =>
  new Problem('payment_declined', { order: orderBody(order, shopper) });

export const triedTooOften = (order: Order, shopper: Shopper): Problem =>
  new Problem('payment_declined', {
    detail:
      'This order was tried to be paid too many times. This try was not made, and nothing was charged by it.',
    retry: 'never',
    order: orderBody(order, shopper),
  });

/** @param order as it was asked to be paid */
export const unavailable = ({ status }: Order): Problem =>
  new Problem('unavailable', {
    // Of an order that ran out, too, an earlier try may be taken yet.
    detail:
      status === 'payment_pending' || status === 'expired'
        ? 'Nobody can say just now what became of this payment. It is followed, and the hold was extended as far as it may be. Ask again in a moment.'
        : 'The payment cannot be taken just now. Nothing was charged, and the hold was extended as far as it may be. Try again in a moment.',
  });
