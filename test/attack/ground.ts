// The grounds of attacks for tests, on the Postgres server that all tests share, so that a start is short.

import { Gates, type GateName } from '../../bench/attack/gates.ts';
import { startNode, startTwoNodes, type Ground } from '../../bench/attack/ground.ts';
import type { AttackReport } from '../../bench/attack/scenario.ts';
import { createNodeDatabase } from '../servers/node-database.ts';

/** Of the command's usual numbers. */
export const SCALE = 0.1;
/** For one scenario, on a machine that is busy with others. */
export const SCENARIO_MS_MAX = 300_000;

export async function nodeWithout(...open: readonly GateName[]): Promise<Ground> {
  const database = await createNodeDatabase();
  try {
    const ground = await startNode(new Gates(open), database.url);
    return {
      ...ground,
      stop: async () => {
        await ground.stop();
        await database.drop();
      },
    };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

/** What is attacked is that they are two, not their threads. */
export function twoNodes(): Promise<Ground> {
  process.env['WORKERS'] = '1';
  return startTwoNodes(new Gates());
}

/** What a test looks at, and what it shows when it fails. */
export const outcomeOf = ({ breaches, violations, told }: AttackReport): object => ({
  breaches,
  violations,
  told,
});
