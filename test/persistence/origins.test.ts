// Where orders came from, and what became of them, on an embedded Postgres.

import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { orderIdKey, orderIdText } from '../../src/actors/index.ts';
import {
  AbandonmentReads,
  migrate,
  migrateCatalogue,
  openPool,
  ORIGIN_LIMITS,
  OrderOrigins,
  type Origin,
} from '../../src/persistence/index.ts';
import { systemTimers, type Timers } from '../../src/runtime/index.ts';
import { ManualTime } from '../runtime/harness.ts';
import { startInTemporaryFolder } from './postgres-kinds.ts';
import { newOrderId, putOrder } from './risk/rows.ts';

let pool: Pool;
let stop = async (): Promise<void> => undefined;

beforeAll(async () => {
  const postgres = await startInTemporaryFolder();
  pool = openPool(postgres.connection, 2, 'doorbuster test');
  stop = async () => {
    await pool.end();
    await postgres.stop();
  };
  await migrate(pool);
  await migrateCatalogue(pool);
}, 120_000);

afterAll(() => stop());

beforeEach(async () => {
  await pool.query('TRUNCATE doorbuster.orders, doorbuster_catalogue.order_origins');
});

function openOrigins(query: Pick<Pool, 'query'> = pool, timers: Timers = systemTimers) {
  const told = { dropped: 0, failed: 0 };
  const origins = new OrderOrigins({
    pool: query,
    timers,
    hashOf: (address) => `hash of ${address}`,
    networkOf: (address) => `network of ${address}`,
    sweeps: false,
    onDropped: () => void told.dropped++,
    onFailed: () => void told.failed++,
  });
  return { origins, told };
}

const originOf = (customerId: string, address: string, rest: Partial<Origin> = {}): Origin => ({
  orderId: orderIdKey(newOrderId())!,
  productId: 'sku-1',
  customerId,
  address,
  at: Date.now(),
  ...rest,
});

test('an order is noted with its network and a hash of its address', async () => {
  const { origins } = openOrigins();
  const origin = originOf('ada', '192.0.2.1', { at: Date.UTC(2030, 0, 1) });
  origins.note(origin);
  await origins.stop();
  const { rows } = await pool.query('SELECT * FROM doorbuster_catalogue.order_origins');
  expect(rows).toEqual([
    {
      order_id: orderIdText(origin.orderId),
      product_id: 'sku-1',
      customer_id: 'ada',
      network: 'network of 192.0.2.1',
      address: 'hash of 192.0.2.1',
      at: new Date(Date.UTC(2030, 0, 1)),
    },
  ]);
});

test('while Postgres is away they wait, and those for which there is no room are counted', async () => {
  let isAway = true;
  const query = ((...args: Parameters<Pool['query']>) =>
    isAway ? Promise.reject(new Error('away')) : pool.query(...args)) as Pool['query'];
  const { origins, told } = openOrigins({ query });
  for (let number = 0; number < ORIGIN_LIMITS.waitingMax + 3; number++)
    origins.note(originOf(`customer-${number}`, '192.0.2.1'));
  await origins.stop();
  await origins.stop();
  expect(told).toEqual({ dropped: 3, failed: 1 });
  isAway = false;
  await origins.stop();
  const { rows } = await pool.query('SELECT count(*)::int AS noted FROM doorbuster_catalogue.order_origins');
  expect(rows).toEqual([{ noted: ORIGIN_LIMITS.waitingMax }]);
});

test('in a rush they are written when it is over, or has gone on for long, or too many wait', async () => {
  const { rushOrders, rushLooksMax, waitingMax, writeEveryMs } = ORIGIN_LIMITS;
  const writes: number[] = [];
  const query = ((_text: string, [ids]: string[][]) => Promise.resolve(writes.push(ids!.length))) as never;
  const time = new ManualTime();
  const { origins } = openOrigins({ query }, time);
  const second = async (orders: number): Promise<number> => {
    for (let number = 0; number < orders; number++) origins.note(originOf('ada', '192.0.2.1'));
    await time.pass(writeEveryMs);
    return writes.splice(0).reduce((sum, count) => sum + count, 0);
  };
  origins.start();
  expect(await second(rushOrders)).toBe(rushOrders);
  expect(await second(rushOrders + 1)).toBe(0);
  expect(await second(5)).toBe(rushOrders + 6);
  for (let look = 0; look < rushLooksMax; look++) expect(await second(rushOrders + 1)).toBe(0);
  expect(await second(rushOrders + 1)).toBe((rushLooksMax + 1) * (rushOrders + 1));
  expect(await second(waitingMax / 2)).toBe(waitingMax / 2);
  await origins.stop();
});

test('figures count an order once, however often its origin was noted', async () => {
  const { origins } = openOrigins();
  const id = await putOrder(pool, 'ada', { holdSeconds: 60, status: 'expired' });
  const origin = originOf('ada', 'a', { orderId: orderIdKey(id)! });
  origins.note(origin);
  origins.note(origin);
  await origins.stop();
  expect((await new AbandonmentReads(pool).read({ hours: 1, limit: 1 })).all).toMatchObject({ orders: 1 });
});

test('what is older than thirty days is removed', async () => {
  const { origins } = openOrigins();
  origins.note(originOf('old', '192.0.2.1', { at: Date.now() - ORIGIN_LIMITS.keptMs - 60_000 }));
  origins.note(originOf('young', '192.0.2.1', { at: Date.now() - ORIGIN_LIMITS.keptMs + 600_000 }));
  await origins.stop();
  expect(await origins.sweep()).toBe(1);
  const { rows } = await pool.query('SELECT customer_id FROM doorbuster_catalogue.order_origins');
  expect(rows).toEqual([{ customer_id: 'young' }]);
});

test('figures tell by customer and by network what became of held units', async () => {
  const { origins } = openOrigins();
  const placed = async (customerId: string, address: string, status: Parameters<typeof putOrder>[2]) => {
    const id = await putOrder(pool, customerId, { holdSeconds: 60, ...status });
    origins.note(originOf(customerId, address, { orderId: orderIdKey(id)! }));
  };
  for (let number = 0; number < 3; number++) await placed('mallory', 'a', { status: 'expired' });
  await placed('mallory', 'b', { status: 'paid' });
  await placed('ada', 'a', { status: 'expired' });
  await placed('ada', 'a', { status: 'reserved' });
  await placed('ben', 'b', { status: 'cancelled' });
  await origins.stop();
  const reads = new AbandonmentReads(pool);
  const none = { expired: 0, cancelled: 0, paid: 0, open: 0 };
  expect(await reads.read({ hours: 24, limit: 10 })).toEqual({
    isWhole: true,
    all: { orders: 7, expired: 4, cancelled: 1, paid: 1, open: 1 },
    customers: [
      { ...none, customerId: 'mallory', orders: 4, expired: 3, paid: 1 },
      { ...none, customerId: 'ada', orders: 2, expired: 1, open: 1 },
    ],
    networks: [{ ...none, network: 'network of a', customers: 2, orders: 5, expired: 4, open: 1 }],
  });
  expect((await reads.read({ hours: 24, limit: 1 })).customers).toHaveLength(1);
});

test('without orders there are figures, too', async () => {
  expect(await new AbandonmentReads(pool).read({ hours: 1, limit: 1 })).toEqual({
    isWhole: true,
    all: { orders: 0, expired: 0, cancelled: 0, paid: 0, open: 0 },
    customers: [],
    networks: [],
  });
});
