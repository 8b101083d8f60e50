// Notices worker threads that make no progress any more, or never begin to. Runs on the main thread; ended by `stop`.
//
// It counts only time in which it was seen running itself: one period for each of its looks, however late the look comes.
// A process that was stopped, a machine that slept, or a main thread that was held up therefore accuses nobody.

import type { Address, Clock, Timers } from './ports.ts';

const LOOK_PERIOD_MS = 250;

interface Watched {
  beats: number;
  stalledMs: number;
}

export interface WatchdogOptions {
  readonly workers: number;
  /** 0 for a thread that has not begun; a change is progress. */
  readonly beatsOf: (worker: Address) => number;
  readonly stallMsMax: number;
  /** From a thread's start to its first beat; it loads its code meanwhile and cannot beat. */
  readonly startMsMax: number;
  /** Called once for each time that a thread stalls. @param hasBegun whether it ever beat */
  readonly onStalled: (worker: Address, hasBegun: boolean) => void;
}

export class Watchdog {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #options: WatchdogOptions;
  readonly #watched: Watched[];
  #lookedAt = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, timers: Timers, options: WatchdogOptions) {
    this.#clock = clock;
    this.#timers = timers;
    this.#options = options;
    this.#watched = Array.from({ length: options.workers }, () => ({ beats: 0, stalledMs: 0 }));
  }

  start(): void {
    this.#lookedAt = this.#clock.monotonic();
    this.#cancel = this.#timers.after(LOOK_PERIOD_MS, () => {
      this.#look();
      this.start();
    });
  }

  /** Another thread begins under this number. */
  begins(worker: Address): void {
    this.#watched[worker] = { beats: 0, stalledMs: 0 };
  }

  stop(): void {
    this.#cancel?.();
  }

  #look(): void {
    const { beatsOf, stallMsMax, startMsMax, onStalled } = this.#options;
    const seenMs = Math.min(this.#clock.monotonic() - this.#lookedAt, LOOK_PERIOD_MS);
    for (const [worker, watched] of this.#watched.entries()) {
      const beats = beatsOf(worker);
      if (beats !== watched.beats) {
        watched.beats = beats;
        watched.stalledMs = 0;
        continue;
      }
      const msMax = beats === 0 ? startMsMax : stallMsMax;
      const wasStalled = watched.stalledMs >= msMax;
      watched.stalledMs += seenMs;
      if (!wasStalled && watched.stalledMs >= msMax) onStalled(worker, beats > 0);
    }
  }
}
