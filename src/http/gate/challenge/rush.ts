// How often something happens at this thread, a second, as of the last second or two.

import type { Clock } from '../../../runtime/index.ts';

const PERIOD_MS = 1_000;

export class Rush {
  readonly #clock: Clock;
  #periodFrom = Number.NEGATIVE_INFINITY;
  #before = 0;
  #now = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(): void {
    this.#turn();
    this.#now++;
  }

  /** What happened in this period, and of the one before as much as lies within a second. */
  perSecond(): number {
    const passed = this.#turn() / PERIOD_MS;
    return this.#now + this.#before * (1 - passed);
  }

  /** @returns how long this period lasts already, milliseconds */
  #turn(): number {
    const now = this.#clock.monotonic();
    const passed = now - this.#periodFrom;
    if (passed < PERIOD_MS) return passed;
    this.#before = passed < 2 * PERIOD_MS ? this.#now : 0;
    this.#now = 0;
    this.#periodFrom = passed < 2 * PERIOD_MS ? this.#periodFrom + PERIOD_MS : now;
    return now - this.#periodFrom;
  }
}
