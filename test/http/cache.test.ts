// The cache seen through a real node with a real Redis: what is answered from it, to whom, and that nobody notices when it
// fails.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIFETIME_MS } from '../../src/persistence/cache/index.ts';
import { Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { startRedis, type RedisServer } from '../servers/redis.ts';

let redis: RedisServer;
let engine: Engine;
let ada = '';
let bob = '';
let paid = '';
let reserved = '';

const start = (login = ''): Promise<Engine> => {
  const url = redis.url.replace('redis://', `redis://${login}`);
  return Engine.start({ env: { REDIS_URL: url, WORKERS: '1', LOG_LEVEL: 'info' } });
};
const get = (id: string, token = ada): Promise<Answer> => engine.call('GET', `/v1/orders/${id}`, { token });

/** Of the node's only thread. */
async function figure(line: string): Promise<number> {
  const { body } = await engine.call<string>('GET', '/metrics');
  return Number(new RegExp(`^${line.replaceAll(/[{}]/g, '\\$&')} (\\d+)$`, 'm').exec(body)?.[1]);
}
const reads = (result: string, kind = 'order'): Promise<number> =>
  figure(`doorbuster_cache_reads_total{kind="${kind}",result="${result}"}`);

/** Reads it until the cache answered. */
const whenHit = async (id: string): Promise<void> => {
  const before = await reads('hit');
  await waitUntil('the cache answers', async () => {
    expect(await get(id)).toMatchObject({ status: 200, body: { id, status: 'paid' } });
    return (await reads('hit')) > before;
  });
};

async function bought(key: string): Promise<string> {
  const { status, body } = await engine.buy(ada, 'cached', key);
  expect(status).toBe(201);
  return String(body['id']);
}

beforeAll(async () => {
  redis = await startRedis();
  engine = await start();
  [ada, bob] = [await engine.token('ada'), await engine.token('bob')];
  await engine.product('cached', { quantity: 50, perCustomerLimit: 50 });
  [paid, reserved] = [await bought('paid'), await bought('reserved')];
  const body = { method: 'card', token: 'demo' };
  await engine.call('POST', `/v1/orders/${paid}/payment`, { token: ada, body });
});
afterAll(async () => {
  await engine?.remove();
  await redis?.stop();
});

test('an order is answered from the cache when it is final, and not before', async () => {
  await whenHit(paid);
  const hits = await reads('hit');
  for (let round = 0; round < 3; round++)
    expect(await get(reserved)).toMatchObject({ status: 200, body: { status: 'reserved' } });
  await engine.call('DELETE', `/v1/orders/${reserved}`, { token: ada });
  // A payment may still arrive for it.
  for (let round = 0; round < 3; round++)
    expect(await get(reserved)).toMatchObject({ status: 200, body: { status: 'cancelled' } });
  expect(await reads('hit')).toBe(hits);
});

test('it is the order that its actor tells, and nobody else’s', async () => {
  const keys = [
    'id',
    'productId',
    'customerId',
    'quantity',
    'unitPrice',
    'status',
    'createdAt',
    'holdExpiresAt',
  ];
  const { body: list } = await engine.call('GET', '/v1/orders?productId=cached&idempotencyKey=paid', {
    token: ada,
  });
  await whenHit(paid);
  const { body, headers } = await get(paid);
  expect(body).toEqual(list);
  expect(Object.keys(body)).toEqual(keys);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(await get(paid, bob)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await get(paid, 'no token')).toMatchObject({ status: 401 });
});

test('the shop’s page lists from the cache, and a change of a product takes the list away', async () => {
  const before = await reads('hit', 'products');
  const page = async (): Promise<string> => (await engine.call<string>('GET', '/')).body;
  await waitUntil('the list is cached', async () => {
    await page();
    return (await reads('hit', 'products')) > before;
  });
  const [, key] = /(\S+:products:\S+)/.exec(await redis.askAll('KEYS *:products:*'))!;
  await engine.product('brand-new', { quantity: 1 });
  // An invalidation stays longer than any list.
  await waitUntil('the projection has told of it', async () => {
    const leftMs = Number((await redis.ask(`PTTL ${key}`)).slice(1));
    return leftMs > LIFETIME_MS.products;
  });
  expect(await page()).toContain('brand-new');
});

test('while Redis is frozen, and while it is gone, readers and buyers notice nothing', async () => {
  await whenHit(paid);
  for (const [fail, mend] of [
    [async () => redis.freeze(), async () => redis.thaw()],
    [async () => redis.kill(), async () => redis.start()],
  ] as const) {
    const before = await reads('unavailable');
    await fail();
    await waitUntil('the cache is given up', async () => {
      expect(await get(paid)).toMatchObject({ status: 200, body: { status: 'paid' } });
      return (await figure('doorbuster_cache_state{state="unavailable"}')) === 1;
    });
    await bought(`while-${before}`);
    expect((await engine.call('GET', '/')).status).toBe(200);
    expect(await reads('unavailable')).toBeGreaterThan(before);
    await mend();
    await whenHit(paid);
    expect(await figure('doorbuster_cache_state{state="working"}')).toBe(1);
  }
});

test('a node with a wrong password says so and goes on; it shows the password to nobody', async () => {
  await redis.ask('CONFIG SET requirepass the-password');
  const other = await start(':not-the-password@');
  try {
    await waitUntil('the log says so', () => other.output.includes('Redis refuses the user or the password'));
    await other.product('sold', { quantity: 1 });
    expect((await other.buy(await other.token('ada'), 'sold', 'key')).status).toBe(201);
    expect(other.output).not.toContain('not-the-password');
  } finally {
    await other.remove();
  }
});

test('a node starts and sells while there is no Redis at all', async () => {
  const dataDir = temporaryFolder();
  const other = await Engine.start({ dataDir, env: { REDIS_URL: 'redis://127.0.0.1:1', LOG_LEVEL: 'info' } });
  try {
    await waitUntil('the log says so', () => other.output.includes('the cache is away'));
    expect((await other.call('GET', '/')).status).toBe(200);
  } finally {
    await other.remove();
  }
});
