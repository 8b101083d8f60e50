// The public door of the read cache. The client of Redis stays behind it until somebody opens one.

export {
  CACHE_KINDS,
  CACHE_LIMITS,
  CACHE_RESULTS,
  CACHE_STATES,
  LIFETIME_MS,
  type Cache,
  type CacheFigures,
  type CacheKind,
  type CacheState,
} from './cache.ts';
export { MemoryCache } from './memory-cache.ts';
export { openCache, openSpending, type CacheOptions } from './open-cache.ts';
export { parseRedisAddress, RedisAddressWrong, type RedisAddress } from './redis-address.ts';
