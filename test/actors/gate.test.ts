// What a sale asks of whoever wants to buy, enforced in the actor's own step.

import { describe, expect, test } from 'vitest';
import {
  BAD_TICKET,
  decide,
  evolve,
  keyOf,
  OPEN_GATE,
  STATUS_AFTER,
  type Gate,
  type Order,
} from '../../src/actors/index.ts';
import { END, KEPT_MS, PRODUCT, refusal, selling, START, statusOf, type Actor } from './actor.ts';

const gated = (units: number, gate: Partial<Gate>, change: Parameters<typeof selling>[1] = {}): Actor =>
  selling(units, { perCustomerLimit: 9, ...change, gate: { ...OPEN_GATE, ...gate } });

const TICKET = keyOf('a ticket');

describe('where a ticket is asked for', () => {
  const sale = (units = 9, gate: Partial<Gate> = {}) => gated(units, { ticket: true, ...gate });

  test('no order without one, and a bad one is told apart', () => {
    const actor = sale();
    expect(refusal(actor.reserve('ada', 'k'))).toBe('ticket_required');
    expect(refusal(actor.reserve('ada', 'k', 1, BAD_TICKET))).toBe('ticket_invalid');
    expect(refusal(actor.reserve('ada', 'k', 1, TICKET))).toBe('reserved');
  });

  test('a ticket works once, whoever brings it with whatever key', () => {
    const actor = sale();
    actor.reserve('ada', 'k', 1, TICKET);
    expect(refusal(actor.reserve('ada', 'k2', 1, TICKET))).toBe('ticket_invalid');
    expect(refusal(actor.reserve('bob', 'k', 1, TICKET))).toBe('ticket_invalid');
    expect(refusal(actor.reserve('ada', 'k2', 1, keyOf('another')))).toBe('reserved');
    expect(actor.product!.stock.reserved).toBe(2);
  });

  test('an accepted key is answered with its acceptance, whatever ticket comes with it', () => {
    const actor = sale();
    actor.reserve('ada', 'k', 1, TICKET);
    for (const ticket of [undefined, TICKET, BAD_TICKET, keyOf('another')]) {
      expect(actor.reserve('ada', 'k', 1, ticket)).toMatchObject({ outcome: 'reserved', replayed: true });
    }
    expect(actor.product!.tickets.size).toBe(1);
  });

  test('a refused order leaves its ticket good', () => {
    const actor = sale(1, { openHoldsMax: 1 });
    expect(refusal(actor.reserve('ada', 'k', 20, TICKET))).toBe('limit_reached');
    expect(refusal(actor.reserve('ada', 'k', 2, TICKET))).toBe('insufficient_stock');
    actor.tell({ kind: 'pause', productId: PRODUCT });
    expect(refusal(actor.reserve('ada', 'k', 1, TICKET))).toBe('sale_paused');
    actor.tell({ kind: 'resume', productId: PRODUCT });
    expect(refusal(actor.reserve('ada', 'k', 1, TICKET))).toBe('reserved');
    const second = keyOf('another');
    expect(refusal(actor.reserve('ada', 'k2', 1, second))).toBe('too_many_holds');
    expect(refusal(actor.reserve('bob', 'k', 1, second))).toBe('sold_out');
    actor.load(1, 'more');
    expect(refusal(actor.reserve('bob', 'k', 1, second))).toBe('reserved');
  });

  test('a cancelled order does not give its ticket back', () => {
    const actor = sale();
    const reply = actor.reserve('ada', 'k', 1, TICKET);
    if (reply.outcome === 'reserved') actor.cancel(reply.order, 'ada');
    expect(refusal(actor.reserve('ada', 'k2', 1, TICKET))).toBe('ticket_invalid');
  });

  test('the window comes before the ticket, the ticket before holds, limit and stock', () => {
    const actor = sale(1, { openHoldsMax: 1 });
    actor.now = START - 1;
    expect(refusal(actor.reserve('ada', 'k'))).toBe('sale_not_started');
    actor.now = END;
    expect(refusal(actor.reserve('ada', 'k', 1, BAD_TICKET))).toBe('sale_ended');
    actor.now = START;
    actor.reserve('ada', 'k', 1, TICKET);
    expect(refusal(actor.reserve('ada', 'k2', 99))).toBe('ticket_required');
    expect(refusal(actor.reserve('ada', 'k2', 99, BAD_TICKET))).toBe('ticket_invalid');
    expect(refusal(actor.reserve('ada', 'k2', 99, keyOf('2')))).toBe('too_many_holds');
    expect(refusal(actor.reserve('bob', 'k', 99, keyOf('2')))).toBe('limit_reached');
    expect(refusal(actor.reserve('bob', 'k', 1, keyOf('2')))).toBe('sold_out');
  });

  test('tickets go when the product is retired', () => {
    const actor = sale();
    const reply = actor.reserve('ada', 'k', 1, TICKET);
    if (reply.outcome === 'reserved') actor.pay(reply.order, 'ada');
    actor.now = END + KEPT_MS;
    actor.retire();
    expect(actor.product!.retiredAt).toBe(actor.now);
    expect(actor.product!.tickets.size).toBe(0);
  });

  test('a journal that says otherwise stops the replay', () => {
    const actor = sale();
    actor.reserve('ada', 'k', 1, TICKET);
    const event = actor.events.find(({ kind }) => kind === 'reserved')!;
    const second = { ...event, orderId: keyOf('x'), requestKey: keyOf('y') };
    expect(() => evolve(actor.product, second as never)).toThrow('a ticket that is used twice');
    expect(() => evolve(actor.product, { ...second, ticket: undefined } as never)).toThrow(
      'without its ticket',
    );
  });
});

test('where no ticket is asked for, one is ignored and not written down', () => {
  const actor = selling(9);
  actor.order('ada', 'k');
  expect(refusal(actor.reserve('bob', 'k', 1, TICKET))).toBe('reserved');
  expect(refusal(actor.reserve('cyd', 'k', 1, BAD_TICKET))).toBe('reserved');
  expect(refusal(actor.reserve('dan', 'k', 1, TICKET))).toBe('reserved');
  expect(actor.events.some((event) => 'ticket' in event)).toBe(false);
  expect(actor.product!.tickets.size).toBe(0);
});

describe('holding without paying', () => {
  test('has a bound: open orders of one customer, of whatever quantity', () => {
    const actor = gated(9, { openHoldsMax: 2 });
    const first = actor.order('ada', 'a', 3);
    const second = actor.order('ada', 'b');
    expect(refusal(actor.reserve('ada', 'c'))).toBe('too_many_holds');
    expect(refusal(actor.reserve('bob', 'c'))).toBe('reserved');
    actor.pay(first, 'ada', 'payment_pending');
    actor.pay(second, 'ada', 'in_review');
    expect(refusal(actor.reserve('ada', 'c'))).toBe('too_many_holds');
    actor.pay(first, 'ada');
    expect(refusal(actor.reserve('ada', 'c'))).toBe('reserved');
    expect(refusal(actor.reserve('ada', 'd'))).toBe('too_many_holds');
    actor.cancel(second, 'ada');
    expect(refusal(actor.reserve('ada', 'd'))).toBe('reserved');
  });

  test('is followed by a cool-down when the hold ran out, to the millisecond, for that customer alone', () => {
    const actor = gated(9, { coolDownSeconds: 30 });
    actor.order('ada', 'a');
    actor.now += 60_000;
    expect(refusal(actor.reserve('ada', 'b'))).toBe('reserved');
    actor.expireDue();
    expect(refusal(actor.reserve('ada', 'c'))).toBe('too_many_holds');
    expect(refusal(actor.reserve('bob', 'c'))).toBe('reserved');
    actor.now += 29_999;
    expect(refusal(actor.reserve('ada', 'c'))).toBe('too_many_holds');
    actor.now += 1;
    expect(refusal(actor.reserve('ada', 'c'))).toBe('reserved');
  });

  test('is followed by one when the order was denied, and by none when the customer cancelled', () => {
    const actor = gated(9, { coolDownSeconds: 30 });
    actor.cancel(actor.order('ada', 'a'), 'ada');
    expect(refusal(actor.reserve('ada', 'b'))).toBe('reserved');
    actor.deny(actor.order('bob', 'a'));
    expect(refusal(actor.reserve('bob', 'b'))).toBe('too_many_holds');
  });

  test('is followed by none where none is asked for, also when one is asked for later', () => {
    const actor = gated(9, {});
    actor.deny(actor.order('ada', 'a'));
    expect(refusal(actor.reserve('ada', 'b'))).toBe('reserved');
    actor.configure({ perCustomerLimit: 9, gate: { ...OPEN_GATE, coolDownSeconds: 30 } });
    expect(refusal(actor.reserve('ada', 'c'))).toBe('reserved');
  });

  test('has a bound on attempts: orders that were not paid, whatever became of them', () => {
    const actor = gated(9, { attemptsMax: 3 });
    const first = actor.order('ada', 'a');
    actor.cancel(first, 'ada');
    actor.cancel(actor.order('ada', 'b'), 'ada');
    actor.order('ada', 'c');
    expect(refusal(actor.reserve('ada', 'd'))).toBe('too_many_holds');
    actor.now += 60_000;
    actor.expireDue();
    expect(refusal(actor.reserve('ada', 'd'))).toBe('too_many_holds');
    // Its money came after all, and goes back: that was no attempt to hold without paying.
    expect(statusOf(actor.pay(first, 'ada'))).toBe('refund_due');
    expect(refusal(actor.reserve('ada', 'd'))).toBe('reserved');
  });

  test('never hides an order that exists', () => {
    const actor = gated(9, { openHoldsMax: 1, attemptsMax: 1, coolDownSeconds: 99 });
    const order = actor.order('ada', 'a');
    actor.now += 60_000;
    actor.expireDue();
    expect(actor.reserve('ada', 'a')).toMatchObject({ outcome: 'reserved', replayed: true, order });
  });
});

describe('holds get shorter as units become few', () => {
  const SHORTER = { shortestHoldSeconds: 20 };
  const held = ({ createdAt, holdExpiresAt }: Order): number => (holdExpiresAt! - createdAt) / 1_000;

  test('half below a half, a quarter below a fifth, and never below the shortest', () => {
    const actor = gated(10, SHORTER, { holdSeconds: 101 });
    const holds = Array.from({ length: 10 }, (_, at) => held(actor.order(`customer ${at}`, 'k')));
    // Available before each: 10, 9, 8, 7, 6, 5 of ten; then 4, 3, 2; then 1.
    expect(holds).toEqual([101, 101, 101, 101, 101, 101, 50, 50, 50, 25]);
    const low = gated(10, { shortestHoldSeconds: 40 }, { holdSeconds: 101 });
    const bounded = Array.from({ length: 10 }, (_, at) => held(low.order(`customer ${at}`, 'k')));
    expect(bounded.slice(6)).toEqual([50, 50, 50, 40]);
  });

  test.each([
    ['no shortest hold is configured', 0, 100],
    ['the shortest hold is the hold', 100, 100],
    ['the shortest hold is longer than the hold', 500, 100],
  ])('not where %s', (_, shortestHoldSeconds, holdSeconds) => {
    const actor = gated(10, { shortestHoldSeconds }, { holdSeconds });
    const holds = Array.from({ length: 10 }, (__, at) => held(actor.order(`customer ${at}`, 'k')));
    expect(new Set(holds)).toEqual(new Set([100]));
    expect(actor.product!.terms).toHaveLength(1);
  });

  test('what is sold at once stays so', () => {
    const actor = gated(2, SHORTER, { holdSeconds: 0 });
    for (const customer of ['ada', 'bob']) expect(actor.order(customer, 'k').status).toBe('paid');
  });

  test('withdrawn units do not count, and units that come back make holds longer again', () => {
    const actor = gated(10, SHORTER, { holdSeconds: 100 });
    const orders = Array.from({ length: 6 }, (_, at) => actor.order(`customer ${at}`, 'k'));
    expect(held(actor.order('ada', 'k'))).toBe(50);
    actor.tell({ kind: 'withdrawStock', productId: PRODUCT, requestId: 'w', quantity: 2 });
    expect(held(actor.order('bob', 'k'))).toBe(25);
    for (const [at, order] of orders.entries()) actor.cancel(order, `customer ${at}`);
    expect(held(actor.order('cyd', 'k'))).toBe(100);
  });

  test('a configuration has its sets of terms once, however often their turn comes', () => {
    const actor = gated(4, SHORTER, { holdSeconds: 100 });
    for (let turn = 0; turn < 50; turn++) {
      const orders = ['ada', 'bob', 'cyd', 'dan'].map((customer) => actor.order(customer, `k${turn}`));
      for (const [at, customer] of ['ada', 'bob', 'cyd', 'dan'].entries())
        actor.cancel(orders[at]!, customer);
    }
    actor.configure({ perCustomerLimit: 5, holdSeconds: 100, gate: { ...OPEN_GATE, ...SHORTER } });
    expect(actor.product!.terms.map(({ holdSeconds }) => holdSeconds)).toEqual([100, 50, 25]);
  });
});

describe('a payment that is declined', () => {
  test('leaves the order to be paid again, as long as its hold lasts', () => {
    const actor = selling(1);
    const order = actor.order('ada', 'k');
    actor.pay(order, 'ada', 'payment_pending');
    expect(actor.decline(order)).toEqual({ outcome: 'order', order });
    expect(actor.decline(order)).toEqual({ outcome: 'order', order });
    expect(actor.events.filter(({ kind }) => kind === 'paymentDeclined')).toHaveLength(1);
    actor.pay(order, 'ada', 'payment_pending');
    actor.decline(order);
    actor.now += 60_000;
    expect(actor.expireDue()).toBe(1);
  });

  test.each(['paid', 'cancelled', 'expired', 'inReview', 'refundDue', 'refunded'] as const)(
    'is a conflict after %s',
    (kind) => {
      const { actor, order } = orderAfter(kind);
      const before = actor.events.length;
      expect(actor.decline(order)).toMatchObject({
        outcome: 'conflict',
        order: { status: STATUS_AFTER[kind] },
      });
      expect(actor.events).toHaveLength(before);
    },
  );
});

describe('an order that is denied', () => {
  test.each([undefined, 'payment_pending', 'in_review'] as const)(
    'gives its units back (%s)',
    (settlement) => {
      const actor = selling(1);
      const order = actor.order('ada', 'k');
      if (settlement !== undefined) actor.pay(order, 'ada', settlement);
      const denied = actor.deny(order);
      expect(statusOf(denied)).toBe('cancelled');
      expect(actor.deny(order)).toEqual(denied);
      expect(actor.product!.stock).toMatchObject({ available: 1, reserved: 0 });
      expect(statusOf(actor.pay(order, 'ada'))).toBe('refund_due');
    },
  );

  test.each(['paid', 'expired', 'refundDue', 'refunded'] as const)('is a conflict after %s', (kind) => {
    const { actor, order } = orderAfter(kind);
    expect(actor.deny(order)).toMatchObject({ outcome: 'conflict', order: { status: STATUS_AFTER[kind] } });
  });
});

describe('a hold that is extended', () => {
  test('lasts from now on, never longer than the bound behind its first end, and is told', () => {
    const actor = selling(2);
    const order = actor.order('ada', 'k');
    actor.now += 50_000;
    const until = actor.now + 40_000;
    expect(actor.extend(order, 40_000, 100_000)).toMatchObject({
      outcome: 'order',
      order: { holdExpiresAt: until },
    });
    expect(actor.extend(order, 40_000, 100_000)).toMatchObject({ order: { holdExpiresAt: until } });
    expect(actor.events.filter(({ kind }) => kind === 'holdExtended')).toHaveLength(1);
    actor.now = START + 60_000;
    expect(actor.expireDue()).toBe(0);
    expect(actor.product!.nextExpiry()).toBe(until);
    expect(actor.extend(order, 1_000_000, 100_000)).toMatchObject({
      order: { holdExpiresAt: START + 160_000 },
    });
    actor.now = START + 159_999;
    expect(actor.expireDue()).toBe(0);
    expect(actor.extend(order, 1_000_000, 100_000)).toMatchObject({
      order: { holdExpiresAt: START + 160_000 },
    });
    actor.now += 1;
    expect(actor.expireDue()).toBe(1);
    expect(actor.product!.nextExpiry()).toBe(Infinity);
    expect(actor.product!.stock).toMatchObject({ available: 2, reserved: 0 });
  });

  test('is saved when it has run out already, as long as nobody journaled that', () => {
    const actor = selling(1);
    const order = actor.order('ada', 'k');
    actor.pay(order, 'ada', 'payment_pending');
    actor.now += 61_000;
    expect(actor.extend(order, 10_000, 100_000)).toMatchObject({
      order: { holdExpiresAt: actor.now + 10_000 },
    });
    expect(actor.expireDue()).toBe(0);
  });

  test('leaves the others as they were', () => {
    const actor = selling(3);
    const orders = ['ada', 'bob', 'cyd'].map((customer) => {
      actor.now += 1_000;
      return actor.order(customer, 'k');
    });
    actor.extend(orders[1]!, 100_000);
    actor.now = orders[2]!.holdExpiresAt!;
    expect(actor.expireDue()).toBe(2);
    expect(actor.product!.stock.reserved).toBe(1);
    expect(statusOf(actor.pay(orders[1]!, 'bob'))).toBe('paid');
    expect(actor.product!.nextExpiry()).toBe(Infinity);
  });

  test('is told of an order after it was settled, and not in the repetition of its acceptance', () => {
    const actor = selling(1);
    const order = actor.order('ada', 'k');
    actor.extend(order, 100_000);
    expect(actor.pay(order, 'ada')).toMatchObject({ order: { holdExpiresAt: START + 100_000 } });
    expect(actor.reserve('ada', 'k')).toMatchObject({ replayed: true, order });
  });

  test.each(['paid', 'cancelled', 'expired', 'inReview'] as const)('is a conflict after %s', (kind) => {
    const { actor, order } = orderAfter(kind);
    expect(actor.extend(order, 1_000_000)).toMatchObject({ outcome: 'conflict' });
  });

  test('is no use where nothing is held', () => {
    const actor = selling(1, { holdSeconds: 0 });
    expect(actor.extend(actor.order('ada', 'k'), 1_000)).toMatchObject({ outcome: 'conflict' });
  });

  test('by parts of a millisecond, or by less than none, is a mistake of whoever asks', () => {
    const actor = selling(1);
    const order = actor.order('ada', 'k');
    for (const byMs of [0.5, -1, NaN]) expect(() => actor.extend(order, byMs)).toThrow(/whole milliseconds/);
  });
});

test('whatever is asked of an order that does not exist: there is none', () => {
  const actor = selling(1);
  const orderId = keyOf('nobody');
  expect(refusal(actor.tell({ kind: 'decline', orderId }))).toBe('not_found');
  expect(refusal(actor.tell({ kind: 'deny', orderId }))).toBe('not_found');
  expect(refusal(actor.tell({ kind: 'extendHold', orderId, byMs: 1, mostMs: 1 }))).toBe('not_found');
});

describe('the gate of a configuration', () => {
  test('that asks for nothing is none: it is written as before there were gates', () => {
    const actor = selling(1, { gate: OPEN_GATE });
    expect(actor.events[0]).not.toHaveProperty('configuration.gate');
    expect(actor.configure()).toMatchObject({ outcome: 'configured', product: { revision: 1 } });
    expect(actor.configure({ gate: { ...OPEN_GATE } })).toMatchObject({ product: { revision: 1 } });
  });

  test('is part of it: a change is a change, the same again is none', () => {
    const actor = selling(1);
    const gate = { ...OPEN_GATE, work: true };
    expect(actor.configure({ gate })).toMatchObject({ product: { revision: 2, configuration: { gate } } });
    expect(actor.configure({ gate: { ...gate } })).toMatchObject({ product: { revision: 2 } });
    expect(actor.configure({ gate: { ...gate, attemptsMax: 1 } })).toMatchObject({
      product: { revision: 3 },
    });
    expect(actor.configure()).toMatchObject({ product: { revision: 4 } });
    expect(actor.product!.configuration.gate).toBeUndefined();
  });

  test('holds whole numbers', () => {
    for (const attemptsMax of [0.5, -1, Infinity])
      expect(() => selling(1, { gate: { ...OPEN_GATE, attemptsMax } })).toThrow(/holds integers/);
  });
});

/** An order of whose last change is the given one. */
function orderAfter(kind: 'paid' | 'cancelled' | 'expired' | 'inReview' | 'refundDue' | 'refunded') {
  const actor = selling(1);
  const order = actor.order('ada', 'k');
  if (kind === 'paid') actor.pay(order, 'ada');
  else if (kind === 'inReview') actor.pay(order, 'ada', 'in_review');
  else if (kind === 'expired') {
    actor.now += 60_000;
    actor.expireDue();
  } else actor.cancel(order, 'ada');
  if (kind === 'refundDue' || kind === 'refunded') actor.pay(order, 'ada');
  if (kind === 'refunded')
    evolve(
      actor.product,
      decide(actor.product, { kind: 'refund', orderId: order.orderId }, actor.now).event!,
    );
  return { actor, order };
}
