import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Checker,
  customerKeyOf,
  decodeRecord,
  digest,
  encodeRecord,
  evolve,
  keyOf,
  requestKeyOf,
  type Command,
  type Order,
  type Product,
} from '../../src/actors/index.ts';
import { END, KEPT_MS, PRODUCT, refusal, selling, START, statusOf } from './actor.ts';

describe('one step, in this order', () => {
  test('a known key is answered with its acceptance even when the sale is paused, over, and sold out', () => {
    const actor = selling(1);
    const order = actor.order('ada', 'k');
    actor.pay(order, 'ada');
    actor.tell({ kind: 'pause', productId: PRODUCT });
    actor.now = END + 1;
    const reply = actor.reserve('ada', 'k');
    expect(reply).toMatchObject({
      outcome: 'reserved',
      replayed: true,
      order: { ...order, status: 'reserved' },
    });
  });

  test('pause comes before the window, the window before the limit, the limit before the stock', () => {
    const actor = selling(1);
    actor.order('bob', 'k');
    actor.tell({ kind: 'pause', productId: PRODUCT });
    actor.now = END + 1;
    expect(refusal(actor.reserve('ada', 'k', 3))).toBe('sale_paused');
    actor.tell({ kind: 'resume', productId: PRODUCT });
    expect(refusal(actor.reserve('ada', 'k', 3))).toBe('sale_ended');
    actor.now = START - 1;
    expect(refusal(actor.reserve('ada', 'k', 3))).toBe('sale_not_started');
    actor.now = START;
    expect(refusal(actor.reserve('ada', 'k', 3))).toBe('limit_reached');
    expect(refusal(actor.reserve('ada', 'k', 2))).toBe('sold_out');
  });

  test('the window opens at its first millisecond and is closed at its end', () => {
    const actor = selling(5);
    actor.now = START - 1;
    expect(refusal(actor.reserve('ada', 'a'))).toBe('sale_not_started');
    actor.now = START;
    expect(refusal(actor.reserve('ada', 'a'))).toBe('reserved');
    actor.now = END - 1;
    expect(refusal(actor.reserve('bob', 'a'))).toBe('reserved');
    actor.now = END;
    expect(refusal(actor.reserve('cyd', 'a'))).toBe('sale_ended');
  });

  test('a refused key is decided anew, an accepted one with another quantity is refused', () => {
    const actor = selling(1);
    const first = actor.order('ada', 'k');
    expect(refusal(actor.reserve('bob', 'k'))).toBe('sold_out');
    actor.cancel(first, 'ada');
    expect(refusal(actor.reserve('bob', 'k'))).toBe('reserved');
    expect(refusal(actor.reserve('bob', 'k', 2))).toBe('idempotency_key_reused');
  });

  test('an order id that is there already makes no second order, whoever sends it', () => {
    const actor = selling(5);
    const { orderId } = actor.order('ada', 'k');
    const again: Command = {
      kind: 'reserve',
      productId: PRODUCT,
      orderId,
      customerId: 'bob',
      customerKey: customerKeyOf('bob'),
      idempotencyKey: 'k',
      requestKey: requestKeyOf(PRODUCT, 'bob', 'k'),
      quantity: 1,
    };
    expect(refusal(actor.tell(again))).toBe('overloaded');
    expect(refusal(actor.reserve('bob', 'k'))).toBe('reserved');
  });

  test('a key belongs to one customer', () => {
    const actor = selling(5);
    expect(actor.order('ada', 'k').orderId).not.toBe(actor.order('bob', 'k').orderId);
  });

  test('fewer units than asked for is not sold out', () => {
    const actor = selling(1);
    expect(refusal(actor.reserve('ada', 'k', 2))).toBe('insufficient_stock');
  });
});

describe('the life of an order', () => {
  test('reserved, paid: the units are sold, and paying again gives the same answer', () => {
    const actor = selling(5);
    const order = actor.order('ada', 'k', 2);
    expect(actor.product!.stock).toMatchObject({ available: 3, reserved: 2, sold: 0 });
    const paid = actor.pay(order, 'ada');
    expect(actor.product!.stock).toMatchObject({ available: 3, reserved: 0, sold: 2 });
    expect(actor.pay(order, 'ada')).toEqual(paid);
  });

  test('cancelled: the units and the limit are free, and cancelling again gives the same answer', () => {
    const actor = selling(2);
    const order = actor.order('ada', 'k', 2);
    const cancelled = actor.cancel(order, 'ada');
    expect(actor.cancel(order, 'ada')).toEqual(cancelled);
    expect(actor.product!.stock).toMatchObject({ available: 2, reserved: 0 });
    expect(refusal(actor.reserve('ada', 'again', 2))).toBe('reserved');
  });

  test('a paid order cannot be cancelled', () => {
    const actor = selling(1);
    const order = actor.order('ada', 'k');
    actor.pay(order, 'ada');
    expect(actor.cancel(order, 'ada')).toMatchObject({ outcome: 'conflict', order: { status: 'paid' } });
  });

  test('a hold ends when its time is up, not a millisecond before', () => {
    const actor = selling(1);
    actor.order('ada', 'k');
    actor.now += 59_999;
    expect(actor.expireDue()).toBe(0);
    actor.now += 1;
    expect(actor.product!.nextExpiry()).toBe(actor.now);
    expect(actor.expireDue()).toBe(1);
    expect(actor.product!.stock).toMatchObject({ available: 1, reserved: 0 });
    expect(actor.product!.nextExpiry()).toBe(Infinity);
  });

  test('review stops the clock of a hold, a pending payment does not', () => {
    const actor = selling(2);
    const reviewed = actor.order('ada', 'k');
    const pending = actor.order('bob', 'k');
    actor.pay(reviewed, 'ada', 'in_review');
    actor.pay(pending, 'bob', 'payment_pending');
    actor.now += 60_000;
    expect(actor.expireDue()).toBe(1);
    expect(statusOf(actor.pay(reviewed, 'ada'))).toBe('paid');
    expect(statusOf(actor.pay(pending, 'bob'))).toBe('paid');
  });

  test('a payment after expiry is fulfilled while units and limit allow it', () => {
    const actor = selling(1);
    const order = actor.order('ada', 'k');
    actor.now += 60_000;
    actor.expireDue();
    expect(statusOf(actor.pay(order, 'ada'))).toBe('paid');
    expect(actor.product!.stock).toMatchObject({ available: 0, sold: 1 });
  });

  test('a payment after expiry is refunded when the units are gone, or the limit is used', () => {
    const actor = selling(2);
    const gone = actor.order('ada', 'k', 2);
    actor.now += 60_000;
    actor.expireDue();
    actor.order('bob', 'k');
    expect(statusOf(actor.pay(gone, 'ada'))).toBe('refund_due');
    expect(statusOf(actor.tell({ kind: 'refund', orderId: gone.orderId }))).toBe('refunded');
    expect(statusOf(actor.tell({ kind: 'refund', orderId: gone.orderId }))).toBe('refunded');

    const limited = selling(9);
    const late = limited.order('ada', 'first');
    limited.now += 60_000;
    limited.expireDue();
    limited.order('ada', 'second', 2);
    expect(statusOf(limited.pay(late, 'ada'))).toBe('refund_due');
  });

  test('a payment after cancellation is refunded', () => {
    const actor = selling(1);
    const order = actor.order('ada', 'k');
    actor.cancel(order, 'ada');
    expect(statusOf(actor.pay(order, 'ada'))).toBe('refund_due');
    expect(actor.product!.stock).toMatchObject({ available: 1, sold: 0 });
  });

  test('of an order that cost nothing nothing goes back', () => {
    const actor = selling(1, { amount: 0 });
    const order = actor.order('ada', 'k');
    actor.cancel(order, 'ada');
    expect(actor.pay(order, 'ada')).toMatchObject({
      outcome: 'conflict',
      refusal: 'order_state_conflict',
      order: { status: 'cancelled' },
    });
    const late = actor.order('ada', 'later');
    actor.now += 60_000;
    actor.expireDue();
    actor.order('bob', 'k');
    expect(actor.pay(late, 'ada')).toMatchObject({ outcome: 'conflict', order: { status: 'expired' } });
    expect(actor.product!.refundsDue).toBe(0);
  });

  test('hold time 0 sells at once', () => {
    const actor = selling(1, { holdSeconds: 0 });
    expect(actor.order('ada', 'k')).toMatchObject({ status: 'paid', holdExpiresAt: null });
    expect(actor.product!.stock).toMatchObject({ available: 0, reserved: 0, sold: 1 });
  });

  test('a stranger is told that there is no such order', () => {
    const actor = selling(1);
    const order = actor.order('ada', 'k');
    expect(refusal(actor.pay(order, 'eve'))).toBe('not_found');
    expect(refusal(actor.cancel(order, 'eve'))).toBe('not_found');
    const show = { kind: 'showOrder', orderId: order.orderId, customerKey: customerKeyOf('eve') } as const;
    expect(refusal(actor.tell(show))).toBe('not_found');
  });
});

describe('the shop', () => {
  test('stock loads once for one request, and another quantity for it is refused', () => {
    const actor = selling(5);
    expect(actor.load(5)).toMatchObject({ duplicate: true, stock: { loaded: 5 } });
    expect(refusal(actor.load(6, 'load-5'))).toBe('idempotency_key_reused');
    const withdraw = { kind: 'withdrawStock', productId: PRODUCT, requestId: 'load-5', quantity: 5 } as const;
    expect(refusal(actor.tell(withdraw))).toBe('idempotency_key_reused');
  });

  test('whether changes of stock were counted, or can be, is told without counting them', () => {
    const actor = selling(5);
    const check = (...changes: { requestId: string; quantity: number }[]) =>
      actor.tell({ kind: 'checkStock', productId: PRODUCT, change: 'loadStock', changes });
    const [known, fresh] = [
      { requestId: 'load-5', quantity: 5 },
      { requestId: 'b', quantity: 1 },
    ];
    expect(check(known)).toMatchObject({ outcome: 'stock', duplicate: true, stock: { loaded: 5 } });
    expect(check(fresh)).toMatchObject({ outcome: 'stock', duplicate: false });
    expect(check(known, fresh)).toMatchObject({ duplicate: false });
    expect(refusal(check(fresh, { ...known, quantity: 6 }))).toBe('idempotency_key_reused');
    const withdrawals = {
      kind: 'checkStock',
      productId: PRODUCT,
      change: 'withdrawStock',
      changes: [known],
    } as const;
    expect(refusal(actor.tell(withdrawals))).toBe('idempotency_key_reused');
    expect(actor.product!.stock).toMatchObject({ loaded: 5, withdrawn: 0 });
    expect(actor.product!.stockRequests.has('b')).toBe(false);
  });

  test('withdrawing more than is available changes nothing', () => {
    const actor = selling(5);
    actor.order('ada', 'k');
    const withdraw = { kind: 'withdrawStock', productId: PRODUCT, requestId: 'w', quantity: 5 } as const;
    expect(refusal(actor.tell(withdraw))).toBe('insufficient_stock');
    expect(actor.product!.stock).toMatchObject({ loaded: 5, available: 4, withdrawn: 0 });
    expect(actor.tell({ ...withdraw, quantity: 4 })).toMatchObject({ stock: { available: 0, withdrawn: 4 } });
  });

  test('price and currency change before the start or while paused, nothing else is locked', () => {
    const actor = selling(5);
    expect(refusal(actor.configure({ amount: 1 }))).toBe('price_locked');
    expect(refusal(actor.configure({ currency: 'USD' }))).toBe('price_locked');
    expect(refusal(actor.configure({ perCustomerLimit: 3, holdSeconds: 5, endsAt: END + 5 }))).toBe(
      'configured',
    );
    actor.tell({ kind: 'pause', productId: PRODUCT });
    expect(refusal(actor.configure({ amount: 1 }))).toBe('configured');
    actor.tell({ kind: 'resume', productId: PRODUCT });
    actor.now = START - 1;
    expect(refusal(actor.configure({ amount: 2 }))).toBe('configured');
  });

  test('a change of price or hold time touches only what comes later', () => {
    const actor = selling(5);
    const before = actor.order('ada', 'k');
    actor.tell({ kind: 'pause', productId: PRODUCT });
    actor.configure({ amount: 5, holdSeconds: 10 });
    actor.tell({ kind: 'resume', productId: PRODUCT });
    const after = actor.order('bob', 'k');
    expect(after.unitPrice.amount).toBe(5);
    expect(actor.reserve('ada', 'k')).toMatchObject({ order: before });
    actor.now += 10_000;
    expect(actor.expireDue()).toBe(1);
    actor.now += 50_000;
    expect(actor.expireDue()).toBe(1);
  });

  test('a lower limit leaves what is held and refuses more', () => {
    const actor = selling(5);
    actor.order('ada', 'k', 2);
    actor.configure({ perCustomerLimit: 1 });
    expect(refusal(actor.reserve('ada', 'again'))).toBe('limit_reached');
    expect(refusal(actor.reserve('bob', 'k'))).toBe('reserved');
  });

  test('of two changes made on one revision the second is refused', () => {
    const actor = selling(5);
    expect(refusal(actor.configure({ name: 'A' }, 1))).toBe('configured');
    expect(refusal(actor.configure({ name: 'B' }, 1))).toBe('version_conflict');
    expect(refusal(actor.configure({ name: 'C' }, 0))).toBe('version_conflict');
  });

  test('the same configuration again is no change', () => {
    const actor = selling(5);
    expect(actor.configure()).toMatchObject({ created: false, product: { revision: 1 } });
    expect(actor.events.filter(({ kind }) => kind === 'configured')).toHaveLength(1);
  });
});

const isOpenIn = ({ orders }: Product, orderId: string): boolean =>
  ['reserved', 'payment_pending', 'in_review', 'refund_due'].includes(
    orders.status(orders.ids.find(orderId)),
  );

describe('whatever happens in whatever order', () => {
  const gate = fc.record({
    ticket: fc.boolean(),
    work: fc.boolean(),
    openHoldsMax: fc.nat(3),
    coolDownSeconds: fc.nat(60),
    attemptsMax: fc.nat(4),
    shortestHoldSeconds: fc.nat(30),
  });
  const step = fc.oneof(
    fc.record({
      do: fc.constant('reserve' as const),
      customer: fc.nat(4),
      key: fc.nat(3),
      quantity: fc.integer({ min: 1, max: 3 }),
      ticket: fc.option(fc.nat(12), { nil: undefined }),
    }),
    fc.record({
      do: fc.constantFrom(
        'pay' as const,
        'cancel' as const,
        'pend' as const,
        'review' as const,
        'refund' as const,
        'decline' as const,
        'deny' as const,
        'extend' as const,
      ),
      customer: fc.nat(4),
      order: fc.nat(20),
    }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 90_000 }) }),
    fc.record({
      do: fc.constantFrom('load' as const, 'withdraw' as const),
      units: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({
      do: fc.constant('configure' as const),
      limit: fc.integer({ min: 1, max: 4 }),
      hold: fc.nat(40),
      gate,
    }),
    fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const) }),
  );

  test('the invariants hold, and the replayed state is the live state', () => {
    const property = fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const actor = selling(6);
      const orders: Order[] = [];
      for (const it of steps) {
        if (it.do === 'reserve') {
          const ticket = it.ticket === undefined ? undefined : keyOf(`ticket ${it.ticket}`);
          const reply = actor.reserve(`customer-${it.customer}`, `key-${it.key}`, it.quantity, ticket);
          if (reply.outcome === 'reserved') orders.push(reply.order);
        } else if (it.do === 'wait') {
          actor.now += it.ms;
          actor.expireDue();
        } else if ('units' in it) {
          const kind = it.do === 'load' ? 'loadStock' : 'withdrawStock';
          actor.tell({ kind, productId: PRODUCT, requestId: `${it.do}-${it.units}`, quantity: it.units });
        } else if (it.do === 'configure')
          actor.configure({ perCustomerLimit: it.limit, holdSeconds: it.hold, gate: it.gate });
        else if (!('order' in it)) actor.tell({ kind: it.do, productId: PRODUCT });
        else {
          const order = orders[it.order];
          if (order === undefined) continue;
          const customer = `customer-${it.customer}`;
          if (it.do === 'pay') actor.pay(order, customer);
          else if (it.do === 'pend') actor.pay(order, customer, 'payment_pending');
          else if (it.do === 'review') actor.pay(order, customer, 'in_review');
          else if (it.do === 'cancel') actor.cancel(order, customer);
          else if (it.do === 'decline') actor.decline(order);
          else if (it.do === 'deny') actor.deny(order);
          else if (it.do === 'extend') actor.extend(order, 45_000, it.customer * 20_000);
          else actor.tell({ kind: 'refund', orderId: order.orderId });
        }
      }
      actor.now = Math.max(actor.now, END + KEPT_MS);
      actor.expireDue();
      const isOpen = orders.some(({ orderId }) => isOpenIn(actor.product!, orderId));
      actor.retire();
      expect(actor.product!.retiredAt === null).toBe(isOpen);
      // Nothing of it changes any more, whatever is asked.
      if (!isOpen) {
        actor.reserve('late', 'key');
        for (const order of orders) actor.pay(order, 'customer-0');
        expect(actor.events.at(-1)).toMatchObject({ kind: 'retired' });
      }
      const header = {
        shard: 0,
        epoch: 1,
        owner: keyOf('owner'),
        number: 1,
        previous: 1,
        revision: 0,
        at: START,
      };
      const stored = decodeRecord(encodeRecord(header, actor.events));
      expect(stored.events).toEqual(actor.events);
      let replayed: Product | undefined;
      for (const event of stored.events) replayed = evolve(replayed, event);
      expect(digest(replayed!)).toBe(digest(actor.product!));
      const checker = new Checker();
      checker.record(1, { ...header, number: 0, previous: 0, events: [] });
      checker.record(2, stored);
      checker.live(PRODUCT, actor.product!.stock);
      expect(checker.report().violations).toEqual([]);
    });
    fc.assert(property, { numRuns: 400 });
  });
});
