// What Redis does to its readers when it fails: nothing but misses.

import { afterEach, expect, test } from 'vitest';
import { CACHE_LIMITS, type Cache } from '../../../src/persistence/cache/index.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { freePort } from '../../servers/free-port.ts';
import { RedisCluster } from '../../servers/redis-cluster.ts';
import { RedisClusterReplicas } from '../../servers/redis-cluster-replicas.ts';
import { RedisSentinel } from '../../servers/redis-sentinel.ts';
import { startRedis, type RedisServer } from '../../servers/redis.ts';
import { rememberingLog } from '../log.ts';
import { endAll, KEYS, openOn, PATIENT, started, whenFound, whenWorking } from './open-caches.ts';

afterEach(endAll);

const unavailable = (cache: Cache): number => cache.figures().reads.get('order/unavailable')!;

test('a primary that is killed is replaced by its replica, and what was cached is found again', async () => {
  const place = await started(RedisSentinel.start());
  const log = rememberingLog();
  const cache = openOn(place.url, log);
  await whenWorking(cache);
  await waitUntil('the replica has it', async () => {
    await cache.put('order', 'kept', 1, 'here');
    return (await place.replica.ask('DBSIZE')) === ':1';
  });
  await place.primary.kill();
  await waitUntil('the loss is noticed', () => cache.figures().state === 'unavailable');
  expect(await cache.get('order', 'kept')).toBeUndefined();
  await waitUntil('the replica answers', async () => (await cache.get('order', 'kept')) === 'here');
  await whenFound(cache, 'new');
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
});

test('of a cluster with a primary down, its slots miss and the others hit', async () => {
  const cluster = await started(RedisCluster.start());
  const cache = openOn(cluster.url);
  await whenWorking(cache);
  const ids = Array.from({ length: 60 }, (_, number) => `id-${number}`);
  const found = (): Promise<unknown[]> => Promise.all(ids.map((id) => cache.get('order', id)));
  const putAndFound = async (): Promise<boolean> => {
    await Promise.all(ids.map((id) => cache.put('order', id, 1, id)));
    return !(await found()).includes(undefined);
  };
  await waitUntil('all are found', putAndFound);
  const gone = Number((await cluster.nodes[1]!.ask('DBSIZE')).slice(1));
  expect(gone).toBeGreaterThan(0);
  await cluster.nodes[1]!.kill();
  let misses = 0;
  await waitUntil(
    'all but its slots are found',
    async () => {
      misses = (await found()).filter((value) => value === undefined).length;
      return misses === gone;
    },
    () => ({ misses, gone }),
  );
  await cluster.nodes[1]!.start();
  // Its own it has forgotten.
  await waitUntil('all are found again', putAndFound);
});

test('a primary of a cluster that is killed is replaced by its replica, and all that was cached is found again', async () => {
  const cluster = await started(RedisCluster.start());
  const { servers: replicas } = await started(RedisClusterReplicas.start(cluster));
  const cache = openOn(cluster.url);
  await whenWorking(cache);
  const ids = Array.from({ length: 60 }, (_, number) => `id-${number}`);
  const missing = async (): Promise<number> => {
    const found = await Promise.all(ids.map((id) => cache.get('order', id)));
    return found.filter((value, at) => value !== ids[at]).length;
  };
  await waitUntil('all are found', async () => {
    await Promise.all(ids.map((id) => cache.put('order', id, 2, id)));
    return (await missing()) === 0;
  });
  const entriesOf = async (server: RedisServer): Promise<number> =>
    Number((await server.ask('DBSIZE')).slice(1));
  const inItsSlots = await entriesOf(cluster.nodes[1]!);
  expect(inItsSlots).toBeGreaterThan(0);
  await waitUntil('the replica has them', async () => (await entriesOf(replicas[1]!)) === inItsSlots);
  await cluster.nodes[1]!.kill();
  await waitUntil('the loss is noticed', async () => (await missing()) > 0);
  await waitUntil(
    'all are found, without anybody having put them again',
    async () => (await missing()) === 0,
  );
  expect(await replicas[1]!.askAll('INFO replication')).toContain('role:master');
  // It takes new ones, too, and keeps the versions of those that it has.
  await Promise.all(ids.map((id) => cache.put('order', id, 1, 'older')));
  await waitUntil('all are found as they were', async () => (await missing()) === 0);
  await whenFound(cache, 'new');
});

test('a frozen server costs readers a bounded time, then nothing; thawed it is asked again', async () => {
  const redis = await started(startRedis());
  const log = rememberingLog();
  const cache = openOn(redis.url, log);
  await whenFound(cache, 'x');
  redis.freeze();
  await waitUntil('it is given up', async () => {
    expect(await cache.get('order', 'x')).toBeUndefined();
    return cache.figures().state === 'unavailable';
  });
  const many = Array.from({ length: CACHE_LIMITS.pendingMax * 2 }, () => cache.get('order', 'x'));
  expect(new Set(await Promise.all(many))).toEqual(new Set([undefined]));
  expect(unavailable(cache)).toBeGreaterThan(CACHE_LIMITS.pendingMax * 2);
  redis.thaw();
  await waitUntil('it is found again', async () => (await cache.get('order', 'x')) === 'here');
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
});

test('a server that is not there yet is waited for, and one that comes back is used again', async () => {
  const port = await freePort();
  const log = rememberingLog();
  const cache = openOn(`redis://127.0.0.1:${port}`, log);
  await waitUntil('it is said', () => log.lines.length > 0);
  expect(await cache.get('order', 'x')).toBeUndefined();
  expect(unavailable(cache)).toBe(1);
  const redis = await started(startRedis({}, port));
  await whenFound(cache, 'x');
  await redis.kill();
  await waitUntil('the loss is noticed', () => cache.figures().state === 'unavailable');
  expect(await cache.get('order', 'x')).toBeUndefined();
  await redis.start();
  await whenFound(cache, 'x');
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info', 'warn', 'info']);
});

test('what is no entry is a miss, and gives way to one', async () => {
  const redis = await started(startRedis());
  const cache = openOn(redis.url, rememberingLog(), PATIENT);
  await whenWorking(cache);
  const key = `${KEYS}order:x`;
  const garbage = [
    `SET ${key} garbage`,
    `RPUSH ${key} a b`,
    `SET ${key} "\\x01"`,
    `SET ${key} "\\x01\\x7f\\xf0\\x00\\x00\\x00\\x00\\x00\\x00"`,
    `SET ${key} "\\x01\\x43\\x3f\\xff\\xff\\xff\\xff\\xff\\xff"`,
    `SET ${key} "\\x01\\x43\\x40\\x00\\x00\\x00\\x00\\x00\\x00 of a version that there is not"`,
    `SET ${key} "\\x01\\x7f\\xf0\\x00\\x00\\x00\\x00\\x00\\x00 of an endless version"`,
    `SET ${key} "\\x01\\x7f\\xf8\\x00\\x00\\x00\\x00\\x00\\x00 of no version"`,
    `SET ${key} "\\x02\\x3f\\xf0\\x00\\x00\\x00\\x00\\x00\\x00 of another format"`,
    `SET ${key} "\\x01\\x3f\\xf0\\x00\\x00\\x00\\x00\\x00\\x00 and a wrong sum"`,
  ];
  for (const command of garbage) {
    await redis.ask(`DEL ${key}`);
    expect(await redis.ask(command)).toMatch(/^[+:]/);
    expect(await cache.get('order', 'x'), command).toBeUndefined();
    await cache.put('order', 'x', 1, 'here');
    expect(await cache.get('order', 'x'), command).toBe('here');
  }
  await redis.ask(`COPY ${key} ${KEYS}order:y`);
  expect(await cache.get('order', 'y'), 'the entry of another key').toBeUndefined();
  await redis.ask(`SETRANGE ${key} 14 X`);
  expect(await cache.get('order', 'x'), 'a damaged one').toBeUndefined();
  expect(unavailable(cache)).toBe(0);
  await cache.put('order', 'large', 1, 'x'.repeat(CACHE_LIMITS.valueBytesMax + 1));
  expect(await redis.ask(`EXISTS ${KEYS}order:large`)).toBe(':0');
});

test('of a value that is larger than an entry no more is fetched than shows it, and it is a miss', async () => {
  const redis = await started(startRedis());
  const cache = openOn(redis.url, rememberingLog(), PATIENT);
  await cacheWithLargest(cache);
  const sentBytes = async (): Promise<number> =>
    Number(/total_net_output_bytes:(\d+)/.exec(await redis.askAll('INFO stats'))?.[1]);
  // What is no entry, made long: a hundred times as large as an entry can be.
  const length = CACHE_LIMITS.valueBytesMax * 100;
  expect(await redis.ask(`SETRANGE ${KEYS}order:endless ${length - 1} X`)).toBe(`:${length}`);
  const before = await sentBytes();
  expect(await cache.get('order', 'endless')).toBeUndefined();
  expect((await sentBytes()) - before).toBeLessThan(CACHE_LIMITS.valueBytesMax * 2);
  // An entry that was the largest, and got one byte more.
  expect(await redis.ask(`APPEND ${KEYS}order:largest X`)).toMatch(/^:/);
  expect(await cache.get('order', 'largest')).toBeUndefined();
  expect(unavailable(cache)).toBe(0);
});

test('a read-only replica is read, and named once; it is left for a better one once in a long pause, and not for each entry', async () => {
  const primary = await started(startRedis());
  const replica = await started(startRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
  await whenFound(openOn(primary.url, rememberingLog(), PATIENT), 'kept');
  const log = rememberingLog();
  let now = 0;
  const cache = openOn(replica.url, log, PATIENT, { monotonic: () => now });
  const putAndRead = (): Promise<unknown> =>
    waitUntil('what the primary has is read', async () => {
      await cache.put('order', 'new', 1, 'here');
      // Refused for the newer one there, as a primary does, too.
      await cache.put('order', 'kept', 0, 'older');
      return (await cache.get('order', 'kept')) === 'here';
    });
  const connections = async (): Promise<number> =>
    Number(/total_connections_received:(\d+)/.exec(await replica.askAll('INFO stats'))?.[1]);
  /** The question itself is one, too. */
  const connectionsOfMany = async (): Promise<number> => {
    const before = await connections();
    for (let round = 0; round < 20; round++) await putAndRead();
    return (await connections()) - before - 1;
  };
  await whenWorking(cache);
  expect(await connectionsOfMany()).toBe(1);
  expect(await connectionsOfMany()).toBe(0);
  now += CACHE_LIMITS.retryMostMs;
  expect(await connectionsOfMany()).toBe(1);
  expect(log.lines).toMatchObject([{ level: 'error', message: expect.stringMatching(/read-only replica/) }]);
  await replica.ask('REPLICAOF NO ONE');
  await whenFound(cache, 'new');
  expect(log.lines.map(({ level }) => level)).toEqual(['error', 'info']);
});

/** With as large an entry as there can be, which is found. */
async function cacheWithLargest(cache: Cache): Promise<void> {
  await whenWorking(cache);
  // Before such a text MessagePack has three bytes.
  const largest = 'x'.repeat(CACHE_LIMITS.valueBytesMax - 3);
  await cache.put('order', 'largest', 1, largest);
  expect(await cache.get('order', 'largest')).toBe(largest);
}
