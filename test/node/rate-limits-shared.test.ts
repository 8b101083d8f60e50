// Two nodes, each with shops and orders of its own, that share their limits through one Redis; and what is left without it.

import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { startRedis, type RedisServer } from '../servers/redis.ts';

const COUNT = 20;
const PER_SECOND = 20;
const SYNC_MS = 200;
const MEASURED_MS = 8_000;
/** Between the requests of a lane: far more of them than the limit come between two exchanges all the same. */
const BREATH_MS = 5;
/** For an exchange on a machine that is busy. */
const EXCHANGE_MS_MAX = 1_500;

let redis: RedisServer;
const nodes: Engine[] = [];

beforeAll(async () => {
  redis = await startRedis();
  const env = {
    WORKERS: '1',
    REDIS_URL: redis.url,
    RATE_LIMIT_SYNC_MS: String(SYNC_MS),
    LIMIT_READ: `customer ${COUNT}/1s, address off`,
    LOG_LEVEL: 'info',
  };
  // One after the other: together they would take each other's CPU.
  for (let number = 0; number < 2; number++) nodes.push(await Engine.start({ env }));
  await Promise.all(nodes.map((node) => node.product('kettle')));
}, 180_000);

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.remove()));
  await redis.stop();
});

const stateIs = (state: string): Promise<unknown> =>
  waitUntil(`both nodes are ${state}`, async () => {
    const told = await Promise.all(
      nodes.map((node) => node.metric(`doorbuster_rate_limits_state{state="${state}"}`)),
    );
    return told.every((value) => value === 1);
  });

/** One customer at both nodes, far faster than they may. @returns answers by their status, and for how long it was */
async function hammer(customer: string): Promise<{ allowed: number; others: number[]; elapsedMs: number }> {
  const token = await nodes[0]!.token(customer);
  const since = performance.now();
  let allowed = 0;
  const others: number[] = [];
  const lanes = nodes
    .flatMap((node) => [node, node])
    .map(async (node) => {
      while (performance.now() - since < MEASURED_MS) {
        const { status } = await node.call('GET', '/v1/products/kettle', { token });
        if (status === 200) allowed++;
        else if (status !== 429) others.push(status);
        await setTimeout(BREATH_MS);
      }
    });
  await Promise.all(lanes);
  return { allowed, others, elapsedMs: performance.now() - since };
}

test('two nodes together let through no more than docs/gate.md says, and without Redis each its own', async () => {
  await stateIs('shared');
  const shared = await hammer('mallory');
  const lateMs = SYNC_MS + EXCHANGE_MS_MAX;
  const bound = 2 * COUNT + (PER_SECOND * (shared.elapsedMs + 2 * lateMs)) / 1_000;
  expect(shared.others).toEqual([]);
  expect(shared.allowed).toBeLessThanOrEqual(bound);
  // Nobody has less than the limit either.
  expect(shared.allowed).toBeGreaterThanOrEqual(COUNT);

  await redis.kill();
  await stateIs('away');
  const apart = await hammer('mallet');
  expect(apart.others).toEqual([]);
  expect(apart.allowed, 'without Redis').toBeGreaterThan(bound);
  expect(apart.allowed).toBeLessThanOrEqual(2 * COUNT + (2 * PER_SECOND * apart.elapsedMs) / 1_000);
  for (const node of nodes)
    expect(node.output).toContain('rate limits are each node’s own until Redis is there');

  await redis.start();
  await stateIs('shared');
  for (const node of nodes)
    await waitUntil('it is said', () => node.output.includes('rate limits are shared over all nodes again'));
}, 120_000);
