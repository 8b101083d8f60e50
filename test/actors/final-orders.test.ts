// Which orders nothing can change any more: what is cached of them must stay true.

import { expect, test } from 'vitest';
import {
  customerKeyOf,
  decide,
  isFinal,
  ORDER_STATUSES,
  type Command,
  type OrderStatus,
} from '../../src/actors/index.ts';
import { Actor } from './actor.ts';

/** An actor whose only order has this status. */
function actorWith(status: OrderStatus): { actor: Actor; changes: Command[] } {
  const actor = new Actor();
  actor.configure();
  actor.load(10);
  const reply = actor.reserve('ada', 'key');
  if (reply.outcome !== 'reserved') throw new Error(`it was ${reply.outcome}`);
  const { orderId } = reply.order;
  const customerKey = customerKeyOf('ada');
  const pay = (settlement: 'paid' | 'payment_pending' | 'in_review'): Command => ({
    kind: 'pay',
    orderId,
    customerKey,
    settlement,
  });
  const cancel: Command = { kind: 'cancel', orderId, customerKey };
  const refund: Command = { kind: 'refund', orderId };
  const expire: Command = { kind: 'expire', orderId };
  const ways: Record<OrderStatus, Command[]> = {
    reserved: [],
    payment_pending: [pay('payment_pending')],
    in_review: [pay('in_review')],
    paid: [pay('paid')],
    cancelled: [cancel],
    expired: [expire],
    refund_due: [cancel, pay('paid')],
    refunded: [cancel, pay('paid'), refund],
  };
  actor.now += 1_000_000 - 1;
  for (const command of ways[status]) actor.tell(command);
  const shown = actor.tell({ kind: 'showOrder', orderId, customerKey });
  expect(shown).toMatchObject({ order: { status } });
  return { actor, changes: [pay('paid'), pay('payment_pending'), pay('in_review'), cancel, expire, refund] };
}

test.each(ORDER_STATUSES)('whether an order that is %s can change is what is said of it', (status) => {
  const { actor, changes } = actorWith(status);
  const events = changes.flatMap((command) => decide(actor.product, command, actor.now).event ?? []);
  expect(events.length === 0).toBe(isFinal(status));
});
