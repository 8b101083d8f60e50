// The cache of one thread, for a node without Redis: a bounded memory with short lifetimes, since nobody tells it of changes.

import { LRUCache } from 'lru-cache';
import { CACHE_LIMITS, OWN_LIFETIME_MS, type Cache, type CacheFigures, type CacheKind } from './cache.ts';
import { ReadCounts } from './read-counts.ts';

interface Entry {
  readonly version: number;
  /** Undefined: a tombstone. */
  readonly value: unknown;
}

export class MemoryCache implements Cache {
  readonly #counts = new ReadCounts();
  readonly #entries = new LRUCache<string, Entry>({ max: CACHE_LIMITS.entriesMax });
  readonly #lifetimeMs: Readonly<Record<CacheKind, number>>;

  constructor(lifetimeMs: Readonly<Record<CacheKind, number>> = OWN_LIFETIME_MS) {
    this.#lifetimeMs = lifetimeMs;
  }

  get(kind: CacheKind, id: string): Promise<unknown> {
    const value = this.#entries.get(`${kind}:${id}`)?.value;
    this.#counts.add(kind, value === undefined ? 'miss' : 'hit');
    return Promise.resolve(value);
  }

  put(kind: CacheKind, id: string, version: number, value: unknown): Promise<void> {
    const key = `${kind}:${id}`;
    const stored = this.#entries.peek(key);
    if (stored === undefined || stored.version <= version)
      this.#entries.set(key, { version, value }, { ttl: this.#lifetimeMs[kind] });
    return Promise.resolve();
  }

  invalidate(kind: CacheKind, id: string, version: number): Promise<void> {
    const key = `${kind}:${id}`;
    const stored = this.#entries.peek(key);
    if (stored === undefined || stored.version < version)
      this.#entries.set(key, { version, value: undefined }, { ttl: CACHE_LIMITS.tombstoneMs });
    return Promise.resolve();
  }

  figures(): CacheFigures {
    return { reads: this.#counts.byName, state: 'in_process' };
  }

  close(): Promise<void> {
    this.#entries.clear();
    return Promise.resolve();
  }
}
