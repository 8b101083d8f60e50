// Payments at a real node with the sandbox beside it: repeated and concurrent calls, signed webhooks and forged ones, a person who decides,
// and a provider that is away.

import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { PAYMENT_TRIES_MAX } from '../../src/http/index.ts';
import { WEBHOOK_BYTES_MAX, WEBHOOK_PATH } from '../../src/payments/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { tokenOf } from '../harness/crowd.ts';
import { PAYMENT_WEBHOOK_SECRET, SandboxProcess } from '../harness/payment-sandbox.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { freePort } from '../servers/free-port.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import { expectProblem } from './problems.ts';

const folder = temporaryFolder();
const PRODUCT = 'kettle';
const PRICE = { amount: 1_999, currency: 'EUR' };
let database: Database;
let sandbox: SandboxProcess;
let engine: Engine;
let customers = 0;

beforeAll(async () => {
  const port = await freePort();
  const webhookUrl = `http://127.0.0.1:${port}${WEBHOOK_PATH}`;
  [database, sandbox] = await Promise.all([
    createNodeDatabase(),
    SandboxProcess.start({ folder, webhookUrl }),
  ]);
  const env = {
    ...sandbox.env,
    PORT: `${port}`,
    DATABASE_URL: database.url,
    PAYMENT_TIMEOUT_MS: '2000',
    RATE_LIMITS: 'off',
  };
  engine = await Engine.start({ env, demo: false });
  await engine.product(PRODUCT, { quantity: 100 });
}, 240_000);

afterAll(async () => {
  await engine?.remove();
  await Promise.all([sandbox?.stop(), database?.drop()]);
  rmSync(folder, { recursive: true, force: true });
});

interface Bought {
  readonly id: string;
  readonly token: string;
  readonly holdExpiresAt: number;
}

async function bought(product = PRODUCT): Promise<Bought> {
  const token = tokenOf(`payer-${++customers}`);
  const { body } = await engine.buy(token, product, 'k');
  return { id: String(body['id']), token, holdExpiresAt: Date.parse(String(body['holdExpiresAt'])) };
}

const pay = ({ id, token }: Bought, by: string): Promise<Answer> =>
  engine.call('POST', `/v1/orders/${id}/payment`, { token, body: { method: 'card', token: by } });

const show = async ({ id, token }: Bought): Promise<Record<string, unknown>> =>
  (await engine.call('GET', `/v1/orders/${id}`, { token })).body;

const becomes = (order: Bought, status: string): Promise<unknown> =>
  waitUntil(`the order is ${status}`, async () => (await show(order))['status'] === status);

const taken = (order: Bought): string[] =>
  sandbox.movements().flatMap(({ orderId, kind }) => (orderId === order.id ? [kind] : []));

interface News {
  readonly secret?: string;
  readonly at?: Date;
  readonly amount?: object;
  readonly state?: string;
}

function webhook(
  orderId: string,
  { secret = PAYMENT_WEBHOOK_SECRET, at = new Date(), ...news }: News = {},
): Promise<Answer> {
  const { state = 'captured', amount = PRICE } = news;
  const data = { orderId, providerId: 'pay_9', state, amount, declined: null };
  const body = JSON.stringify({ type: 'payment.captured', timestamp: at.toISOString(), data });
  return send(body, { secret, at });
}

function send(
  body: string,
  { secret = PAYMENT_WEBHOOK_SECRET, at = new Date() }: News = {},
): Promise<Answer> {
  return engine.call('POST', WEBHOOK_PATH, {
    body,
    headers: {
      'webhook-id': 'msg_1',
      'webhook-timestamp': `${Math.floor(at.getTime() / 1_000)}`,
      'webhook-signature': new Webhook(secret).sign('msg_1', at, body),
    },
  });
}

describe('a payment', () => {
  test('is taken once, however many calls and cards there are at once', async () => {
    const order = await bought();
    const answers = await Promise.all(
      ['succeed/one', 'slow/one', 'succeed/two', 'webhook-twice/two', 'webhook-first/one'].map((by) =>
        pay(order, by),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status !== 200 && status !== 202)).toEqual([]);
    await becomes(order, 'paid');
    expect(taken(order)).toEqual(['capture']);
  });

  test('that was declined leaves the hold, and says so with the order', async () => {
    const order = await bought();
    const answer = await pay(order, 'decline');
    expectProblem(answer, 402, 'payment_declined', /nothing was charged/i);
    expect(answer.body).toMatchObject({ order: { id: order.id, status: 'reserved' } });
    expect(await pay(order, 'succeed')).toMatchObject({ status: 200, body: { status: 'paid' } });
  });

  test.each([['timeout-captured'], ['lost'], ['pending-captured'], ['webhook-never']])(
    'of which nobody knows (%s) is 202 at most, and paid when it is known',
    async (by) => {
      const order = await bought();
      // Its webhook may be quicker than the end of our patience.
      expect([200, 202]).toContain((await pay(order, by)).status);
      await becomes(order, 'paid');
      expect(taken(order)).toEqual(['capture']);
    },
  );

  test('of nothing is settled without the provider', async () => {
    const times = { startsAt: new Date(0).toISOString(), endsAt: '2999-01-01T00:00:00Z' };
    const price = { amount: 0, currency: 'EUR' };
    const more = { name: 'Gift', perCustomerLimit: 1, holdSeconds: 300 };
    await engine.admin('PUT', '/products/gift', { ...times, price, ...more });
    const stock = { token: ADMIN_TOKEN, key: 'first', body: { quantity: 5 } };
    await engine.call('POST', '/v1/admin/products/gift/stock', stock);
    const [one, other] = [await bought('gift'), await bought('gift')];
    expect(await pay(one, 'unavailable')).toMatchObject({ status: 200, body: { status: 'paid' } });
    await engine.call('DELETE', `/v1/orders/${other.id}`, { token: other.token });
    expectProblem(await pay(other, 'succeed'), 409, 'order_state_conflict');
    expect([...taken(one), ...taken(other)]).toEqual([]);
  });

  test('is not for finding out which of many cards works', async () => {
    const order = await bought();
    let last: Answer | undefined;
    for (let card = 0; card <= PAYMENT_TRIES_MAX; card++) last = await pay(order, `decline/${card}`);
    expectProblem(last!, 402, 'payment_declined', /too many times/);
    expectProblem(await pay(order, 'succeed'), 402, 'payment_declined', /too many times/);
    expect(await show(order)).toMatchObject({ status: 'reserved' });
    expect(taken(order)).toEqual([]);
  });

  test('that is undecided ends with the order’s cancellation, and nothing is taken', async () => {
    const order = await bought();
    await pay(order, 'pending');
    expect(await engine.call('DELETE', `/v1/orders/${order.id}`, { token: order.token })).toMatchObject({
      status: 200,
    });
    expectProblem(await pay(order, 'succeed'), 409, 'order_state_conflict');
    expect(taken(order)).toEqual([]);
  });
});

describe('a webhook', () => {
  test('of money that was taken pays the order, and its repetition changes nothing', async () => {
    const order = await bought();
    await pay(order, 'pending');
    expect((await webhook(order.id)).status).toBe(204);
    expect(await show(order)).toMatchObject({ status: 'paid' });
    expect((await webhook(order.id)).status).toBe(204);
    expect((await webhook(order.id, { state: 'voided' })).status).toBe(204);
    expect(await show(order)).toMatchObject({ status: 'paid' });
  });

  test('that is forged, old or unsigned is refused, and changes nothing', async () => {
    const order = await bought();
    await pay(order, 'pending');
    const secret = `whsec_${Buffer.from('another-secret-of-thirty-2-bytes').toString('base64')}`;
    const old = new Date(Date.now() - 6 * 60_000);
    const early = new Date(Date.now() + 6 * 60_000);
    for (const news of [{ secret }, { at: old }, { at: early }])
      expectProblem(
        await webhook(order.id, news),
        401,
        'unauthenticated',
        /no webhook of the payment provider/,
      );
    const bare = await engine.call('POST', WEBHOOK_PATH, { body: { type: 'payment.captured' } });
    expectProblem(bare, 401, 'unauthenticated', /Missing required headers/);
    expect(await show(order)).toMatchObject({ status: 'payment_pending' });
  });

  test('over another amount or currency, of nobody’s order, or of no form is refused by name', async () => {
    const order = await bought();
    await pay(order, 'pending');
    const amounts = [
      { ...PRICE, amount: 1 },
      { ...PRICE, currency: 'USD' },
    ];
    for (const amount of amounts)
      expectProblem(
        await webhook(order.id, { amount }),
        400,
        'invalid_request',
        /data\.amount: must be 1999 EUR/,
      );
    for (const nobodys of ['0'.repeat(26), '\u0000', '../x'])
      expectProblem(await webhook(nobodys), 404, 'not_found', /Nobody here knows the order/);
    expectProblem(await webhook(order.id, { state: 'stolen' }), 400, 'invalid_request', /data\.state/);
    expectProblem(await send('{'), 400, 'invalid_request', /not JSON/);
    expectProblem(await send(' '.repeat(WEBHOOK_BYTES_MAX + 1)), 413, 'payload_too_large');
    expect(await show(order)).toMatchObject({ status: 'payment_pending' });
  });

  test('that says less than is true makes the provider be asked, and it is believed', async () => {
    const order = await bought();
    await pay(order, 'pending');
    expect((await webhook(order.id, { state: 'voided' })).status).toBe(204);
    expect(await show(order)).toMatchObject({ status: 'payment_pending' });
  });
});

test('the audit counts what the provider holds, and finds the webhook that lied', async () => {
  const { body } = await engine.call('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  // A webhook with the right secret said that money was taken, and the sandbox has not taken it.
  expect(body).toMatchObject({ ok: false, figures: { paymentsRefunded: 0 } });
  const violations = body['violations'] as { invariant: number; what: string }[];
  expect(violations).toHaveLength(1);
  expect(violations[0]).toMatchObject({
    invariant: 11,
    what: expect.stringMatching(/is paid, and the provider's payment is/),
  });
});

test('while the provider is away nothing is charged, and the hold goes on', async () => {
  const order = await bought();
  await sandbox.stop('SIGKILL');
  expectProblem(await pay(order, 'succeed'), 503, 'unavailable', /hold was extended/);
  expect(await show(order)).toMatchObject({ status: 'reserved' });
  const { body } = await engine.call('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(body['paymentsUnseen']).toMatch(/GET \/payments/);
});
