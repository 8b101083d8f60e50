// The grounds of attacks for tests, with a template of Postgres, so that a start is short.

import { inject } from 'vitest';
import { Gates, type GateName } from '../../bench/attack/gates.ts';
import { startNode, startTwoNodes, type Ground } from '../../bench/attack/ground.ts';
import type { AttackReport } from '../../bench/attack/scenario.ts';

/** Of the command's usual numbers. */
export const SCALE = 0.1;
/** For one scenario, on a machine that is busy with others. */
export const SCENARIO_MS_MAX = 300_000;

export function nodeWithout(...open: readonly GateName[]): Promise<Ground> {
  process.env['BENCH_POSTGRES_TEMPLATE'] = inject('postgresNodeTemplate');
  return startNode(new Gates(open));
}

export const twoNodes = (): Promise<Ground> => startTwoNodes(new Gates());

/** What a test looks at, and what it shows when it fails. */
export const outcomeOf = ({ breaches, violations, told }: AttackReport): object => ({
  breaches,
  violations,
  told,
});
