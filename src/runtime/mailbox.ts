// The queue in front of a shard's actors: first in, first out, bounded by count and by age.
//
//   offer ──▶ [ entry │ entry │ entry │ … ] ──▶ take        full, or waited too long: the command was surely not decided

import type { Command } from '../actors/index.ts';
import type { ShardReply } from './ports.ts';

/** A command on its way, and where its answer goes. It is answered exactly once. */
export interface Entry {
  readonly command: Command;
  /** Monotonic milliseconds after which nobody waits for the answer any more. */
  readonly deadline: number;
  readonly answer: (reply: ShardReply) => void;
}

export class Mailbox {
  readonly #entriesMax: number;
  #entries: Entry[] = [];
  #next = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get depth(): number {
    return this.#entries.length - this.#next;
  }

  /** @returns false when it is full */
  offer(entry: Entry): boolean {
    if (this.depth >= this.#entriesMax) return false;
    this.#entries.push(entry);
    return true;
  }

  take(): Entry | undefined {
    if (this.#next === this.#entries.length) return undefined;
    const entry = this.#entries[this.#next++];
    // Taken entries are dropped in halves, so that each is moved once at most.
    if (this.#next * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#next);
      this.#next = 0;
    }
    return entry;
  }

  /**
   * Entries that were taken and not decided after all come back in front of the others, in their order. They had been
   * let in already, so they may stand above the bound: by two flushes at most.
   */
  putBack(entries: readonly Entry[]): void {
    this.#entries = [...entries, ...this.#entries.slice(this.#next)];
    this.#next = 0;
  }

  /** Removes the entries whose deadline has passed and returns them. */
  takeLate(now: number): Entry[] {
    const waiting = this.#entries.slice(this.#next);
    const late = waiting.filter((entry) => entry.deadline <= now);
    if (late.length > 0) {
      this.#entries = waiting.filter((entry) => entry.deadline > now);
      this.#next = 0;
    }
    return late;
  }
}
