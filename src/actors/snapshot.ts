// A shard's whole memory as bytes, version 3, written and read a section at a time: nobody ever holds a second copy of a
// million orders. Indexes are not stored; they are built anew. docs/journal.md describes the bytes.
//
//   byte 0       version, 3
//   sections     uint32 bytes of the header, uint32 bytes of the columns, header (MessagePack), columns (as in memory)
//     [0, shard, epoch, owner, number, head, at, products]
//     then for each product
//     [1, id, name, description, startsAt, endsAt, amount, currency, limit, hold, revision, paused,
//      [loaded, available, reserved, sold, withdrawn], [[amount, currency, hold]…], stock requests, customers, orders,
//      retired at, or null, gate (as in a record), or null, tickets, extended holds]
//     [2, [request id…], [quantity…]]     quantities below 0 were withdrawn
//     [3, rows]    columns: abandoned at 8, keys 16, held 4
//     [4, rows]    columns: created at 8, ids 16, request keys 16, customer's row 4, quantity 4, terms 2, status 1
//     [6, rows]    columns: tickets 16
//     [7, rows]    columns: until 8, order's row 4
//     and at the end
//     [5]
//   Columns and lengths are little-endian; a column stands there whole before the next begins.
//   Version 2 is the same without what is behind `retired at`, without sections 6 and 7, and without `abandoned at`: then no
//   product had a gate. Version 1 is version 2 without `retired at`: then no product was ever retired.

import { Packr } from 'msgpackr';
import { gateFields } from './gate.ts';
import { invariant } from './invariant.ts';
import type { Key } from './key.ts';
import type { Product } from './product.ts';

/** The one that is written; the ones before it are read. */
export const SNAPSHOT_VERSION = 3;

/** The record that a snapshot goes up to, and what its shard knew then. */
export interface SnapshotHead {
  readonly shard: number;
  readonly epoch: number;
  readonly owner: Key;
  readonly number: number;
  /** Sequence of the record. */
  readonly head: number;
  /** Journal time, epoch milliseconds. */
  readonly at: number;
}

export interface Snapshot extends SnapshotHead {
  readonly products: readonly Product[];
}

/** What an owner restores between two looks at its other shards. */
const ROWS_PER_SECTION = 2_048;
/** Of the two lengths in front of a section. */
export const LENGTHS_BYTES = 8;

export const SECTIONS = {
  shard: 0,
  product: 1,
  stockRequests: 2,
  customers: 3,
  orders: 4,
  end: 5,
  tickets: 6,
  extendedHolds: 7,
} as const;

const packr = new Packr({ useRecords: false });

invariant(new Uint8Array(new Uint32Array([1]).buffer)[0] === 1, 'snapshots need a little-endian machine');

/** Sections, one at a time. Nothing may change the products meanwhile. */
export function* encodeSnapshot(head: SnapshotHead, products: readonly Product[]): Generator<Uint8Array> {
  yield Uint8Array.of(SNAPSHOT_VERSION);
  const { shard, epoch, owner, number, at } = head;
  yield section([
    SECTIONS.shard,
    shard,
    epoch,
    Buffer.from(owner, 'latin1'),
    number,
    head.head,
    at,
    products.length,
  ]);
  for (const product of products) yield* encodeProduct(product);
  yield section([SECTIONS.end]);
}

function* encodeProduct({
  id,
  configuration,
  revision,
  paused,
  retiredAt,
  stock,
  terms,
  stockRequests,
  orders,
  tickets,
  holds: { extended },
}: Product): Generator<Uint8Array> {
  const { name, description, startsAt, endsAt, amount, currency, perCustomerLimit, holdSeconds, gate } =
    configuration;
  const { loaded, available, reserved, sold, withdrawn } = stock;
  yield section([
    SECTIONS.product,
    id,
    name,
    description,
    startsAt,
    endsAt,
    amount,
    currency,
    perCustomerLimit,
    holdSeconds,
    revision,
    paused,
    [loaded, available, reserved, sold, withdrawn],
    terms.map((each) => [each.amount, each.currency, each.holdSeconds]),
    stockRequests.size,
    orders.customersSize,
    orders.size,
    retiredAt,
    gate === undefined ? null : gateFields(gate),
    tickets.size,
    extended.size,
  ]);
  const requests = [...stockRequests];
  for (const [from, to] of pieces(requests.length)) {
    const piece = requests.slice(from, to);
    const quantities = piece.map(([, { kind, quantity }]) => (kind === 'loadStock' ? quantity : -quantity));
    yield section([SECTIONS.stockRequests, piece.map(([requestId]) => requestId), quantities]);
  }
  for (const [from, to] of pieces(orders.customersSize)) {
    const { abandonedAt, keys, held } = orders.customerRows(from, to);
    yield section([SECTIONS.customers, to - from], [abandonedAt, keys, held]);
  }
  for (const [from, to] of pieces(orders.size)) {
    const { createdAt, ids, requests: keys, customer, quantity, terms: of, status } = orders.rows(from, to);
    yield section([SECTIONS.orders, to - from], [createdAt, ids, keys, customer, quantity, of, status]);
  }
  for (const [from, to] of pieces(tickets.size)) {
    yield section([SECTIONS.tickets, to - from], [tickets.wordsOf(from, to)]);
  }
  const lasting = extended.entries();
  for (const [from, to] of pieces(lasting.length)) {
    const piece = lasting.slice(from, to);
    const untils = Float64Array.from(piece, ({ until }) => until);
    yield section([SECTIONS.extendedHolds, to - from], [untils, Uint32Array.from(piece, ({ row }) => row)]);
  }
}

function* pieces(rows: number): Generator<[from: number, to: number]> {
  for (let from = 0; from < rows; from += ROWS_PER_SECTION)
    yield [from, Math.min(rows, from + ROWS_PER_SECTION)];
}

function section(header: readonly unknown[], columns: readonly ArrayBufferView[] = []): Uint8Array {
  const packed = packr.pack(header);
  const columnsBytes = columns.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const bytes = new Uint8Array(LENGTHS_BYTES + packed.length + columnsBytes);
  new DataView(bytes.buffer).setUint32(0, packed.length, true);
  new DataView(bytes.buffer).setUint32(4, columnsBytes, true);
  bytes.set(packed, LENGTHS_BYTES);
  let at = LENGTHS_BYTES + packed.length;
  for (const { buffer, byteOffset, byteLength } of columns) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}
