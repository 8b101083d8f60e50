// One contract for every kind of cache: in the process, one Redis, Redis behind sentinels, and a Redis Cluster.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryCache, parseRedisAddress, type Cache } from '../../../src/persistence/cache/index.ts';
import { RedisCache } from '../../../src/persistence/cache/redis-cache.ts';
import { systemClock } from '../../../src/runtime/index.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { RedisCluster } from '../../servers/redis-cluster.ts';
import { RedisSentinel } from '../../servers/redis-sentinel.ts';
import { startRedis } from '../../servers/redis.ts';
import { rememberingLog } from '../log.ts';

const KINDS: Record<string, (() => Promise<{ url: string; stop(): Promise<void> }>) | undefined> = {
  'in the process': undefined,
  'one Redis': () => startRedis(),
  'Redis behind sentinels': () => RedisSentinel.start(),
  'Redis Cluster': () => RedisCluster.start(),
};
const RUNS = 30;
const WRITES = 90;
/** A busy machine makes no miss here. */
const PATIENT = { readMs: 30_000, writeMs: 30_000 };
let series = 0;

describe.each(Object.entries(KINDS))('%s', (_, startServers) => {
  let servers: { url: string; stop(): Promise<void> } | undefined;
  const caches: Cache[] = [];

  beforeAll(async () => {
    servers = await startServers?.();
  });
  afterAll(async () => {
    await Promise.all(caches.map((cache) => cache.close()));
    await servers?.stop();
  });

  async function open(
    keys = 'test:v1:journal:',
    lifetimeMs?: { order: number; products: number },
  ): Promise<Cache> {
    const cache =
      servers === undefined
        ? new MemoryCache(lifetimeMs)
        : new RedisCache({
            address: parseRedisAddress(servers.url),
            keys,
            logger: rememberingLog(),
            clock: systemClock,
            waitMs: PATIENT,
            ...(lifetimeMs && { lifetimeMs }),
          });
    caches.push(cache);
    await waitUntil('the cache is there', () => cache.figures().state !== 'unavailable');
    return cache;
  }

  test('a lower version never overwrites a higher one, and what is invalidated does not come back', async () => {
    const cache = await open();
    const step = fc.record({
      id: fc.constantFrom('a', 'b', 'c'),
      version: fc.integer({ min: 1, max: 6 }),
      isInvalidation: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.boolean(), async (steps, isAtOnce) => {
        const run = `run-${series++}`;
        const model = new Map<string, { version: number; value: string | undefined }>();
        const applied: Promise<void>[] = [];
        for (const { id, version, isInvalidation } of steps) {
          const value = isInvalidation ? undefined : `${id}@${version}`;
          const stored = model.get(id);
          const wins =
            stored === undefined ||
            stored.version < version ||
            (stored.version === version && !isInvalidation);
          if (wins) model.set(id, { version, value });
          const done = isInvalidation
            ? cache.invalidate('products', `${run}-${id}`, version)
            : cache.put('products', `${run}-${id}`, version, value);
          applied.push(done);
          if (!isAtOnce) await done;
        }
        await Promise.all(applied);
        for (const id of ['a', 'b', 'c'])
          expect(await cache.get('products', `${run}-${id}`), id).toBe(model.get(id)?.value);
      }),
      { numRuns: RUNS },
    );
    expect(cache.figures().reads.get('products/unavailable')).toBe(0);
  });

  test('of several writers at once the highest version stays, and no reader sees an older one after a newer', async () => {
    // Without servers there is one cache, and whoever writes, writes to that.
    const one = await open();
    const writers = startServers === undefined ? [one, one, one] : [one, await open(), await open()];
    const readers = startServers === undefined ? [one] : [one, await open()];
    const id = `many-${series++}`;
    const all = Array.from({ length: WRITES }, (_, number) => number + 1);
    const order = fc.sample(fc.shuffledSubarray(all, { minLength: WRITES }), { numRuns: 1 })[0]!;
    const writing = { isOver: false };
    const read = async (cache: Cache): Promise<number[]> => {
      const seen: number[] = [];
      while (!writing.isOver) {
        const version = await cache.get('order', id);
        if (version !== undefined) seen.push(version as number);
        // Nothing else moves in the memory of one thread.
        await new Promise((resolve) => setImmediate(resolve));
      }
      return seen;
    };
    const reading = readers.map(read);
    const write = async (cache: Cache, number: number): Promise<void> => {
      for (let at = number; at < order.length; at += writers.length) {
        await cache.put('order', id, order[at]!, order[at]!);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(writers.map(write));
    writing.isOver = true;
    for (const seen of await Promise.all(reading))
      expect(seen, `written in this order: ${order.join()}`).toEqual(seen.toSorted((a, b) => a - b));
    expect(await one.get('order', id), `written in this order: ${order.join()}`).toBe(WRITES);
  });

  test('what is put is found, as it was, and only under its kind and its name', async () => {
    const cache = await open();
    const value = { text: 'ä€', list: [1, null, true], amount: 2 ** 40 };
    await cache.put('order', 'x', 1, value);
    expect(await cache.get('order', 'x')).toEqual(value);
    expect(await cache.get('order', 'y')).toBeUndefined();
    expect(await cache.get('products', 'x')).toBeUndefined();
  });

  test('an entry ends by itself', async () => {
    const cache = await open(undefined, { order: 300, products: 60_000 });
    await cache.put('order', 'short', 1, 'here');
    await cache.put('products', 'long', 1, 'here');
    await waitUntil('the short one is gone', async () => (await cache.get('order', 'short')) === undefined);
    expect(await cache.get('products', 'long')).toBe('here');
  });

  const isShared = startServers !== undefined;
  test(`threads ${isShared ? 'share it' : 'have one each'}; another journal has its own`, async () => {
    const [one, other, another] = [await open(), await open(), await open('test:v1:another:')];
    await one.put('order', 'shared', 1, 'here');
    expect(await other.get('order', 'shared')).toBe(isShared ? 'here' : undefined);
    expect(await another.get('order', 'shared')).toBeUndefined();
  });
});
