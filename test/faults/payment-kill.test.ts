// Every behaviour of the sandbox, with each payment stopped at one of the places at which a node can die on it, and then kill -9. Two
// more nodes die while they follow what the first one left. In the end the provider has taken the money of exactly the orders that are
// paid, once each, and given back what was to go back.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { BEHAVIOURS, WEBHOOK_PATH } from '../../src/payments/index.ts';
import { openPool } from '../../src/persistence/index.ts';
import { tokenOf } from '../harness/crowd.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { SandboxProcess } from '../harness/payment-sandbox.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { freePort } from '../servers/free-port.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import { CRASH_POINTS } from './payment-points.ts';

const PRODUCT = 'kettle';
/** `review` is one card in everybody's hands: the rules know it, and its orders are review-kill.test.ts's. */
const BEHAVIOUR_NAMES = Object.keys(BEHAVIOURS).filter((name) => name !== 'review');
const UNITS = BEHAVIOUR_NAMES.length * CRASH_POINTS.length;
/** Those of whoever follows, by chance: most of them in each run. */
const KEEPERS_POINTS = ['before find', 'after find', 'before pay paid', 'before close'];

/** Some are looked at again when the hold ends, after five minutes. */
const CLOSED_MS_MAX = 400_000;

interface Order {
  readonly id: string;
  readonly customer: string;
  readonly token: string;
}

const folder = temporaryFolder();
const faults = join(folder, 'faults');
let database: Database;
let sandbox: SandboxProcess;
let engine: Engine;
let port: number;
const orders: Order[] = [];

beforeAll(async () => {
  port = await freePort();
  const webhookUrl = `http://127.0.0.1:${port}${WEBHOOK_PATH}`;
  [database, sandbox] = await Promise.all([
    createNodeDatabase(),
    SandboxProcess.start({ folder, webhookUrl }),
  ]);
}, 120_000);

afterAll(async () => {
  await engine?.remove();
  await Promise.all([sandbox?.stop(), database?.drop()]);
  rmSync(folder, { recursive: true, force: true });
});

/** @param dies whether payments stop; and by which chance, in a node that only follows them */
async function start(dies: boolean, seed?: number): Promise<void> {
  const env: Record<string, string> = {
    ...sandbox.env,
    PORT: String(port),
    DATABASE_URL: database.url,
    PAYMENT_TIMEOUT_MS: '3000',
    RATE_LIMITS: 'off',
    // Those who only follow payments need no second thread.
    WORKERS: seed === undefined ? '2' : '1',
  };
  if (dies) {
    env['NODE_OPTIONS'] = `--import=${new URL('payment-fault.ts', import.meta.url).href}`;
    env['PAYMENT_FAULTS'] = faults;
    if (seed !== undefined) env['PAYMENT_FAULTS_SEED'] = String(seed);
  }
  engine = Engine.spawn({ dataDir: join(folder, 'data'), demo: false, fromSource: dies, env });
  // On a machine with much else to do a start takes its time.
  await engine.whenReady().catch(() => engine.whenReady());
}

/** `order place` of each payment that stopped. */
const stopped = (): string[] => (existsSync(faults) ? readFileSync(faults, 'utf8').trim().split('\n') : []);

const pay = ({ id, customer, token }: Order): Promise<Answer> =>
  engine.call('POST', `/v1/orders/${id}/payment`, {
    token: tokenOf(customer),
    body: { method: 'card', token },
  });

/** By order: the last answer to its payment. */
const lastTold = new Map<string, string>();

/** Whoever is told to try again does, as long as the node lives. */
async function payUntilTold(order: Order): Promise<Answer> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    const answer = await pay(order);
    lastTold.set(order.id, JSON.stringify(answer.body).slice(0, 300));
    if (answer.status !== 503) return answer;
    // oxlint-disable-next-line no-await-in-loop
    await setTimeout(200);
  }
}

const cancel = ({ id, customer }: Order): Promise<Answer> =>
  engine.call('DELETE', `/v1/orders/${id}`, { token: tokenOf(customer) });

async function statusOf({ id, customer }: Order): Promise<string> {
  const { body } = await engine.call('GET', `/v1/orders/${id}`, { token: tokenOf(customer) });
  return String(body['status']);
}

const each = <T>(work: (order: Order) => Promise<T>): Promise<T[]> => Promise.all(orders.map(work));

test('whatever dies at whichever point, captures are the paid orders and refunds what is to go back', async () => {
  await start(true);
  await engine.product(PRODUCT, { quantity: UNITS });
  for (const behaviour of BEHAVIOUR_NAMES)
    for (let place = 0; place < CRASH_POINTS.length; place++) {
      const customer = `${behaviour}-${place}`;
      const id = await waitUntil(`${customer} has an order`, async () => {
        const { status, body } = await engine.buy(tokenOf(customer), PRODUCT, 'k');
        return status === 201 && String(body['id']);
      });
      orders.push({ id, customer, token: `${behaviour}/stop-${place}-${behaviour}` });
    }

  // Everybody pays; whoever is not answered stands at their place.
  const answered = new Set<string>();
  const paying = orders.map((order) =>
    payUntilTold(order).then(
      () => void answered.add(order.id),
      () => undefined,
    ),
  );
  const isSettled = ({ id }: Order): boolean =>
    answered.has(id) || stopped().some((line) => line.startsWith(`${id} `));
  await waitUntil(
    'every payment is answered or stands',
    () => orders.every(isSettled),
    () => [
      orders.filter((order) => !isSettled(order)).map(({ id, token }) => [id, token, lastTold.get(id)]),
      engine.output,
    ],
    120_000,
  );
  await engine.kill();
  await Promise.all(paying);
  const places = new Set(stopped().map((line) => line.slice(line.indexOf(' ') + 1)));
  expect(CRASH_POINTS.filter((point) => !places.has(point))).toEqual([]);

  // Twice a node follows them and dies of it. Some customers cancel what may be paid already.
  for (const seed of [1, 2]) {
    rmSync(faults, { force: true });
    await start(true, seed);
    const cancelling = orders
      .filter((_, number) => number % 3 === seed)
      .map((order) => cancel(order).catch(() => undefined));
    await waitUntil(
      'those who follow stand',
      () => KEEPERS_POINTS.filter((point) => stopped().some((line) => line.endsWith(point))).length > 1,
      stopped,
    );
    await engine.kill();
    await Promise.all(cancelling);
  }

  await start(false);
  // A node that died on a cancellation may not have said that the money is to be looked for; otherwise that comes with the hold's end.
  await each(async (order) => {
    if ((await statusOf(order)) === 'cancelled') expect((await cancel(order)).status).toBe(200);
  });
  await each(payUntilTold);
  await each(async (order) => {
    if ((await statusOf(order)) === 'reserved') await payUntilTold({ ...order, token: 'succeed' });
  });
  await each(async (order) => {
    if ((await statusOf(order)) === 'payment_pending') await cancel(order);
  });
  const pool = openPool(database.connection, 1, 'doorbuster test');
  let open: unknown[] = [];
  try {
    await waitUntil(
      'every payment is closed',
      async () => {
        const { rows } = await pool.query(
          `SELECT order_id, token, attempts, last_error, next_look_at - clock_timestamp() AS look_in,
             leased_until - clock_timestamp() AS leased FROM doorbuster_catalogue.payments WHERE closed_at IS NULL`,
        );
        open = rows;
        return rows.length === 0;
      },
      () => open,
      CLOSED_MS_MAX,
    );
    const { rows } = await pool.query<{ tokens: number }>(
      'SELECT count(token)::int AS tokens FROM doorbuster_catalogue.payments',
    );
    expect(rows[0]!.tokens, 'tokens go when they are of no use any more').toBe(0);
  } finally {
    await pool.end();
  }

  const statuses = new Map(await each(async (order) => [order.id, await statusOf(order)] as const));
  const having = (status: string): string[] =>
    [...statuses]
      .filter(([, is]) => is === status)
      .map(([id]) => id)
      .sort();
  const movements = sandbox.movements();
  const moved = (kind: string): string[] =>
    movements
      .filter((movement) => movement.kind === kind)
      .map(({ orderId }) => orderId)
      .sort();
  expect(new Set(statuses.values())).toEqual(new Set(['paid', 'refunded', 'cancelled']));
  expect(moved('capture')).toEqual([...having('paid'), ...having('refunded')].sort());
  expect(moved('refund')).toEqual(having('refunded'));
  expect(having('paid').length).toBeGreaterThan(UNITS / 3);
  expect(having('refunded').length).toBeGreaterThan(0);

  const { body: stock } = await engine.admin('GET', `/products/${PRODUCT}/stock`);
  const sold = having('paid').length;
  expect(stock).toMatchObject({ loaded: UNITS, available: UNITS - sold, reserved: 0, sold });
  const { body: audit } = await engine.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(audit).toMatchObject({ ok: true, violations: [] });
  expect(await engine.stop()).toBe(0);
}, 900_000);
