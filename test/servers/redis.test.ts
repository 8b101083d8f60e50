// The Redis of the tests is a real one, started as the shipped one is: it keeps nothing, and forgets what was not read for long.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type RedisServer } from './redis.ts';
import { shippedFile } from './shipped-file.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

test('it answers, begins with the shipped file, and leaves nothing on the disk but that', async () => {
  expect(await redis.ask('PING')).toBe('+PONG');
  expect(await redis.ask('SET units 500')).toBe('+OK');
  expect(await redis.askAll('CONFIG GET maxmemory-policy')).toContain('allkeys-lru');
  await redis.halt();
  expect(readdirSync(redis.folder)).toEqual(['redis.conf']);
  const started = readFileSync(join(redis.folder, 'redis.conf'), 'utf8');
  expect(started.startsWith(readFileSync(shippedFile('redis/redis.conf'), 'utf8'))).toBe(true);
  await expect(redis.ask('PING')).rejects.toThrow(/ECONNREFUSED/);
  await redis.start();
  expect(await redis.ask('STRLEN units')).toBe(':0');
});
