// The cache that a thread has: Redis with REDIS_URL, its own memory without.

import type { Clock } from '../../runtime/ports.ts';
import type { Logger } from '../projection-health.ts';
import type { Cache } from './cache.ts';
import { MemoryCache } from './memory-cache.ts';
import type { RedisAddress } from './redis-address.ts';
import type { RedisSpending, SpendingOptions } from './redis-spending.ts';

export interface CacheOptions {
  /** Undefined: there is no Redis. */
  readonly address: RedisAddress | undefined;
  readonly prefix: string;
  /** Entries of another journal, also of one with the same prefix, are never read. */
  readonly journalId: string;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** What all nodes know of limits. The client is loaded only where there is a Redis. */
export async function openSpending(options: SpendingOptions): Promise<RedisSpending> {
  const { RedisSpending: Spending } = await import('./redis-spending.ts');
  return new Spending(options);
}

export async function openCache({ address, prefix, journalId, ...ports }: CacheOptions): Promise<Cache> {
  if (address === undefined) return new MemoryCache();
  // The client is loaded only where there is a Redis.
  const { RedisCache } = await import('./redis-cache.ts');
  return new RedisCache({ address, keys: `${prefix}:v1:${journalId}:`, ...ports });
}
