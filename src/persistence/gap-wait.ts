// How long shards have waited for a record that others follow: one that is on its way comes soon, one that the journal lost
// never does.

import type { Sequence, StoredRecord } from '../runtime/ports.ts';

export class GapWait {
  readonly #msMax: number;
  /** By shard: monotonic milliseconds of the first wait since a record of it was taken, and the oldest that waits. */
  readonly #waits = new Map<number, { readonly since: number; sequence: Sequence }>();

  constructor(msMax: number) {
    this.#msMax = msMax;
  }

  /** A record came too early, once more. @returns the oldest of its shard that did, when they have waited long enough */
  over({ shard, sequence }: StoredRecord): Sequence | undefined {
    const now = performance.now();
    const wait = this.#waits.get(shard);
    if (wait === undefined) {
      this.#waits.set(shard, { since: now, sequence });
      return undefined;
    }
    wait.sequence = Math.min(wait.sequence, sequence);
    return now - wait.since >= this.#msMax ? wait.sequence : undefined;
  }

  /** A record of the shard was taken. */
  ended(shard: number): void {
    this.#waits.delete(shard);
  }

  /** No record of any shard can be taken just now. */
  restart(): void {
    this.#waits.clear();
  }
}
