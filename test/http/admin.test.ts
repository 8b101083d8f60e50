// The shop's own calls: products, stock, the switch of a sale, shards and audit.

/* oxlint-disable vitest/expect-expect -- expectProblem asserts, too */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tokenOf } from '../harness/crowd.ts';
import { ADMIN_TOKEN, Engine, type Answer } from '../harness/engine.ts';
import { expectProblem } from './problems.ts';

const HOUR_MS = 3_600_000;

let engine: Engine;
let orders = 0;
const token = ADMIN_TOKEN;

beforeAll(async () => {
  engine = await Engine.start({ demo: false });
});
afterAll(() => engine?.remove());

const instant = (fromNowMs: number): string => new Date(Date.now() + fromNowMs).toISOString();

const product = (changes: object = {}) => ({
  name: 'A product',
  description: 'In two lines,\nand with an ümlaut and a 🎫.',
  startsAt: instant(-HOUR_MS),
  endsAt: instant(HOUR_MS),
  price: { amount: 1_000, currency: 'EUR' },
  perCustomerLimit: 2,
  holdSeconds: 60,
  ...changes,
});

const put = (id: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  engine.call('PUT', `/v1/admin/products/${id}`, { token, body, headers });
const change = (id: string, quantity: number, key: string): Promise<Answer> =>
  engine.call('POST', `/v1/admin/products/${id}/stock`, { token, key, body: { quantity } });
const stock = (id: string): Promise<Answer> =>
  engine.call('GET', `/v1/admin/products/${id}/stock`, { token });
const turn = (id: string, how: 'pause' | 'resume'): Promise<Answer> =>
  engine.call('POST', `/v1/admin/products/${id}/${how}`, { token });
const show = (id: string): Promise<Answer> => engine.call('GET', `/v1/products/${id}`);

const events = async (): Promise<number> => {
  const { body } = await engine.call<{ figures: { events: number } }>('GET', '/v1/admin/audit', { token });
  return body.figures.events;
};

test('a product is created, changed, and left as it is when nothing changes', async () => {
  const body = product();
  const created = await put('life', body);
  expect(created.status).toBe(201);
  expect(created.headers.get('location')).toBe('/v1/products/life');
  expect(created.headers.get('etag')).toBe('"1"');
  expect(created.body).toMatchObject({
    ...body,
    id: 'life',
    sale: { state: 'sold_out', available: 0, offered: 0 },
  });
  expect(await show('life')).toMatchObject({ status: 200, body: { ...body, id: 'life' } });

  const changed = await put('life', { ...body, name: 'Another name' });
  expect(changed).toMatchObject({ status: 200, body: { name: 'Another name' } });
  expect(changed.headers.get('etag')).toBe('"2"');

  const before = await events();
  const same = await put('life', { ...body, name: 'Another name' });
  expect(same.status).toBe(200);
  expect(same.headers.get('etag')).toBe('"2"');
  expect((await show('life')).headers.get('etag')).toBe('"2"');
  expect(await events()).toBe(before);
});

test('what is not told has a default, and times are kept to the millisecond in any offset', async () => {
  const { name, price } = product();
  const times = { startsAt: '2030-06-01T12:00:00.123+02:00', endsAt: '2030-06-01T12:00:00.124+02:00' };
  expect(await put('defaults', { name, price, ...times })).toMatchObject({
    status: 201,
    body: {
      description: '',
      perCustomerLimit: 1,
      holdSeconds: 300,
      startsAt: '2030-06-01T10:00:00.123Z',
      endsAt: '2030-06-01T10:00:00.124Z',
      sale: { state: 'upcoming' },
      gate: OPEN,
    },
  });
});

/** The gate of a product that asks for nothing. */
const OPEN = {
  ticket: false,
  work: false,
  openHoldsMax: 0,
  coolDownSeconds: 0,
  attemptsMax: 0,
  shortestHoldSeconds: 0,
};

test('a gate is part of a product: shown to admins, kept as it is told, open where nothing is told', async () => {
  const gate = { ticket: true, openHoldsMax: 2, shortestHoldSeconds: 60 };
  expect(await put('gated', product({ gate }))).toMatchObject({
    status: 201,
    body: { gate: { ...OPEN, ...gate } },
  });
  expect(await turn('gated', 'pause')).toMatchObject({ status: 200, body: { gate: { ...OPEN, ...gate } } });
  expect((await show('gated')).body).not.toHaveProperty('gate');
  expect(await put('gated', product())).toMatchObject({ status: 200, body: { gate: OPEN } });
});

test.each<[string, object, RegExp]>([
  ['an unknown field', { tickets: true }, /tickets/],
  ['work without a ticket', { work: true }, /needs `ticket`/],
  ['a shortest hold above the hold', { shortestHoldSeconds: 61 }, /must not be longer than holdSeconds/],
  ['a part of an attempt', { attemptsMax: 1.5 }, /gate.attemptsMax/],
  ['less than no hold', { openHoldsMax: -1 }, /gate.openHoldsMax/],
  ['a cool-down of more than a day', { coolDownSeconds: 86_401 }, /gate.coolDownSeconds/],
  ['words for a switch', { ticket: 'yes' }, /gate.ticket/],
])('a gate with %s is refused by name, and changes nothing', async (_, gate, says) => {
  const etag = (await put('ungated', product())).headers.get('etag');
  expectProblem(await put('ungated', product({ gate })), 400, 'invalid_request', says);
  expect((await show('ungated')).headers.get('etag')).toBe(etag);
});

test('where a ticket is asked for there is no order without one', async () => {
  await put('ticketed', product({ gate: { ticket: true } }));
  await change('ticketed', 1, 'stock');
  const shopper = tokenOf('ada');
  const body = { productId: 'ticketed', quantity: 1 };
  const refused = await engine.call('POST', '/v1/orders', { token: shopper, key: 'k', body });
  expectProblem(refused, 403, 'ticket_required');
});

test('open holds are bounded on the whole way from the API to the actor', async () => {
  await put('held', product({ gate: { openHoldsMax: 1 } }));
  await change('held', 5, 'stock');
  const shopper = tokenOf('ada');
  const buy = (key: string) =>
    engine.call('POST', '/v1/orders', { token: shopper, key, body: { productId: 'held', quantity: 1 } });
  expect((await buy('first')).status).toBe(201);
  expectProblem(await buy('second'), 403, 'too_many_holds');
  expect(await buy('first')).toMatchObject({ status: 201 });
});

describe('figures of abandoned holds', () => {
  const ask = (query = ''): Promise<Answer> => engine.call('GET', `/v1/admin/abandonment${query}`, { token });

  test('tell by customer and by network whose holds ran out, and who paid', async () => {
    await put('abandoned', product({ holdSeconds: 1, perCustomerLimit: 9 }));
    await put('bought', product({ holdSeconds: 0 }));
    await change('abandoned', 5, 'stock');
    await change('bought', 5, 'stock');
    const buy = (customer: string, productId: string, key: string) => {
      const body = { productId, quantity: 1 };
      return engine.call('POST', '/v1/orders', { token: tokenOf(customer), key, body });
    };
    for (const [customer, id] of [
      ['hoarder', 'abandoned'],
      ['hoarder', 'abandoned'],
      ['slow', 'abandoned'],
      ['payer', 'bought'],
    ] as const)
      expect((await buy(customer, id, `${customer}-${++orders}`)).status).toBe(201);
    const lineOf = async (customerId: string) => {
      const { body } = await ask('?hours=1');
      return (body['customers'] as { customerId: string }[]).find((line) => line.customerId === customerId);
    };
    const counts = { cancelled: 0, paid: 0, open: 0 };
    const expected = [
      { customerId: 'hoarder', orders: 2, expired: 2, ...counts },
      { customerId: 'slow', orders: 1, expired: 1, ...counts },
    ];
    for (const line of expected)
      await expect.poll(() => lineOf(line.customerId), { timeout: 30_000 }).toEqual(line);
    // Of a sale without holds there are none that anybody abandons.
    expect(await lineOf('payer')).toBeUndefined();
    const { status, body } = await ask('?hours=1&limit=1');
    expect(status).toBe(200);
    expect(body).toMatchObject({ hours: 1, isWhole: true, customers: [expected[0]] });
    expect(body['networks']).toEqual([expect.objectContaining({ network: '127.0.0.0/24' })]);
    expect((await ask()).body).toMatchObject({ hours: 24 });
  });

  test.each(['hours=0', 'hours=721', 'hours=x', 'limit=0', 'limit=201', 'hours=1e2', 'days=1'])(
    'are refused for ?%s, by its name',
    async (query) => {
      const [name] = query.split('=') as [string];
      expectProblem(await ask(`?${query}`), 400, 'invalid_request', new RegExp(name));
    },
  );

  test('are told to nobody without the admin token', async () => {
    const path = '/v1/admin/abandonment';
    expectProblem(await engine.call('GET', path), 401, 'unauthenticated');
    expectProblem(await engine.call('GET', path, { token: tokenOf('ada') }), 403, 'forbidden');
  });
});

test('If-Match changes only the revision that its caller saw', async () => {
  await put('matched', product());
  expect((await put('matched', product({ name: 'second' }), { 'If-Match': '"1"' })).status).toBe(200);
  const late = await put('matched', product({ name: 'late' }), { 'If-Match': '"1"' });
  expectProblem(late, 412, 'version_conflict', /ETag/);
  expect((await show('matched')).body).toMatchObject({ name: 'second' });
  expectProblem(await put('never-made', product(), { 'If-Match': '"1"' }), 412, 'version_conflict');
  expectProblem(await show('never-made'), 404, 'not_found');
});

test('If-None-Match: * only creates', async () => {
  expect((await put('fresh', product(), { 'If-None-Match': '*' })).status).toBe(201);
  const again = await put('fresh', product({ name: 'again' }), { 'If-None-Match': '*' });
  expectProblem(again, 412, 'version_conflict');
  expect((await show('fresh')).body).toMatchObject({ name: 'A product' });
});

test('of many changes of one revision at once exactly one wins', async () => {
  await put('contended', product());
  for (let revision = 1; revision <= 3; revision++) {
    const names = Array.from({ length: 20 }, (_, n) => `${revision}.${n}`);
    const answers = await Promise.all(
      names.map((name) => put('contended', product({ name }), { 'If-Match': `"${revision}"` })),
    );
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    for (const answer of answers) if (answer !== winners[0]) expectProblem(answer, 412, 'version_conflict');
    const shown = await show('contended');
    expect(shown.headers.get('etag')).toBe(`"${revision + 1}"`);
    expect(shown.body['name']).toBe(winners[0]!.body['name']);
  }
});

test('the price is locked while the sale runs, and free before it and while it is paused', async () => {
  const body = product({ startsAt: instant(HOUR_MS), endsAt: instant(2 * HOUR_MS) });
  const cheaper = { price: { amount: 900, currency: 'EUR' } };
  const franc = { price: { amount: 900, currency: 'CHF' } };
  await put('priced', body);
  expect((await put('priced', { ...body, ...cheaper })).status).toBe(200);
  const running = product();
  expect((await put('priced', { ...running, ...cheaper })).status).toBe(200);
  expectProblem(await put('priced', running), 409, 'price_locked', /pause it first/i);
  expectProblem(await put('priced', { ...running, ...franc }), 409, 'price_locked');
  const others = { name: 'Renamed', perCustomerLimit: 5, holdSeconds: 0 };
  expect((await put('priced', { ...running, ...cheaper, ...others })).status).toBe(200);
  await turn('priced', 'pause');
  expect((await put('priced', { ...running, ...franc })).status).toBe(200);
  await turn('priced', 'resume');
  expectProblem(await put('priced', running), 409, 'price_locked');
  expect((await show('priced')).body).toMatchObject(franc);
});

test('an order keeps the price and the hold that it was made under', async () => {
  const body = product();
  await put('kept', body);
  await change('kept', 10, 'first');
  const shopper = tokenOf('keeper');
  const { body: order } = await engine.buy(shopper, 'kept', 'key');
  await turn('kept', 'pause');
  await put('kept', { ...body, price: { amount: 1, currency: 'USD' }, holdSeconds: 0 });
  await turn('kept', 'resume');
  expect((await engine.call('GET', `/v1/orders/${String(order['id'])}`, { token: shopper })).body).toEqual(
    order,
  );
  const { body: next } = await engine.buy(shopper, 'kept', 'other');
  expect(next).toMatchObject({ unitPrice: { amount: 1, currency: 'USD' }, status: 'paid' });
});

test('stock is loaded once for each key', async () => {
  await put('loaded', product());
  const units = { productId: 'loaded', loaded: 5, available: 5, reserved: 0, sold: 0, withdrawn: 0 };
  const first = await change('loaded', 5, 'key');
  expect(first).toMatchObject({ status: 200, body: { ...units, duplicate: false } });
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  const second = await change('loaded', 5, 'key');
  expect(second).toMatchObject({ status: 200, body: { ...units, duplicate: true } });
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expectProblem(await change('loaded', 6, 'key'), 422, 'idempotency_key_reused');
  expectProblem(await change('loaded', -5, 'key'), 422, 'idempotency_key_reused');
  expect((await stock('loaded')).body).toEqual(units);

  const many = await Promise.all(Array.from({ length: 20 }, () => change('loaded', 7, 'double click')));
  expectProblem(many[0]!, 400, 'invalid_request', /Idempotency-Key/);
  const once = await Promise.all(Array.from({ length: 20 }, () => change('loaded', 7, 'double-click')));
  expect(once.filter(({ body }) => body['duplicate'] === false)).toHaveLength(1);
  expect((await stock('loaded')).body).toMatchObject({ loaded: 12, available: 12 });
});

test('what is available can be withdrawn, and not one unit more', async () => {
  await put('withdrawn', product());
  await change('withdrawn', 5, 'load');
  await engine.buy(tokenOf('holder'), 'withdrawn', 'key', 2);
  expectProblem(await change('withdrawn', -4, 'too-much'), 409, 'insufficient_stock');
  expect((await stock('withdrawn')).body).toMatchObject({
    loaded: 5,
    available: 3,
    reserved: 2,
    withdrawn: 0,
  });
  expect(await change('withdrawn', -3, 'rest')).toMatchObject({
    status: 200,
    body: { loaded: 5, available: 0, reserved: 2, withdrawn: 3, duplicate: false },
  });
  expect((await change('withdrawn', -3, 'rest')).body).toMatchObject({ withdrawn: 3, duplicate: true });
  expectProblem(await engine.buy(tokenOf('late'), 'withdrawn', 'key'), 409, 'sold_out');
  expect((await show('withdrawn')).body).toMatchObject({
    sale: { state: 'sold_out', available: 0, offered: 2 },
  });
});

test('a refused withdrawal is decided anew under its key', async () => {
  await put('retried', product());
  expectProblem(await change('retried', -1, 'key'), 409, 'insufficient_stock');
  await change('retried', 1, 'load');
  expect(await change('retried', -1, 'key')).toMatchObject({ status: 200, body: { withdrawn: 1 } });
});

test('pausing and resuming say how the sale stands, and repeating them changes nothing', async () => {
  await put('switched', product());
  await change('switched', 1, 'load');
  for (let time = 0; time < 2; time++) {
    expect(await turn('switched', 'pause')).toMatchObject({
      status: 200,
      body: { sale: { state: 'paused' } },
    });
  }
  expect((await show('switched')).body).toMatchObject({ sale: { state: 'paused', available: 1 } });
  for (let time = 0; time < 2; time++) {
    expect(await turn('switched', 'resume')).toMatchObject({
      status: 200,
      body: { sale: { state: 'on_sale' } },
    });
  }
});

test('what does not exist can be neither stocked nor switched', async () => {
  for (const answer of [
    await change('no-such', 1, 'key'),
    await stock('no-such'),
    await turn('no-such', 'pause'),
    await turn('no-such', 'resume'),
    await show('no-such'),
  ]) {
    expectProblem(answer, 404, 'not_found');
  }
});

test('product ids go up to their limits, and no further', async () => {
  for (const id of ['a', '0', 'Z9', 'a.b_c-d', 'x'.repeat(64), 'toString', 'constructor', 'a..', 'null']) {
    expect((await put(id, product({ name: `named ${id}` }))).status).toBe(201);
    expect((await show(id)).body).toMatchObject({ id, name: `named ${id}` });
  }
  for (const id of ['x'.repeat(65), '-a', '_a', '.a', 'a b', 'a+b', 'a%2Fb', 'ä', '%61%20']) {
    expectProblem(await put(id, product()), 400, 'invalid_request', /1 to 64 letters/);
  }
  const upper = await put('Case', product({ name: 'upper' }));
  const lower = await put('case', product({ name: 'lower' }));
  expect([upper.status, lower.status]).toEqual([201, 201]);
  expect((await show('Case')).body).toMatchObject({ name: 'upper' });
});

test('the largest product comes back whole', async () => {
  const largest = product({
    name: '🎫'.repeat(100),
    description: '\u{10FFFF}\n'.repeat(1_666),
    price: { amount: 1_000_000_000_000, currency: 'ZZZ' },
    perCustomerLimit: 10_000,
    holdSeconds: 604_800,
    endsAt: '9999-12-31T23:59:59.999Z',
  });
  expect((await put('largest', largest)).status).toBe(201);
  await change('largest', 10_000_000, 'load');
  const shopper = tokenOf('🛒'.repeat(64));
  const { status, body } = await engine.buy(shopper, 'largest', '~'.repeat(128), 10_000);
  expect(status).toBe(201);
  expect(body).toMatchObject({ customerId: '🛒'.repeat(64), quantity: 10_000, unitPrice: largest.price });
  expect((await show('largest')).body).toMatchObject(largest);
});

test('every shard has one owner, and says how it is', async () => {
  const { status, body } = await engine.call<{ shards: Record<string, unknown>[] }>(
    'GET',
    '/v1/admin/shards',
    {
      token,
    },
  );
  expect(status).toBe(200);
  expect(body.shards.map(({ shard }) => shard)).toEqual(Array.from({ length: 16 }, (_, shard) => shard));
  for (const shard of body.shards) {
    expect(shard).toMatchObject({ node: expect.any(String), phase: 'open', epoch: 1, reason: null });
    expect(shard['sequence']).toBeGreaterThan(0);
  }
  expect(new Set(body.shards.map(({ worker }) => worker)).size).toBeGreaterThan(0);
});

test('the audit holds the journal, Postgres and the actors against each other', async () => {
  const { status, body } = await engine.call('GET', '/v1/admin/audit', { token });
  expect(status).toBe(200);
  expect(body).toMatchObject({ ok: true, violations: [] });
  const { figures } = body as { figures: Record<string, number> };
  expect(figures['orders']).toBe(figures['rows']);
  expect(figures['recordsNotProjected']).toBe(0);
  expect(figures['products']).toBeGreaterThan(10);
});
