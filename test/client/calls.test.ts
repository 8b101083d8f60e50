// One call of the client: what it sends, what is known after it, and in whose name it speaks.

import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { given, order, product, refused, ScriptedClient, tokenOf } from './scripted-client.ts';

describe('an answer', () => {
  test.each<[string, () => Response | Promise<Response>, object]>([
    ['of the shop', () => given(order()), { kind: 'answer', status: 200, body: order() }],
    ['with a status that is new', () => given(order({ status: 'melted' })), { kind: 'answer' }],
    [
      'that refuses',
      () => refused(429, 'rate_limited', { 'Retry-After': '7' }),
      {
        kind: 'refused',
        status: 429,
        code: 'rate_limited',
        detail: 'because of rate_limited',
        retryAfterMs: 7_000,
        problem: { title: 'No', detail: 'because of rate_limited', status: 429, code: 'rate_limited' },
      },
    ],
    [
      'that refuses for a very long time',
      () => refused(503, 'overloaded', { 'Retry-After': '86400' }),
      { retryAfterMs: 60_000 },
    ],
    [
      'whose Retry-After is nonsense',
      () => refused(503, 'overloaded', { 'Retry-After': 'soon' }),
      { retryAfterMs: 0 },
    ],
    [
      'whose Retry-After has gone by',
      () => refused(503, 'overloaded', { 'Retry-After': '-5' }),
      { retryAfterMs: 0 },
    ],
    [
      'whose Retry-After is a date',
      () => refused(503, 'overloaded', { 'Retry-After': new Date(9_000).toUTCString() }),
      { retryAfterMs: 9_000 },
    ],
    ['without a code', () => Response.json({ message: 'Not found' }, { status: 404 }), { kind: 'lost' }],
    ['of a gateway', () => new Response('<h1>Bad gateway</h1>', { status: 502 }), { kind: 'lost' }],
    ['of a portal that wants a password', () => new Response('<h1>Welcome</h1>'), { kind: 'lost' }],
    ['that is no order', () => given({ ok: true }), { kind: 'lost' }],
    ['with an order without units', () => given(order({ quantity: 0 })), { kind: 'lost' }],
    ['that is cut off', () => new Response('{"id":"order-1",'), { kind: 'lost' }],
    [
      'that never came',
      () => Promise.reject(new TypeError('fetch failed')),
      { kind: 'lost', retryAfterMs: 0 },
    ],
  ])('%s is what it is', async (_, answer, expected) => {
    const { client } = new ScriptedClient(answer);
    expect(await client.order('order-1')).toMatchObject(expected);
  });
});

describe('a call', () => {
  test('carries token, key and invitation, and no cookie beside the token', async () => {
    const shop = new ScriptedClient(() => given(order(), 201), {
      token: () => tokenOf('ada'),
      invitation: 'come-in',
    });
    await shop.client.purchase('ember-kettle').buy();
    const { headers, body, credentials } = shop.asked[0]!;
    expect(headers).toMatchObject({
      Authorization: `Bearer ${tokenOf('ada')}`,
      'Doorbuster-Invitation': 'come-in',
      'Content-Type': 'application/json',
    });
    expect(headers['Idempotency-Key']).toMatch(/^[0-9a-f]{32}$/);
    expect(body).toEqual({ productId: 'ember-kettle', quantity: 1 });
    expect(credentials).toBe('omit');
  });

  test('without a token carries the cookie of its own server alone', async () => {
    const shop = new ScriptedClient(() => given(product()));
    await shop.client.product('a/b?c');
    expect(shop.asked[0]).toMatchObject({ path: '/v1/products/a%2Fb%3Fc', credentials: 'same-origin' });
    expect(shop.asked[0]!.headers).not.toHaveProperty('Authorization');
  });

  test('renews a token that is no longer accepted, once', async () => {
    const tokens: string[] = [];
    let signedOut = 0;
    const shop = new ScriptedClient(
      ({ headers }) =>
        headers['Authorization'] === `Bearer ${tokens[1]}` ? given(order()) : refused(401, 'unauthenticated'),
      {
        token: async () => {
          tokens.push(`${tokenOf('ada')}${tokens.length}`);
          return tokens.at(-1)!;
        },
        onSignedOut: () => signedOut++,
      },
    );
    expect(await shop.client.order('order-1')).toMatchObject({ kind: 'answer' });
    expect(await shop.client.order('order-1')).toMatchObject({ kind: 'answer' });
    expect({ tokens: tokens.length, calls: shop.asked.length, signedOut }).toEqual({
      tokens: 2,
      calls: 3,
      signedOut: 0,
    });
  });

  test('says that the shopper is signed out when no token is accepted, and when there is none', async () => {
    let signedOut = 0;
    const onSignedOut = (): void => void signedOut++;
    const strangers = new ScriptedClient(() => refused(401, 'unauthenticated'), {
      token: () => 'x',
      onSignedOut,
    });
    expect(await strangers.client.order('order-1')).toMatchObject({ kind: 'refused', status: 401 });
    expect({ signedOut, calls: strangers.asked.length }).toEqual({ signedOut: 1, calls: 2 });
    const nobody = new ScriptedClient(() => given(product()), { token: () => undefined, onSignedOut });
    expect(await nobody.client.order('order-1')).toEqual({
      kind: 'unsent',
      reason: 'signed_out',
      retryAfterMs: 0,
    });
    expect(await nobody.client.product('ember-kettle')).toMatchObject({ kind: 'answer' });
    expect({ signedOut, paths: nobody.paths }).toEqual({
      signedOut: 2,
      paths: ['GET /v1/products/ember-kettle'],
    });
  });

  test('sends nothing when the shop’s token() fails', async () => {
    const shop = new ScriptedClient(() => given(order()), { token: () => Promise.reject(new Error('down')) });
    expect(await shop.client.order('order-1')).toEqual({
      kind: 'unsent',
      reason: 'no_token',
      retryAfterMs: 0,
    });
    expect(shop.asked).toEqual([]);
  });

  test('is never made in another customer’s name', async () => {
    let sub = 'ada';
    const shop = new ScriptedClient(
      ({ path }) => (path === '/v1/orders' ? refused(401, 'unauthenticated') : given(order())),
      {
        token: () => tokenOf(sub),
      },
    );
    await shop.client.order('order-1');
    sub = 'bob';
    expect(await shop.client.orders()).toEqual({
      kind: 'unsent',
      reason: 'another_customer',
      retryAfterMs: 0,
    });
    expect(shop.asked.map(({ headers }) => headers['Authorization'])).not.toContain(
      `Bearer ${tokenOf('bob')}`,
    );
  });
});

test.each<[string, string | undefined]>([
  ['baseUrl is missing', undefined],
  ['baseUrl is sale.example.com; it must be an http address', 'sale.example.com'],
  ['baseUrl is javascript:alert(1); it must be an http address', 'javascript:alert(1)'],
])('%s', (message, baseUrl) => {
  expect(() => createClient(baseUrl === undefined ? {} : { baseUrl })).toThrow(message);
});
