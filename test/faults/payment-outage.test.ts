// The provider or Postgres away in the middle of payments, where a person is to decide what nobody can say: holds go on in bounds and
// then end, reviews can be seen and decided, and what was taken is neither taken again nor kept.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { tokenOf } from '../harness/crowd.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { SandboxProcess } from '../harness/payment-sandbox.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';

const PRODUCT = 'kettle';
const HOLD_SECONDS = 6;
const EXTENSION_SECONDS = 3;
const RULES = `{
  "otherwise": "allow",
  "unavailable": { "extendSeconds": 2, "mostSeconds": 2, "outcome": "deny" },
  "rules": [{ "name": "Blocked", "when": [{ "fact": "status", "is": ["blocked"] }], "outcome": "deny" }]
}`;

const folder = temporaryFolder();
let database: Database;
let way: TcpProxy;
let sandbox: SandboxProcess;
let provider: TcpProxy;
let engine: Engine;
let customers = 0;

beforeAll(async () => {
  [database, sandbox] = await Promise.all([createNodeDatabase(), SandboxProcess.start({ folder })]);
  way = await TcpProxy.to(database.connection.port);
  provider = await TcpProxy.to(Number(new URL(sandbox.url).port));
  const rules = join(folder, 'rules.json');
  writeFileSync(rules, RULES);
  const { user, database: name } = database.connection;
  engine = await Engine.start({
    dataDir: join(folder, 'data'),
    demo: false,
    env: {
      ...sandbox.env,
      PAYMENT_URL: `http://127.0.0.1:${provider.port}`,
      PAYMENT_TIMEOUT_MS: '3000',
      PAYMENT_UNAVAILABLE: 'review',
      HOLD_EXTENSION_SECONDS: `${EXTENSION_SECONDS}`,
      DATABASE_URL: `postgres://${user}@127.0.0.1:${way.port}/${name}`,
      RISK_RULES: rules,
      RATE_LIMITS: 'off',
      WORKERS: '1',
    },
  });
  await engine.product(PRODUCT, { quantity: 100, holdSeconds: HOLD_SECONDS });
}, 120_000);

afterAll(async () => {
  await engine?.remove();
  await Promise.all([way?.close(), provider?.close()]);
  await Promise.all([sandbox?.stop(), database?.drop()]);
  rmSync(folder, { recursive: true, force: true });
});

interface Bought {
  readonly id: string;
  readonly customer: string;
  readonly token: string;
  /** Epoch milliseconds. */
  readonly firstEnd: number;
}

async function bought(): Promise<Bought> {
  const customer = `payer-${++customers}`;
  const token = tokenOf(customer);
  const { body } = await engine.buy(token, PRODUCT, 'k');
  return { id: String(body['id']), customer, token, firstEnd: Date.parse(String(body['holdExpiresAt'])) };
}

const pay = ({ id, token }: Bought, by: string): Promise<Answer> =>
  engine.call('POST', `/v1/orders/${id}/payment`, { token, body: { method: 'card', token: by } });

const show = async ({ id, token }: Bought): Promise<Record<string, unknown>> =>
  (await engine.call('GET', `/v1/orders/${id}`, { token })).body;

const becomes = (order: Bought, status: string): Promise<unknown> => {
  let seen: unknown;
  return waitUntil(
    `the order is ${status}`,
    async () => (seen = (await show(order))['status']) === status,
    () => [seen, engine.output.slice(-2_000)],
  );
};

const decide = ({ id }: Bought, decision: string): Promise<Answer> =>
  engine.admin('POST', `/reviews/${id}`, { decision });

const moved = (order: Bought): string[] =>
  sandbox.movements().flatMap(({ orderId, kind }) => (orderId === order.id ? [kind] : []));

interface Review {
  readonly orderId: string;
  readonly reasons: readonly string[];
  readonly facts: Record<string, unknown>;
}

const reviewOf = async ({ id }: Bought): Promise<Review | undefined> =>
  (await engine.admin<{ reviews: Review[] }>('GET', '/reviews')).body.reviews.find(
    ({ orderId }) => orderId === id,
  );

/** Tries until it is told something else than to try again. @returns the answer, and the latest end of the hold that was seen */
async function payUntilTold(order: Bought, by: string): Promise<{ answer: Answer; lastEnd: number }> {
  let lastEnd = order.firstEnd;
  const answer = await waitUntil('the payment is decided', async () => {
    const told = await pay(order, by);
    lastEnd = Math.max(lastEnd, Date.parse(String((await show(order))['holdExpiresAt'])));
    return told.status !== 503 && told;
  });
  return { answer, lastEnd };
}

/** The money is taken, and the provider is away before anybody heard of it. */
async function takenUnheard(): Promise<Bought> {
  const order = await bought();
  const paying = pay(order, 'timeout-captured');
  await waitUntil('the money is taken', () => moved(order).length > 0);
  provider.cut();
  expect(await paying).toMatchObject({ status: 202, body: { status: 'in_review' } });
  return order;
}

describe('a provider that is away when a person is to decide', () => {
  test('leaves a review that says what is known; when it is back, what it took pays the order', async () => {
    const order = await takenUnheard();
    try {
      expect(await reviewOf(order)).toMatchObject({
        reasons: ['The payment provider cannot say whether the money was taken.'],
        facts: { status: 'active', quantity: 1, amount: { amount: 1_999, currency: 'EUR' } },
      });
    } finally {
      provider.heal();
    }
    await becomes(order, 'paid');
    expect(moved(order)).toEqual(['capture']);
    await waitUntil('nobody is asked any more', async () => (await reviewOf(order)) === undefined);
  });

  test('gives the money back of an order that was denied meanwhile', async () => {
    const order = await takenUnheard();
    try {
      expect(await decide(order, 'deny')).toMatchObject({ status: 200, body: { outcome: 'denied' } });
      expect(await show(order)).toMatchObject({ status: 'cancelled' });
    } finally {
      provider.heal();
    }
    await becomes(order, 'refunded');
    expect(moved(order)).toEqual(['capture', 'refund']);
  });

  test('extends the hold in bounds; then a person decides, and who is blocked is denied', async () => {
    const [order, other] = [await bought(), await bought()];
    await engine.admin('PUT', `/customers/${other.customer}/status`, { status: 'blocked' });
    provider.cut();
    try {
      const [paid, denied] = await Promise.all([
        payUntilTold(order, 'succeed'),
        payUntilTold(other, 'succeed'),
      ]);
      expect(paid.answer).toMatchObject({ status: 202, body: { status: 'in_review' } });
      expect(paid.lastEnd).toBeGreaterThan(order.firstEnd);
      expect(paid.lastEnd).toBeLessThanOrEqual(order.firstEnd + EXTENSION_SECONDS * 1_000);
      expect(denied.answer).toMatchObject({
        status: 402,
        body: { code: 'payment_declined', order: { status: 'cancelled' } },
      });
      expect((await reviewOf(order))?.facts).toMatchObject({ status: 'active', quantity: 1 });
      // Approved while nobody can take the money: it is still open to be denied, and followed.
      expect(await decide(order, 'approve')).toMatchObject({ status: 200, body: { outcome: 'pending' } });
      expect(await reviewOf(order)).toMatchObject({ decided: { outcome: 'allow' } });
    } finally {
      provider.heal();
    }
    await becomes(order, 'paid');
    expect(moved(order)).toEqual(['capture']);
    expect(moved(other)).toEqual([]);
  });
});

describe('Postgres that is away while a payment is under way', () => {
  test('keeps the hold of whoever asks, in bounds; then it ends, and what comes later is taken once', async () => {
    const order = await bought();
    expect(await pay(order, 'pending')).toMatchObject({ status: 202, body: { status: 'payment_pending' } });
    way.cut();
    try {
      let lastEnd = order.firstEnd;
      await waitUntil('the hold ends', async () => {
        const answer = await pay(order, 'pending');
        const { status, holdExpiresAt } = await show(order);
        lastEnd = Math.max(lastEnd, Date.parse(String(holdExpiresAt)));
        if (answer.status === 503) expect(String(answer.body['detail'])).not.toMatch(/Nothing was charged/);
        return status === 'expired';
      });
      expect(lastEnd).toBeGreaterThan(order.firstEnd);
      expect(lastEnd).toBeLessThanOrEqual(order.firstEnd + EXTENSION_SECONDS * 1_000);
    } finally {
      way.heal();
    }
    expect((await payUntilTold(order, 'succeed')).answer).toMatchObject({
      status: 200,
      body: { status: 'paid' },
    });
    expect(moved(order)).toEqual(['capture']);
  });
});

test('in the end nothing that was taken is kept, by the audit', async () => {
  let audit: unknown;
  await waitUntil(
    'the audit finds nothing',
    async () => {
      const { body } = await engine.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
      audit = body;
      return body.ok;
    },
    () => audit,
  );
  expect(audit).toMatchObject({ violations: [], figures: { paymentsCaptured: 3, paymentsRefunded: 1 } });
});
