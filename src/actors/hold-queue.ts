// Which holds of a product run out next, without a timer for each.
//
// Holds on the same terms last equally long, so they end in the order of their acceptance: a cursor for each set of terms stands
// at the first one that may still run out. Sets of terms take turns, since holds get shorter as units become few and longer again
// when some come back: where the rows of a set are interrupted, a jump leads on. So a cursor looks at each row of its own set once,
// and at no other.
//
//   row       0   1   2   3   4   5   6        A: cursor 1, last 5, jumps 2 → 5        B: cursor 3, last 6, jumps 4 → 6
//   terms     A   A   A   B   B   A   B
//
// A hold that was extended ends at a time of its own: its cursor passes it by, and the extended ones are kept apart.

import { ExtendedHolds } from './extended-holds.ts';
import type { Key } from './key.ts';
import { canExpire, type Terms } from './order.ts';
import type { OrderTable } from './order-table.ts';

interface Cursor {
  /** The first row of these terms that may still run out; NOWHERE: none of them can. */
  row: number;
  /** The last row of these terms, where there is a cursor. */
  last: number;
}

const NOWHERE = -1;

export class HoldQueue {
  readonly extended = new ExtendedHolds();
  readonly #orders: OrderTable;
  readonly #terms: readonly Terms[];
  /** By index of terms. */
  readonly #cursors: Cursor[] = [];
  /** The last row of a stretch of terms → the first one of their next stretch. */
  readonly #jumps = new Map<number, number>();

  constructor(orders: OrderTable, terms: readonly Terms[]) {
    this.#orders = orders;
    this.#terms = terms;
  }

  /** The newest row of the orders, or the next of those that are restored. */
  add(row: number): void {
    const terms = this.#orders.termsIndex(row);
    const cursor = (this.#cursors[terms] ??= { row: NOWHERE, last: NOWHERE });
    if (cursor.row !== NOWHERE) {
      if (cursor.last !== row - 1) this.#jumps.set(cursor.last, row);
    } else if (canExpire(this.#orders.status(row))) {
      cursor.row = row;
    } else {
      return;
    }
    cursor.last = row;
  }

  /** When the earliest hold runs out (epoch milliseconds), or Infinity. */
  next(): number {
    let earliest = this.extended.next(this.#canExpire);
    for (const cursor of this.#cursors) {
      if (cursor !== undefined && this.#advance(cursor))
        earliest = Math.min(earliest, this.firstEnd(cursor.row));
    }
    return earliest;
  }

  /** Orders whose hold has run out at `now`, at most `max`. */
  due(now: number, max: number): Key[] {
    const rows = this.extended.due(now, max, this.#canExpire);
    for (const cursor of this.#cursors) {
      if (cursor === undefined || !this.#advance(cursor)) continue;
      for (let row = cursor.row; row !== NOWHERE && rows.length < max; row = this.#after(row, cursor)) {
        if (this.firstEnd(row) > now) break;
        if (this.#isInTurn(row)) rows.push(row);
      }
    }
    return rows.map((row) => this.#orders.ids.keyAt(row));
  }

  /** When the hold ends by its terms, epoch milliseconds. */
  firstEnd(row: number): number {
    return this.#orders.createdAt(row) + this.#terms[this.#orders.termsIndex(row)]!.holdSeconds * 1_000;
  }

  /** Cursors only ever pass rows whose turn never comes again, so moving one while reading changes no answer. */
  #advance(cursor: Cursor): boolean {
    while (cursor.row !== NOWHERE && !this.#isInTurn(cursor.row)) {
      const passed = cursor.row;
      cursor.row = this.#after(passed, cursor);
      this.#jumps.delete(passed);
    }
    return cursor.row !== NOWHERE;
  }

  #after(row: number, { last }: Cursor): number {
    if (row === last) return NOWHERE;
    return this.#jumps.get(row) ?? row + 1;
  }

  #isInTurn(row: number): boolean {
    return this.#canExpire(row) && this.extended.until(row) === undefined;
  }

  readonly #canExpire = (row: number): boolean => canExpire(this.#orders.status(row));
}
