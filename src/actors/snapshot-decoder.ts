// Reads what src/actors/snapshot.ts writes: sections in, products out. It trusts nothing; what a damaged or foreign
// snapshot says ends in an exception.

import { Packr } from 'msgpackr';
import { gateFrom } from './gate.ts';
import { invariant } from './invariant.ts';
import { KEY_WORDS } from './key.ts';
import { isHeld, ORDER_STATUSES, type Terms } from './order.ts';
import type { CustomerRows, OrderRows } from './order-table.ts';
import { Product, type Stock } from './product.ts';
import { LENGTHS_BYTES, SECTIONS, SNAPSHOT_VERSION, type Snapshot, type SnapshotHead } from './snapshot.ts';

/** Far above the largest section: a longer one is no section. */
const SECTION_BYTES_MAX = 4 * 1024 * 1024;
const CUSTOMER_BYTES = 28;
/** Of a customer before version 3. */
const CUSTOMER_BYTES_OLD = 20;
const ORDER_BYTES = 51;
const TICKET_BYTES = 16;
const EXTENDED_HOLD_BYTES = 12;

const packr = new Packr({ useRecords: false });

/** Units that the orders take, to hold them against the counted stock. */
interface Awaited {
  readonly product: Product;
  stockRequests: number;
  customers: number;
  orders: number;
  tickets: number;
  extendedHolds: number;
  reserved: number;
  sold: number;
  held: number;
}

/**
 * Makes the products again: push pieces of whatever length, and step until it needs more. Throws at whatever is not a
 * snapshot; and what it made counts only after `finish`, and when the bytes are known to be those that were written.
 */
export class SnapshotDecoder {
  #bytes: Uint8Array = new Uint8Array(0);
  /** Undefined until it is read. */
  #version: number | undefined;
  #head: SnapshotHead | undefined;
  #productsAwaited = 0;
  readonly #products: Product[] = [];
  #awaited: Awaited | undefined;
  #ended = false;

  push(piece: Uint8Array): void {
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece]);
  }

  /** Takes one section in. @returns false when it needs more bytes first */
  step(): boolean {
    if (this.#version === undefined) return this.#readVersion();
    if (this.#bytes.length < LENGTHS_BYTES) return false;
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
    const headerEnd = LENGTHS_BYTES + view.getUint32(0, true);
    const end = headerEnd + view.getUint32(4, true);
    invariant(end <= SECTION_BYTES_MAX, `a section of ${end} bytes`);
    if (this.#bytes.length < end) return false;
    const header = packr.unpack(this.#bytes.subarray(LENGTHS_BYTES, headerEnd)) as unknown[];
    const columns = new Columns(this.#bytes.subarray(headerEnd, end));
    this.#bytes = this.#bytes.subarray(end);
    this.#take(header, columns);
    columns.assertUsedUp();
    return true;
  }

  /** @throws InvariantViolation when the snapshot is not whole */
  finish(): Snapshot {
    invariant(this.#ended && this.#bytes.length === 0, 'it ends before its end, or goes on behind it');
    return { ...this.#head!, products: this.#products };
  }

  #readVersion(): boolean {
    if (this.#bytes.length === 0) return false;
    const version = this.#bytes[0]!;
    const isKnown = version >= 1 && version <= SNAPSHOT_VERSION;
    invariant(isKnown, `snapshot version ${version} is unknown`);
    this.#bytes = this.#bytes.subarray(1);
    this.#version = version;
    return true;
  }

  #take([kind, ...rest]: unknown[], columns: Columns): void {
    invariant(!this.#ended, 'a section behind the end');
    invariant((kind === SECTIONS.shard) === (this.#head === undefined), 'it begins with its shard, once');
    switch (kind) {
      case SECTIONS.shard:
        return this.#takeShard(rest);
      case SECTIONS.product:
        this.#settleProduct();
        return this.#takeProduct(rest);
      case SECTIONS.stockRequests:
        return takeStockRequests(this.#open(), rest as [string[], number[]]);
      case SECTIONS.customers:
        return takeCustomers(this.#open(), columns.customers(rest[0] as number, this.#version!));
      case SECTIONS.orders:
        return takeOrders(this.#open(), columns.orders(rest[0] as number));
      case SECTIONS.tickets:
        return takeTickets(this.#open(), columns.tickets(rest[0] as number));
      case SECTIONS.extendedHolds:
        return takeExtendedHolds(this.#open(), columns.extendedHolds(rest[0] as number));
      case SECTIONS.end:
        this.#settleProduct();
        invariant(this.#products.length === this.#productsAwaited, 'products are missing');
        this.#ended = true;
        return;
      default:
        invariant(false, `a section of unknown kind ${String(kind)}`);
    }
  }

  #takeShard(rest: unknown[]): void {
    const [shard, epoch, owner, number, head, at, products] = rest as [
      number,
      number,
      Uint8Array,
      ...[number, number, number, number],
    ];
    this.#head = { shard, epoch, owner: Buffer.from(owner).toString('latin1'), number, head, at };
    this.#productsAwaited = products;
  }

  #takeProduct(rest: unknown[]): void {
    const [id, name, description, startsAt, endsAt, amount, currency, perCustomerLimit, holdSeconds] =
      rest as [string, string, string, number, number, number, string, number, number];
    const [revision, paused, units, terms, stockRequests, customers, orders, retiredAt = null, ...behind] =
      rest.slice(9) as [
        number,
        boolean,
        number[],
        [number, string, number][],
        ...[number, number, number],
        (number | null)?,
        (unknown[] | null)?,
        ...(number | undefined)[],
      ];
    const [gate = null, tickets = 0, extendedHolds = 0] = behind as [(unknown[] | null)?, number?, number?];
    const sale = {
      name,
      description,
      startsAt,
      endsAt,
      amount,
      currency,
      perCustomerLimit,
      holdSeconds,
      ...(gate === null ? {} : { gate: gateFrom(gate) }),
    };
    const product = new Product(id, sale);
    product.revision = revision;
    product.paused = paused;
    product.retiredAt = retiredAt;
    const [loaded, available, reserved, sold, withdrawn] = units as [number, number, number, number, number];
    Object.assign(product.stock, { loaded, available, reserved, sold, withdrawn } satisfies Stock);
    product.restoreTerms(
      terms.map(([each, of, hold]): Terms => ({ amount: each, currency: of, holdSeconds: hold })),
      { orders, customers, tickets },
    );
    const rows = { stockRequests, customers, orders, tickets, extendedHolds };
    this.#awaited = { product, ...rows, reserved: 0, sold: 0, held: 0 };
  }

  #open(): Awaited {
    invariant(this.#awaited !== undefined, 'rows without a product');
    return this.#awaited;
  }

  /** The product's rows are all there, and they add up to its stock. */
  #settleProduct(): void {
    const awaited = this.#awaited;
    if (awaited === undefined) return;
    const { product, stockRequests, customers, orders, tickets, extendedHolds, reserved, sold, held } =
      awaited;
    const { stock } = product;
    const isWhole =
      product.stockRequests.size === stockRequests &&
      product.orders.customersSize === customers &&
      product.orders.size === orders &&
      product.tickets.size === tickets &&
      product.holds.extended.size === extendedHolds;
    invariant(isWhole, `rows of ${product.id} are missing`);
    const rows = stockRequests + customers + orders + tickets + extendedHolds + product.terms.length;
    const isEmpty = rows === 0;
    invariant(product.retiredAt === null || isEmpty, `${product.id} is retired and not empty`);
    const addsUp =
      stock.loaded === stock.available + stock.reserved + stock.sold + stock.withdrawn &&
      reserved === stock.reserved &&
      sold === (product.retiredAt === null ? stock.sold : 0) &&
      held === reserved + sold;
    invariant(addsUp, `orders of ${product.id} do not add up to its stock`);
    this.#products.push(product);
    this.#awaited = undefined;
  }
}

function takeStockRequests({ product }: Awaited, [requestIds, quantities]: [string[], number[]]): void {
  requestIds.forEach((requestId, at) => {
    const quantity = quantities[at]!;
    const kind = quantity < 0 ? 'withdrawStock' : 'loadStock';
    product.stockRequests.set(requestId, { kind, quantity: Math.abs(quantity) });
  });
}

function takeCustomers(awaited: Awaited, rows: CustomerRows): void {
  awaited.product.orders.restoreCustomers(rows);
  for (const held of rows.held) awaited.held += held;
}

function takeOrders(awaited: Awaited, rows: OrderRows): void {
  awaited.product.restoreOrders(rows);
  rows.status.forEach((code, at) => {
    const status = ORDER_STATUSES[code]!;
    if (isHeld(status)) awaited.reserved += rows.quantity[at]!;
    else if (status === 'paid') awaited.sold += rows.quantity[at]!;
  });
}

function takeTickets({ product }: Awaited, keys: Uint32Array): void {
  for (let at = 0; at < keys.length; at += KEY_WORDS) {
    invariant(product.tickets.addNew(keys, at) >= 0, 'a ticket comes twice');
  }
}

function takeExtendedHolds({ product }: Awaited, { untils, rows }: ExtendedHoldRows): void {
  rows.forEach((row, at) => {
    const until = untils[at]!;
    invariant(row < product.orders.size, 'an extended hold of an unknown order');
    const isLater = until > product.holds.firstEnd(row) && product.holds.extended.until(row) === undefined;
    invariant(isLater, 'a hold that is not extended, or twice');
    product.holds.extended.extend(row, until);
  });
}

interface ExtendedHoldRows {
  readonly untils: Float64Array;
  readonly rows: Uint32Array;
}

/** The columns of one section, taken one behind the other. */
class Columns {
  readonly #buffer: ArrayBuffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // A copy begins at a multiple of eight, as its arrays want it.
    this.#buffer = new Uint8Array(bytes).buffer;
  }

  customers(rows: number, version: number): CustomerRows {
    const isOld = version < 3;
    this.#expect(rows * (isOld ? CUSTOMER_BYTES_OLD : CUSTOMER_BYTES));
    const abandonedAt = isOld ? new Float64Array(rows) : this.#numbers(rows);
    return { abandonedAt, keys: this.#words(rows * KEY_WORDS), held: this.#words(rows) };
  }

  tickets(rows: number): Uint32Array {
    this.#expect(rows * TICKET_BYTES);
    return this.#words(rows * KEY_WORDS);
  }

  extendedHolds(rows: number): ExtendedHoldRows {
    this.#expect(rows * EXTENDED_HOLD_BYTES);
    return { untils: this.#numbers(rows), rows: this.#words(rows) };
  }

  orders(rows: number): OrderRows {
    this.#expect(rows * ORDER_BYTES);
    return {
      createdAt: this.#numbers(rows),
      ids: this.#words(rows * KEY_WORDS),
      requests: this.#words(rows * KEY_WORDS),
      customer: this.#words(rows),
      quantity: this.#words(rows),
      terms: new Uint16Array(this.#buffer, this.#take(rows * 2), rows),
      status: new Uint8Array(this.#buffer, this.#take(rows), rows),
    };
  }

  assertUsedUp(): void {
    invariant(this.#at === this.#buffer.byteLength, 'columns that belong to nothing');
  }

  #numbers(count: number): Float64Array {
    return new Float64Array(this.#buffer, this.#take(count * 8), count);
  }

  #words(count: number): Uint32Array {
    return new Uint32Array(this.#buffer, this.#take(count * 4), count);
  }

  #expect(bytes: number): void {
    invariant(bytes === this.#buffer.byteLength, 'columns of another length than their rows');
  }

  #take(bytes: number): number {
    this.#at += bytes;
    return this.#at - bytes;
  }
}
