// What nodes took of limits, on real servers.

import { afterEach, expect, test } from 'vitest';
import { openSpending, parseRedisAddress } from '../../../src/persistence/cache/index.ts';
import type { RedisSpending } from '../../../src/persistence/cache/redis-spending.ts';
import { systemClock } from '../../../src/runtime/index.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { RedisCluster } from '../../servers/redis-cluster.ts';
import { startRedis } from '../../servers/redis.ts';
import { endAll, started } from './open-caches.ts';

const opened: RedisSpending[] = [];

afterEach(async () => {
  for (const spending of opened.splice(0)) spending.close();
  await endAll();
});

/** @param waitMs a busy machine is never late with the one that is there by default */
async function openOn(url: string, waitMs = 30_000): Promise<RedisSpending> {
  const address = parseRedisAddress(url);
  const spending = await openSpending({ address, prefix: 'test', clock: systemClock, waitMs });
  opened.push(spending);
  await waitUntil('it is connected', () =>
    spending.spend([{ bucket: 'first', units: 1 }]).then(
      () => true,
      () => false,
    ),
  );
  return spending;
}

/** Ten minutes, so that nothing comes back meanwhile that would be noticed. */
const MUCH = 60_000_000;

const buckets = (name: string, units: number) =>
  Array.from({ length: 40 }, (_, at) => ({ bucket: `${name}${at.toString(16).padStart(8, '0')}`, units }));

test.each([
  ['one server', startRedis],
  ['a Cluster', () => RedisCluster.start()],
])('on %s what two nodes take adds up, each bucket by itself', async (_, start) => {
  const { url } = await started<{ url: string; stop(): Promise<void> }>(start());
  const [one, other] = [await openOn(url), await openOn(url)];
  const first = await one.spend(buckets('x', MUCH));
  for (const ahead of first) expect(ahead).toBe(MUCH);
  const second = await other.spend(buckets('x', MUCH));
  for (const ahead of second) {
    expect(ahead).toBeLessThanOrEqual(2 * MUCH);
    expect(ahead).toBeGreaterThan(1.5 * MUCH);
  }
  expect(await other.spend(buckets('y', 5_000))).toEqual(buckets('y', 5_000).map(() => 5_000));
});

test('an entry ends when its bucket is full, and what is no entry is none', async () => {
  const redis = await started(startRedis());
  const spending = await openOn(redis.url);
  expect(await spending.spend([{ bucket: 'short', units: 100 }])).toEqual([100]);
  await waitUntil('it is gone', async () => (await redis.ask('EXISTS test:v1:limits:{t}short')) === ':0');
  for (const [bucket, write] of [
    ['text', 'SET test:v1:limits:{t}text somebody'],
    ['list', 'RPUSH test:v1:limits:{t}list 1 2'],
    ['endless', 'SET test:v1:limits:{s}endless 1e300'],
    ['nan', 'SET test:v1:limits:{n}nan nan'],
  ] as const) {
    await redis.ask(write);
    const [ahead] = await spending.spend([{ bucket, units: 700 }]);
    expect(ahead, bucket).toBeLessThanOrEqual(2 ** 30 + 700);
    expect(ahead, bucket).toBeGreaterThanOrEqual(700);
  }
});

test('a server that is gone, frozen or refuses is an error in bounded time, and it comes back', async () => {
  const redis = await started(startRedis());
  const spending = await openOn(redis.url, 1_000);
  redis.freeze();
  await expect(spending.spend([{ bucket: 'a', units: 1 }])).rejects.toThrow('did not answer');
  redis.thaw();
  await redis.kill();
  // In the client's words or ours, as far as it has noticed.
  await expect(spending.spend([{ bucket: 'a', units: 1 }])).rejects.toThrow(Error);
  await redis.start();
  await waitUntil('it is asked again', () =>
    spending.spend([{ bucket: 'a', units: 1 }]).then(
      () => true,
      () => false,
    ),
  );
});
