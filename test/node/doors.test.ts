// Doors of a real node of two threads, whose campaigns are changed at another node: here, over the same Postgres. Who may enter does,
// and whoever may not finds nothing: the same answers as for a product that never was.

import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Invitations } from '../../src/http/invitations.ts';
import { openPool, type Campaign, type Entry } from '../../src/persistence/index.ts';
import { systemClock } from '../../src/runtime/index.ts';
import { FaultyEngine } from '../faults/worker-faults.ts';
import { Crowd, tokenOf } from '../harness/crowd.ts';
import { putList } from '../harness/customer-list.ts';
import { AUTH_SECRET, type Answer, type Engine } from '../harness/engine.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { expectTruth } from '../harness/truth.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { EventReader } from '../http/event-stream.ts';
import { expectProblem } from '../http/problems.ts';
import { send, type RawRequest } from '../http/raw.ts';
import { inSeconds, sign } from '../http/tokens.ts';
import { Desk, PAT, saved } from '../persistence/catalogue/desk.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';

const WORKERS = 2;
/** A connection goes to either thread: so many leave none out. */
const CONNECTIONS = 16;
const TEST_MS_MAX = 120_000;

let database: Database;
let proxy: TcpProxy;
let faulty: FaultyEngine;
let engine: Engine;
let pool: Pool;
let desk: Desk;

beforeAll(async () => {
  database = await createNodeDatabase();
  const { connection } = database;
  pool = openPool(connection, 4, 'doorbuster test');
  desk = await Desk.open(pool);
  desk.now = Date.now();
  proxy = await TcpProxy.to(connection.port);
  faulty = await FaultyEngine.start({
    DATABASE_URL: `postgres://${connection.user}@127.0.0.1:${proxy.port}/${connection.database}`,
    WORKERS: String(WORKERS),
  });
  engine = faulty.engine;
  await engine.product('shown');
}, 180_000);
afterAll(async () => {
  await engine?.remove();
  await proxy?.close();
  await pool?.end();
  await database?.drop();
}, 60_000);

interface Sale {
  readonly campaign: Campaign;
  readonly productId: string;
}

/** Published at another node, and sold by the engine. */
async function publish(
  entry: Entry,
  { customers, quantity = 100 }: { customers?: readonly string[]; quantity?: number } = {},
): Promise<Sale> {
  const draft = await desk.campaign({ entry });
  const { id: productId } = await desk.product(draft, { quantity, perCustomerLimit: 5 });
  if (customers !== undefined) await putList(pool, draft.id, customers);
  const campaign = saved(await desk.catalogue.publish(PAT, draft.id, draft.version));
  await waitUntil('the engine sells it', async () => {
    const { body } = await engine.admin('GET', `/products/${productId}/stock`);
    return body['loaded'] === quantity;
  });
  return { campaign, productId };
}

const forList = (...customers: string[]): Promise<Sale> => publish({ kind: 'list' }, { customers });

/** The same from many connections: all of them get one answer, which both threads give. */
async function everywhere(ask: (at: number) => Promise<Answer>): Promise<string> {
  const answers = await Promise.all(Array.from({ length: CONNECTIONS }, (_, at) => ask(at)));
  return [
    ...new Set(
      answers.map(({ status, body }) =>
        status === 200 || status === 201 ? `${status}` : `${status} ${String(body['code'])}`,
      ),
    ),
  ].join(', ');
}

const seen = (productId: string, token?: string): Promise<string> =>
  everywhere(() =>
    engine.call('GET', `/v1/products/${productId}`, {
      ...(token && { token }),
      headers: { Connection: 'close' },
    }),
  );

let keys = 0;
const bought = (productId: string, token: string): Promise<string> => {
  const key = `key-${++keys}`;
  return everywhere((at) =>
    engine.call('POST', '/v1/orders', {
      token,
      key: `${key}-${at}`,
      body: { productId, quantity: 1 },
      headers: { Connection: 'close' },
    }),
  );
};

const ADA = tokenOf('ada');
const EVE = tokenOf('eve');

describe('in mid-sale', { timeout: TEST_MS_MAX }, () => {
  test('a list that is replaced under load: nobody removed buys after it, no order is hidden, and the truth is told', async () => {
    const { campaign, productId } = await publish({ kind: 'list' }, { customers: [], quantity: 100_000 });
    const shoppers = Array.from({ length: 4_000 }, (_, n) => `${productId}-shopper-${n}`);
    const [even, odd] = [shoppers.filter((_, n) => n % 2 === 0), shoppers.filter((_, n) => n % 2 === 1)];
    await putList(pool, campaign.id, even);
    await waitUntil('both threads know', async () => (await seen(productId, tokenOf(even[0]!))) === '200');
    // Slow enough to be still there when both threads know, also on a machine that does something else beside.
    const crowd = new Crowd(engine, [productId], { wishesMax: shoppers.length, breathMs: 100 });
    await waitUntil('many have bought', () => crowd.sales.length > 200);
    await putList(pool, campaign.id, odd);
    await waitUntil(
      'both threads know',
      async () => (await seen(productId, tokenOf(even[0]!))) === '404 not_found',
    );
    const { wishes } = crowd;
    const wishedBefore = wishes.length;
    await waitUntil(
      'many of the others have bought',
      () => wishes.filter((wish, n) => n > wishedBefore && wish.orderId).length > 200,
    );
    await crowd.goHome();
    const later = wishes.slice(wishedBefore);
    expect(later.filter(({ customer, orderId }) => even.includes(customer) && orderId !== undefined)).toEqual(
      [],
    );
    expect(later.filter(({ customer, refusal }) => odd.includes(customer) && refusal !== undefined)).toEqual(
      [],
    );
    // Before it, nobody bought who was not on the first list.
    const earlier = wishes.slice(0, 200);
    expect(
      earlier.filter(({ customer, orderId }) => odd.includes(customer) && orderId !== undefined),
    ).toEqual([]);
    expect(await expectTruth(engine, [crowd])).toBeGreaterThan(400);
  });
});

describe('who may enter', { timeout: TEST_MS_MAX }, () => {
  test('a campaign for everyone is seen by all, and bought from by whoever is signed in', async () => {
    const { productId } = await publish({ kind: 'everyone' });
    expect(await seen(productId)).toBe('200');
    expect((await engine.buy(EVE, productId, 'one')).status).toBe(201);
    expectProblem(
      await engine.call('POST', '/v1/orders', { body: { productId, quantity: 1 }, key: 'one' }),
      401,
      'unauthenticated',
    );
  });

  test('a list lets in those on it', async () => {
    const { productId } = await forList('ada', 'bob');
    expect(await seen(productId, ADA)).toBe('200');
    expect((await engine.buy(ADA, productId, 'one')).status).toBe(201);
    expect(await seen(productId, EVE)).toBe('404 not_found');
    expect(await seen(productId)).toBe('404 not_found');
    expect(await bought(productId, EVE)).toBe('404 not_found');
  });

  test('a claim lets in those whose token has it', async () => {
    const { productId } = await publish({ kind: 'claim', name: 'tier', value: 'gold' });
    const withTier = (tier: unknown): string => sign({ sub: 'ada', exp: inSeconds(600), tier });
    for (const tier of ['gold', ['silver', 'gold']])
      expect(await seen(productId, withTier(tier))).toBe('200');
    expect((await engine.buy(withTier('gold'), productId, 'one')).status).toBe(201);
    for (const tier of ['silver', null, { gold: 1 }])
      expect(await seen(productId, withTier(tier))).toBe('404 not_found');
    expect(await bought(productId, ADA)).toBe('404 not_found');
  });

  test('an invitation lets in the customer that it was signed for, to its campaign', async () => {
    const { campaign, productId } = await publish({ kind: 'invitation' });
    const { campaign: other } = await publish({ kind: 'invitation' });
    const invitations = new Invitations(AUTH_SECRET, systemClock);
    const invited = (campaignId: string, customerId: string): Record<string, string> => ({
      'Doorbuster-Invitation': invitations.sign({ campaignId, customerId, expiresAt: Date.now() + 600_000 }),
    });
    const see = (token: string, headers: Record<string, string>): Promise<string> =>
      everywhere(() => engine.call('GET', `/v1/products/${productId}`, { token, headers }));
    expect(await see(ADA, invited(campaign.id, 'ada'))).toBe('200');
    const order = { token: ADA, key: 'one', body: { productId, quantity: 1 } };
    expect(
      (await engine.call('POST', '/v1/orders', { ...order, headers: invited(campaign.id, 'ada') })).status,
    ).toBe(201);
    expect(await see(EVE, invited(campaign.id, 'ada'))).toBe('404 not_found');
    expect(await see(ADA, invited(other.id, 'ada'))).toBe('404 not_found');
    expect(await see(ADA, {})).toBe('404 not_found');
  });

  test('a product in no campaign is everybody’s, whatever its name looks like', async () => {
    await engine.product('own-product-0123456789');
    await waitUntil('Postgres has it', async () => (await seen('own-product-0123456789')) === '200');
    expect((await engine.buy(EVE, 'own-product-0123456789', 'one')).status).toBe(201);
  });
});

/** What can be asked of a product; the first of each pair of ids is there. */
const REQUESTS: Readonly<Record<string, (id: string) => RawRequest>> = {
  'a look': (id) => ({ method: 'GET', path: `/v1/products/${id}` }),
  'its head': (id) => ({ method: 'HEAD', path: `/v1/products/${id}` }),
  'a look at what is known': (id) => ({
    method: 'GET',
    path: `/v1/products/${id}`,
    headers: { 'If-None-Match': '"1"' },
  }),
  'a look at anything known': (id) => ({
    method: 'GET',
    path: `/v1/products/${id}`,
    headers: { 'If-None-Match': '*' },
  }),
  'a part': (id) => ({ method: 'GET', path: `/v1/products/${id}`, headers: { Range: 'bytes=0-9' } }),
  'as a page': (id) => ({ method: 'GET', path: `/v1/products/${id}`, headers: { Accept: 'text/html' } }),
  'its events': (id) => ({ method: 'GET', path: `/v1/products/${id}/events` }),
  'the head of its events': (id) => ({ method: 'HEAD', path: `/v1/products/${id}/events` }),
  'events of it alone': (id) => ({ method: 'GET', path: `/v1/events?product=${id}` }),
  'events of it and another': (id) => ({ method: 'GET', path: `/v1/events?product=shown&product=${id}` }),
  'the head of events': (id) => ({ method: 'HEAD', path: `/v1/events?product=${id}&product=shown` }),
  'another method': (id) => ({ method: 'PUT', path: `/v1/products/${id}` }),
  'an order': (id) => order(id, 1),
  'an order above its limit': (id) => order(id, 9),
  'an order above its stock': (id) => order(id, 9_999),
  'an order of nothing': (id) => order(id, 0),
  'an order in pieces': (id) => ({ ...order(id, 1), chunked: true }),
  'an order without a key': (id) => ({ ...order(id, 1), headers: {} }),
  'an order by its key': (id) => ({ method: 'GET', path: `/v1/orders?productId=${id}&idempotencyKey=key` }),
};

const order = (productId: string, quantity: number): RawRequest => ({
  method: 'POST',
  path: '/v1/orders',
  headers: { 'Idempotency-Key': 'key' },
  body: JSON.stringify({ productId, quantity }),
});

/** Everything of an answer but its hour, how many requests came before it, and the id that was asked for. */
async function told(ask: RawRequest, id: string, authorization: string | undefined): Promise<string> {
  const headers = { ...ask.headers, ...(authorization && { Authorization: authorization }) };
  const answers = Array.from({ length: 4 }, async () => {
    const { status, headers: sent, text } = await send(engine, { ...ask, headers });
    const { date: _, ...others } = sent;
    const limit = others['ratelimit'] && { ratelimit: String(others['ratelimit']).replace(/;r=\d+/, ';r=N') };
    return JSON.stringify([status, { ...others, ...limit }, text]).replaceAll(id, 'ID');
  });
  return [...new Set(await Promise.all(answers))].join('\n');
}

describe(
  'whoever may not enter cannot tell a product from one that never was',
  { timeout: TEST_MS_MAX },
  () => {
    const VISITORS: readonly [string, string | undefined][] = [
      ['a customer who is not on the list', `Bearer ${EVE}`],
      ['nobody', undefined],
      ['a token that has run out', `Bearer ${sign({ sub: 'ada', exp: inSeconds(-1) })}`],
    ];
    let sales: { readonly state: string; readonly id: string }[];

    beforeAll(async () => {
      const live = await forList('ada');
      const paused = await forList('ada');
      saved(await desk.catalogue.pause(PAT, paused.campaign.id));
      const soldOut = await publish({ kind: 'list' }, { customers: ['ada'], quantity: 1 });
      await engine.buy(ADA, soldOut.productId, 'last');
      sales = [
        { state: 'on_sale', id: live.productId },
        { state: 'paused', id: paused.productId },
        { state: 'sold_out', id: soldOut.productId },
      ];
      for (const { state, id } of sales) {
        await waitUntil(`it is ${state}`, async () => {
          const { status, body } = await engine.call<{ sale: { state: string } }>(
            'GET',
            `/v1/products/${id}`,
            { token: ADA },
          );
          return status === 200 && body.sale.state === state;
        });
      }
    }, TEST_MS_MAX);

    test.each(VISITORS)('%s', async (_, authorization) => {
      for (const [name, requestOf] of Object.entries(REQUESTS)) {
        for (const { state, id } of sales) {
          const never = `${id.slice(0, -10)}zzzzzzzzzz`;
          const hidden = await told(requestOf(id), id, authorization);
          expect(hidden, `${name} of one that is ${state}`).toBe(
            await told(requestOf(never), never, authorization),
          );
          expect(hidden.split('\n'), name).toHaveLength(1);
        }
      }
    });

    test('and those answers are what they should be', async () => {
      const { id } = sales[0]!;
      const statuses = await Promise.all(
        Object.values(REQUESTS).map(async (requestOf) => {
          const ask = requestOf(id);
          const { status } = await send(engine, {
            ...ask,
            headers: { ...ask.headers, Authorization: `Bearer ${EVE}` },
          });
          return status;
        }),
      );
      const other: Record<string, number> = {
        'another method': 405,
        'an order of nothing': 400,
        'an order without a key': 400,
      };
      expect(statuses).toEqual(Object.keys(REQUESTS).map((name) => other[name] ?? 404));
    });
  },
);

describe('an order that was accepted', { timeout: TEST_MS_MAX }, () => {
  test('is its buyer’s, who may enter no more', async () => {
    const { campaign, productId } = await forList('ada', 'bob');
    const { status, headers: _, body } = await engine.buy(ADA, productId, 'mine');
    expect(status).toBe(201);
    const id = String(body['id']);
    await putList(pool, campaign.id, ['bob']);
    await waitUntil('both threads know', async () => (await seen(productId, ADA)) === '404 not_found');

    const again = await engine.buy(ADA, productId, 'mine');
    expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([
      201,
      'true',
      body,
    ]);
    expectProblem(await engine.buy(ADA, productId, 'mine', 2), 422, 'idempotency_key_reused');
    expectProblem(await engine.buy(ADA, productId, 'new'), 404, 'not_found');
    expectProblem(await engine.buy(EVE, productId, 'mine'), 404, 'not_found');
    const byKey = `/v1/orders?productId=${productId}&idempotencyKey=mine`;
    expect((await engine.call('GET', byKey, { token: ADA })).body['id']).toBe(id);
    expect((await engine.call('GET', `/v1/orders/${id}`, { token: ADA })).status).toBe(200);
    const cancelled = await engine.call('DELETE', `/v1/orders/${id}`, { token: ADA });
    expect([cancelled.status, cancelled.body['status']]).toEqual([200, 'cancelled']);
    // The acceptance is repeated as it was.
    expect((await engine.buy(ADA, productId, 'mine')).body).toEqual(body);
  });
});

describe('changes at another node', { timeout: TEST_MS_MAX }, () => {
  test('a campaign lets nobody in who may not enter, from its first moment', async () => {
    for (let round = 0; round < 3; round++) {
      const draft = await desk.campaign({ entry: { kind: 'list' } });
      const { id } = await desk.product(draft);
      await putList(pool, draft.id, ['ada']);
      saved(await desk.catalogue.publish(PAT, draft.id, draft.version));
      const answers: string[] = [];
      await waitUntil('she who may enter has bought', async () => {
        answers.push(await bought(id, EVE), await seen(id, EVE));
        return (await engine.buy(ADA, id, 'one')).status === 201;
      });
      answers.push(await bought(id, EVE));
      expect(new Set(answers)).toEqual(new Set(['404 not_found']));
    }
  });

  test('one that was everybody’s and is for a list now closes, and never opens again to the others', async () => {
    const { campaign, productId } = await publish({ kind: 'everyone' });
    expect(await seen(productId)).toBe('200');
    await putList(pool, campaign.id, ['ada']);
    const closed = { ...campaign, entry: { kind: 'list' } } as const;
    saved(await desk.catalogue.saveCampaign(PAT, campaign.id, campaign.version, closed));
    await waitUntil('both threads know', async () => (await seen(productId, EVE)) === '404 not_found');
    expect(await bought(productId, EVE)).toBe('404 not_found');
    expect(await seen(productId, ADA)).toBe('200');
  });

  test('streams of those who may see it no more end, and the others’ go on', async () => {
    const { campaign, productId } = await forList('ada', 'eve');
    const path = `/v1/events?product=shown&product=${productId}`;
    const open = (token: string): Promise<EventReader> =>
      EventReader.open(engine, path, { Authorization: `Bearer ${token}` });
    const hers = await Promise.all(Array.from({ length: 4 }, () => open(EVE)));
    const others = await Promise.all([open(ADA), EventReader.open(engine, '/v1/products/shown/events')]);
    await putList(pool, campaign.id, ['ada']);
    await waitUntil('hers have ended', () => hers.every(({ isEnded }) => isEnded));
    expect((await open(EVE)).status).toBe(404);
    expect(others.map(({ isEnded }) => isEnded)).toEqual([false, false]);
    for (const reader of others) reader.close();
  });
});

describe('a catalogue that has lost a campaign', { timeout: TEST_MS_MAX }, () => {
  test('lets nobody in to its products, and an order is its buyer’s all the same', async () => {
    const { campaign, productId } = await forList('ada');
    const { status, body } = await engine.buy(ADA, productId, 'mine');
    expect(status).toBe(201);
    for (const table of ['outbox', 'products'])
      await pool.query(
        `DELETE FROM doorbuster_catalogue.${table} WHERE ${table === 'outbox' ? 'product_id' : 'id'} = $1`,
        [productId],
      );
    await pool.query('DELETE FROM doorbuster_catalogue.campaigns WHERE id = $1', [campaign.id]);
    await waitUntil('both threads know', async () => (await seen(productId, ADA)) === '404 not_found');
    expect(await bought(productId, EVE)).toBe('404 not_found');
    expect((await (await fetch(`${engine.url}/`)).text()).includes(productId)).toBe(false);
    expect((await engine.call('GET', `/v1/orders/${String(body['id'])}`, { token: ADA })).status).toBe(200);
    expect((await engine.buy(ADA, productId, 'mine')).body['id']).toBe(body['id']);
  });
});

describe('while Postgres is away', { timeout: TEST_MS_MAX }, () => {
  test('what was known last counts, also for a thread that is new, and nobody is let in on a guess', async () => {
    const { productId } = await forList('ada');
    await engine.product('asked-before-0123456789');
    await engine.product('never-asked-0123456789');
    for (const id of [productId, 'asked-before-0123456789'])
      await waitUntil('it can be said', async () => (await seen(id, ADA)) === '200');
    proxy.cut();
    await faulty.order(1, 'exit');
    await waitUntil('another thread serves', () => engine.output.includes('another worker thread serves'));
    for (let round = 0; round < 3; round++) {
      expect(await seen(productId, ADA)).toBe('200');
      expect(await bought(productId, EVE)).toBe('404 not_found');
      expect(await seen('asked-before-0123456789', EVE)).toBe('200');
      expect(await seen('never-asked-0123456789', ADA)).toBe('503 unavailable');
      expect(await bought('never-asked-0123456789', ADA)).toBe('503 unavailable');
    }
    expect((await engine.buy(ADA, productId, 'one')).status).toBe(201);
    proxy.heal();
    await waitUntil('it can be said', async () => (await seen('never-asked-0123456789', EVE)) === '200');
  });

  test('a change is caught up with as soon as it is back', async () => {
    const { campaign, productId } = await forList('ada');
    expect(await seen(productId, ADA)).toBe('200');
    proxy.stall();
    await putList(pool, campaign.id, ['eve']);
    expect((await engine.buy(ADA, productId, 'one')).status).toBe(201);
    expect(await bought(productId, EVE)).toBe('404 not_found');
    proxy.heal();
    await waitUntil('both threads know', async () => (await seen(productId, ADA)) === '404 not_found');
    expect(await seen(productId, EVE)).toBe('200');
  });
});
