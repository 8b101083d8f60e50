// Tells a shard when something of its own is due: a hold has run out, a sale has been over for long. One timer, whatever the
// number of them: it stands at the earliest time known, and is asked again at least every few seconds because the wall clock
// may be set. Stopped by its shard.

import type { Clock, Timers } from './ports.ts';

const ASKED_AGAIN_MS = 5_000;

export class DueTimer {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onDue: () => void;
  /** Nothing is due before this hour (epoch milliseconds); it may be earlier than the first that is. */
  #earliest = Infinity;
  /** Monotonic milliseconds before which nothing is due. */
  #graceUntil = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, timers: Timers, onDue: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#onDue = onDue;
  }

  /** After a recovery a payment may be on its way: nothing is due for `graceMs`. */
  start(earliest: number, graceMs: number): void {
    this.#graceUntil = this.#clock.monotonic() + graceMs;
    this.restart(earliest);
  }

  restart(earliest: number): void {
    this.stop();
    this.#earliest = earliest;
    if (earliest === Infinity) return;
    const delayMs = Math.min(Math.max(this.#untilDueMs(), 1), ASKED_AGAIN_MS);
    this.#cancel = this.#timers.after(delayMs, () => {
      if (this.#untilDueMs() > 0) this.restart(this.#earliest);
      else this.#onDue();
    });
  }

  /** Something became due at `at`. */
  expect(at: number): void {
    if (at < this.#earliest) this.restart(at);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#earliest = Infinity;
  }

  #untilDueMs(): number {
    return Math.max(this.#earliest - this.#clock.now(), this.#graceUntil - this.#clock.monotonic());
  }
}
