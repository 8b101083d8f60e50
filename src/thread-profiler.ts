// CPU and heap profiles of live worker threads, taken from the main thread: a thread that spins for ever is seen, too. One
// at a time in a node, since each costs the thread it looks at, and another one's costs would show in it.

import type { ProfileOutcome, ProfileRequest } from './http/index.ts';
import type { WorkerThread } from './worker-thread.ts';

/** What a node holds of it, and sends. */
const PROFILE_BYTES_MAX = 64 * 1024 * 1024;

export class ThreadProfiler {
  readonly #threadOf: (worker: number) => WorkerThread | undefined;
  readonly #workers: number;
  #isBusy = false;

  /** @param threadOf undefined while the number has no living thread */
  constructor(workers: number, threadOf: (worker: number) => WorkerThread | undefined) {
    this.#workers = workers;
    this.#threadOf = threadOf;
  }

  async take({ worker, kind, seconds }: ProfileRequest): Promise<ProfileOutcome> {
    if (worker >= this.#workers) return { outcome: 'unknown_worker', workers: this.#workers };
    if (this.#isBusy) return { outcome: 'busy' };
    this.#isBusy = true;
    try {
      const json = await this.#threadOf(worker)?.profile(kind, seconds * 1_000);
      if (json === undefined) return { outcome: 'thread_ended' };
      return json.length > PROFILE_BYTES_MAX ? { outcome: 'too_large' } : { outcome: 'taken', json };
    } finally {
      this.#isBusy = false;
    }
  }
}
