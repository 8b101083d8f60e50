// The rate limits of one node: the buckets that its worker threads share, and what tells other nodes of them. Opened before the threads
// start, and stopped by whoever opened it.

import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { BucketTable, LimitExchange, type ExchangeFigures } from './http/index.ts';
import { openSpending } from './persistence/index.ts';
import { systemClock as clock, systemTimers as timers } from './runtime/index.ts';

export interface NodeLimits {
  /** For worker threads. */
  readonly buckets: SharedArrayBuffer;
  figures(): ExchangeFigures;
  stop(): Promise<void>;
}

/** It connects while the node starts, and may miss an exchange: that is nothing to tell. */
const AWAY_TOLD_MS = 1_000;

/** @returns undefined where nothing is limited */
export async function openLimits(config: Config, logger: Logger): Promise<NodeLimits | undefined> {
  const { rateLimits, cache, cluster } = config;
  if (rateLimits === undefined || !config.roles.has('http')) return undefined;
  const { redis: address, prefix } = cache;
  if (address === undefined && cluster !== undefined)
    logger.warn(
      'rate limits are each node’s own: without REDIS_URL a customer has the limit on every node of the cluster',
    );
  const shared = address && (await openSpending({ address, prefix, clock }));
  const table = new BucketTable(shared !== undefined);
  let failingSince: number | undefined;
  let isTold = false;
  const exchange = new LimitExchange({
    table,
    shared,
    clock,
    timers,
    periodMs: rateLimits.syncMs,
    onFailed: (error) => {
      failingSince ??= clock.monotonic();
      if (isTold || clock.monotonic() - failingSince < AWAY_TOLD_MS) return;
      isTold = true;
      const cause = error instanceof Error ? error.message : String(error);
      logger.warn({ cause }, 'rate limits are each node’s own until Redis is there; nothing else changes');
    },
    onSucceeded: () => {
      if (isTold) logger.info('rate limits are shared over all nodes again');
      failingSince = undefined;
      isTold = false;
    },
  });
  exchange.start();
  return {
    buckets: table.shared,
    figures: () => exchange.figures(),
    stop: async () => {
      await exchange.stop();
      shared?.close();
    },
  };
}
