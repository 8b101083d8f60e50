// The buckets by themselves, on a clock that the tests set.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { customerKeyOf } from '../../../src/actors/index.ts';
import { BucketHash } from '../../../src/http/gate/limits/bucket-hash.ts';
import { BucketTable, BUCKETS_MAX, unitsOf, type Spent } from '../../../src/http/gate/limits/bucket-table.ts';
import { parseLimits, type LimitPolicy } from '../../../src/http/gate/limits/limit-policy.ts';
import { RateLimits } from '../../../src/http/gate/limits/rate-limits.ts';
import { Counters } from '../../../src/http/counters.ts';
import type { BucketThreadData } from './bucket-thread.ts';
import { requestClass } from '../../../src/http/gate/limits/request-class.ts';

class Desk {
  ms = 1_000_000;
  readonly counters = new Counters();
  readonly table: BucketTable;
  readonly limits: RateLimits;

  constructor(purchase: string, table = new BucketTable(false)) {
    this.table = table;
    const policy = { ...EVERYTHING_OFF, purchase: { ...NOTHING, ...parseLimits(purchase) } } as LimitPolicy;
    const clock = { monotonic: () => this.ms };
    this.limits = new RateLimits({
      policy,
      table: this.table,
      secret: 'a secret',
      clock,
      counters: this.counters,
    });
  }

  /** @returns how many of so many tries are allowed */
  allowed(tries: number, customer: string | undefined, address = '192.0.2.1'): number {
    const key = customer === undefined ? undefined : customerKeyOf(customer);
    let allowed = 0;
    for (let number = 0; number < tries; number++)
      if (this.limits.judge('purchase', key, address)?.isAllowed ?? true) allowed++;
    return allowed;
  }
}

const NOTHING = { customer: undefined, address: undefined, anonymous: undefined };
const EVERYTHING_OFF = Object.fromEntries(
  ['purchase', 'ticket', 'payment', 'read', 'page', 'stream', 'sign-in'].map((kind) => [kind, NOTHING]),
);

test('a customer has so many requests at once, and then one after the other as the bucket fills', () => {
  const desk = new Desk('customer 5/10s');
  expect(desk.allowed(20, 'ada')).toBe(5);
  desk.ms += 1_999;
  expect(desk.allowed(1, 'ada')).toBe(0);
  desk.ms += 1;
  expect(desk.allowed(2, 'ada')).toBe(1);
  desk.ms += 60_000;
  expect(desk.allowed(20, 'ada')).toBe(5);
});

test.each([3, 6, 7, 11, 13, 70_000])('a full bucket has %i requests, neither more nor less', (count) => {
  const desk = new Desk(`customer ${count}/1s`);
  expect(desk.allowed(count + 5, 'ada')).toBe(count);
});

test('a verdict says what is left, and how long to wait', () => {
  const desk = new Desk('customer 2/10s, address 100/10s');
  const told = [1, 2, 3].map(() => desk.limits.judge('purchase', customerKeyOf('ada'), '192.0.2.1'));
  expect(told).toMatchObject([
    { isAllowed: true, rateLimit: '"purchase-customer";r=1' },
    { isAllowed: true, rateLimit: '"purchase-customer";r=0' },
    { isAllowed: false, by: 'customer', rateLimit: '"purchase-customer";r=0;t=5', retryAfterSeconds: 5 },
  ]);
  for (const verdict of told)
    expect(verdict).toMatchObject({
      policy: '"purchase-customer";q=2;w=10, "purchase-address";q=100;w=10',
    });
  expect(Object.fromEntries(desk.counters.gate)).toEqual({ 'limits/purchase-customer': 1 });
});

test('whoever waits as long as they are told is let in', () => {
  const desk = new Desk('customer 7/10s');
  desk.allowed(7, 'ada');
  for (let time = 0; time < 50; time++) {
    const verdict = desk.limits.judge('purchase', customerKeyOf('ada'), '192.0.2.1')!;
    if (verdict.isAllowed) continue;
    desk.ms += verdict.retryAfterSeconds * 1_000;
    expect(desk.allowed(1, 'ada')).toBe(1);
  }
});

test('what a customer makes beyond their limit costs the others at the address nothing', () => {
  const desk = new Desk('customer 5/10s, address 20/10s');
  expect(desk.allowed(10_000, 'mallory')).toBe(5);
  for (const other of ['ada', 'ben', 'cleo']) expect(desk.allowed(5, other)).toBe(5);
  // All of them together have what the address has, and no more.
  expect(desk.allowed(5, 'dora')).toBe(0);
  expect(desk.allowed(5, 'dora', '192.0.2.2')).toBe(5);
});

test('a request that the address refuses is not charged to its customer', () => {
  const desk = new Desk('customer 5/10s, address 5/10s');
  expect(desk.allowed(5, 'ada')).toBe(5);
  expect(desk.allowed(100, 'ben')).toBe(0);
  expect(desk.allowed(5, 'ben', '192.0.2.2')).toBe(5);
});

test('nor are other nodes told of it', () => {
  const desk = new Desk('customer 5/10s, address 3/10s', new BucketTable(true));
  const told = (): Spent[] => {
    const spent: Spent[] = [];
    desk.table.takeUntold(0, 10, spent);
    return spent;
  };
  desk.allowed(3, 'ada');
  const taken = told();
  expect(taken.map(({ units }) => units).toSorted((one, other) => one - other)).toEqual([600_000, 999_999]);
  expect(desk.allowed(100, 'ben')).toBe(0);
  expect(told()).toEqual([]);
  // What the customer takes elsewhere is told.
  expect(desk.allowed(1, 'ben', '192.0.2.2')).toBe(1);
  expect(told()).toHaveLength(2);
});

test('strangers at an address take nothing from customers there', () => {
  const desk = new Desk('customer 5/10s, address 10/10s, anonymous 3/10s');
  expect(desk.allowed(1_000, undefined)).toBe(3);
  expect(desk.allowed(5, 'ada')).toBe(5);
});

test('what is not limited is not judged', () => {
  const desk = new Desk('customer off, address off, anonymous off');
  expect(desk.limits.judge('purchase', customerKeyOf('ada'), '192.0.2.1')).toBeUndefined();
  expect(desk.limits.judge('page', undefined, '192.0.2.1')).toBeUndefined();
});

test('threads that share the table share the buckets', () => {
  const desk = new Desk('customer 5/10s');
  const other = new Desk('customer 5/10s');
  const shared = new BucketTable(false, desk.table.shared);
  const twin = new RateLimits({
    policy: { ...EVERYTHING_OFF, purchase: { ...NOTHING, ...parseLimits('customer 5/10s') } } as LimitPolicy,
    table: shared,
    secret: 'a secret',
    clock: { monotonic: () => desk.ms },
    counters: other.counters,
  });
  expect(desk.allowed(3, 'ada')).toBe(3);
  const told = [1, 2, 3].map(() => twin.judge('purchase', customerKeyOf('ada'), '192.0.2.1')!.isAllowed);
  expect(told).toEqual([true, true, false]);
});

test('threads that meet at a bucket that none has seen give it so many requests, and no more', async () => {
  const rounds = 100_000;
  const words = (): SharedArrayBuffer => new SharedArrayBuffer(rounds * 4);
  const workerData: BucketThreadData = {
    table: new BucketTable(false).shared,
    barrier: words(),
    allowed: words(),
    threads: 2,
    rounds,
    count: 4,
  };
  const threads = Array.from(
    { length: workerData.threads },
    () => new Worker(new URL('./bucket-thread.ts', import.meta.url), { workerData }),
  );
  await Promise.all(threads.map((thread) => once(thread, 'exit')));
  const wrong = [...new Int32Array(workerData.allowed)].filter((allowed) => allowed !== 4);
  expect(wrong).toEqual([]);
}, 120_000);

test('a bucket is forgotten only when it is full, as long as there is room', () => {
  const desk = new Desk('customer 2/600s');
  expect(desk.allowed(2, 'ada')).toBe(2);
  for (let number = 0; number < BUCKETS_MAX / 16; number++) desk.allowed(1, `customer-${number}`);
  expect(desk.table.evicted).toBe(0);
  expect(desk.allowed(1, 'ada')).toBe(0);
  // With all slots of a set in use one of them makes room, and that is counted.
  for (let number = 0; number < BUCKETS_MAX / 2; number++) desk.allowed(1, `crowd-${number}`);
  expect(desk.table.evicted).toBeGreaterThan(0);
  desk.ms += 600_000;
  expect(desk.table.sweep(unitsOf(desk.ms))).toBe(0);
});

test('buckets outlive the moment at which their clock begins anew', () => {
  // 2^32 units of 10 µs are 11.9 hours.
  for (const ms of [2 ** 31 / 100 - 3_000, 2 ** 32 / 100 - 3_000]) {
    const desk = new Desk('customer 5/10s');
    desk.ms = ms;
    expect(desk.allowed(9, 'ada')).toBe(5);
    desk.ms += 4_000;
    expect(desk.allowed(9, 'ada')).toBe(2);
  }
});

test('which customers share a set of buckets nobody knows without the secret', () => {
  const setOf = (secret: string, name: string): number => {
    const hash = new BucketHash(secret);
    hash.ofKey(0, customerKeyOf(name));
    return hash.low & 0x7fff;
  };
  const names = Array.from({ length: 2_000 }, (_, number) => `customer-${number}`);
  const together = names.filter((name) => setOf('one', name) % 64 === setOf('one', 'ada') % 64);
  const elsewhere = together.filter((name) => setOf('two', name) % 64 === setOf('two', 'ada') % 64);
  expect(together.length).toBeGreaterThan(10);
  expect(elsewhere.length).toBeLessThan(together.length / 4);
  // And they are spread evenly.
  const counts = new Map<number, number>();
  for (const name of names)
    counts.set(setOf('one', name) % 16, (counts.get(setOf('one', name) % 16) ?? 0) + 1);
  expect(Math.min(...counts.values())).toBeGreaterThan(80);
});

test.each([
  ['customer 20/10s', { customer: { count: 20, windowMs: 10_000 } }],
  ['address off,anonymous 1/600s', { address: undefined, anonymous: { count: 1, windowMs: 600_000 } }],
])('%s is a limit', (text, limits) => {
  expect(parseLimits(text)).toEqual(limits);
});

test.each([
  '',
  'customer',
  'customer 20',
  'customer 0/10s',
  'customer 20/0s',
  'customer 20/601s',
  'customer 20/10',
  'customer 20/10s; address off',
  'customer 20/10s, customer 30/10s',
  'visitor 20/10s',
  'customer 100001/1s',
  'customer -1/10s',
])('"%s" is none', (text) => {
  expect(parseLimits(text)).toBeUndefined();
});

test.each([
  ['POST', '/v1/orders', undefined],
  ['POST', '/orders', undefined],
  ['POST', '/c/spring/orders', undefined],
  ['POST', '/v1/tickets', 'ticket'],
  ['POST', '/v1/orders/0123/payment', 'payment'],
  ['DELETE', '/v1/orders/0123', 'payment'],
  ['POST', '/orders/0123/cancel', 'payment'],
  ['GET', '/v1/orders/0123', 'read'],
  ['GET', '/v1/orders', 'read'],
  ['GET', '/v1/products/kettle', 'read'],
  ['GET', '/v1/products/kettle/events', 'stream'],
  ['GET', '/v1/events', 'stream'],
  ['GET', '/c/spring', 'page'],
  ['GET', '/', 'page'],
  ['GET', '/nothing', 'page'],
  ['GET', '/openapi.json', 'page'],
  ['POST', '/session', 'sign-in'],
  ['GET', '/session/start', 'sign-in'],
  ['POST', '/v1/dev/tokens', 'sign-in'],
  ['GET', '/livez', undefined],
  ['GET', '/readyz', undefined],
  ['GET', '/metrics', undefined],
  ['GET', '/static/card.js', undefined],
  ['PUT', '/v1/admin/products/kettle', undefined],
  ['GET', '/v1/administer', 'read'],
  ['GET', '/cms/campaigns', undefined],
  ['GET', '/cmsx', 'page'],
  ['POST', '/v1/payments/webhook', undefined],
] as const)('%s %s comes under the limit of %s', (method, path, kind) => {
  expect(requestClass(method, path)).toBe(kind);
});
