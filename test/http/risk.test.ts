// Risk control over the API of a real node: what other systems say of customers, what is decided of payments, and what people decide.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';

const RULES = `{
  "otherwise": "allow",
  "rules": [
    { "name": "Blocked", "when": [{ "fact": "status", "is": ["blocked"] }], "outcome": "deny" },
    { "name": "Restricted", "when": [{ "fact": "status", "is": ["restricted"] }], "outcome": "review" },
    { "name": "Young account", "when": [{ "fact": "accountAge", "below": "1d" }], "outcome": "review" }
  ]
}
`;

interface Decision {
  readonly orderId: string;
  readonly outcome: string;
  readonly decidedBy: string;
  readonly rules: string;
  readonly reasons: readonly string[];
  readonly facts: { readonly status: string; readonly ordersOfCustomer: Record<string, number> };
  readonly settledAt: string | null;
}

let engine: Engine;
let customers = 0;
let token = '';

beforeAll(async () => {
  const dataDir = temporaryFolder();
  const file = join(dataDir, 'rules.json');
  writeFileSync(file, RULES);
  engine = await Engine.start({ dataDir, env: { WORKERS: '2', RISK_RULES: file } });
  await engine.product('sku-1', { quantity: 1_000, perCustomerLimit: 5 });
});
afterAll(() => engine?.remove());

const newCustomer = (): string => `customer-${customers++}`;
const say = (customerId: string, status: string, more: object = {}): Promise<Answer> =>
  engine.admin('PUT', `/customers/${customerId}/status`, { status, ...more });
const ordered = async (customerId: string): Promise<string> => {
  token = await engine.token(customerId);
  const { status, body } = await engine.buy(token, 'sku-1', `key-${customers++}`);
  expect(status).toBe(201);
  return body['id'] as string;
};
const pay = async (customerId: string, orderId: string, by = 'demo'): Promise<Answer> =>
  engine.call('POST', `/v1/orders/${orderId}/payment`, {
    token: await engine.token(customerId),
    body: { method: 'card', token: by },
  });
const statusOf = async (customerId: string, orderId: string): Promise<unknown> =>
  (await engine.call('GET', `/v1/orders/${orderId}`, { token: await engine.token(customerId) })).body[
    'status'
  ];
const decisionsOf = async (query: string): Promise<Decision[]> =>
  (await engine.admin<{ decisions: Decision[] }>('GET', `/risk/decisions?${query}`)).body.decisions;
const available = async (): Promise<unknown> =>
  (await engine.admin('GET', '/products/sku-1/stock')).body['available'];
const decide = (orderId: string, decision: string, note?: string): Promise<Answer> =>
  engine.admin('POST', `/reviews/${orderId}`, { decision, ...(note !== undefined && { note }) });
const waiting = async (): Promise<string[]> =>
  (await engine.admin<{ reviews: Decision[] }>('GET', '/reviews')).body.reviews.map(({ orderId }) => orderId);

describe('the status of a customer', () => {
  test('is active until somebody says otherwise, and told as it was said', async () => {
    const id = newCustomer();
    const nothing = {
      customerId: id,
      status: 'active',
      source: '',
      accountCreatedAt: null,
      asOf: null,
      changedAt: null,
    };
    expect((await engine.admin('GET', `/customers/${id}/status`)).body).toEqual(nothing);
    const given = {
      source: 'fraud desk',
      asOf: '2026-01-02T03:04:05.000Z',
      accountCreatedAt: '2020-01-01T00:00:00Z',
    };
    const said = await say(id, 'blocked', given);
    expect(said).toMatchObject({
      status: 200,
      body: {
        status: 'blocked',
        source: 'fraud desk',
        asOf: given.asOf,
        accountCreatedAt: '2020-01-01T00:00:00.000Z',
        changed: true,
      },
    });
    expect((await say(id, 'active', given)).body).toMatchObject({ status: 'blocked', changed: false });
    expect((await say(id, 'active', { asOf: '2026-01-02T03:04:06Z' })).body).toMatchObject({
      status: 'active',
      changed: true,
      accountCreatedAt: '2020-01-01T00:00:00.000Z',
    });
  });

  test.each<[string, object, string]>([
    ['an unknown status', { status: 'vip' }, 'status: '],
    ['an unknown field', { status: 'new', reason: 'x' }, 'Unrecognized key: "reason"'],
    ['no status', {}, 'status: '],
    [
      'a time without an offset',
      { status: 'new', asOf: '2026-01-01T00:00:00' },
      'asOf: must be an ISO 8601 time',
    ],
    ['a time ahead', { status: 'new', asOf: '2999-01-01T00:00:00Z' }, 'asOf: lies in the future'],
    [
      'an account of tomorrow',
      { status: 'new', accountCreatedAt: '2999-01-01T00:00:00Z' },
      'accountCreatedAt: lies in the future',
    ],
    [
      'a source with control characters',
      { status: 'new', source: 'a\u0007' },
      'source: must be well-formed text',
    ],
  ])('with %s is refused, and changes nothing', async (_, body, detail) => {
    const id = newCustomer();
    const refused = await engine.admin('PUT', `/customers/${id}/status`, body);
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(refused.body['detail']).toContain(detail);
    expect((await engine.admin('GET', `/customers/${id}/status`)).body['asOf']).toBeNull();
  });

  test('is for admins alone', async () => {
    const shopper = await engine.token('eve');
    for (const bearer of [{}, { token: shopper }]) {
      const got = await engine.call('GET', '/v1/admin/customers/eve/status', bearer);
      expect([401, 403]).toContain(got.status);
      const put = await engine.call('PUT', '/v1/admin/customers/eve/status', {
        ...bearer,
        body: { status: 'active' },
      });
      expect([401, 403]).toContain(put.status);
    }
  });
});

describe('many statuses', () => {
  const put = (body: string | object, type: string): Promise<Answer> =>
    engine.call('PUT', '/v1/admin/customers/statuses', {
      token: ADMIN_TOKEN,
      body,
      headers: { 'content-type': type },
    });
  const lines = (...changes: readonly unknown[]): string =>
    changes.map((change) => (typeof change === 'string' ? change : JSON.stringify(change))).join('\n');

  test('come as one object', async () => {
    const [one, other] = [newCustomer(), newCustomer()];
    const statuses = [one, other].map((customerId) => ({ customerId, status: 'new' }));
    expect(await put({ statuses }, 'application/json')).toMatchObject({
      status: 200,
      body: { taken: 2, outdated: 0 },
    });
    expect((await engine.admin('GET', `/customers/${other}/status`)).body['status']).toBe('new');
    const bad = await put(
      { statuses: [statuses[0], { customerId: other, status: 'vip' }] },
      'application/json',
    );
    expect(bad).toMatchObject({ status: 400, body: { errors: [{ field: 'statuses.1.status' }] } });
  });

  test('come as lines of JSON, more than one statement takes', async () => {
    const ids = Array.from({ length: 2_345 }, () => newCustomer());
    const file = `${lines(...ids.map((customerId) => ({ customerId, status: 'restricted' })))}\r\n\n`;
    expect(await put(file, 'application/x-ndjson')).toMatchObject({
      status: 200,
      body: { taken: 2_345, outdated: 0 },
    });
    expect((await engine.admin('GET', `/customers/${ids.at(-1)}/status`)).body['status']).toBe('restricted');
  });

  test('of which a line is wrong change nothing, and the lines are told', async () => {
    const id = newCustomer();
    const file = lines({ customerId: id, status: 'blocked' }, '{"customerId": "x"', {
      customerId: '',
      status: 'new',
    });
    const refused = await put(file, 'application/x-ndjson');
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'bad_lines', badLines: { count: 2, lines: [{ line: 2 }, { line: 3 }] } },
    });
    expect((await engine.admin('GET', `/customers/${id}/status`)).body['status']).toBe('active');
  });

  test('are bounded', async () => {
    const file = 'x'.repeat(16 * 1024 * 1024 + 1);
    expect(await put(file, 'application/x-ndjson')).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large' },
    });
    const statuses = Array.from({ length: 1_001 }, () => ({ customerId: 'a', status: 'new' }));
    expect(await put({ statuses }, 'application/json')).toMatchObject({ status: 400 });
  });
});

describe('a payment', () => {
  test('of a plain customer is allowed, and the decision kept with its facts', async () => {
    const id = newCustomer();
    const orderId = await ordered(id);
    expect(await pay(id, orderId)).toMatchObject({ status: 200, body: { status: 'paid' } });
    const [decision, ...others] = await decisionsOf(`orderId=${orderId}`);
    expect(others).toEqual([]);
    expect(decision).toMatchObject({
      outcome: 'allow',
      decidedBy: 'rules',
      reasons: ['No rule speaks: allow.'],
      facts: { status: 'active', quantity: 1, amount: { amount: 1_999, currency: 'EUR' } },
      settledAt: null,
    });
  });

  test('of a blocked customer is denied: nothing is charged, and the unit goes back', async () => {
    const id = newCustomer();
    const orderId = await ordered(id);
    const before = await available();
    await say(id, 'blocked');
    expect(await pay(id, orderId)).toMatchObject({
      status: 402,
      body: { code: 'payment_declined', order: { status: 'cancelled' } },
    });
    expect(await available()).toBe(Number(before) + 1);
    expect((await decisionsOf(`customerId=${id}`))[0]).toMatchObject({
      orderId,
      outcome: 'deny',
      reasons: ['Blocked: the customer is blocked (deny).'],
    });
  });

  describe('of a restricted customer', () => {
    const reviewed = async (): Promise<{ id: string; orderId: string }> => {
      const id = newCustomer();
      const orderId = await ordered(id);
      await say(id, 'restricted');
      expect(await pay(id, orderId)).toMatchObject({ status: 202, body: { status: 'in_review' } });
      expect(await waiting()).toContain(orderId);
      return { id, orderId };
    };

    test('waits for a person, and is paid when the person approves', async () => {
      const { id, orderId } = await reviewed();
      expect(await pay(id, orderId)).toMatchObject({ status: 202, body: { status: 'in_review' } });
      expect(await decide(orderId, 'approve', 'called her')).toMatchObject({
        status: 200,
        body: { outcome: 'paid', orderStatus: 'paid' },
      });
      expect(await statusOf(id, orderId)).toBe('paid');
      expect(await waiting()).not.toContain(orderId);
      const kept = await decisionsOf(`orderId=${orderId}`);
      expect(kept.map(({ decidedBy, outcome, reasons }) => [decidedBy, outcome, reasons])).toEqual([
        ['Admin API', 'allow', ['called her']],
        ['rules', 'review', ['Restricted: the customer is restricted (review).']],
      ]);
      expect(kept[1]!.settledAt).not.toBeNull();
      expect(await decide(orderId, 'deny')).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(await statusOf(id, orderId)).toBe('paid');
    });

    test('is cancelled when the person denies, and its unit goes back', async () => {
      const { id, orderId } = await reviewed();
      const before = await available();
      expect(await decide(orderId, 'deny')).toMatchObject({
        status: 200,
        body: { outcome: 'denied', orderStatus: 'cancelled' },
      });
      expect(await statusOf(id, orderId)).toBe('cancelled');
      expect(await available()).toBe(Number(before) + 1);
    });

    test('is decided once by two who decide at once', async () => {
      const { id, orderId } = await reviewed();
      const answers = await Promise.all([decide(orderId, 'approve'), decide(orderId, 'deny')]);
      const done = answers.filter(({ status }) => status === 200);
      expect(done).toHaveLength(1);
      expect(await statusOf(id, orderId)).toBe(done[0]!.body['orderStatus']);
    });

    test('that the customer cancels waits no more', async () => {
      const { id, orderId } = await reviewed();
      const cancelled = await engine.call('DELETE', `/v1/orders/${orderId}`, {
        token: await engine.token(id),
      });
      expect(cancelled).toMatchObject({ status: 200, body: { status: 'cancelled' } });
      await waitUntil('nobody is asked', async () => !(await waiting()).includes(orderId));
      expect((await decide(orderId, 'approve')).status).toBeGreaterThanOrEqual(404);
      expect(await statusOf(id, orderId)).toBe('cancelled');
    });
  });

  test('of a young account is reviewed by the age that another system told', async () => {
    const id = newCustomer();
    const orderId = await ordered(id);
    await say(id, 'active', { accountCreatedAt: new Date(Date.now() - 60_000).toISOString() });
    expect((await pay(id, orderId)).status).toBe(202);
    expect((await decisionsOf(`orderId=${orderId}`))[0]!.reasons).toEqual([
      expect.stringMatching(/^Young account: the account is \d+ minutes old \(review\)\.$/),
    ]);
  });
});

describe('rules', () => {
  test('are told as they were written', async () => {
    const { body } = await engine.admin('GET', '/risk/rules');
    expect(body).toMatchObject({ rules: RULES, file: expect.stringMatching(/rules\.json$/) as string });
    expect((await decisionsOf(`customerId=customer-0`)).every(({ rules }) => rules === body['digest'])).toBe(
      true,
    );
  });

  test('are tried on what was decided, and change nothing', async () => {
    const id = newCustomer();
    await say(id, 'new');
    const orderId = await ordered(id);
    expect((await pay(id, orderId)).status).toBe(200);
    const rules = RULES.replace('"blocked"', '"blocked", "new"');
    const tried = await engine.admin('POST', '/risk/try', { rules, limit: 1 });
    expect(tried).toMatchObject({
      status: 200,
      body: {
        payments: 1,
        inForce: { allow: 1, review: 0, deny: 0 },
        tried: { allow: 0, review: 0, deny: 1 },
        changed: 1,
        changes: [
          {
            orderId,
            customerId: id,
            inForce: 'allow',
            tried: 'deny',
            reasons: ['Blocked: the customer is new (deny).'],
          },
        ],
      },
    });
    expect(await statusOf(id, orderId)).toBe('paid');
    expect((await engine.admin('GET', '/risk/rules')).body['rules']).toBe(RULES);
  });

  test('that are wrong are refused with their lines', async () => {
    const rules = RULES.replace('"deny"', '"refuse"');
    expect(await engine.admin('POST', '/risk/try', { rules })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ field: 'line 4' }] },
    });
  });
});

test.each<[string, string]>([
  ['no order id', '/risk/decisions?orderId=abc'],
  ['an order and a customer', '/risk/decisions?orderId=00000000000000000000000000&customerId=ada'],
  ['an unknown field', '/risk/decisions?status=deny'],
  ['a page that none was before', '/reviews?after=-1'],
])('a question with %s is refused', async (_, path) => {
  expect(await engine.admin('GET', path)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
});

test('what was judged shows in the metrics', async () => {
  for (const outcome of ['allow', 'review', 'deny'])
    expect(
      await engine.metric(`doorbuster_gate_total{check="risk",outcome="${outcome}"}`),
      outcome,
    ).toBeGreaterThan(0);
  expect(await engine.metric('doorbuster_risk_reviews_open')).toBeGreaterThanOrEqual(0);
  for (const state of ['followed', 'troubled'])
    expect(await engine.metric(`doorbuster_payments_open{state="${state}"}`), state).toBeGreaterThanOrEqual(
      0,
    );
});
