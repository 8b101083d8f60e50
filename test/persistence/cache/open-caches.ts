// Caches on real servers for one test file: opened here, and all of it ended in reverse by `endAll` after each test.

import { parseRedisAddress, type Cache } from '../../../src/persistence/cache/index.ts';
import { RedisCache, type RedisCacheOptions } from '../../../src/persistence/cache/redis-cache.ts';
import { systemClock } from '../../../src/runtime/index.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { rememberingLog } from '../log.ts';

export const KEYS = 'test:v1:journal:';
/** A busy machine makes no miss with it. */
export const PATIENT: RedisCacheOptions['waitMs'] = { readMs: 30_000, writeMs: 30_000 };

const undo: (() => Promise<void> | void)[] = [];

export async function endAll(): Promise<void> {
  for (const step of undo.splice(0).toReversed()) await step();
}

export async function started<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const servers = await starting;
  undo.push(() => servers.stop());
  return servers;
}

export function openOn(
  url: string,
  log = rememberingLog(),
  waitMs?: RedisCacheOptions['waitMs'],
  clock: RedisCacheOptions['clock'] = systemClock,
): Cache {
  const address = parseRedisAddress(url);
  const options = { address, keys: KEYS, logger: log, clock };
  const cache = new RedisCache({ ...options, ...(waitMs && { waitMs }) });
  undo.push(() => cache.close());
  return cache;
}

export const whenWorking = (cache: Cache): Promise<unknown> =>
  waitUntil('the cache works', () => cache.figures().state === 'working');

/** Puts and reads again until it is found. */
export const whenFound = (cache: Cache, id: string): Promise<unknown> =>
  waitUntil(`${id} is found`, async () => {
    await cache.put('order', id, 1, 'here');
    return (await cache.get('order', id)) === 'here';
  });

/** It says once what is wrong, as an error that matches, with none of the secrets; and a read is a miss. */
export async function expectRefused(
  url: string,
  message: RegExp,
  secrets: readonly string[] = [],
): Promise<void> {
  const log = rememberingLog();
  const cache = openOn(url, log);
  const errors = () => log.lines.filter(({ level }) => level === 'error');
  await waitUntil(
    'it is said',
    () => errors().length > 0,
    () => log.lines,
  );
  if ((await cache.get('order', 'x')) !== undefined) throw new Error('it was found');
  await cache.close();
  const text = JSON.stringify(log.lines);
  const leak = secrets.find((secret) => text.includes(secret));
  if (!message.test(errors()[0]!.message) || errors().length > 1 || leak !== undefined)
    throw new Error(`it should be refused once for ${String(message)}, without ${secrets.join()}: ${text}`);
}
