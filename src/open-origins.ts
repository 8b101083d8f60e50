// What one worker thread notes of where orders come from. Opened when the thread begins to serve, and stopped before its pool ends.

import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { networkOf, type ClientAddresses, type Counters } from './http/index.ts';
import { OrderOrigins } from './persistence/index.ts';
import type { Timers } from './runtime/index.ts';

export interface OriginsPorts {
  readonly pool: Pool;
  readonly timers: Timers;
  readonly addresses: ClientAddresses;
  readonly counters: Counters;
  /** Of this node: what is done once for each node is done by the first. */
  readonly worker: number;
  readonly logger: Logger;
}

export function openOrigins({ addresses, counters, worker, logger, ...ports }: OriginsPorts): OrderOrigins {
  const origins = new OrderOrigins({
    ...ports,
    hashOf: (address) => addresses.hashOf(address),
    networkOf,
    sweeps: worker === 0,
    onDropped: () => counters.check('origins', 'dropped'),
    onFailed: (error) =>
      logger.warn(
        { err: error },
        'where orders come from cannot be noted; it is tried again, and sales go on',
      ),
  });
  origins.start();
  return origins;
}
