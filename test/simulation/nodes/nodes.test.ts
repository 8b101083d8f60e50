// A cluster of three or four nodes through half a minute of accidents, by seed. Thousands of seeds: run.ts, by hand.

import { expect, test } from 'vitest';
import { simulate } from './simulate.ts';

const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 40);
const FIRST_SEED = Number(process.env['SIMULATION_FIRST_SEED'] ?? 1);

test(`no seed of ${SEEDS} has two owners, an untrue answer, a lost order or a shard that sells nowhere`, async () => {
  const sums = { orders: 0, answers: 0, claims: 0, fetched: 0, declaredDead: 0, clocksOff: 0, waiting: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const { wrong, nodes, orders, answers } = await simulate(seed);
    expect(wrong, `repeat with npx node test/simulation/nodes/run.ts ${seed} 1 --trace`).toEqual([]);
    const { fetched, declaredDead, clocksOff, waiting } = nodes.counts;
    for (const [name, count] of Object.entries({
      orders,
      answers,
      claims: nodes.log.claims,
      fetched,
      declaredDead,
      clocksOff,
      waiting,
    }))
      sums[name as keyof typeof sums] += count;
  }
  // The world must be rough enough to mean something, and orders are made all the same.
  expect(sums.orders).toBeGreaterThan(SEEDS * 30);
  expect(sums.answers).toBeGreaterThan(SEEDS * 200);
  expect(sums.claims).toBeGreaterThan(SEEDS * 15);
  expect(sums.fetched).toBeGreaterThan(SEEDS * 5);
  expect(sums.waiting).toBeGreaterThan(SEEDS / 2);
  expect(sums.declaredDead).toBeGreaterThan(SEEDS / 4);
  expect(sums.clocksOff).toBeGreaterThan(SEEDS / 20);
}, 240_000);
