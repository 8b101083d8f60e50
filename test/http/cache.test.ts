// The cache seen through a real node with a real Redis: what is answered from it, to whom, and that nobody notices when it
// fails.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIFETIME_MS } from '../../src/persistence/cache/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { endSale } from '../harness/end-sale.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { startRedis, type RedisServer } from '../servers/redis.ts';

let redis: RedisServer;
let engine: Engine;
let ada = '';
let bob = '';
/** Orders of a sale that is closed, as they were told while it was open. */
let paid: Answer;
let cancelled: Answer;

const start = (login = ''): Promise<Engine> => {
  const url = redis.url.replace('redis://', `redis://${login}`);
  return Engine.start({
    env: { REDIS_URL: url, WORKERS: '1', LOG_LEVEL: 'info', ORDERS_KEPT_SECONDS: '1' },
  });
};
const idOf = ({ body }: Answer): string => String(body['id']);
const get = (id: string, token = ada): Promise<Answer> => engine.call('GET', `/v1/orders/${id}`, { token });
const pay = (id: string): Promise<Answer> =>
  engine.call('POST', `/v1/orders/${id}/payment`, { token: ada, body: { method: 'card', token: 'demo' } });
const cancel = (id: string): Promise<Answer> => engine.call('DELETE', `/v1/orders/${id}`, { token: ada });

/** Of the node's only thread. */
async function figure(line: string): Promise<number> {
  const { body } = await engine.call<string>('GET', '/metrics');
  return Number(new RegExp(`^${line.replaceAll(/[{}]/g, '\\$&')} (\\d+)$`, 'm').exec(body)?.[1]);
}
const reads = (result: string, kind = 'order'): Promise<number> =>
  figure(`doorbuster_cache_reads_total{kind="${kind}",result="${result}"}`);
const allReads = async (): Promise<number> =>
  (await reads('hit')) + (await reads('miss')) + (await reads('unavailable'));

/** Reads the closed sale's order until the cache answered. */
const whenHit = async (): Promise<void> => {
  const before = await reads('hit');
  await waitUntil('the cache answers', async () => {
    expect(await get(idOf(paid))).toMatchObject({ status: 200, body: { status: 'paid' } });
    return (await reads('hit')) > before;
  });
};

async function bought(key: string, product = 'open'): Promise<Answer> {
  const answer = await engine.buy(ada, product, key);
  expect(answer.status).toBe(201);
  return answer;
}

beforeAll(async () => {
  redis = await startRedis();
  engine = await start();
  [ada, bob] = [await engine.token('ada'), await engine.token('bob')];
  for (const id of ['open', 'closed']) await engine.product(id, { quantity: 50, perCustomerLimit: 50 });
  [paid, cancelled] = [await bought('paid', 'closed'), await bought('cancelled', 'closed')];
  await pay(idOf(paid));
  await cancel(idOf(cancelled));
  await endSale(engine, 'closed');
  await waitUntil('the sale is closed for good, also in Postgres', async () => {
    const { body } = await engine.call('POST', '/v1/admin/products/closed/pause', { token: ADMIN_TOKEN });
    return body['code'] === 'sale_ended' && (await get(idOf(cancelled))).status === 200;
  });
}, 120_000);
afterAll(async () => {
  await engine?.remove();
  await redis?.stop();
});

test('an order of an open sale is told by its actor, whatever its state: the cache is not asked', async () => {
  const before = await allReads();
  const order = idOf(await bought('live'));
  for (const status of ['reserved', 'paid']) {
    if (status === 'paid') await pay(order);
    for (let round = 0; round < 3; round++)
      expect(await get(order)).toMatchObject({ status: 200, body: { status } });
  }
  const other = idOf(await bought('other'));
  await cancel(other);
  expect(await get(other)).toMatchObject({ status: 200, body: { status: 'cancelled' } });
  expect(await allReads()).toBe(before);
});

test('an order of a closed sale is told by the cache as its actor told it, and to nobody else', async () => {
  await whenHit();
  const { body, headers } = await get(idOf(paid));
  expect(body).toEqual({ ...paid.body, status: 'paid' });
  expect(Object.keys(body)).toEqual(Object.keys(paid.body));
  expect(headers.get('cache-control')).toBe('no-store');
  expect(await get(idOf(paid), bob)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await get(idOf(paid), 'no token')).toMatchObject({ status: 401 });
  // Nothing becomes of it any more, and the cache is enough to say so.
  expect(await pay(idOf(paid))).toMatchObject({ status: 200, body: { status: 'paid' } });
  expect(await cancel(idOf(paid))).toMatchObject({ status: 409, body: { code: 'order_state_conflict' } });
});

test('what is cached of an order ends by itself', async () => {
  await whenHit();
  const key = `*:order:${idOf(paid)}`;
  const [, name] = /(\S+:order:\S+)/.exec(await redis.askAll(`KEYS ${key}`))!;
  const leftMs = Number((await redis.ask(`PTTL ${name}`)).slice(1));
  expect(leftMs).toBeGreaterThan(0);
  expect(leftMs).toBeLessThanOrEqual(LIFETIME_MS.order);
});

test('the shop’s page lists from the cache, and a change of a product takes the list away', async () => {
  const page = async (): Promise<string> => (await engine.call<string>('GET', '/')).body;
  const whenListed = async (): Promise<string> => {
    const before = await reads('hit', 'products');
    await waitUntil('the list is cached', async () => {
      await page();
      return (await reads('hit', 'products')) > before;
    });
    return /(\S+:products:\S+)/.exec(await redis.askAll('KEYS *:products:*'))![1]!;
  };
  for (const change of [
    () => engine.product('brand-new', { quantity: 1 }),
    () => engine.call('POST', '/v1/admin/products/brand-new/pause', { token: ADMIN_TOKEN }),
    // It is retired a second later.
    () => endSale(engine, 'brand-new'),
  ]) {
    const key = await whenListed();
    await change();
    // An invalidation stays longer than any list.
    await waitUntil('the projection has told of it', async () => {
      const leftMs = Number((await redis.ask(`PTTL ${key}`)).slice(1));
      return leftMs > LIFETIME_MS.products;
    });
    expect(await page()).toContain('brand-new');
    // As if its minute were over.
    await redis.ask(`DEL ${key}`);
  }
});

test('while Redis is frozen, and while it is gone, readers and buyers notice nothing', async () => {
  await whenHit();
  for (const [fail, mend] of [
    [async () => redis.freeze(), async () => redis.thaw()],
    [async () => redis.kill(), async () => redis.start()],
  ] as const) {
    const before = await reads('unavailable');
    await fail();
    await waitUntil('the cache is given up', async () => {
      expect(await get(idOf(paid))).toMatchObject({ status: 200, body: { status: 'paid' } });
      return (await figure('doorbuster_cache_state{state="unavailable"}')) === 1;
    });
    await bought(`while-${before}`);
    expect((await engine.call('GET', '/')).status).toBe(200);
    expect(await reads('unavailable')).toBeGreaterThan(before);
    await mend();
    await whenHit();
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
