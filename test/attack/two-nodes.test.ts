// Attacks on two nodes at once, which share NATS, Postgres and Redis.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ground } from '../../bench/attack/ground.ts';
import { runScenario } from '../../bench/attack/run.ts';
import { ticketReplay } from '../../bench/attack/scenarios/ticket-replay.ts';
import { outcomeOf, SCALE, twoNodes } from './ground.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await twoNodes();
});
afterAll(() => ground?.stop());

test('ticket-replay is held: one ticket and one solved challenge are one order, whichever nodes they are sent to', async () => {
  const report = await runScenario(ticketReplay, ground, SCALE);
  expect(outcomeOf(report)).toEqual({ breaches: 0, violations: 0, told: [] });
  expect(report.blocked['ticket_invalid']).toBeGreaterThan(0);
});
