// The end of a product's life in memory: when it comes, what it leaves, and what is answered afterwards.

import { describe, expect, test } from 'vitest';
import {
  customerKeyOf,
  digest,
  evolve,
  InvariantViolation,
  Product,
  requestKeyOf,
  type Command,
  type Event,
} from '../../src/actors/index.ts';
import { END, KEPT_MS, PRODUCT, refusal, selling, statusOf, type Actor } from './actor.ts';

const retiredAt = ({ product }: Actor): number | null => product!.retiredAt;

/** Two orders that were paid, one of each other kind that is over, and the day after. */
function over(): Actor {
  const actor = selling(9);
  actor.pay(actor.order('ada', 'k', 2), 'ada');
  actor.pay(actor.order('bob', 'k'), 'bob');
  actor.cancel(actor.order('cyd', 'k'), 'cyd');
  const refunded = actor.order('dan', 'k');
  actor.cancel(refunded, 'dan');
  actor.pay(refunded, 'dan');
  actor.tell({ kind: 'refund', orderId: refunded.orderId });
  actor.order('eve', 'k');
  actor.now += 60_000;
  actor.expireDue();
  actor.now = END + KEPT_MS;
  return actor;
}

describe('a retirement', () => {
  test('comes a day after the end of the sale, not a millisecond before', () => {
    const actor = over();
    expect(actor.product!.retiresAt(KEPT_MS)).toBe(END + KEPT_MS);
    actor.now -= 1;
    actor.retire();
    expect(retiredAt(actor)).toBeNull();
    actor.now += 1;
    actor.retire();
    expect(retiredAt(actor)).toBe(END + KEPT_MS);
    expect(actor.product!.retiresAt(KEPT_MS)).toBe(Infinity);
  });

  test('is put off with the end of the sale', () => {
    const actor = over();
    actor.configure({ endsAt: END + 1 });
    actor.retire();
    expect(retiredAt(actor)).toBeNull();
    actor.now += 1;
    actor.retire();
    expect(retiredAt(actor)).toBe(actor.now);
  });

  test.each(['reserved', 'payment_pending', 'in_review', 'refund_due'] as const)(
    'waits for an order that is %s',
    (status) => {
      const actor = selling(1);
      const order = actor.order('ada', 'k');
      if (status === 'refund_due') {
        actor.cancel(order, 'ada');
        actor.pay(order, 'ada');
      } else if (status !== 'reserved') actor.pay(order, 'ada', status);
      expect(statusOf(actor.tell({ ...named(order.orderId), kind: 'showOrder' }))).toBe(status);
      actor.now = END + 2 * KEPT_MS;
      actor.retire();
      expect(retiredAt(actor)).toBeNull();
      expect(actor.product!.retiresAt(KEPT_MS)).toBe(Infinity);
      if (status === 'refund_due') actor.tell({ kind: 'refund', orderId: order.orderId });
      else actor.cancel(order, 'ada');
      actor.retire();
      expect(retiredAt(actor)).toBe(actor.now);
    },
  );

  test('happens once', () => {
    const actor = over();
    actor.retire();
    expect(refusal(actor.retire())).toBe('product');
    expect(actor.events.filter(({ kind }) => kind === 'retired')).toHaveLength(1);
  });

  test('gives the memory of orders, keys and requestIds back, and keeps counters and configuration', () => {
    const actor = selling(20_000, { perCustomerLimit: 20_000, holdSeconds: 0 });
    for (let number = 0; number < 20_000; number++) actor.order(`customer ${number}`, 'k');
    const { stock, configuration, revision } = actor.product!;
    const before = structuredClone({ stock, configuration, revision });
    expect(actor.product!.orders.bytes).toBeGreaterThan(1_000_000);
    actor.now = END + KEPT_MS;
    actor.retire();
    const { orders, stockRequests, terms } = actor.product!;
    expect(orders.bytes).toBe(new Product(PRODUCT, configuration).orders.bytes);
    expect([orders.size, orders.customersSize, stockRequests.size, terms.length]).toEqual([0, 0, 0, 0]);
    expect(actor.product).toMatchObject(before);
    expect(actor.product!.stock).toMatchObject({ loaded: 20_000, sold: 20_000 });
    expect(actor.product!.nextExpiry()).toBe(Infinity);
    expect(actor.product!.dueHolds(actor.now, 9)).toEqual([]);
  });

  test('comes back in a replay', () => {
    const actor = over();
    actor.retire();
    const replay = (events: readonly Event[]): Product =>
      events.reduce<Product | undefined>((product, event) => evolve(product, event), undefined)!;
    expect(replay(actor.events).retiredAt).toBe(actor.now);
    expect(digest(replay(actor.events))).toBe(digest(actor.product!));
    const later = [...actor.events.slice(0, -1), { ...actor.events.at(-1)!, at: actor.now + 1 }];
    expect(digest(replay(later))).not.toBe(digest(actor.product!));
  });
});

const named = (orderId: string) => ({ orderId, customerKey: customerKeyOf('ada') });

describe('after a retirement', () => {
  const actor = over();
  const { orderId } = actor.product!.order(0);
  actor.retire();
  const { length } = actor.events;

  test.each<[string, () => Command]>([
    ['an order', () => ({ kind: 'showOrder', ...named(orderId) })],
    [
      'a key',
      () => ({ kind: 'findOrder', productId: PRODUCT, requestKey: requestKeyOf(PRODUCT, 'ada', 'k') }),
    ],
    ['a payment', () => ({ kind: 'pay', ...named(orderId), settlement: 'paid' })],
    ['a cancellation', () => ({ kind: 'cancel', ...named(orderId) })],
    ['a refund', () => ({ kind: 'refund', orderId })],
    ['an expiry', () => ({ kind: 'expire', orderId })],
  ])('whoever asks for %s is sent to where the order is', (_, command) => {
    expect(actor.tell(command())).toEqual({ outcome: 'retired', productId: PRODUCT });
  });

  test('a purchase is sent there, too: its key may have been accepted', () => {
    expect(actor.reserve('ada', 'k', 2)).toEqual({ outcome: 'retired', productId: PRODUCT });
    expect(actor.reserve('new', 'k')).toEqual({ outcome: 'retired', productId: PRODUCT });
  });

  test('the shop is told that the sale is over, whatever it wants to change', () => {
    const change = { productId: PRODUCT, requestId: 'new', quantity: 1 };
    expect(refusal(actor.configure({ endsAt: END + 9 * KEPT_MS }))).toBe('sale_ended');
    expect(refusal(actor.configure({}, 0)), 'as one that only creates').toBe('sale_ended');
    expect(refusal(actor.tell({ kind: 'loadStock', ...change }))).toBe('sale_ended');
    expect(refusal(actor.tell({ kind: 'withdrawStock', ...change }))).toBe('sale_ended');
    expect(refusal(actor.tell({ kind: 'pause', productId: PRODUCT }))).toBe('sale_ended');
    expect(refusal(actor.tell({ kind: 'resume', productId: PRODUCT }))).toBe('sale_ended');
  });

  test('the product and its stock are shown as ever', () => {
    expect(actor.tell({ kind: 'showProduct', productId: PRODUCT })).toMatchObject({
      outcome: 'product',
      product: { state: 'ended', stock: { loaded: 9, available: 6, sold: 3 } },
    });
    expect(actor.tell({ kind: 'showStock', productId: PRODUCT })).toMatchObject({
      outcome: 'stock',
      stock: { loaded: 9, available: 6, sold: 3 },
    });
  });

  test('nothing happens any more', () => {
    expect(actor.events).toHaveLength(length);
  });

  test.each<[string, Event]>([
    ['stock', { kind: 'stockLoaded', productId: PRODUCT, at: END, requestId: 'r', quantity: 1 }],
    ['a payment', { kind: 'paid', productId: PRODUCT, at: END, orderId }],
    ['a pause', { kind: 'paused', productId: PRODUCT, at: END }],
    ['another retirement', { kind: 'retired', productId: PRODUCT, at: END }],
  ])('a journal with %s is refused', (_, event) => {
    expect(() => evolve(actor.product, event)).toThrow(/of sku-1, which is retired/);
  });
});

test('a journal with a retirement in the sale, or of a product with an open order, is refused', () => {
  const actor = selling(1);
  const early: Event = { kind: 'retired', productId: PRODUCT, at: END - 1 };
  expect(() => evolve(actor.product, early)).toThrow(InvariantViolation);
  actor.order('ada', 'k');
  expect(() => evolve(actor.product, { ...early, at: END })).toThrow(/while orders are open/);
});
