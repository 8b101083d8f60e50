// A shop's front end on an origin of its own: in a real browser, and what the server says to origins that it knows and to
// others.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../harness/browser.ts';
import { Engine } from '../harness/engine.ts';
import { inSeconds, sign } from '../http/tokens.ts';

let engine: Engine;
let shop: Server;
let origin: string;
let browser: Browser;

beforeAll(async () => {
  shop = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>The shop</title>');
  });
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
  engine = await Engine.start({ env: { CORS_ORIGINS: `https://shop.example, ${origin}` } });
  browser = await Browser.start();
});
afterAll(async () => {
  await browser?.stop();
  await engine?.remove();
  shop?.close();
  shop?.closeAllConnections();
});

const tokenOf = (customer: string): string => sign({ sub: customer, exp: inSeconds(600) });

/** As text, since the page imports what the node serves. */
const FRONT_END = `async (baseUrl, token) => {
  const { createClient } = await import(baseUrl + '/static/client/index.js');
  const client = createClient({ baseUrl, token: () => token });
  const seen = new Promise((resolve) => {
    const watch = client.watch(['elsewhere'], {
      onProduct: ({ sale }) => {
        if (sale.available === 3) return;
        watch.stop();
        resolve(sale.available + ' left');
      },
    });
  });
  await client.clock.start();
  client.clock.stop();
  await client.purchase('elsewhere').buy();
  const { order } = client.orderBook().entries()[0];
  await client.orderBook().pay(order.id);
  await client.purchase('elsewhere').buy();
  const paid = client.orderBook().entries()[0].order.status;
  const { refusal } = client.purchase('elsewhere');
  return { paid, refusal: refusal?.code, seen: await seen, uncertain: client.clock.uncertaintyMs < 60_000 };
}`;

test('a front end on an origin of its own buys, pays and watches in a browser', async () => {
  await engine.product('elsewhere', { quantity: 3 });
  const { page } = await browser.visit(origin);
  await page.goto('/');
  const bought = await page.evaluate(`(${FRONT_END})(...${JSON.stringify([engine.url, tokenOf('ada')])})`);
  expect(bought).toEqual({ paid: 'paid', refusal: 'limit_reached', seen: '2 left', uncertain: true });
});

/** A request as a browser makes it for a page of `from`. */
const ask = (method: string, path: string, from: string, headers: Record<string, string> = {}) =>
  fetch(engine.url + path, {
    method,
    headers: { Origin: from, ...headers },
    ...(method === 'POST' && { body: '{"productId":"asked","quantity":1}' }),
  });

const corsOf = ({ headers }: Response): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

const readable = (from: string): Record<string, string> => ({
  'access-control-allow-origin': from,
  'access-control-expose-headers':
    'ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After',
});

test('an origin that is named may read purchases, reads and problems alike', async () => {
  await engine.product('asked');
  const headers = {
    Authorization: `Bearer ${tokenOf('bob')}`,
    'Idempotency-Key': 'k',
    'Content-Type': 'application/json',
  };
  const answers = [
    await ask('POST', '/v1/orders', origin, headers),
    await ask('GET', '/v1/products/asked', origin),
    await ask('GET', '/v1/products/no-such', 'https://shop.example'),
    await ask('POST', '/v1/orders', origin),
  ];
  expect(answers.map(({ status }) => status)).toEqual([201, 200, 404, 401]);
  for (const [at, answer] of answers.entries()) {
    expect(corsOf(answer)).toEqual(readable(at === 2 ? 'https://shop.example' : origin));
    expect(answer.headers.get('Vary')).toContain('Origin');
  }
});

test('the client itself is everybody’s, also out of a cache', async () => {
  for (const from of [origin, 'https://shop.example.evil']) {
    const answer = await ask('GET', '/static/client/index.js', from);
    expect(answer.status).toBe(200);
    expect(corsOf(answer)).toEqual({ 'access-control-allow-origin': '*' });
  }
  expect(corsOf(await ask('GET', '/static/storefront.js', origin))).toEqual({});
});

test('a browser is told what it may send, and never that it may send cookies', async () => {
  const answer = await ask('OPTIONS', '/v1/orders', origin, {
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'authorization,idempotency-key',
  });
  expect(answer.status).toBe(204);
  expect(corsOf(answer)).toEqual({
    ...readable(origin),
    'access-control-allow-methods': 'GET, POST, DELETE',
    'access-control-allow-headers':
      'Authorization, Content-Type, Doorbuster-Invitation, Doorbuster-Ticket, Idempotency-Key',
    'access-control-max-age': '7200',
  });
});

test.each([
  ['an origin that is not named', '/v1/products/asked', 'https://shop.example.evil'],
  ['an origin that is named with another port', '/v1/products/asked', 'https://shop.example:8443'],
  ['a page without an origin', '/v1/products/asked', 'null'],
  ['the admin API', '/v1/admin/shards', 'https://shop.example'],
  ['tokens of the demo', '/v1/dev/tokens', 'https://shop.example'],
  ['pages', '/', 'https://shop.example'],
])('nothing is readable for %s', async (_, path, from) => {
  expect(corsOf(await ask('GET', path, from))).toEqual({});
  const preflight = await ask('OPTIONS', path, from, { 'Access-Control-Request-Method': 'GET' });
  expect(corsOf(preflight)).toEqual({});
  expect(preflight.status).not.toBe(204);
});

test('a session is not enough for a page of another origin', async () => {
  const token = sign({ sub: 'cy', iat: inSeconds(0), exp: inSeconds(60) });
  const own = { 'Sec-Fetch-Site': 'same-origin', Origin: engine.url };
  const body = new URLSearchParams({ token, next: '/' });
  const signedIn = await fetch(`${engine.url}/session`, {
    method: 'POST',
    body,
    headers: own,
    redirect: 'manual',
  });
  const Cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  const headers = { Cookie, 'Idempotency-Key': 'k', 'Sec-Fetch-Site': 'cross-site' };
  const answer = await ask('POST', '/v1/orders', origin, headers);
  expect(answer.status).toBe(403);
});
