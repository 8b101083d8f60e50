// The checker is the judge of everything else, so each of its verdicts is shown able to be guilty.

import { describe, expect, test } from 'vitest';
import {
  Checker,
  customerKeyOf,
  keyOf,
  orderIdText,
  requestKeyOf,
  OPEN_GATE,
  type Configured,
  type Event,
  type Gate,
  type JournalRecord,
  type ProjectedOrder,
  type Reserved,
} from '../../src/actors/index.ts';

const AT = 1_700_000_000_000;
const PRODUCT = 'sku-1';

const configured: Configured = {
  kind: 'configured',
  productId: PRODUCT,
  at: AT,
  revision: 1,
  configuration: {
    name: 'Kettle',
    description: '',
    startsAt: AT,
    endsAt: AT + 1_000,
    amount: 1_999,
    currency: 'EUR',
    perCustomerLimit: 1,
    holdSeconds: 60,
  },
};
const loaded: Event = { kind: 'stockLoaded', productId: PRODUCT, at: AT, requestId: 'first', quantity: 2 };

function reserved(customerId: string, idempotencyKey: string, change: Partial<Reserved> = {}): Reserved {
  return {
    kind: 'reserved',
    productId: PRODUCT,
    at: AT + 1,
    orderId: keyOf(`order of ${customerId} ${idempotencyKey}`),
    customerId,
    customerKey: customerKeyOf(customerId),
    idempotencyKey,
    requestKey: requestKeyOf(PRODUCT, customerId, idempotencyKey),
    quantity: 1,
    terms: { amount: 1_999, currency: 'EUR', holdSeconds: 60 },
    ...change,
  };
}

const claim: JournalRecord = {
  shard: 1,
  epoch: 1,
  owner: keyOf('owner'),
  number: 0,
  previous: 0,
  revision: 0,
  at: AT,
  events: [],
};
const after = (sequence: number, number: number, events: Event[]): JournalRecord => ({
  ...claim,
  number,
  previous: sequence,
  events,
});

function judge(events: Event[], positions = new Map<number, number>()): Checker {
  const checker = new Checker();
  checker.record(1, claim);
  checker.record(2, after(1, 1, [configured, loaded, ...events]));
  checker.projectedUpTo(positions);
  return checker;
}

/** The sale asks for more from then on. The limit is not what is judged. */
const gatedBy = (gate: Partial<Gate>): Event => ({
  ...configured,
  revision: 2,
  configuration: { ...configured.configuration, perCustomerLimit: 9, gate: { ...OPEN_GATE, ...gate } },
});

const guiltyOf = (checker: Checker): number[] => [
  ...new Set(checker.report().violations.map(({ invariant }) => invariant)),
];

describe('the checker finds', () => {
  test('nothing where nothing is wrong', () => {
    const { orderId } = reserved('ada', 'a');
    const checker = judge([
      reserved('ada', 'a'),
      { kind: 'expired', productId: PRODUCT, at: AT + 60_001, orderId },
    ]);
    expect(checker.report()).toMatchObject({ ok: true, violations: [], figures: { orders: 1, events: 4 } });
  });

  test('1: one unit sold more than there is', () => {
    expect(guiltyOf(judge(['ada', 'bob', 'cyd'].map((customer) => reserved(customer, 'k'))))).toContain(1);
  });

  test('4: two orders for one key', () => {
    const again = reserved('ada', 'a', { orderId: keyOf('another') });
    expect(guiltyOf(judge([reserved('ada', 'a'), again]))).toContain(4);
  });

  test('5: a customer above the limit', () => {
    expect(guiltyOf(judge([reserved('ada', 'a'), reserved('ada', 'b')]))).toEqual([5]);
  });

  test('6: a gap, a foreign record, an epoch that does not rise', () => {
    const gap = judge([]);
    gap.record(9, after(8, 2, []));
    expect(guiltyOf(gap)).toEqual([6]);
    const foreign = judge([]);
    foreign.record(3, { ...after(2, 2, []), owner: keyOf('thief') });
    expect(guiltyOf(foreign)).toEqual([6]);
    const again = judge([]);
    again.record(3, { ...claim, previous: 2 });
    expect(guiltyOf(again)).toEqual([6]);
  });

  test('7: a live actor that counts otherwise', () => {
    const checker = judge([]);
    checker.live(PRODUCT, { loaded: 2, available: 1, reserved: 1, sold: 0, withdrawn: 0 });
    expect(guiltyOf(checker)).toEqual([7]);
  });

  test('8: an order outside the window, or not of whole units', () => {
    expect(guiltyOf(judge([reserved('ada', 'a', { at: AT + 1_000 })]))).toEqual([8]);
    expect(guiltyOf(judge([reserved('ada', 'a', { quantity: 0.5 })]))).toContain(8);
  });

  test('a retirement before its time, over open orders, or not the end', () => {
    const retired = (at: number): Event => ({ kind: 'retired', productId: PRODUCT, at });
    const { orderId } = reserved('ada', 'a');
    const end = AT + 1_000;
    expect(guiltyOf(judge([retired(end)]))).toEqual([]);
    expect(guiltyOf(judge([retired(end - 1)]))).toEqual([4]);
    expect(guiltyOf(judge([reserved('ada', 'a'), retired(end)]))).toEqual([2]);
    const refundDue = ['cancelled', 'refundDue'].map(
      (kind) => ({ kind, productId: PRODUCT, at: end, orderId }) as Event,
    );
    expect(guiltyOf(judge([reserved('ada', 'a'), ...refundDue, retired(end)]))).toEqual([2]);
    const again = { ...loaded, requestId: 'again' };
    expect(guiltyOf(judge([retired(end), again]))).toEqual([8]);
    expect(guiltyOf(judge([retired(end), { ...configured, revision: 2 }]))).toEqual([8]);
  });

  test('4: a ticket that is used twice, or is missing, or was not asked for', () => {
    const gated = gatedBy({ ticket: true });
    const of = (customer: string, ticket?: string) =>
      reserved(customer, 'k', ticket === undefined ? {} : { ticket: keyOf(ticket) });
    expect(guiltyOf(judge([gated, of('ada', 'one'), of('bob', 'two')]))).toEqual([]);
    expect(guiltyOf(judge([gated, of('ada', 'one'), of('bob', 'one')]))).toEqual([4]);
    expect(guiltyOf(judge([gated, of('ada')]))).toEqual([4]);
    expect(guiltyOf(judge([of('ada', 'one')]))).toEqual([4]);
  });

  test('5: more open holds, more attempts, or an earlier return than the gate allows', () => {
    const [first, second] = [reserved('ada', 'a'), reserved('ada', 'b')];
    const ended = (kind: 'cancelled' | 'expired' | 'denied', at = AT + 1): Event => ({
      kind,
      productId: PRODUCT,
      at,
      orderId: first.orderId,
    });
    expect(guiltyOf(judge([gatedBy({ openHoldsMax: 2 }), first, second]))).toEqual([]);
    expect(guiltyOf(judge([gatedBy({ openHoldsMax: 1 }), first, second]))).toEqual([5]);
    expect(guiltyOf(judge([gatedBy({ openHoldsMax: 1 }), first, ended('cancelled'), second]))).toEqual([]);
    expect(guiltyOf(judge([gatedBy({ attemptsMax: 1 }), first, ended('cancelled'), second]))).toEqual([5]);
    for (const kind of ['expired', 'denied'] as const) {
      const short = (key: string, at: number) =>
        reserved('ada', key, { at, terms: { ...first.terms, holdSeconds: 1 } });
      const sale = (coolDownSeconds: number): Event => {
        const { configuration, ...event } = gatedBy({ coolDownSeconds }) as Configured;
        return { ...event, configuration: { ...configuration, holdSeconds: 1, endsAt: AT + 9_000 } };
      };
      const orders = [short('a', AT + 1), ended(kind, AT + 1_001), short('b', AT + 1_501)];
      expect(guiltyOf(judge([sale(1), ...orders]))).toEqual([5]);
      expect(guiltyOf(judge([sale(0), ...orders]))).toEqual([]);
    }
    const cancelled = [gatedBy({ coolDownSeconds: 1 }), first, ended('cancelled'), second];
    expect(guiltyOf(judge(cancelled))).toEqual([]);
  });

  test('8: a hold of another length than the units that are left call for', () => {
    const more: Event = { ...loaded, requestId: 'more', quantity: 8 };
    const gated = gatedBy({ shortestHoldSeconds: 10 });
    const held = (number: number, holdSeconds: number) =>
      reserved(`customer ${number}`, 'k', { terms: { amount: 1_999, currency: 'EUR', holdSeconds } });
    const holds = [60, 60, 60, 60, 60, 60, 30, 30, 30, 15];
    const orders = holds.map((holdSeconds, number) => held(number, holdSeconds));
    expect(guiltyOf(judge([more, gated, ...orders]))).toEqual([]);
    for (const [at, order] of orders.entries()) {
      const others = [59, 61].map((holdSeconds) => ({ ...order, terms: { ...order.terms, holdSeconds } }));
      for (const other of others)
        expect(guiltyOf(judge([more, gated, ...orders.with(at, other)]))).toEqual([8]);
    }
  });

  test('a hold that is extended when nothing is held, or to no later time', () => {
    const order = reserved('ada', 'a');
    const extended = (until: number): Event => ({
      kind: 'holdExtended',
      productId: PRODUCT,
      at: AT + 2,
      orderId: order.orderId,
      until,
    });
    const paid: Event = { kind: 'paid', productId: PRODUCT, at: AT + 2, orderId: order.orderId };
    expect(guiltyOf(judge([order, extended(AT + 60_002)]))).toEqual([]);
    expect(guiltyOf(judge([order, extended(AT + 60_001)]))).toEqual([8]);
    expect(guiltyOf(judge([order, extended(AT + 70_000), extended(AT + 65_000)]))).toEqual([8]);
    expect(guiltyOf(judge([order, paid, extended(AT + 60_002)]))).toEqual([1]);
    expect(guiltyOf(judge([extended(AT + 60_002)]))).toEqual([3]);
  });

  test('8: a hold that is taken away before its end, be it extended or not', () => {
    const order = reserved('ada', 'a');
    const { orderId } = order;
    const extended: Event = {
      kind: 'holdExtended',
      productId: PRODUCT,
      at: AT + 2,
      orderId,
      until: AT + 90_000,
    };
    const expired = (at: number): Event => ({ kind: 'expired', productId: PRODUCT, at, orderId });
    expect(guiltyOf(judge([order, expired(AT + 60_000)]))).toEqual([8]);
    expect(guiltyOf(judge([order, expired(AT + 60_001)]))).toEqual([]);
    expect(guiltyOf(judge([order, extended, expired(AT + 60_001)]))).toEqual([8]);
    expect(guiltyOf(judge([order, extended, expired(AT + 90_000)]))).toEqual([]);
  });

  test('9 and 10: a customer who was told something else than what is so', () => {
    const answer = { productId: PRODUCT, customerId: 'ada', idempotencyKey: 'a' };
    const misled = judge([reserved('ada', 'a')]);
    misled.answer({ ...answer, orderId: undefined });
    expect(guiltyOf(misled)).toEqual([9]);
    const lost = judge([]);
    lost.answer({ ...answer, orderId: 'some order' });
    expect(guiltyOf(lost)).toContain(10);
  });
});

describe('against Postgres, the checker finds', () => {
  const order = reserved('ada', 'a');
  const row: ProjectedOrder = {
    id: orderIdText(order.orderId),
    productId: PRODUCT,
    customerId: 'ada',
    idempotencyKey: 'a',
    quantity: 1,
    unitAmount: 1_999,
    currency: 'EUR',
    status: 'reserved',
    createdAt: AT + 1,
    holdExpiresAt: AT + 60_001,
    version: 2,
  };
  const product = {
    id: PRODUCT,
    name: 'Kettle',
    description: '',
    startsAt: AT,
    endsAt: AT + 1_000,
    unitAmount: 1_999,
    currency: 'EUR',
    perCustomerLimit: 1,
    holdSeconds: 60,
    paused: false,
    retiredAt: null,
    revision: 1,
  };
  const movement = { productId: PRODUCT, requestId: 'first', kind: 'loaded', quantity: 2, at: AT } as const;

  function compared({
    orders = [row],
    products = [product],
    movements = [movement],
  }: Partial<Rows>): Checker {
    const checker = judge([order], new Map([[1, 2]]));
    for (const each of orders) checker.row(each);
    for (const each of products) checker.productRow(each);
    for (const each of movements) checker.movementRow(each);
    return checker;
  }
  interface Rows {
    orders: ProjectedOrder[];
    products: Parameters<Checker['productRow']>[0][];
    movements: Parameters<Checker['movementRow']>[0][];
  }

  test('nothing where all rows are as they should be', () => {
    expect(compared({}).report().violations).toEqual([]);
  });

  test.each<[string, Partial<Rows>, RegExp]>([
    ['a missing order', { orders: [] }, /has no row/],
    ['an order twice', { orders: [row, row] }, /two rows/],
    ['an order that nobody made', { orders: [row, { ...row, id: 'made up' }] }, /no journal event/],
    ['one unit more', { orders: [{ ...row, quantity: 2 }] }, /quantity = 2, the journal 1/],
    ['an earlier end of its hold', { orders: [{ ...row, holdExpiresAt: AT }] }, /holdExpiresAt = 17/],
    ['another status', { orders: [{ ...row, status: 'paid' }] }, /status = paid, the journal reserved/],
    ['a row of another time', { orders: [{ ...row, version: 1 }] }, /version = 1, the journal 2/],
    ['a missing product', { products: [] }, /product sku-1 has no row/],
    ['a retirement that did not happen', { products: [{ ...product, retiredAt: AT }] }, /retiredAt = 17/],
    ['another price', { products: [{ ...product, unitAmount: 1 }] }, /unitAmount = 1/],
    ['a missing stock movement', { movements: [] }, /stock movement first of sku-1 has no row/],
    ['a unit less loaded', { movements: [{ ...movement, quantity: 1 }] }, /quantity = 1, the journal 2/],
  ])('%s', (_, rows, says) => {
    const { violations } = compared(rows).report();
    expect(violations.map(({ invariant }) => invariant)).toEqual([3]);
    expect(violations[0]!.what).toMatch(says);
  });

  test('no fault in a hold that is told as it was extended, and one in a hold that is not', () => {
    const until = AT + 90_000;
    const extended: Event = {
      kind: 'holdExtended',
      productId: PRODUCT,
      at: AT + 2,
      orderId: order.orderId,
      until,
    };
    const told = (holdExpiresAt: number): Checker => {
      const checker = judge([order, extended], new Map([[1, 2]]));
      checker.row({ ...row, holdExpiresAt });
      checker.productRow(product);
      checker.movementRow(movement);
      return checker;
    };
    expect(guiltyOf(told(until))).toEqual([]);
    expect(guiltyOf(told(row.holdExpiresAt!))).toEqual([3]);
  });

  test('no fault in rows that have not come yet', () => {
    const checker = judge([order], new Map([[1, 1]]));
    expect(checker.report()).toMatchObject({ ok: true, figures: { recordsNotProjected: 1 } });
  });
});

describe('a shard that is read from the middle on', () => {
  /** Records up to 40 are not read, and `PRODUCT` is older than that. */
  function fromTheMiddle(records: readonly JournalRecord[]): Checker {
    const checker = new Checker();
    checker.begin(claim.shard, 40, [PRODUCT]);
    records.forEach((record, at) => checker.record(41 + at, record));
    checker.projectedUpTo(new Map([[claim.shard, 41 + records.length]]));
    return checker;
  }
  const first: JournalRecord = { ...after(40, 7, [reserved('ada', 'a')]), epoch: 3 };
  const row: ProjectedOrder = {
    id: orderIdText(keyOf('an order of before')),
    productId: PRODUCT,
    customerId: 'bob',
    idempotencyKey: 'b',
    quantity: 1,
    unitAmount: 1_999,
    currency: 'EUR',
    status: 'paid',
    createdAt: AT,
    holdExpiresAt: null,
    version: 12,
  };

  test('is not guilty of what it was before, and its rows are counted as not compared', () => {
    const checker = fromTheMiddle([first, { ...after(41, 8, []), epoch: 3 }]);
    checker.row(row);
    expect(checker.report()).toMatchObject({ ok: true, figures: { records: 2, rows: 1, rowsUnseen: 1 } });
  });

  test('still has a chain', () => {
    expect(guiltyOf(fromTheMiddle([{ ...first, previous: 39 }]))).toEqual([6]);
    expect(guiltyOf(fromTheMiddle([first, { ...after(41, 9, []), epoch: 3 }]))).toEqual([6]);
  });

  test('answers for products that it got since', () => {
    const of = (event: Event): Event => ({ ...event, productId: 'sku-2' });
    const checker = fromTheMiddle([{ ...first, events: [of(configured), of(loaded)] }]);
    checker.row({ ...row, productId: 'sku-2' });
    const { violations, figures } = checker.report();
    expect(figures.rowsUnseen).toBe(0);
    expect(violations.map(({ what }) => what)).toContain(`row ${row.id} has no journal event`);
    expect(fromTheMiddle([{ ...first, events: [configured, loaded] }]).isUnseen(PRODUCT)).toBe(false);
  });
});
