// How reads of one thread's cache went.

import { CACHE_KINDS, CACHE_RESULTS, type CacheKind, type CacheResult } from './cache.ts';

export class ReadCounts {
  /** By `kind/result`; all of them from the beginning, so that a rate has a zero to start from. */
  readonly byName = new Map<string, number>(
    CACHE_KINDS.flatMap((kind) => CACHE_RESULTS.map((result) => [`${kind}/${result}`, 0])),
  );

  add(kind: CacheKind, result: CacheResult): void {
    const name = `${kind}/${result}`;
    this.byName.set(name, this.byName.get(name)! + 1);
  }
}
