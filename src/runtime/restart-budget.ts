// How often something may be started again: a thread that dies over and over has a cause that another start does not mend.

import type { Clock } from './ports.ts';

export class RestartBudget {
  readonly #clock: Clock;
  readonly #startsMax: number;
  readonly #periodMs: number;
  /** Monotonic milliseconds. */
  #startedAt: number[] = [];

  constructor(clock: Clock, startsMax: number, periodMs: number) {
    this.#clock = clock;
    this.#startsMax = startsMax;
    this.#periodMs = periodMs;
  }

  /** @returns false when there were as many starts as may be, within the period that ends now */
  take(): boolean {
    const now = this.#clock.monotonic();
    this.#startedAt = this.#startedAt.filter((at) => now - at < this.#periodMs);
    if (this.#startedAt.length >= this.#startsMax) return false;
    this.#startedAt.push(now);
    return true;
  }
}
