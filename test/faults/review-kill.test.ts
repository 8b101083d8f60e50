// Reviews under kill -9: an order dies on its way into review, or while a person's decision is carried out, at each of the points at which
// that can be. In the end every order is what its reviewer said, its money is taken once or not at all, and nothing waits for anybody.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { openPool } from '../../src/persistence/index.ts';
import { tokenOf } from '../harness/crowd.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { SandboxProcess } from '../harness/payment-sandbox.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import { REVIEW_POINTS } from './payment-points.ts';

const PRODUCT = 'kettle';
const DECISIONS = ['approve', 'deny'] as const;
const UNITS = DECISIONS.length * REVIEW_POINTS.length;

interface Order {
  readonly id: string;
  readonly customer: string;
  readonly token: string;
  readonly decision: (typeof DECISIONS)[number];
}

const folder = temporaryFolder();
const faults = join(folder, 'faults');
const rules = join(folder, 'rules.json');
let database: Database;
let sandbox: SandboxProcess;
let engine: Engine;
const orders: Order[] = [];

beforeAll(async () => {
  writeFileSync(rules, '{ "otherwise": "review", "rules": [] }');
  [database, sandbox] = await Promise.all([createNodeDatabase(), SandboxProcess.start({ folder })]);
}, 120_000);

afterAll(async () => {
  await engine?.remove();
  await Promise.all([sandbox?.stop(), database?.drop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function start(dies: boolean): Promise<void> {
  engine = await Engine.start({
    dataDir: join(folder, 'data'),
    demo: false,
    fromSource: dies,
    env: {
      ...sandbox.env,
      DATABASE_URL: database.url,
      RISK_RULES: rules,
      PAYMENT_TIMEOUT_MS: '3000',
      RATE_LIMITS: 'off',
      // Whoever takes the payment knows where it stops, and so must whoever takes the decision.
      WORKERS: '1',
      ...(dies && {
        NODE_OPTIONS: `--import=${new URL('payment-fault.ts', import.meta.url).href}`,
        PAYMENT_FAULTS: faults,
      }),
    },
  });
}

const stopped = (): string[] => (existsSync(faults) ? readFileSync(faults, 'utf8').trim().split('\n') : []);
const standing = (): Set<string> => new Set(stopped().map((line) => line.split(' ', 1)[0]!));

const pay = ({ id, customer, token }: Order): Promise<Answer> =>
  engine.call('POST', `/v1/orders/${id}/payment`, {
    token: tokenOf(customer),
    body: { method: 'card', token },
  });

const decide = ({ id, decision }: Order): Promise<Answer> =>
  engine.admin('POST', `/reviews/${id}`, { decision });

async function statusOf({ id, customer }: Order): Promise<string> {
  const { body } = await engine.call('GET', `/v1/orders/${id}`, { token: tokenOf(customer) });
  return String(body['status']);
}

async function waiting(): Promise<Order[]> {
  const { body } = await engine.admin<{ reviews: { orderId: string }[] }>('GET', '/reviews');
  const ids = new Set(body.reviews.map(({ orderId }) => orderId));
  return orders.filter(({ id }) => ids.has(id));
}

/** Whoever is told to try again does, as long as the node lives. */
async function untilTold(call: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    const answer = await call();
    if (answer.status !== 503) return answer;
    // oxlint-disable-next-line no-await-in-loop
    await setTimeout(100);
  }
}

/** All at once, until each is answered or stands. */
async function allOf(
  what: string,
  some: readonly Order[],
  call: (order: Order) => Promise<Answer>,
): Promise<void> {
  const answered = new Set<string>();
  for (const order of some)
    untilTold(() => call(order)).then(
      () => void answered.add(order.id),
      () => undefined,
    );
  await waitUntil(
    what,
    () => some.every(({ id }) => answered.has(id) || standing().has(id)),
    () => [some.length, answered.size, stopped()],
  );
}

test('whatever dies at whichever point of a review, each order becomes what its reviewer said', async () => {
  await start(true);
  await engine.product(PRODUCT, { quantity: UNITS });
  for (const decision of DECISIONS)
    for (let place = 0; place < REVIEW_POINTS.length; place++) {
      const customer = `${decision}-${place}`;
      // oxlint-disable-next-line no-await-in-loop -- a few
      const { body } = await engine.buy(tokenOf(customer), PRODUCT, 'k');
      orders.push({
        id: String(body['id']),
        customer,
        token: `succeed/review-${place}-${customer}`,
        decision,
      });
    }
  await allOf('every payment is in review or stands', orders, pay);
  const reviewed = orders.filter(({ id }) => !standing().has(id));
  await allOf('every review is decided or stands', reviewed, decide);
  await engine.kill();
  const places = new Set(stopped().map((line) => line.slice(line.indexOf(' ') + 1)));
  expect(REVIEW_POINTS.filter((point) => !places.has(point))).toEqual([]);

  const pool = openPool(database.connection, 1, 'doorbuster test');
  try {
    // Its leases run out sooner than they would.
    await pool.query('UPDATE doorbuster_catalogue.payments SET leased_until = NULL');
    await start(false);
    // First the people, who see what waits and do it once more; then the customers whose orders never came into review.
    await Promise.all((await waiting()).map((order) => untilTold(() => decide(order))));
    await Promise.all(
      orders.map(async (order) => {
        if ((await statusOf(order)) === 'reserved') await untilTold(() => pay(order));
      }),
    );
    await waitUntil(
      'no order is open, and nothing waits for a person',
      async () => {
        await Promise.all((await waiting()).map((order) => untilTold(() => decide(order))));
        const statuses = await Promise.all(orders.map(statusOf));
        return statuses.every((status) => status === 'paid' || status === 'cancelled');
      },
      () => orders,
    );
    await waitUntil('every payment is closed', async () => {
      const { rows } = await pool.query<{ open: number }>(
        'SELECT count(*)::int AS open FROM doorbuster_catalogue.payments WHERE closed_at IS NULL',
      );
      return rows[0]!.open === 0;
    });
  } finally {
    await pool.end();
  }

  const became = await Promise.all(orders.map(async (order) => [order.customer, await statusOf(order)]));
  expect(Object.fromEntries(became)).toEqual(
    Object.fromEntries(
      orders.map(({ customer, decision }) => [customer, decision === 'approve' ? 'paid' : 'cancelled']),
    ),
  );
  const approved = orders.filter(({ decision }) => decision === 'approve').map(({ id }) => id);
  expect(
    sandbox
      .movements()
      .map(({ orderId, kind }) => `${kind} ${orderId}`)
      .sort(),
  ).toEqual(approved.map((id) => `capture ${id}`).sort());
  const { body: stock } = await engine.admin('GET', `/products/${PRODUCT}/stock`);
  expect(stock).toMatchObject({ available: UNITS / 2, reserved: 0, sold: UNITS / 2 });
  const { body: audit } = await engine.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(audit).toMatchObject({ ok: true, violations: [] });
  expect(await engine.stop()).toBe(0);
}, 180_000);
