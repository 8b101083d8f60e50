// A sale that is closed for good, seen through a real node with a real Postgres: what shoppers and the shop are told of it,
// and that nobody is told anything before Postgres can know.

/* oxlint-disable vitest/expect-expect -- expectProblem asserts, too */

import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { ADMIN_TOKEN, Engine, type Answer } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import { expectProblem } from './problems.ts';

const PRODUCT = 'closed';
const SAMPLE = 'film-camera';

let database: Database;
let engine: Engine;
let ada = '';
let bob = '';
let paid: Answer;
let cancelled: Answer;

const start = (dataDir?: string): Promise<Engine> => {
  const env = { ORDERS_KEPT_SECONDS: '1', DATABASE_URL: database.url, WORKERS: '1' };
  return Engine.start({ env, ...(dataDir !== undefined && { dataDir }) });
};

const idOf = ({ body }: Answer): string => String(body['id']);
const get = (token: string, id: string): Promise<Answer> => engine.call('GET', `/v1/orders/${id}`, { token });
const cancel = (token: string, id: string): Promise<Answer> =>
  engine.call('DELETE', `/v1/orders/${id}`, { token });
const pay = (token: string, id: string): Promise<Answer> =>
  engine.call('POST', `/v1/orders/${id}/payment`, { token, body: { method: 'card', token: 'demo' } });
const findByKey = (token: string, key: string): Promise<Answer> =>
  engine.call('GET', `/v1/orders?productId=${PRODUCT}&idempotencyKey=${key}`, { token });
const admin = (method: string, path: string, body?: object): Promise<Answer> =>
  engine.call(method, `/v1/admin/products/${path}`, { token: ADMIN_TOKEN, key: 'first', body });

/** Its sale was over a minute ago. */
async function end(productId: string): Promise<void> {
  const { body } = await engine.call('GET', `/v1/products/${productId}`);
  const { name, description, price, perCustomerLimit, holdSeconds, startsAt } = body;
  const now = Date.now();
  const hours = {
    startsAt: new Date(Math.min(Date.parse(String(startsAt)), now - 120_000)).toISOString(),
    endsAt: new Date(now - 60_000).toISOString(),
  };
  const product = { name, description, price, perCustomerLimit, holdSeconds, ...hours };
  expect(await admin('PUT', productId, product)).toMatchObject({ status: 200 });
}

beforeAll(async () => {
  database = await createNodeDatabase();
  engine = await start();
  [ada, bob] = [await engine.token('ada'), await engine.token('bob')];
  await engine.product(PRODUCT, { quantity: 5, perCustomerLimit: 2 });
  paid = await engine.buy(ada, PRODUCT, 'k', 2);
  await pay(ada, idOf(paid));
  cancelled = await engine.buy(bob, PRODUCT, 'k');
  await cancel(bob, idOf(cancelled));
}, 120_000);
afterAll(async () => {
  await engine?.remove();
  await database?.drop();
}, 60_000);

test('until Postgres has come to the retirement, the answer is 503, never that there is nothing', async () => {
  const keeper = new Client(database.connection);
  await keeper.connect();
  await keeper.query('BEGIN; LOCK TABLE doorbuster.products IN SHARE MODE');
  await end(PRODUCT);
  const answer = await waitUntil('its actor has let the order go', async () => {
    const shown = await get(ada, idOf(paid));
    return shown.status !== 200 && shown;
  });
  expectProblem(answer, 503, 'unavailable', /has not caught up/);
  expectProblem(await findByKey(ada, 'k'), 503, 'unavailable');
  expectProblem(await findByKey(ada, 'another'), 503, 'unavailable');
  expectProblem(await engine.buy(ada, PRODUCT, 'k', 2), 503, 'outcome_unknown');
  expectProblem(await engine.buy(ada, PRODUCT, 'another'), 503, 'outcome_unknown');
  expectProblem(await pay(ada, idOf(paid)), 503, 'unavailable');
  expectProblem(await cancel(bob, idOf(cancelled)), 503, 'unavailable');
  await keeper.query('COMMIT');
  await keeper.end();
  await waitUntil('Postgres has come to it', async () => (await get(ada, idOf(paid))).status === 200);
}, 120_000);

async function expectClosed(): Promise<void> {
  const order = { ...paid.body, status: 'paid' };
  expect(await get(ada, idOf(paid))).toMatchObject({ status: 200, body: order });
  expect(await findByKey(ada, 'k')).toMatchObject({ status: 200, body: order });
  expect(await get(bob, idOf(cancelled))).toMatchObject({ status: 200, body: { status: 'cancelled' } });
  expectProblem(await findByKey(ada, 'another'), 404, 'not_found');
  expectProblem(await get(bob, idOf(paid)), 404, 'not_found');
  const unknown = idOf(paid).slice(0, 20) + '0'.repeat(6);
  expectProblem(await get(ada, unknown), 404, 'not_found');
  expectProblem(await pay(ada, unknown), 404, 'not_found');
}

test('an order is shown by its id and by its key, to its customer alone', expectClosed);

test('a purchase that was accepted is told again, whatever became of it; a new one meets the end', async () => {
  for (const [token, quantity, accepted] of [
    [ada, 2, paid],
    [bob, 1, cancelled],
  ] as const) {
    const again = await engine.buy(token, PRODUCT, 'k', quantity);
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(accepted.headers.get('location'));
    expect(again.body).toEqual(accepted.body);
  }
  expectProblem(await engine.buy(ada, PRODUCT, 'k', 1), 422, 'idempotency_key_reused');
  expectProblem(await engine.buy(ada, PRODUCT, 'another'), 409, 'sale_ended');
});

test('nothing becomes of an order any more, and what was asked for before has the same answer', async () => {
  expect(await pay(ada, idOf(paid))).toMatchObject({ status: 200, body: { status: 'paid' } });
  expect(await cancel(bob, idOf(cancelled))).toMatchObject({ status: 200, body: { status: 'cancelled' } });
  const notPaid = await pay(bob, idOf(cancelled));
  expectProblem(notPaid, 409, 'order_state_conflict');
  expect(notPaid.body).toMatchObject({ order: { ...cancelled.body, status: 'cancelled' } });
  const notCancelled = await cancel(ada, idOf(paid));
  expectProblem(notCancelled, 409, 'order_state_conflict');
  expect(notCancelled.body).toMatchObject({ order: { ...paid.body, status: 'paid' } });
  expect(await get(bob, idOf(cancelled))).toMatchObject({ body: { status: 'cancelled' } });
});

test('the shop is told to make a new product; the counters stay', async () => {
  const product = {
    name: 'Again',
    startsAt: '2039-01-01T00:00:00Z',
    endsAt: '2040-01-01T00:00:00Z',
    price: { amount: 1, currency: 'EUR' },
  };
  const closed = /closed for good.*Make a new product/;
  expectProblem(await admin('PUT', PRODUCT, product), 409, 'sale_ended', closed);
  expectProblem(await admin('POST', `${PRODUCT}/stock`, { quantity: 5 }), 409, 'sale_ended', closed);
  expectProblem(await admin('POST', `${PRODUCT}/stock`, { quantity: -1 }), 409, 'sale_ended', closed);
  expectProblem(await admin('POST', `${PRODUCT}/pause`), 409, 'sale_ended', closed);
  expectProblem(await admin('POST', `${PRODUCT}/resume`), 409, 'sale_ended', closed);
  const stock = { loaded: 5, available: 3, reserved: 0, sold: 2, withdrawn: 0 };
  expect(await admin('GET', `${PRODUCT}/stock`)).toMatchObject({ status: 200, body: stock });
  const shown = await engine.call('GET', `/v1/products/${PRODUCT}`);
  expect(shown).toMatchObject({ status: 200, body: { sale: { state: 'ended', available: 3, offered: 5 } } });
});

test('the customer’s list has them as before', async () => {
  const { body } = await engine.call<{ orders: object[] }>('GET', '/v1/orders', { token: ada });
  expect(body.orders).toEqual([{ ...paid.body, status: 'paid' }]);
});

test('after a start it is the same, the audit agrees, and a sample that is closed comes under another name', async () => {
  await end(SAMPLE);
  await waitUntil('the sample is closed', async () => {
    const { status } = await admin('POST', `${SAMPLE}/pause`);
    return status === 409;
  });
  const { dataDir } = engine;
  expect(await engine.stop()).toBe(0);
  engine = await start(dataDir);
  await expectClosed();
  const { body } = await engine.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(body.violations).toEqual([]);
  const again = await engine.call('GET', `/v1/products/${SAMPLE}-2`);
  expect(again).toMatchObject({ status: 200, body: { sale: { state: 'on_sale', available: 5 } } });
  const { body: page } = await engine.call<string>('GET', '/');
  expect(page.split(`products/${SAMPLE}.svg`), 'the picture of both').toHaveLength(3);
}, 120_000);
