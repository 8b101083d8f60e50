// The Redis of the tests is a real one, and keeps what it acknowledged.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type RedisServer } from './redis.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

test('it answers, and a kill takes nothing that it acknowledged', async () => {
  expect(await redis.ask('PING')).toBe('+PONG');
  expect(await redis.ask('SET units 500')).toBe('+OK');
  await redis.kill();
  await expect(redis.ask('PING')).rejects.toThrow(/ECONNREFUSED/);
  await redis.start();
  expect(await redis.ask('STRLEN units')).toBe(':3');
});
