// The doors of a node that serves HTTP: opened on its main thread when Postgres is there, before its threads serve.

import type { Logger } from 'pino';
import { DoorKeeper } from './door-keeper.ts';
import { CustomerLists, DoorReads, openPool, type PostgresConnection } from './persistence/index.ts';
import { systemClock as clock, systemRandom as random, systemTimers as timers } from './runtime/index.ts';
import { stopKeeper } from './stop-keeper.ts';
import type { WorkerPool } from './worker-pool.ts';

/** One for looks, one for a list, one for shoppers' questions. */
const CONNECTIONS = 3;

export interface OpenDoors {
  readonly keeper: DoorKeeper;
  stop(): Promise<void>;
}

export async function openDoors(
  connection: PostgresConnection,
  workers: Pick<WorkerPool, 'tellDoors'>,
  logger: Logger,
): Promise<OpenDoors> {
  const pool = openPool(connection, CONNECTIONS, 'doorbuster doors');
  const keeper = new DoorKeeper({
    reads: new DoorReads(pool),
    lists: new CustomerLists(pool, clock, random),
    tell: (told) => workers.tellDoors(told),
    clock,
    timers,
    logger,
  });
  await keeper.start();
  return { keeper, stop: () => stopKeeper(keeper, pool) };
}
