// The port of the read cache: answers that may be given again, each with a version. It holds no truth and no lock: whoever
// misses asks the actor or Postgres, and whatever the cache's server does, nobody fails by it.
//
//   put 7        ──▶ entry 7         put 6 ──▶ still entry 7
//   invalidate 9 ──▶ tombstone 9     put 7 (read before the change, written after it) ──▶ still tombstone 9
//
// Whoever opened it closes it.

export const CACHE_KINDS = ['order', 'products'] as const;
export type CacheKind = (typeof CACHE_KINDS)[number];

export const CACHE_RESULTS = ['hit', 'miss', 'unavailable'] as const;
export type CacheResult = (typeof CACHE_RESULTS)[number];

/** `in_process`: there is no server. `unavailable`: there is none at this moment; it passes by itself. */
export const CACHE_STATES = ['working', 'unavailable', 'in_process'] as const;
export type CacheState = (typeof CACHE_STATES)[number];

export interface CacheFigures {
  /** By `kind/result`. */
  readonly reads: ReadonlyMap<string, number>;
  readonly state: CacheState;
}

/** No operation rejects: a failure is a miss, or an entry that is not there. Each is bounded in time. */
export interface Cache {
  /** @returns undefined for a miss. What comes is what anybody wrote there: the reader checks its shape */
  get(kind: CacheKind, id: string): Promise<unknown>;
  /** @param version a higher one that is there stays; the same one is replaced, since it says the same */
  put(kind: CacheKind, id: string, version: number, value: unknown): Promise<void>;
  /** What is older than this version is gone, and cannot come back. */
  invalidate(kind: CacheKind, id: string, version: number): Promise<void>;
  figures(): CacheFigures;
  close(): Promise<void>;
}

/** Of an entry, by its kind. An order of a retired product never changes; of a list this bounds how old it can be when an invalidation is lost. */
export const LIFETIME_MS = { order: 600_000, products: 10_000 } as const satisfies Record<CacheKind, number>;

/** In a thread's own memory, where no invalidation comes. */
export const OWN_LIFETIME_MS = { order: 60_000, products: 1_000 } as const satisfies Record<
  CacheKind,
  number
>;

export const CACHE_LIMITS = {
  /** Longer than any read of Postgres that could still fill what was invalidated. */
  tombstoneMs: 60_000,
  valueBytesMax: 64 * 1024,
  entriesMax: 2_000,
  connectMs: 2_000,
  /** For a reader: behind it, it is a miss. */
  readMs: 50,
  writeMs: 500,
  pendingMax: 1_000,
  /** A connection that says nothing for so long, and owes an answer, is ended. */
  silenceMs: 2_000,
  failuresMax: 5,
  /** A server of several that still answers is no reason to stop asking. */
  failingMs: 250,
  retryFirstMs: 100,
  retryMostMs: 5_000,
} as const;
