// Holds that end later than their terms say: a few, during an outage of whoever takes the money, each until a time of its own.
//
// A heap finds the one that ends first. An entry is dropped late, when it comes to the top: its order is settled, or its hold was
// extended again meanwhile.

import { invariant } from './invariant.ts';

interface Entry {
  readonly row: number;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Dropped entries that may lie in the heap, beyond one for each hold. */
const SLACK = 64;

export class ExtendedHolds {
  /** By row, also of orders that are settled: their holds are told as they were. */
  readonly #untils = new Map<number, number>();
  /** Each entry ends no later than the two below it, at 2i + 1 and 2i + 2. */
  #heap: Entry[] = [];

  get size(): number {
    return this.#untils.size;
  }

  /** Entries in the heap, for whoever wants to know that it is bounded. */
  get waiting(): number {
    return this.#heap.length;
  }

  /** Epoch milliseconds; undefined when the hold was never extended. */
  until(row: number): number | undefined {
    return this.#untils.get(row);
  }

  /** In the order of the rows. */
  entries(): Entry[] {
    return [...this.#untils]
      .map(([row, until]) => ({ row, until }))
      .sort((one, other) => one.row - other.row);
  }

  extend(row: number, until: number): void {
    invariant(until > (this.#untils.get(row) ?? 0), 'an extended hold gets longer');
    this.#untils.set(row, until);
    if (this.#heap.length >= 2 * this.#untils.size + SLACK) {
      // Sorted is a heap too.
      this.#heap = this.entries().sort((one, other) => one.until - other.until);
    } else {
      this.#rise({ row, until });
    }
  }

  /** When the first of them ends (epoch milliseconds), or Infinity. */
  next(canExpire: (row: number) => boolean): number {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return Infinity;
      if (this.#isLive(first) && canExpire(first.row)) return first.until;
      this.#dropFirst();
    }
  }

  /** Rows of those that have ended at `now`, at most `max`, in their order. */
  due(now: number, max: number, canExpire: (row: number) => boolean): number[] {
    const due: number[] = [];
    const open = [0];
    while (open.length > 0 && due.length < max) {
      const at = open.pop()!;
      const entry = this.#heap[at];
      if (entry === undefined || entry.until > now) continue;
      if (this.#isLive(entry) && canExpire(entry.row)) due.push(entry.row);
      open.push(2 * at + 2, 2 * at + 1);
    }
    return due.sort((one, other) => one - other);
  }

  #isLive({ row, until }: Entry): boolean {
    return this.#untils.get(row) === until;
  }

  #rise(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      if (heap[above]!.until <= entry.until) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  #dropFirst(): void {
    const heap = this.#heap;
    const entry = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.until < heap[below]!.until) below++;
      if (heap[below]!.until >= entry.until) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = entry;
  }
}
