// The orders of one product, and the customers who hold them, in about a hundred bytes an order.
//
// Rows are in the order of acceptance. So holds on the same terms end in row order: see hold-queue.ts.

import { bytes, Column, float64s, uint16s, uint32s } from './column.ts';
import { KeyTable } from './key-table.ts';
import { invariant } from './invariant.ts';
import { KEY_WORDS, type Key } from './key.ts';
import { isHeld, isUnpaid, ORDER_STATUSES, type OrderStatus } from './order.ts';

/** Orders side by side, as a snapshot keeps them. Keys are four words each. */
export interface OrderRows {
  readonly createdAt: Float64Array;
  readonly ids: Uint32Array;
  readonly requests: Uint32Array;
  readonly customer: Uint32Array;
  readonly quantity: Uint32Array;
  readonly terms: Uint16Array;
  readonly status: Uint8Array;
}

export interface CustomerRows {
  readonly keys: Uint32Array;
  readonly held: Uint32Array;
  /** Epoch milliseconds; 0: never. */
  readonly abandonedAt: Float64Array;
}

/** Where the keys of one order stand, in words, one behind the other as in a record. */
export const ORDER_KEYS = {
  id: 0,
  customer: KEY_WORDS,
  request: 2 * KEY_WORDS,
  words: 3 * KEY_WORDS,
} as const;

const STATUS_CODES = new Map(ORDER_STATUSES.map((status, code) => [status, code]));

export class OrderTable {
  readonly ids = new KeyTable();
  /** Row of a request key = row of its order: an order is accepted by exactly one key. */
  readonly requests = new KeyTable();
  readonly customers = new KeyTable();
  readonly #customer = new Column(uint32s);
  readonly #quantity = new Column(uint32s);
  readonly #terms = new Column(uint16s);
  readonly #status = new Column(bytes);
  readonly #createdAt = new Column(float64s);
  /** By customer row: units reserved or paid. */
  readonly #held = new Column(uint32s);
  /** By customer row: orders whose units are held, and orders that were never paid. */
  readonly #open = new Column(uint32s);
  readonly #unpaid = new Column(uint32s);
  /** By customer row: when a hold last ran out or was denied, where that begins a cool-down; 0: never. */
  readonly #abandonedAt = new Column(float64s);
  #customersKnown = 0;

  get size(): number {
    return this.ids.size;
  }

  /**
   * @param keys of the order at `at`, as a run of reservations has them
   * @throws InvariantViolation when the id or the key is there already: two orders would be one
   */
  add(
    keys: Uint32Array,
    at: number,
    customerRow: number,
    quantity: number,
    terms: number,
    status: OrderStatus,
    createdAt: number,
  ): void {
    const row = this.ids.addNew(keys, at + ORDER_KEYS.id);
    invariant(row >= 0, 'a second order with one id');
    invariant(this.requests.addNew(keys, at + ORDER_KEYS.request) === row, 'a second order for one key');
    this.#customer.push(row, customerRow);
    this.#quantity.push(row, quantity);
    this.#terms.push(row, terms);
    this.#status.push(row, STATUS_CODES.get(status)!);
    this.#createdAt.push(row, createdAt);
    this.#count(customerRow, status, 1);
  }

  /** Many orders are about to be added: what they will touch is brought near. */
  lookAhead(keys: Uint32Array): void {
    this.ids.lookAhead(keys, ORDER_KEYS.id, ORDER_KEYS.words);
    this.customers.lookAhead(keys, ORDER_KEYS.customer, ORDER_KEYS.words);
    this.requests.lookAhead(keys, ORDER_KEYS.request, ORDER_KEYS.words);
  }

  quantity(row: number): number {
    return this.#quantity.get(row);
  }

  termsIndex(row: number): number {
    return this.#terms.get(row);
  }

  createdAt(row: number): number {
    return this.#createdAt.get(row);
  }

  status(row: number): OrderStatus {
    return ORDER_STATUSES[this.#status.get(row)]!;
  }

  setStatus(row: number, status: OrderStatus): void {
    const customerRow = this.#customer.get(row);
    this.#count(customerRow, this.status(row), -1);
    this.#count(customerRow, status, 1);
    this.#status.set(row, STATUS_CODES.get(status)!);
  }

  customerRow(row: number): number {
    return this.#customer.get(row);
  }

  belongsTo(row: number, customerKey: Key): boolean {
    return this.customers.keyAt(this.#customer.get(row)) === customerKey;
  }

  /** The row of the customer of the order at `at`, made when it is not there yet. */
  customer(keys: Uint32Array, at: number): number {
    const row = this.customers.findOrAdd(keys, at + ORDER_KEYS.customer);
    if (row === this.#customersKnown) {
      this.#customersKnown++;
      this.#held.push(row, 0);
      this.#open.push(row, 0);
      this.#unpaid.push(row, 0);
      this.#abandonedAt.push(row, 0);
    }
    return row;
  }

  /** Units that the customer has reserved or paid. */
  heldByRow(customerRow: number): number {
    return this.#held.get(customerRow);
  }

  changeHeld(customerRow: number, units: number): void {
    this.#held.set(customerRow, this.#held.get(customerRow) + units);
  }

  /** Orders of the customer whose units are held. */
  openByRow(customerRow: number): number {
    return this.#open.get(customerRow);
  }

  /** Orders of the customer that were not paid, whatever became of them. */
  unpaidByRow(customerRow: number): number {
    return this.#unpaid.get(customerRow);
  }

  /** Epoch milliseconds; 0: never, or not where that begins a cool-down. */
  abandonedAtByRow(customerRow: number): number {
    return this.#abandonedAt.get(customerRow);
  }

  /** The customer let a hold run out, or was denied. */
  coolDown(customerRow: number, at: number): void {
    this.#abandonedAt.set(customerRow, at);
  }

  #count(customerRow: number, status: OrderStatus, by: 1 | -1): void {
    if (isHeld(status)) this.#open.set(customerRow, this.#open.get(customerRow) + by);
    if (isUnpaid(status)) this.#unpaid.set(customerRow, this.#unpaid.get(customerRow) + by);
  }

  get customersSize(): number {
    return this.#customersKnown;
  }

  /** Rows `from` to `to` (not included). */
  rows(from: number, to: number): OrderRows {
    return {
      createdAt: this.#createdAt.slice(from, to),
      ids: this.ids.wordsOf(from, to),
      requests: this.requests.wordsOf(from, to),
      customer: this.#customer.slice(from, to),
      quantity: this.#quantity.slice(from, to),
      terms: this.#terms.slice(from, to),
      status: this.#status.slice(from, to),
    };
  }

  customerRows(from: number, to: number): CustomerRows {
    return {
      keys: this.customers.wordsOf(from, to),
      held: this.#held.slice(from, to),
      abandonedAt: this.#abandonedAt.slice(from, to),
    };
  }

  /** So many rows will come: the tables of an empty product need not grow. */
  reserve(orders: number, customers: number): void {
    this.ids.reserve(orders);
    this.requests.reserve(orders);
    this.customers.reserve(customers);
  }

  /** Orders behind the last one; their customers are there already. @throws InvariantViolation as `add` */
  restoreRows(rows: OrderRows): void {
    const first = this.size;
    this.ids.lookAhead(rows.ids, 0, KEY_WORDS);
    this.requests.lookAhead(rows.requests, 0, KEY_WORDS);
    for (let at = 0; at < rows.status.length; at++) {
      const row = first + at;
      invariant(this.ids.addNew(rows.ids, at * KEY_WORDS) === row, 'a second order with one id');
      invariant(this.requests.addNew(rows.requests, at * KEY_WORDS) === row, 'a second order for one key');
      invariant(rows.customer[at]! < this.#customersKnown, 'an order of an unknown customer');
      invariant(rows.status[at]! < ORDER_STATUSES.length, `an order of unknown status ${rows.status[at]}`);
    }
    this.#customer.extend(first, rows.customer);
    this.#quantity.extend(first, rows.quantity);
    this.#terms.extend(first, rows.terms);
    this.#status.extend(first, rows.status);
    this.#createdAt.extend(first, rows.createdAt);
    rows.customer.forEach((customerRow, at) => this.#count(customerRow, this.status(first + at), 1));
  }

  restoreCustomers({ keys, held, abandonedAt }: CustomerRows): void {
    this.customers.lookAhead(keys, 0, KEY_WORDS);
    for (let at = 0; at < held.length; at++) {
      const row = this.customers.addNew(keys, at * KEY_WORDS);
      invariant(row === this.#customersKnown + at, 'a customer comes twice');
    }
    this.#held.extend(this.#customersKnown, held);
    this.#open.extend(this.#customersKnown, new Uint32Array(held.length));
    this.#unpaid.extend(this.#customersKnown, new Uint32Array(held.length));
    this.#abandonedAt.extend(this.#customersKnown, abandonedAt);
    this.#customersKnown += held.length;
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    const tables = [this.ids, this.requests, this.customers];
    const ofOrders = [this.#customer, this.#quantity, this.#terms, this.#status, this.#createdAt];
    const ofCustomers = [this.#held, this.#open, this.#unpaid, this.#abandonedAt];
    return [...tables, ...ofOrders, ...ofCustomers].reduce((sum, part) => sum + part.bytes, 0);
  }
}
