// Which holds run out next, against a model that looks at every order every time.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HoldQueue } from '../../src/actors/hold-queue.ts';
import { writeKey } from '../../src/actors/key.ts';
import { keyOf, type OrderStatus, type Terms } from '../../src/actors/index.ts';
import { ORDER_KEYS, OrderTable } from '../../src/actors/order-table.ts';

const TERMS: readonly Terms[] = [90, 45, 22, 90, 0].map((holdSeconds) => ({
  amount: 1_999,
  currency: 'EUR',
  holdSeconds,
}));

function add(orders: OrderTable, terms: number, status: OrderStatus, at: number): number {
  const keys = new Uint32Array(ORDER_KEYS.words);
  const name = String(orders.size);
  writeKey(keys, ORDER_KEYS.id, keyOf(`order ${name}`));
  writeKey(keys, ORDER_KEYS.request, keyOf(`request ${name}`));
  writeKey(keys, ORDER_KEYS.customer, keyOf(`customer ${orders.size % 7}`));
  orders.add(keys, 0, orders.customer(keys, 0), 1, terms, status, at);
  return orders.size - 1;
}

class World {
  readonly orders = new OrderTable();
  readonly holds = new HoldQueue(this.orders, TERMS);
  now = 1_000_000;
  /** Every hold that may still run out: row → its end. */
  readonly ends = new Map<number, number>();

  reserve(terms: number): void {
    const { holdSeconds } = TERMS[terms]!;
    const row = add(this.orders, terms, holdSeconds === 0 ? 'paid' : 'reserved', this.now);
    this.holds.add(row);
    if (holdSeconds > 0) this.ends.set(row, this.now + holdSeconds * 1_000);
  }

  settle(row: number, status: OrderStatus): void {
    if (!this.ends.delete(row)) return;
    this.orders.setStatus(row, status);
  }

  extend(row: number, byMs: number): void {
    const end = this.ends.get(row);
    if (end === undefined) return;
    this.ends.set(row, end + byMs);
    this.holds.extended.extend(row, end + byMs);
  }

  /** As an owner that comes from a snapshot has it. */
  restored(): HoldQueue {
    const holds = new HoldQueue(this.orders, TERMS);
    for (let row = 0; row < this.orders.size; row++) holds.add(row);
    for (const { row, until } of this.holds.extended.entries()) holds.extended.extend(row, until);
    return holds;
  }

  /** What the queue says of them. */
  told(holds: HoldQueue) {
    const due = holds.due(this.now, Infinity);
    const some = holds.due(this.now, 2);
    return {
      next: holds.next(),
      due: due.sort(),
      some: some.length,
      isPart: some.every((id) => due.includes(id)),
    };
  }

  /** What it should say. */
  get expected() {
    const due = [...this.ends]
      .filter(([, end]) => end <= this.now)
      .map(([row]) => this.orders.ids.keyAt(row));
    const next = Math.min(Infinity, ...this.ends.values());
    return { next, due: due.sort(), some: Math.min(2, due.length), isPart: true };
  }
}

test('the next end and what is due are right, whatever was reserved, settled and extended on whatever terms', () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ terms: fc.nat(TERMS.length - 1), times: fc.integer({ min: 1, max: 4 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ settle: fc.nat(60), status: fc.constantFrom<OrderStatus>('paid', 'in_review') }),
    },
    { weight: 2, arbitrary: fc.record({ extend: fc.nat(60), byMs: fc.integer({ min: 1, max: 60_000 }) }) },
    { weight: 2, arbitrary: fc.record({ waitMs: fc.nat(20_000) }) },
    { weight: 1, arbitrary: fc.constant({ expire: true }) },
  );
  const property = fc.property(fc.array(step, { maxLength: 80 }), fc.boolean(), (steps, looksOften) => {
    const world = new World();
    for (const it of steps) {
      if ('terms' in it) for (let time = 0; time < it.times; time++) world.reserve(it.terms);
      else if ('settle' in it) world.settle(it.settle, it.status);
      else if ('extend' in it) world.extend(it.extend, it.byMs);
      else if ('waitMs' in it) world.now += it.waitMs;
      else for (const [row, end] of world.ends) if (end <= world.now) world.settle(row, 'expired');
      if (looksOften) expect(world.told(world.holds)).toEqual(world.expected);
    }
    expect(world.told(world.holds)).toEqual(world.expected);
    expect(world.told(world.restored())).toEqual(world.expected);
  });
  fc.assert(property, { numRuns: 500 });
});

test('where terms take turns, each hold that has run out is told once', () => {
  const world = new World();
  for (const terms of [0, 1, 0, 2, 1, 0]) world.reserve(terms);
  for (const waitMs of [0, 22_000, 23_000, 45_000]) {
    world.now += waitMs;
    expect(world.told(world.holds)).toEqual(world.expected);
  }
});

test('rows of other terms are not looked at again and again, however often the terms take turns', () => {
  const world = new World();
  // One long hold at the beginning keeps its cursor there; the others come and go behind it.
  const ROWS = 40_000;
  for (let row = 0; row < ROWS; row++) world.reserve(row % 3);
  let looks = 0;
  const status = world.orders.status.bind(world.orders);
  world.orders.status = (row) => {
    looks++;
    return status(row);
  };
  for (let row = 0; row < ROWS; row++) {
    world.holds.next();
    world.settle(row, 'paid');
  }
  expect(world.holds.next()).toBe(Infinity);
  // Each look at the next end sees one row of each set of terms, and each settled row is passed once.
  expect(looks).toBeLessThan(ROWS * 8);
});

test('a hold that is extended over and over takes no more memory', () => {
  const world = new World();
  for (let row = 0; row < 3; row++) world.reserve(0);
  for (let time = 0; time < 5_000; time++) world.extend(time % 3, 1);
  expect(world.holds.extended.size).toBe(3);
  expect(world.holds.extended.waiting).toBeLessThan(100);
  expect(world.told(world.holds)).toEqual(world.expected);
});
