// The end of what a node's main thread keeps from Postgres: the keeper stops, then its pool ends. A Postgres that says nothing is not
// waited for, since the process ends all the same.

import type { Pool } from 'pg';
import { systemTimers as timers } from './runtime/index.ts';

const KEEPER_STOP_MS_MAX = 2_000;

export async function stopKeeper(keeper: { stop(): Promise<void> }, pool: Pool): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = timers.after(KEEPER_STOP_MS_MAX, resolve);
  await Promise.race([late, keeper.stop().then(() => pool.end())]);
  cancel();
}
