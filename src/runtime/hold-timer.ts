// Tells a shard when holds have run out. One timer, whatever the number of holds: it stands at the earliest end known,
// and is asked again at least every few seconds because the wall clock may be set. Stopped by its shard.

import type { Clock, Timers } from './ports.ts';

const ASKED_AGAIN_MS = 5_000;

export class HoldTimer {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onDue: () => void;
  /** No hold ends before this hour (epoch milliseconds); it may be earlier than the first that does. */
  #earliest = Infinity;
  /** Monotonic milliseconds before which nothing ends. */
  #graceUntil = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, timers: Timers, onDue: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#onDue = onDue;
  }

  /** After a recovery a payment may be on its way: nothing ends for `graceMs`. */
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

  /** A hold was made that ends at `at`. */
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
