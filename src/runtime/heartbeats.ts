// Proof that each worker thread makes progress: a counter in shared memory that a timer of its own event loop moves. A
// thread that hangs, whatever it hangs in, moves it no more. The watchdog reads it.

import type { Address } from './ports.ts';

/** How often a thread proves that it lives. */
export const BEAT_PERIOD_MS = 250;

export class Heartbeats {
  /** To hand to other threads. */
  readonly shared: SharedArrayBuffer;
  readonly #beats: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#beats = new Int32Array(shared);
  }

  static of(workers: number): Heartbeats {
    return new Heartbeats(new SharedArrayBuffer(workers * Int32Array.BYTES_PER_ELEMENT));
  }

  beat(worker: Address): void {
    Atomics.add(this.#beats, worker, 1);
  }

  /** 0 before the thread's first beat; only that it changes means anything. */
  of(worker: Address): number {
    return Atomics.load(this.#beats, worker);
  }

  /** Another thread begins under this number. */
  reset(worker: Address): void {
    Atomics.store(this.#beats, worker, 0);
  }
}
