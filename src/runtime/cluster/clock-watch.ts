// Measures a member's clock by its own beats: sent and taken by this clock, and stored in between by the store's. Judged by a
// few in a row, so that one that took long, or a store that has another leader, condemns nobody.

import { CLOCK_OFFSET_MS_MAX, strayOf } from './clock-agreement.ts';
import type { StoredBeat } from './cluster-store.ts';

/** In a row. */
const BEATS = 3;
/** Beats that take longer tell too little of the time between. */
const MEASURED_MS_MAX = 200;

export class ClockWatch {
  readonly #onTurn: (strayMs: number, isOff: boolean) => void;
  /** The wall clock around the last beat that was taken. */
  #last = { number: 0, sentAt: 0, takenAt: 0 };
  #offsetMs: number | null = null;
  #isOff = false;
  /** That say the opposite of what is believed. */
  #opposed = 0;

  /** @param onTurn from now on it is off, or no longer; and how far it is from the others' */
  constructor(onTurn: (strayMs: number, isOff: boolean) => void) {
    this.#onTurn = onTurn;
  }

  /** The clock less the store's, as it was last measured; null before the first time. */
  get offsetMs(): number | null {
    return this.#offsetMs;
  }

  /** Too far from the others' to open a sale. */
  get isOff(): boolean {
    return this.#isOff;
  }

  /** A beat of this member was taken. @param sentAt and @param takenAt epoch milliseconds by this clock */
  took(number: number, sentAt: number, takenAt: number): void {
    this.#last = { number, sentAt, takenAt };
  }

  /** A beat of this member came back from the store. @param others offsets of the other members */
  saw({ number, storedAt }: Pick<StoredBeat, 'number' | 'storedAt'>, others: readonly number[]): void {
    const { sentAt, takenAt } = this.#last;
    if (number !== this.#last.number || takenAt - sentAt > MEASURED_MS_MAX) return;
    this.#offsetMs = Math.round((sentAt + takenAt) / 2 - storedAt);
    const strayMs = strayOf(this.#offsetMs, others);
    const isStray = Math.abs(strayMs) > CLOCK_OFFSET_MS_MAX;
    this.#opposed = isStray === this.#isOff ? 0 : this.#opposed + 1;
    if (this.#opposed < BEATS) return;
    this.#opposed = 0;
    this.#isOff = isStray;
    this.#onTurn(strayMs, isStray);
  }
}
