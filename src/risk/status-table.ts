// Statuses of customers in memory that all threads of a node share: the main thread writes, everybody reads, nobody waits. Whoever is
// not in it is active, as nearly everybody is.
//
// Two halves of slots, of which one counts. A slot is one word of 64 bits, written at once: 62 bits of the customer's key, and 2 of the
// status. A customer who is active again keeps the slot; `begin` writes the other half anew, and `end` lets it count.
//
//   control   [half that counts]
//   slots     [half 0][half 1]         a customer is in the first free slot behind their own

import { customerKeyOf, type Key } from '../actors/index.ts';
import { CUSTOMER_STATUSES, type CustomerStatus } from './verdict.ts';

/** Customers that are not active; half of the slots, so that a search is short. */
export const STATUSES_MAX = 524_288;
const CONTROL_BYTES = 8;
const WORD_BYTES = 8;
const STATUS_BITS = 2n;
/** The slot comes from the upper half of the word. */
const SLOT_BITS = 32n;
const STATUS_MASK = 3n;
const EMPTY = 0n;

export class StatusTable {
  readonly shared: SharedArrayBuffer;
  readonly #control: Int32Array;
  readonly #slots: BigUint64Array;
  /** Of one half, a power of two. */
  readonly #size: number;
  /** Slots in use in the half that is written. */
  #used = 0;
  /** The half that is written: that which counts, but between `begin` and `end`. */
  #written: number;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#control = new Int32Array(shared, 0, 1);
    this.#slots = new BigUint64Array(shared, CONTROL_BYTES);
    this.#size = this.#slots.length / 2;
    this.#written = this.#control[0]!;
  }

  /** @param most customers in it, a power of two */
  static make(most = STATUSES_MAX): StatusTable {
    return new StatusTable(new SharedArrayBuffer(CONTROL_BYTES + 2 * 2 * most * WORD_BYTES));
  }

  get(customerId: string): CustomerStatus {
    const half = Atomics.load(this.#control, 0);
    const wanted = wordOf(customerKeyOf(customerId));
    const word = Atomics.load(this.#slots, this.#find(half, wanted));
    return word === EMPTY ? 'active' : CUSTOMER_STATUSES[Number(word & STATUS_MASK)]!;
  }

  /** By the main thread alone. @returns false when there is no room: then the customer counts as active */
  set(customerId: string, status: CustomerStatus): boolean {
    const wanted = wordOf(customerKeyOf(customerId));
    const at = this.#find(this.#written, wanted);
    const isNew = Atomics.load(this.#slots, at) === EMPTY;
    if (isNew && status === 'active') return true;
    if (isNew && this.#used >= this.#size / 2) return false;
    if (isNew) this.#used++;
    Atomics.store(this.#slots, at, wanted | BigInt(CUSTOMER_STATUSES.indexOf(status)));
    return true;
  }

  /** What is set from now on is seen when `end` was called; nothing that was set before is in it. */
  begin(): void {
    this.#written = 1 - Atomics.load(this.#control, 0);
    this.#slots.fill(EMPTY, this.#written * this.#size, (this.#written + 1) * this.#size);
    this.#used = 0;
  }

  end(): void {
    Atomics.store(this.#control, 0, this.#written);
  }

  /** @returns the slot of the customer, or the free one where they would stand */
  #find(half: number, wanted: bigint): number {
    const first = half * this.#size;
    const mask = this.#size - 1;
    for (let slot = Number(wanted >> SLOT_BITS) & mask; ; slot = (slot + 1) & mask) {
      const word = Atomics.load(this.#slots, first + slot);
      if (word === EMPTY || (word & ~STATUS_MASK) === wanted) return first + slot;
    }
  }
}

/** 62 bits of the key, never 0; the place of the status is empty. */
function wordOf(key: Key): bigint {
  let word = 0n;
  for (let at = 0; at < WORD_BYTES; at++) word = (word << 8n) | BigInt(key.charCodeAt(at));
  const wanted = (word >> STATUS_BITS) << STATUS_BITS;
  return wanted === EMPTY ? 1n << STATUS_BITS : wanted;
}
