// Tells of what others can make happen as often as they like: at once, and then how often it was since, once in a while.

import type { Clock } from './runtime/index.ts';

const PERIOD_MS = 10_000;

export class SeldomLog {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #log: (what: string, times: number) => void;
  #times = 0;
  #toldAt = -Infinity;

  /** @param log what it was the last time, and how often anything was since it was told before */
  constructor(clock: Pick<Clock, 'monotonic'>, log: (what: string, times: number) => void) {
    this.#clock = clock;
    this.#log = log;
  }

  tell(what: string): void {
    this.#times++;
    const now = this.#clock.monotonic();
    if (now - this.#toldAt < PERIOD_MS) return;
    this.#log(what, this.#times);
    this.#toldAt = now;
    this.#times = 0;
  }
}
