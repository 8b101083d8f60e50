// Every attack against a node with every gate on, in the small: nothing gets through that should not, and every honest shopper
// beside it buys.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ground } from '../../bench/attack/ground.ts';
import { runScenario } from '../../bench/attack/run.ts';
import type { AttackReport } from '../../bench/attack/scenario.ts';
import { SCENARIOS } from '../../bench/attack/scenarios/index.ts';
import { slowBodies } from '../../bench/attack/scenarios/slow-bodies.ts';
import { nodeWithout, outcomeOf, SCALE, SCENARIO_MS_MAX } from './ground.ts';

const HERE = SCENARIOS.filter((each) => each.ground === 'node' && each !== slowBodies);

let ground: Ground;
/** It lasts as long as a node bears a slow connection: others attack meanwhile. */
let slow: Promise<AttackReport>;

beforeAll(async () => {
  ground = await nodeWithout();
  slow = runScenario(slowBodies, ground, SCALE);
  // Its failure is told by its own test.
  slow.catch(() => undefined);
});
afterAll(() => ground?.stop());

test.each(HERE.map((each) => [each.name, each] as const))(
  '%s is held: nothing got through that should not',
  async (_, scenario) => {
    const report = await runScenario(scenario, ground, SCALE);
    expect(outcomeOf(report)).toEqual({ breaches: 0, violations: 0, told: [] });
    expect(Object.keys(report.blocked)).not.toEqual([]);
    expect(report.honest.bought).toBeGreaterThan(0);
  },
  SCENARIO_MS_MAX,
);

test(
  'slow-bodies is held: connections that are kept busy with nothing are ended',
  async () => {
    const report = await slow;
    expect(outcomeOf(report)).toEqual({ breaches: 0, violations: 0, told: [] });
    expect(report.blocked).toEqual({ 'status 408': report.attempts });
  },
  SCENARIO_MS_MAX,
);
