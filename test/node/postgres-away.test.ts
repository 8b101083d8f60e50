// A sale while Postgres is slow, silent, unreachable and dead: every order is taken, what waits for Postgres is bounded in
// memory, the metrics say how much it is, and afterwards every order is there once.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { tokenOf } from '../harness/crowd.ts';
import { ADMIN_TOKEN, Engine } from '../harness/engine.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';

const PRODUCT = 'sku';
const RECORDS_MAX = 5;
const ORDERS = 3 * RECORDS_MAX;

let postgres: PostgresServer;
let proxy: TcpProxy;
let engine: Engine;
let customers = 0;

beforeAll(async () => {
  postgres = await startPostgres();
  proxy = await TcpProxy.to(postgres.connection.port);
  engine = await Engine.start({
    demo: false,
    env: {
      DATABASE_URL: `postgres://postgres@127.0.0.1:${proxy.port}/postgres`,
      PROJECTION_RECORDS_MAX: String(RECORDS_MAX),
    },
  });
  await engine.product(PRODUCT, { quantity: 1_000 });
}, 120_000);
afterAll(async () => {
  await engine?.remove();
  await proxy?.close();
  await postgres?.stop();
}, 60_000);

async function metric(name: string): Promise<number> {
  const { body } = await engine.call<string>('GET', '/metrics');
  return Number(new RegExp(`^doorbuster_projection_${name} (.*)$`, 'm').exec(body)?.[1]);
}

const whenCaughtUp = (): Promise<true> =>
  waitUntil('it has caught up', async () => (await metric('lag_records')) === 0);

async function sell(): Promise<void> {
  for (let order = 0; order < ORDERS; order++) {
    const token = tokenOf(`customer-${++customers}`);
    expect((await engine.buy(token, PRODUCT, 'key')).status).toBe(201);
  }
}

/** Far above what an idle node tells, which asks its feed twice a second. */
const LAG_SECONDS = 3;

test('how far Postgres is behind grows with every second, and is gone when it has caught up', async () => {
  await whenCaughtUp();
  proxy.stall();
  await sell();
  await waitUntil('it is seconds behind', async () => (await metric('lag_seconds')) > LAG_SECONDS);
  expect(await metric('lag_records')).toBeGreaterThan(0);
  const before = await metric('lag_seconds');
  await waitUntil('it is further behind', async () => (await metric('lag_seconds')) > before);
  proxy.heal();
  await whenCaughtUp();
  await waitUntil('it is the present again', async () => (await metric('lag_seconds')) < LAG_SECONDS);
}, 120_000);

test.each<[string, () => void | Promise<void>, () => void | Promise<void>]>([
  ['slow', () => proxy.delay(300), () => proxy.heal()],
  ['silent', () => proxy.stall(), () => proxy.heal()],
  ['unreachable', () => proxy.cut(), () => proxy.heal()],
  ['dead', () => postgres.kill(), () => postgres.restart()],
])(
  'with Postgres %s the sale goes on',
  async (_, harm, mend) => {
    await whenCaughtUp();
    await harm();
    await sell();
    expect(await metric('records_in_flight')).toBeLessThanOrEqual(2 * RECORDS_MAX);
    expect(await metric('lag_records')).toBeGreaterThan(0);
    await mend();
    await whenCaughtUp();
    const { body } = await engine.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
    expect(body).toMatchObject({ ok: true, figures: { rows: customers, recordsNotProjected: 0 } });
  },
  120_000,
);
