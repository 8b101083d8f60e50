// What becomes of an order after its acceptance: paid, cancelled, expired, refunded. Repeating a step that was made gives
// the same answer; a step that the order's status does not allow is a conflict, told with the order as it is.

import type { Cancel, Decline, Deny, Expire, ExtendHold, Pay, Refund } from './command.ts';
import { answer, refuse, type Decision } from './decision.ts';
import { STATUS_AFTER, type OrderChange } from './event.ts';
import { invariant } from './invariant.ts';
import { canExpire, isHeld, type OrderStatus } from './order.ts';
import type { Product } from './product.ts';

export function pay(product: Product, command: Pay, now: number): Decision {
  const row = product.orders.ids.find(command.orderId);
  if (row < 0 || !product.orders.belongsTo(row, command.customerKey)) return refuse('not_found');
  const status = product.orders.status(row);
  if (command.settlement !== 'paid') return settleLater(product, row, status, command.settlement, now);
  switch (status) {
    case 'reserved':
    case 'payment_pending':
    case 'in_review':
      return change(product, row, 'paid', now);
    case 'expired':
      return canStillFulfil(product, row) ? change(product, row, 'paid', now) : tooLate(product, row, now);
    case 'cancelled':
      return tooLate(product, row, now);
    case 'paid':
    case 'refund_due':
    case 'refunded':
      return answer({ outcome: 'order', order: product.order(row) });
  }
}

/** The provider has not made up its mind, or the shop wants to look at the order. */
function settleLater(
  product: Product,
  row: number,
  status: OrderStatus,
  settlement: 'payment_pending' | 'in_review',
  now: number,
): Decision {
  if (status === settlement || status === 'in_review' || status === 'paid') {
    return answer({ outcome: 'order', order: product.order(row) });
  }
  if (!isHeld(status)) return conflict(product, row);
  return settlement === 'in_review'
    ? change(product, row, 'inReview', now)
    : change(product, row, 'paymentPending', now);
}

/** Nothing is due of an order that cost nothing. */
function tooLate(product: Product, row: number, now: number): Decision {
  const isFree = product.order(row).unitPrice.amount === 0;
  return isFree ? conflict(product, row) : change(product, row, 'refundDue', now);
}

function canStillFulfil(product: Product, row: number): boolean {
  const { orders, stock, configuration } = product;
  const quantity = orders.quantity(row);
  const held = orders.heldByRow(orders.customerRow(row));
  return quantity <= stock.available && held + quantity <= configuration.perCustomerLimit;
}

export function cancel(product: Product, command: Cancel, now: number): Decision {
  const row = product.orders.ids.find(command.orderId);
  if (row < 0 || !product.orders.belongsTo(row, command.customerKey)) return refuse('not_found');
  const status = product.orders.status(row);
  if (isHeld(status)) return change(product, row, 'cancelled', now);
  if (status === 'cancelled') return answer({ outcome: 'order', order: product.order(row) });
  return conflict(product, row);
}

/** Only what is undecided can be declined: a repetition may meet the next try, so it is not for repeating blindly. */
export function decline(product: Product, { orderId }: Decline, now: number): Decision {
  const row = product.orders.ids.find(orderId);
  if (row < 0) return refuse('not_found');
  const status = product.orders.status(row);
  if (status === 'payment_pending') return change(product, row, 'paymentDeclined', now);
  if (status === 'reserved') return answer({ outcome: 'order', order: product.order(row) });
  return conflict(product, row);
}

export function deny(product: Product, { orderId }: Deny, now: number): Decision {
  const row = product.orders.ids.find(orderId);
  if (row < 0) return refuse('not_found');
  const status = product.orders.status(row);
  if (isHeld(status)) return change(product, row, 'denied', now);
  if (status === 'cancelled') return answer({ outcome: 'order', order: product.order(row) });
  return conflict(product, row);
}

/** Without an event when the hold lasts as long already. */
export function extendHold(product: Product, { orderId, byMs, mostMs }: ExtendHold, now: number): Decision {
  invariant(Number.isSafeInteger(byMs) && byMs >= 0, `a hold is extended by whole milliseconds, not ${byMs}`);
  invariant(Number.isSafeInteger(mostMs) && mostMs >= 0, `at most whole milliseconds, not ${mostMs}`);
  const row = product.orders.ids.find(orderId);
  if (row < 0) return refuse('not_found');
  const order = product.order(row);
  if (!canExpire(order.status) || order.holdExpiresAt === null) return conflict(product, row);
  const until = Math.min(now + byMs, product.holds.firstEnd(row) + mostMs);
  if (until <= order.holdExpiresAt) return answer({ outcome: 'order', order });
  return {
    reply: { outcome: 'order', order: { ...order, holdExpiresAt: until } },
    event: { kind: 'holdExtended', productId: product.id, at: now, orderId, until },
  };
}

export function expire(product: Product, command: Expire, now: number): Decision {
  const row = product.orders.ids.find(command.orderId);
  if (row < 0) return refuse('not_found');
  const order = product.order(row);
  const isDue = order.holdExpiresAt !== null && order.holdExpiresAt <= now;
  if (!canExpire(order.status) || !isDue) return conflict(product, row);
  return change(product, row, 'expired', now);
}

export function refund(product: Product, command: Refund, now: number): Decision {
  const row = product.orders.ids.find(command.orderId);
  if (row < 0) return refuse('not_found');
  const status = product.orders.status(row);
  if (status === 'refund_due') return change(product, row, 'refunded', now);
  if (status === 'refunded') return answer({ outcome: 'order', order: product.order(row) });
  return conflict(product, row);
}

function change(product: Product, row: number, kind: OrderChange, now: number): Decision {
  const order = product.order(row, STATUS_AFTER[kind]);
  return {
    reply: { outcome: 'order', order },
    event: { kind, productId: product.id, at: now, orderId: order.orderId },
  };
}

const conflict = (product: Product, row: number): Decision =>
  answer({ outcome: 'conflict', refusal: 'order_state_conflict', order: product.order(row) });
