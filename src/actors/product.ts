// The state of one product's actor: its configuration, its stock and its orders. Only `evolve` changes it.
//
//   loaded = available + reserved + sold + withdrawn        at every moment

import type { ProductConfiguration } from './command.ts';
import type { Key } from './key.ts';
import { invariant } from './invariant.ts';
import { canExpire, holdExpiresAt, type Order, type OrderStatus, type Terms } from './order.ts';
import { OrderTable, type OrderRows } from './order-table.ts';

export interface Stock {
  loaded: number;
  available: number;
  reserved: number;
  sold: number;
  withdrawn: number;
}

export type SaleState = 'upcoming' | 'on_sale' | 'sold_out' | 'paused' | 'ended';

/** A stock change that was accepted, kept to answer its repetition. */
export interface StockRequest {
  readonly kind: 'loadStock' | 'withdrawStock';
  readonly quantity: number;
}

/** The holds of one set of terms: rows from `row` on may still run out. */
interface HoldCursor {
  row: number;
}

/** Everything that an outsider may read of a product, as of the journal time `asOf`. */
export interface ProductReading {
  readonly productId: string;
  readonly configuration: ProductConfiguration;
  readonly revision: number;
  readonly state: SaleState;
  readonly stock: Readonly<Stock>;
  readonly asOf: number;
}

export const NO_STOCK: Readonly<Stock> = { loaded: 0, available: 0, reserved: 0, sold: 0, withdrawn: 0 };

interface ReadingParts {
  readonly id: string;
  readonly configuration: ProductConfiguration;
  readonly revision: number;
  readonly paused: boolean;
  readonly stock: Readonly<Stock>;
  readonly now: number;
}

export function readProduct({
  id,
  configuration,
  revision,
  paused,
  stock,
  now,
}: ReadingParts): ProductReading {
  return {
    productId: id,
    configuration,
    revision,
    state: saleState(configuration, paused, stock.available, now),
    stock: { ...stock },
    asOf: now,
  };
}

function saleState(sale: ProductConfiguration, paused: boolean, available: number, now: number): SaleState {
  if (now >= sale.endsAt) return 'ended';
  if (paused) return 'paused';
  if (now < sale.startsAt) return 'upcoming';
  return available === 0 ? 'sold_out' : 'on_sale';
}

export class Product {
  readonly id: string;
  configuration: ProductConfiguration;
  revision = 0;
  paused = false;
  readonly stock: Stock = { ...NO_STOCK };
  /** When its orders, keys and requestIds were let go (epoch milliseconds); null while they are here. */
  retiredAt: number | null = null;
  /** Orders in `refund_due`. */
  refundsDue = 0;
  stockRequests = new Map<string, StockRequest>();
  /** Every set of terms that this product was ever sold under, oldest first; the last is in force. */
  terms: Terms[] = [];
  orders = new OrderTable();
  #holds: HoldCursor[] = [];

  constructor(id: string, configuration: ProductConfiguration) {
    this.id = id;
    this.configuration = configuration;
  }

  /** The terms in force. */
  get currentTerms(): Terms {
    return this.terms[this.terms.length - 1]!;
  }

  adoptTerms(terms: Terms): void {
    this.terms.push(terms);
    this.#holds.push({ row: this.orders.size });
  }

  /** The terms of a snapshot, before its orders. @param orders how many will come, of how many customers */
  restoreTerms(terms: readonly Terms[], orders: number, customers: number): void {
    this.orders.reserve(orders, customers);
    this.terms.push(...terms);
    this.#holds.push(...terms.map(() => ({ row: orders })));
  }

  /** The next orders of a snapshot; a cursor stands at the first of its terms that can still run out. */
  restoreOrders(rows: OrderRows): void {
    const first = this.orders.size;
    this.orders.restoreRows(rows);
    for (let row = first; row < this.orders.size; row++) {
      const cursor = this.#holds[this.orders.termsIndex(row)];
      invariant(cursor !== undefined, 'an order on unknown terms');
      const status = this.orders.status(row);
      if (row < cursor.row && canExpire(status)) cursor.row = row;
      if (status === 'refund_due') this.refundsDue++;
    }
  }

  order(row: number, status: OrderStatus = this.orders.status(row)): Order {
    const terms = this.terms[this.orders.termsIndex(row)]!;
    const createdAt = this.orders.createdAt(row);
    return {
      orderId: this.orders.ids.keyAt(row),
      productId: this.id,
      quantity: this.orders.quantity(row),
      unitPrice: { amount: terms.amount, currency: terms.currency },
      status,
      createdAt,
      holdExpiresAt: holdExpiresAt(createdAt, terms),
    };
  }

  /** When the earliest hold runs out (epoch milliseconds), or Infinity. */
  nextExpiry(): number {
    let earliest = Infinity;
    for (let terms = 0; terms < this.terms.length; terms++) {
      const row = this.#nextHold(terms);
      if (row >= 0) earliest = Math.min(earliest, this.#expiry(row));
    }
    return earliest;
  }

  /** Orders whose hold has run out at `now`, at most `max`, earliest terms first. */
  dueHolds(now: number, max: number): Key[] {
    const due: Key[] = [];
    for (let terms = 0; terms < this.terms.length; terms++) {
      let row = this.#nextHold(terms);
      while (row >= 0 && due.length < max && this.#expiry(row) <= now) {
        due.push(this.orders.ids.keyAt(row));
        row = this.orders.nextHold(row + 1, terms);
      }
    }
    return due;
  }

  /** Something may still become of one of its orders. */
  get isOpen(): boolean {
    return this.stock.reserved > 0 || this.refundsDue > 0;
  }

  /** When it may be retired (epoch milliseconds); Infinity while it is open, and when it is. */
  retiresAt(keptMs: number): number {
    return this.isOpen || this.retiredAt !== null ? Infinity : this.configuration.endsAt + keptMs;
  }

  /** New tables, since emptied ones would keep their memory. */
  retire(at: number): void {
    this.retiredAt = at;
    this.stockRequests = new Map();
    this.terms = [];
    this.orders = new OrderTable();
    this.#holds = [];
  }

  read(now: number): ProductReading {
    return readProduct({ ...this.parts, now });
  }

  /** What a reading is made of. */
  get parts(): Omit<ReadingParts, 'now'> {
    const { id, configuration, revision, paused, stock } = this;
    return { id, configuration, revision, paused, stock };
  }

  // Cursors only ever pass rows that can never expire again, so moving one while reading changes no answer.
  #nextHold(terms: number): number {
    const cursor = this.#holds[terms]!;
    if (this.terms[terms]!.holdSeconds === 0) return -1;
    const row = this.orders.nextHold(cursor.row, terms);
    if (row >= 0) cursor.row = row;
    return row;
  }

  #expiry(row: number): number {
    return this.orders.createdAt(row) + this.terms[this.orders.termsIndex(row)]!.holdSeconds * 1_000;
  }
}
