// The same attacks where the gates are left open: each is found out. What cannot fail proves nothing.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ground } from '../../bench/attack/ground.ts';
import { runScenario } from '../../bench/attack/run.ts';
import type { Scenario } from '../../bench/attack/scenario.ts';
import { backDoor } from '../../bench/attack/scenarios/back-door.ts';
import { greedyNeighbour } from '../../bench/attack/scenarios/greedy-neighbour.ts';
import { holdEverything } from '../../bench/attack/scenarios/hold-everything.ts';
import { hundredAddresses } from '../../bench/attack/scenarios/hundred-addresses.ts';
import { hundredCustomers } from '../../bench/attack/scenarios/hundred-customers.ts';
import { launchSpike } from '../../bench/attack/scenarios/launch-spike.ts';
import { refreshStorm } from '../../bench/attack/scenarios/refresh-storm.ts';
import { ticketReplay } from '../../bench/attack/scenarios/ticket-replay.ts';
import { ticketSharing } from '../../bench/attack/scenarios/ticket-sharing.ts';
import { nodeWithout, SCALE, SCENARIO_MS_MAX } from './ground.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await nodeWithout('limits', 'tickets', 'work', 'holds');
});
afterAll(() => ground?.stop());

test.each<[Scenario, RegExp]>([
  [launchSpike, /an order of a bot that has no ticket/],
  [refreshStorm, /from one address that passed the limit/],
  [hundredAddresses, /of one customer that passed the limit/],
  [hundredCustomers, /from made-up addresses that passed the limit/],
  [greedyNeighbour, /of the greedy one that passed the limit/],
  [ticketSharing, /a friend’s order: answered 201/],
  [ticketReplay, /orders for one ticket, and at most 1/],
  [backDoor, /an order with no ticket: answered 201/],
  [holdEverything, /orders of one customer who never pays, and at most 1/],
])(
  'without gates, $name gets through, and says so',
  async (scenario, told) => {
    const { breaches, told: what, violations } = await runScenario(scenario, ground, SCALE);
    expect(what.join('\n')).toMatch(told);
    expect(breaches).toBeGreaterThan(0);
    // Even so, nothing was sold twice.
    expect(violations).toBe(0);
  },
  SCENARIO_MS_MAX,
);
