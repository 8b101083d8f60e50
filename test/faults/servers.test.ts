// What stands beside the sale goes away in the middle of it, one after the other: Postgres, a thread of the projection, the
// Redis primary, all of Redis. No purchase fails for it, whoever looks gets an answer, and everything catches up. Looks go to
// orders that are being sold, whose actors answer, and to those of a sale that is closed for good: from Redis, or from Postgres.
//
// AWAY_MS says for how long each of them is away. With it the load is that of the measurement in docs/performance.md.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN } from '../harness/node-api.ts';
import { Cluster } from '../harness/cluster.ts';
import { Crowd, tokenOf, type Wish } from '../harness/crowd.ts';
import { endSale } from '../harness/end-sale.ts';
import { expectClusterTruth } from '../harness/truth.ts';
import { RedisSentinel } from '../servers/redis-sentinel.ts';

const isMeasured = process.env['AWAY_MS'] !== undefined;
const AWAY_MS = Number(process.env['AWAY_MS'] ?? 2_000);
const TEST_MS_MAX = 240_000 + 4 * AWAY_MS;
const PRODUCTS = ['beside-a', 'beside-b'];
const CLOSED = 'closed';
const CLICKERS = isMeasured ? 3 : 2;
const READERS = 1;
/** Between an answer and the next wish or look, so that they leave CPU to what they look at. */
const BREATH_MS = isMeasured ? 10 : 30;
const SOLD_MEANWHILE = 20;
const READ_MEANWHILE = 40;
const CLOSED_READ = isMeasured ? 40 : 20;
/** For Postgres to end, at most; what comes later it surely has not. */
const SHUTDOWN_MS = 1_000;
const READS = (result: 'hit' | 'miss' | 'unavailable') =>
  `doorbuster_cache_reads_total{kind="order",result="${result}"}`;
const HITS = READS('hit');
const UNAVAILABLE = READS('unavailable');

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-servers-'));
const projectionFault = join(folder, 'end-a-thread');
let redis: RedisSentinel;
let cluster: Cluster;
let crowd: Crowd;
/** It bought before the sale was closed. */
let early: Crowd;
/** Shoppers look at orders of which they were told. `closed` of them were at those of the closed sale; `unsaid` got a 503. */
const looks = { answered: 0, closed: 0, unsaid: 0, wrong: [] as string[], isOver: false };
/** Then nobody can say what became of an order of the closed sale unless Redis does. */
let isPostgresAway = false;
let looking: Promise<void[]>;

beforeAll(async () => {
  redis = await RedisSentinel.start();
  const preload = new URL('projection-fault.ts', import.meta.url).href;
  const env = {
    REDIS_URL: redis.url,
    NODE_OPTIONS: `--import=${preload}`,
    PROJECTION_FAULT: projectionFault,
    // What a busy machine does to a node is told by other tests.
    LEASE_MS: '30000',
    COMMAND_TIMEOUT_MS: '30000',
    ORDERS_KEPT_SECONDS: '1',
    WORKERS: isMeasured ? '2' : '1',
  };
  cluster = await Cluster.start({ nats: 1, nodes: 1, shards: 8, env });
  for (const id of [CLOSED, ...PRODUCTS]) await node().product(id, { quantity: 1_000_000, holdSeconds: 0 });
  await closeSale();
  crowd = new Crowd(cluster.nodes, PRODUCTS, { clickers: CLICKERS, breathMs: BREATH_MS });
  await sellOn();
  looking = Promise.all(Array.from({ length: READERS }, look));
}, TEST_MS_MAX);

afterAll(async () => {
  looks.isOver = true;
  await cluster?.stop();
  await redis?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const node = () => cluster.nodes[0]!;
const metric = async (name: string): Promise<number> => (await node().metric(name)) ?? 0;

/** Some orders are bought, and their actor lets them go. */
async function closeSale(): Promise<void> {
  early = new Crowd(cluster.nodes, [CLOSED], { clickers: CLICKERS });
  await cluster.waitUntil('some have bought', () => early.soldSince(0) >= CLOSED_READ);
  await early.goHome();
  await endSale(node(), CLOSED);
  await cluster.waitUntil('the sale is closed for good', async () => {
    const path = `/v1/admin/products/${CLOSED}/pause`;
    const { body } = await node().call('POST', path, { token: ADMIN_TOKEN });
    return body['code'] === 'sale_ended';
  });
  const some = early.wishes.find(({ orderId }) => orderId !== undefined)!;
  await cluster.waitUntil('Postgres has its orders', async () => (await asked(some)).status === 200);
}

const asked = ({ orderId, customer }: Wish) =>
  node().call('GET', `/v1/orders/${orderId}`, { token: tokenOf(customer) });

async function look(): Promise<void> {
  for (let turn = 0; !looks.isOver; turn++) {
    await new Promise((resolve) => setTimeout(resolve, BREATH_MS));
    const isClosed = turn % 2 === 0;
    // The same ones of the closed sale again and again, so that they are cached.
    const wish = isClosed
      ? early.wishes[(turn / 2) % CLOSED_READ]!
      : crowd.wishes[(turn * 7) % crowd.wishes.length]!;
    if (wish.orderId === undefined) continue;
    const wasPostgresAway = isPostgresAway;
    const { status, body } = await asked(wish);
    looks.answered++;
    if (isClosed) looks.closed++;
    const isRight = status === 200 && body['id'] === wish.orderId && body['status'] === 'paid';
    const mayBeUnsaid = isClosed && (wasPostgresAway || isPostgresAway);
    const isUnsaid = mayBeUnsaid && status === 503 && body['code'] === 'unavailable';
    if (isUnsaid) looks.unsaid++;
    else if (!isRight) looks.wrong.push(`${wish.orderId}: ${status} ${JSON.stringify(body)}`);
  }
}

/** Purchases go on, and looks at orders, too. */
async function sellOn(): Promise<void> {
  const [from, lookedAt] = [performance.now(), looks.answered];
  const isLooking = looking !== undefined;
  await cluster.waitUntil(
    'the sale goes on',
    () =>
      crowd.soldSince(from) > SOLD_MEANWHILE && (!isLooking || looks.answered - lookedAt > READ_MEANWHILE),
  );
}

async function whileAway(): Promise<void> {
  const since = performance.now();
  await sellOn();
  await cluster.waitUntil(
    'it was away for long enough',
    () => performance.now() - since > AWAY_MS,
    TEST_MS_MAX,
  );
  await sellOn();
}

/** @returns milliseconds */
async function timeUntil(what: string, condition: () => Promise<boolean>): Promise<number> {
  const since = performance.now();
  await cluster.waitUntil(what, condition, TEST_MS_MAX);
  return Math.round(performance.now() - since);
}

/** Whether Postgres has what was journaled up to this moment, epoch milliseconds. */
async function hasUpTo(at: number): Promise<boolean> {
  // Before it is asked: what the answer takes on its way is no progress.
  const now = Date.now();
  const seconds = await node().metric('doorbuster_projection_lag_seconds');
  return seconds !== undefined && now - seconds * 1_000 > at;
}

/** So far. */
function expectNobodyFailed(): void {
  expect(Object.fromEntries(crowd.unsettled), 'purchases that were not answered at once').toEqual({});
  expect(looks.wrong).toEqual([]);
}

test(
  'Postgres is down: the sale goes on, and Postgres catches up',
  async () => {
    await timeUntil('all looks at the closed sale are answered by Redis', hitsAlone);
    const goneAt = Date.now();
    isPostgresAway = true;
    await cluster.postgres.halt();
    const hits = await metric(HITS);
    await whileAway();
    expect(await hasUpTo(goneAt + SHUTDOWN_MS)).toBe(false);
    expect(await metric(HITS), 'Redis tells of the closed sale').toBeGreaterThan(hits);
    await cluster.postgres.restart();
    const backAt = Date.now();
    const ms = await timeUntil('Postgres has caught up', () => hasUpTo(backAt));
    isPostgresAway = false;
    console.log(`Postgres: away for ${AWAY_MS} ms; caught up ${ms} ms after it was back`);
    expectNobodyFailed();
  },
  TEST_MS_MAX,
);

test(
  'a thread of the projection ends: another one goes on',
  async () => {
    const before = await metric('doorbuster_projection_failures_total');
    writeFileSync(projectionFault, '');
    await cluster.waitUntil('the thread has ended', () => existsSync(`${projectionFault}.taken`));
    await sellOn();
    const endedAt = Date.now();
    const ms = await timeUntil('Postgres has caught up', () => hasUpTo(endedAt));
    expect(await hasUpTo(endedAt)).toBe(true);
    const failures = (await metric('doorbuster_projection_failures_total')) - before;
    console.log(`a projection thread: caught up after ${ms} ms, ${failures} failures`);
    expectNobodyFailed();
  },
  TEST_MS_MAX,
);

test(
  'the Redis primary is killed: its replica takes its place, and answers reads',
  async () => {
    await timeUntil('Redis answers', hitsCome);
    const before = await metric(HITS);
    await redis.primary.kill();
    await sellOn();
    // What is under way when it dies may still be counted: a hit that counts comes after a pause without any.
    const ms = await timeUntil('the replica answers', hitsCome);
    expect(await metric(HITS)).toBeGreaterThan(before);
    console.log(`the Redis primary: reads hit again after ${ms} ms`);
    expectNobodyFailed();
  },
  TEST_MS_MAX,
);

test(
  'Redis is gone: shoppers are answered without it, and from it when it is back',
  async () => {
    // The primary is dead since then.
    const hitsBefore = await metric(HITS);
    await redis.replica.kill();
    const before = { hits: await metric(HITS), unavailable: await metric(UNAVAILABLE), closed: looks.closed };
    await whileAway();
    const hits = (await metric(HITS)) - before.hits;
    const unavailable = (await metric(UNAVAILABLE)) - before.unavailable;
    expect(hits, 'hits while there is no Redis').toBeLessThanOrEqual(READERS);
    expect(unavailable, 'reads of the closed sale that Postgres answered').toBeGreaterThan(
      READ_MEANWHILE / 4,
    );
    const closed = looks.closed - before.closed;
    await Promise.all([redis.primary.start(), redis.replica.start()]);
    const ms = await timeUntil('Redis answers again', hitsCome);
    expect(hitsBefore).toBeGreaterThan(0);
    const back = await metric(HITS);
    await timeUntil('all of it is answered by Redis', async () => (await metric(HITS)) - back > CLOSED_READ);
    console.log(
      `Redis: away for ${AWAY_MS} ms: ${hitsBefore} hits before; ${closed} looks at the closed sale meanwhile, ${hits} hits, ` +
        `${unavailable} reads without Redis; reads hit again after ${ms} ms, more than ${CLOSED_READ} hits since`,
    );
    expectNobodyFailed();
  },
  TEST_MS_MAX,
);

test(
  'everybody was told the truth, and everything is in Postgres',
  async () => {
    await crowd.goHome();
    looks.isOver = true;
    await looking;
    expectNobodyFailed();
    const orders = await expectClusterTruth(cluster, [early, crowd]);
    console.log(`longest time between two purchases: ${crowd.longestPause().ms} ms`);
    console.log(
      `${orders} orders, ${looks.answered} looks, ${looks.closed} of them at the closed sale, ` +
        `${await metric(HITS)} answered by Redis, ${looks.unsaid} unsaid while Postgres was away`,
    );
    expect(orders).toBeGreaterThan(SOLD_MEANWHILE);
  },
  TEST_MS_MAX,
);

/** For as long as it takes to look at all of them, and once more. */
async function hitsAlone(): Promise<boolean> {
  const others = async (): Promise<number> => (await metric(READS('miss'))) + (await metric(UNAVAILABLE));
  const [before, closed] = [await others(), looks.closed];
  await cluster.waitUntil('all of them are looked at', () => looks.closed - closed > CLOSED_READ * 2);
  return (await others()) === before;
}

async function hitsCome(): Promise<boolean> {
  const before = await metric(HITS);
  const lookedAt = looks.answered;
  await cluster.waitUntil('some looks', () => looks.answered - lookedAt > READ_MEANWHILE);
  return (await metric(HITS)) > before;
}
