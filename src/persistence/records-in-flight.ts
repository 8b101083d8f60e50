// The records that the pump has taken from the feed and not yet given an answer to: how many, how large, how old.
//
// It says how many more may be taken. The feed counts records and not bytes, so that number follows the size of
// the records seen lately; a pull of unexpectedly large ones overshoots once, by one pull.

import { decodeRecordHeader } from '../actors/index.ts';
import type { FeedRecord, Sequence } from '../runtime/ports.ts';

/** What is remembered of records given back; beyond it `oldestAt` is the oldest of those remembered. */
const GIVEN_BACK_MAX = 10_000;

interface Place {
  readonly shard: number;
  readonly at: number;
  readonly length: number;
}

export class RecordsInFlight {
  readonly #recordsMax: number;
  readonly #bytesMax: number;
  readonly #recordsPerPull: number;
  readonly #places = new Map<Sequence, Place>();
  /** What was given back and not seen again: in Postgres it is not, as far as anybody here knows. */
  readonly #givenBack = new Map<Sequence, Place>();
  #bytes = 0;
  /** A moving average, in bytes. */
  #recordLength = 1_024;
  #wake: (() => void) | undefined;

  constructor(recordsMax: number, bytesMax: number, recordsPerPull: number) {
    this.#recordsMax = recordsMax;
    this.#bytesMax = bytesMax;
    this.#recordsPerPull = recordsPerPull;
  }

  get records(): number {
    return this.#places.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many records may be pulled now; one at least while there is any room. */
  room(): number {
    const bytesLeft = this.#bytesMax - this.#bytes;
    const recordsLeft = this.#recordsMax - this.#places.size;
    if (bytesLeft <= 0 || recordsLeft <= 0) return 0;
    return Math.min(
      this.#recordsPerPull,
      recordsLeft,
      Math.max(1, Math.floor(bytesLeft / this.#recordLength)),
    );
  }

  /** @returns when it was journaled; undefined when the record is in flight already */
  add({ sequence, shard, bytes }: FeedRecord): number | undefined {
    if (this.#places.has(sequence)) return undefined;
    const { at } = decodeRecordHeader(bytes);
    this.#givenBack.delete(sequence);
    this.#places.set(sequence, { shard, at, length: bytes.length });
    this.#bytes += bytes.length;
    this.#recordLength += (bytes.length - this.#recordLength) / 16;
    return at;
  }

  /** When a record in flight was journaled. */
  atOf(sequence: Sequence): number | undefined {
    return this.#places.get(sequence)?.at;
  }

  /** @returns the time of the newest of them, epoch milliseconds */
  remove(sequences: readonly Sequence[]): number {
    let newestAt = 0;
    for (const sequence of sequences) {
      const place = this.#places.get(sequence);
      if (place === undefined) continue;
      this.#places.delete(sequence);
      this.#bytes -= place.length;
      newestAt = Math.max(newestAt, place.at);
    }
    this.wake();
    return newestAt;
  }

  /** Removes them, unapplied. */
  giveBack(sequences: readonly Sequence[]): void {
    for (const sequence of sequences) {
      const place = this.#places.get(sequence);
      if (place !== undefined && this.#givenBack.size < GIVEN_BACK_MAX) this.#givenBack.set(sequence, place);
    }
    this.remove(sequences);
  }

  /** Removes what there is of this shard from this record on: nobody waits for it here. */
  forget(shard: number, from: Sequence): void {
    const isOf = ([sequence, place]: [Sequence, Place]): boolean => place.shard === shard && sequence >= from;
    this.remove([...this.#places].filter(isOf).map(([sequence]) => sequence));
    for (const [sequence] of [...this.#givenBack].filter(isOf)) this.#givenBack.delete(sequence);
  }

  /** The feed has nothing more for us, so somebody else has taken them. */
  forgetGivenBack(): void {
    this.#givenBack.clear();
  }

  /** The time of the oldest that is not known to be in Postgres, epoch milliseconds; undefined when there is none. */
  oldestAt(): number | undefined {
    let oldestAt = Infinity;
    for (const { at } of this.#places.values()) oldestAt = Math.min(oldestAt, at);
    for (const { at } of this.#givenBack.values()) oldestAt = Math.min(oldestAt, at);
    return oldestAt === Infinity ? undefined : oldestAt;
  }

  sequences(): Sequence[] {
    return [...this.#places.keys()];
  }

  /** Resolves when something was removed. For one waiter. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
