// The state of one product's actor: its configuration, its stock and its orders. Only `evolve` changes it.
//
//   loaded = available + reserved + sold + withdrawn        at every moment

import type { ProductConfiguration } from './command.ts';
import { HoldQueue } from './hold-queue.ts';
import { isSameTerms, termsInForce, termsOf } from './hold-terms.ts';
import type { Key } from './key.ts';
import { KeyTable } from './key-table.ts';
import { invariant } from './invariant.ts';
import { acceptedStatus, holdExpiresAt, type Order, type OrderStatus, type Terms } from './order.ts';
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

interface RowCounts {
  readonly orders: number;
  readonly customers: number;
  readonly tickets: number;
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
  /** Every set of terms that this product may have been sold under, oldest first; those of its configuration come last. */
  terms: Terms[] = [];
  orders = new OrderTable();
  /** Purchase tickets that were used up. */
  tickets = new KeyTable();
  /** Sets of terms that the configuration can come to: the last ones of `terms`. */
  #offeredTerms = 0;
  holds = new HoldQueue(this.orders, this.terms);

  constructor(id: string, configuration: ProductConfiguration) {
    this.id = id;
    this.configuration = configuration;
  }

  /** Place in `terms` of those in force. */
  get termsIndex(): number {
    const offered = this.#offeredTerms;
    return this.terms.length - offered + termsInForce(this.stock, offered);
  }

  configure(configuration: ProductConfiguration): void {
    const offered = termsOf(configuration);
    const inForce = this.#offeredTerms === 0 ? [] : this.terms.slice(-this.#offeredTerms);
    this.configuration = configuration;
    this.#offeredTerms = offered.length;
    const isSame =
      inForce.length === offered.length && inForce.every((each, at) => isSameTerms(each, offered[at]!));
    if (!isSame) this.terms.push(...offered);
  }

  /** The terms of a snapshot, before its orders. @param rows how many will come of each */
  restoreTerms(terms: readonly Terms[], rows: RowCounts): void {
    this.orders.reserve(rows.orders, rows.customers);
    this.tickets.reserve(rows.tickets);
    this.terms.push(...terms);
    this.#offeredTerms = Math.min(terms.length, termsOf(this.configuration).length);
  }

  /** The next orders of a snapshot. */
  restoreOrders(rows: OrderRows): void {
    const first = this.orders.size;
    this.orders.restoreRows(rows);
    for (let row = first; row < this.orders.size; row++) {
      invariant(this.orders.termsIndex(row) < this.terms.length, 'an order on unknown terms');
      this.holds.add(row);
      if (this.orders.status(row) === 'refund_due') this.refundsDue++;
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
      holdExpiresAt: this.holds.extended.until(row) ?? holdExpiresAt(createdAt, terms),
    };
  }

  /** As it was accepted, whatever became of it. */
  accepted(row: number): Order {
    const terms = this.terms[this.orders.termsIndex(row)]!;
    const createdAt = this.orders.createdAt(row);
    return { ...this.order(row, acceptedStatus(terms)), holdExpiresAt: holdExpiresAt(createdAt, terms) };
  }

  /** When the earliest hold runs out (epoch milliseconds), or Infinity. */
  nextExpiry(): number {
    return this.holds.next();
  }

  /** Orders whose hold has run out at `now`, at most `max`. */
  dueHolds(now: number, max: number): Key[] {
    return this.holds.due(now, max);
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
    this.tickets = new KeyTable();
    this.#offeredTerms = 0;
    this.holds = new HoldQueue(this.orders, this.terms);
  }

  read(now: number): ProductReading {
    return readProduct({ ...this.parts, now });
  }

  /** What a reading is made of. */
  get parts(): Omit<ReadingParts, 'now'> {
    const { id, configuration, revision, paused, stock } = this;
    return { id, configuration, revision, paused, stock };
  }
}
