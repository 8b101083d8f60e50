// Limits of a real node with two threads, behind a proxy that is trusted, so that each request says from where it comes.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine, type Answer } from '../harness/engine.ts';

const PROXY = { TRUSTED_PROXIES: '127.0.0.0/8' };
/** So long windows that nothing comes back while a test runs. */
const LIMITS = {
  LIMIT_PURCHASE: 'customer 4/600s, address 12/600s, anonymous 3/600s',
  LIMIT_READ: 'customer 5/600s, address off, anonymous 5/600s',
  LIMIT_PAGE: 'customer off, address off, anonymous 4/600s',
  LIMIT_STREAM: 'anonymous 2/600s',
  LIMIT_PAYMENT: 'anonymous 1/600s',
};
const BUY = JSON.stringify({ productId: 'kettle', quantity: 1 });

let engine: Engine;
let addresses = 0;
/** Of nobody else in these tests. */
const newAddress = (): string => `203.0.113.${++addresses}`;

beforeAll(async () => {
  engine = await Engine.start({ env: { WORKERS: '2', ...PROXY, ...LIMITS } });
  await engine.product('kettle', { quantity: 500, perCustomerLimit: 50 });
  await engine.product('lamp', { quantity: 500, perCustomerLimit: 50 });
}, 120_000);

afterAll(() => engine.remove());

const from = (address: string, more: Record<string, string> = {}) => ({
  'X-Forwarded-For': address,
  ...more,
});

/** On a connection of its own, so that it comes to either thread. */
const buy = (token: string, key: string, address: string, body = BUY): Promise<Answer> =>
  engine.call('POST', '/v1/orders', {
    token,
    key,
    body,
    headers: from(address, { Connection: 'close' }),
  });

test('a customer beyond their limit is refused, told when to come again, and nobody else is', async () => {
  const [mallory, ada] = await Promise.all([engine.token('mallory'), engine.token('ada')]);
  const address = newAddress();
  const tries = await Promise.all(Array.from({ length: 40 }, (_, at) => buy(mallory, `many-${at}`, address)));
  const refused = tries.filter(({ status }) => status === 429);
  expect(tries.filter(({ status }) => status === 201)).toHaveLength(4);
  expect(refused).toHaveLength(36);
  for (const { headers, body } of refused) {
    expect(body).toMatchObject({ code: 'rate_limited', retry: 'same_key' });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(100);
    expect(headers.get('ratelimit')).toMatch(/^"purchase-customer";r=0;t=\d+$/);
    expect(headers.get('ratelimit-policy')).toBe(
      '"purchase-customer";q=4;w=600, "purchase-address";q=12;w=600',
    );
  }
  const bought = await buy(ada, 'one', address);
  expect(bought.status).toBe(201);
  expect(bought.headers.get('ratelimit')).toBe('"purchase-customer";r=3');
  const { body: stock } = await engine.admin<{ reserved: number }>('GET', '/products/kettle/stock');
  expect(stock.reserved).toBe(5);
});

test('an accepted key is answered with its acceptance however often it comes, and to whichever thread', async () => {
  const token = await engine.token('cleo');
  const address = newAddress();
  const first = await buy(token, 'kept', address);
  for (let at = 0; at < 5; at++) await buy(token, `used-up-${at}`, address);
  expect((await buy(token, 'used-up-9', address)).status).toBe(429);
  const again = [];
  // One after the other: a thread that has not heard of it asks the actor once.
  for (let time = 0; time < 40; time++) again.push(await buy(token, 'kept', address));
  for (const { status, body, headers } of again) {
    expect(status).toBe(201);
    expect(body).toEqual(first.body);
    expect(headers.get('idempotency-replayed')).toBe('true');
  }
  // Another quantity under the same key is no repetition, and nobody is told of somebody else's.
  const other = await buy(token, 'kept', address, JSON.stringify({ productId: 'kettle', quantity: 2 }));
  expect(other.body).toMatchObject({ code: 'idempotency_key_reused' });
  expect((await buy(token, 'never-sent', address)).status).toBe(429);
});

test('all customers at an address have a limit together, and those elsewhere have their own', async () => {
  const address = newAddress();
  const tokens = await Promise.all(Array.from({ length: 15 }, (_, at) => engine.token(`at-work-${at}`)));
  const answers = await Promise.all(tokens.map((token) => buy(token, 'mine', address)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(12);
  const refused = answers.findIndex(({ status }) => status === 429);
  expect(answers[refused]!.headers.get('ratelimit')).toMatch(/^"purchase-address";r=0;t=\d+$/);
  expect((await buy(tokens[refused]!, 'mine', newAddress())).status).toBe(201);
});

test('one subscriber of IPv6 has one limit, whatever address they take', async () => {
  const tokens = await Promise.all(Array.from({ length: 15 }, (_, at) => engine.token(`six-${at}`)));
  const answers = await Promise.all(
    tokens.map((token, at) => buy(token, 'mine', `2001:db8:7:1::${(at + 1).toString(16)}`)),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(12);
  expect((await buy(tokens[0]!, 'another', '2001:db8:7:2::1')).status).toBe(201);
});

test('forged tokens are soon refused at an address, and customers there buy all the same', async () => {
  const address = newAddress();
  const answers = [];
  for (let at = 0; at < 6; at++) answers.push(await buy('forged.token.here', `k-${at}`, address));
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 429, 429, 429]);
  expect((await buy(await engine.token('dora'), 'one', address)).status).toBe(201);
});

test('what is no order counts as well', async () => {
  const token = await engine.token('eve');
  const address = newAddress();
  const answers = [];
  for (let at = 0; at < 6; at++) answers.push(await buy(token, `k-${at}`, address, '{"productId":'));
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 429, 429]);
});

test('who reads too much can still buy', async () => {
  const token = await engine.token('fay');
  const headers = from(newAddress());
  const statuses = [];
  for (let at = 0; at < 7; at++)
    statuses.push((await engine.call('GET', '/v1/products/kettle', { token, headers })).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  expect((await buy(token, 'one', headers['X-Forwarded-For'])).status).toBe(201);
});

test('pages and event streams have limits of their own, and a reader is told in words', async () => {
  const address = newAddress();
  const headers = from(address, { Accept: 'text/html' });
  const pages = [];
  for (let at = 0; at < 6; at++) pages.push(await engine.call<string>('GET', '/', { headers }));
  expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429, 429]);
  expect(pages[0]!.headers.get('ratelimit')).toBe('"page-anonymous";r=3');
  expect(pages[5]!.headers.get('content-type')).toContain('text/html');
  expect(Number(pages[5]!.headers.get('retry-after'))).toBeGreaterThan(0);
  const streams = [];
  for (let at = 0; at < 3; at++) {
    const response = await fetch(`${engine.url}/v1/products/kettle/events`, { headers: from(address) });
    streams.push(response.status);
    await response.body?.cancel();
  }
  expect(streams).toEqual([200, 200, 429]);
});

test('whoever pays too often by a form is not told that the order was not taken', async () => {
  const headers = from(newAddress(), { Accept: 'text/html' });
  const pay = () =>
    engine.call<string>('POST', '/orders/00000000000000000000000000/payment', { headers, body: '' });
  expect((await pay()).status).not.toBe(429);
  const { status, body } = await pay();
  expect(status).toBe(429);
  expect(body).toContain('this did not get through');
  expect(body).not.toContain('order was not taken');
});

test('health, metrics, files and the shop’s own calls are never limited', async () => {
  const headers = from(newAddress());
  for (const path of ['/livez', '/readyz', '/metrics', '/static/shop.css']) {
    for (let at = 0; at < 8; at++) {
      const { status, headers: told } = await engine.call<string>('GET', path, { headers });
      expect(status, path).not.toBe(429);
      expect(told.get('ratelimit'), path).toBeNull();
    }
  }
  for (let at = 0; at < 20; at++)
    expect((await engine.admin('GET', '/products/kettle/stock')).status).toBe(200);
});

test('metrics say what each limit refused', async () => {
  const outcomes = ['purchase-customer', 'purchase-address', 'purchase-anonymous', 'page-anonymous'];
  for (const outcome of outcomes)
    expect(
      await engine.metric(`doorbuster_gate_total{check="limits",outcome="${outcome}"}`),
      outcome,
    ).toBeGreaterThan(0);
  expect(await engine.metric('doorbuster_rate_limits_state{state="own"}')).toBe(1);
});
