// The journal's record format, version 1. It must never change: a sale of years ago has to be readable. A different
// format gets another version byte and a decoder of its own beside this one. docs/journal.md describes it for readers in
// other languages.
//
//   byte 0       version, 1
//   bytes 1…     MessagePack: [shard, epoch, owner, number, previous, revision, at, runs]
//                  owner     bin 16, drawn anew for each claim
//                  number    counts the records of this owner in this epoch from 0; number 0 is the claim, without runs
//                  previous  journal sequence of the shard's record before this one, 0 for the first
//                  revision  of the placement document under which the shard was claimed
//                  at        epoch milliseconds
//   a run        consecutive events of one kind and one product
//     1 configured            [1, product, [at], name, description, startsAt, endsAt, amount, currency, limit, hold, revision]
//     2, 3 stock loaded, withdrawn   [kind, product, [at], requestId, quantity]
//     4 reserved              [4, product, [at…], amount, currency, hold, [quantity…], keys, texts]
//                                 keys   bin, 48 bytes an order: order id, customer key, request key
//                                 texts  bin, MessagePack: [[customer id…], [idempotency key…]]; a replay skips it
//     5…11 order changes      [kind, product, [at…], ids]       ids: bin, 16 bytes an order
//     12, 13, 14 paused, resumed, retired   [kind, product, [at]]
//   Each `at` of a run is the milliseconds since the record's.

import { Packr } from 'msgpackr';
import type { Event, OrderChange, Reserved, ReservedRun } from './event.ts';
import { invariant } from './invariant.ts';
import { KEY_BYTES, type Key } from './key.ts';

export const RECORD_VERSION = 1;

/** Who wrote a record, and where it stands in its shard's chain. */
export interface RecordHeader {
  readonly shard: number;
  readonly epoch: number;
  readonly owner: Key;
  readonly number: number;
  readonly previous: number;
  readonly revision: number;
  readonly at: number;
}

export interface JournalRecord extends RecordHeader {
  readonly events: readonly Event[];
}

/** A record as a replay takes it: without the texts of reservations, which no actor keeps. */
export interface ReplayRecord extends RecordHeader {
  readonly steps: readonly (Event | ReservedRun)[];
}

const KIND_CODES = {
  configured: 1,
  stockLoaded: 2,
  stockWithdrawn: 3,
  reserved: 4,
  paymentPending: 5,
  inReview: 6,
  paid: 7,
  cancelled: 8,
  expired: 9,
  refundDue: 10,
  refunded: 11,
  paused: 12,
  resumed: 13,
  retired: 14,
} as const satisfies Record<Event['kind'], number>;

const KINDS = new Map<number, Event['kind']>(
  Object.entries(KIND_CODES).map(([kind, code]) => [code, kind as Event['kind']]),
);

// useRecords off: msgpackr's own structures are shared state, which a durable log must not depend on.
const packr = new Packr({ useRecords: false });

type Run = unknown[];

export function encodeRecord(header: RecordHeader, events: readonly Event[]): Uint8Array<ArrayBuffer> {
  const runs: Run[] = [];
  for (let from = 0; from < events.length;) {
    const to = runEnd(events, from);
    runs.push(encodeRun(events.slice(from, to), header.at));
    from = to;
  }
  const { shard, epoch, owner, number, previous, revision, at } = header;
  const packed = packr.pack([shard, epoch, bin(owner), number, previous, revision, at, runs]);
  // Its own buffer, not a slice of the packer's pool, so that it can be transferred to the journal's thread.
  const bytes = new Uint8Array(packed.length + 1);
  bytes[0] = RECORD_VERSION;
  bytes.set(packed, 1);
  return bytes;
}

/** @throws when the bytes are not a record of a known version */
export function decodeRecord(bytes: Uint8Array): JournalRecord {
  const { runs, ...header } = unpack(bytes);
  const events: Event[] = [];
  for (const run of runs) decodeRun(run, header.at, events);
  return { ...header, events };
}

/** The same for a replay. @throws when the bytes are not a record of a known version */
export function decodeForReplay(bytes: Uint8Array): ReplayRecord {
  const { runs, ...header } = unpack(bytes);
  const steps: (Event | ReservedRun)[] = [];
  for (const run of runs) {
    if (run[0] === KIND_CODES.reserved) steps.push(reservedRun(run, header.at));
    else decodeRun(run, header.at, steps);
  }
  return { ...header, steps };
}

function unpack(bytes: Uint8Array): RecordHeader & { readonly runs: readonly Run[] } {
  invariant(
    bytes[0] === RECORD_VERSION,
    `record version ${bytes[0]} is unknown; this is version ${RECORD_VERSION}`,
  );
  const [shard, epoch, owner, number, previous, revision, at, runs] = packr.unpack(bytes.subarray(1)) as [
    number,
    number,
    Uint8Array,
    number,
    number,
    number,
    number,
    Run[],
  ];
  return { shard, epoch, owner: latin1(bufferOf(owner), 0), number, previous, revision, at, runs };
}

/** A bound on the bytes that an event adds to a record, to keep a flush inside its budget. */
export function eventBytesMax(event: Event): number {
  switch (event.kind) {
    case 'reserved':
      return 96 + 3 * (event.customerId.length + event.idempotencyKey.length + event.productId.length);
    case 'configured':
      return (
        160 +
        3 *
          (event.productId.length + event.configuration.name.length + event.configuration.description.length)
      );
    case 'stockLoaded':
    case 'stockWithdrawn':
      return 48 + 3 * (event.requestId.length + event.productId.length);
    default:
      return 48 + 3 * event.productId.length;
  }
}

/** The end of the run that starts at `from`. */
function runEnd(events: readonly Event[], from: number): number {
  const first = events[from]!;
  let to = from + 1;
  if (first.kind === 'configured' || KIND_CODES[first.kind] <= 3 || KIND_CODES[first.kind] >= 12) return to;
  while (to < events.length && continues(first, events[to]!)) to++;
  return to;
}

function continues(first: Event, next: Event): boolean {
  if (next.kind !== first.kind || next.productId !== first.productId) return false;
  return next.kind !== 'reserved' || next.terms === (first as Reserved).terms;
}

function encodeRun(run: readonly Event[], recordAt: number): Run {
  const first = run[0]!;
  const head = [KIND_CODES[first.kind], first.productId, run.map((event) => event.at - recordAt)];
  switch (first.kind) {
    case 'configured': {
      const { name, description, startsAt, endsAt, amount, currency, perCustomerLimit, holdSeconds } =
        first.configuration;
      return [
        ...head,
        name,
        description,
        startsAt,
        endsAt,
        amount,
        currency,
        perCustomerLimit,
        holdSeconds,
        first.revision,
      ];
    }
    case 'stockLoaded':
    case 'stockWithdrawn':
      return [...head, first.requestId, first.quantity];
    case 'reserved':
      return [...head, ...encodeReserved(run as readonly Reserved[])];
    case 'paused':
    case 'resumed':
    case 'retired':
      return head;
    default: {
      const ids = Buffer.allocUnsafe(run.length * KEY_BYTES);
      run.forEach((event, at) =>
        ids.write((event as { orderId: Key }).orderId, at * KEY_BYTES, KEY_BYTES, 'latin1'),
      );
      return [...head, ids];
    }
  }
}

function encodeReserved(run: readonly Reserved[]): Run {
  const { amount, currency, holdSeconds } = run[0]!.terms;
  const quantities: number[] = [];
  const customerIds: string[] = [];
  const idempotencyKeys: string[] = [];
  // One long string and one copy of it: cheaper than three short writes an order.
  let keys = '';
  for (const event of run) {
    quantities.push(event.quantity);
    customerIds.push(event.customerId);
    idempotencyKeys.push(event.idempotencyKey);
    keys += event.orderId + event.customerKey + event.requestKey;
  }
  const texts = packr.pack([customerIds, idempotencyKeys]);
  return [amount, currency, holdSeconds, quantities, Buffer.from(keys, 'latin1'), Buffer.from(texts)];
}

function decodeRun(run: Run, recordAt: number, events: (Event | ReservedRun)[]): void {
  const kind = KINDS.get(run[0] as number);
  invariant(kind !== undefined, `event kind ${String(run[0])} is unknown`);
  const productId = run[1] as string;
  const ats = run[2] as number[];
  const at = recordAt + ats[0]!;
  switch (kind) {
    case 'configured': {
      const [name, description, startsAt, endsAt, amount, currency, perCustomerLimit, holdSeconds, revision] =
        run.slice(3) as [string, string, number, number, number, string, number, number, number];
      const configuration = {
        name,
        description,
        startsAt,
        endsAt,
        amount,
        currency,
        perCustomerLimit,
        holdSeconds,
      };
      events.push({ kind, productId, at, configuration, revision });
      return;
    }
    case 'stockLoaded':
    case 'stockWithdrawn':
      events.push({ kind, productId, at, requestId: run[3] as string, quantity: run[4] as number });
      return;
    case 'reserved':
      decodeReserved(run, recordAt, events);
      return;
    case 'paused':
    case 'resumed':
    case 'retired':
      events.push({ kind, productId, at });
      return;
    default:
      decodeOrderChanges(kind, run, productId, recordAt, events);
  }
}

/** The parts of a run of reservations. @throws InvariantViolation when they are not of as many orders */
function partsOf([, productId, ats, amount, currency, holdSeconds, quantities, keys, texts]: Run) {
  const parts = {
    productId: productId as string,
    ats: ats as number[],
    terms: { amount: amount as number, currency: currency as string, holdSeconds: holdSeconds as number },
    quantities: quantities as number[],
    keys: keys as Uint8Array,
    texts: texts as Uint8Array,
  };
  const orders = parts.ats.length;
  const isWhole = parts.quantities.length === orders && parts.keys.length === orders * KEY_BYTES * 3;
  invariant(isWhole, `a run of ${orders} reservations has ${parts.keys.length} bytes of keys`);
  return parts;
}

function reservedRun(run: Run, recordAt: number): ReservedRun {
  const { productId, ats, terms, quantities, keys } = partsOf(run);
  // A copy begins at a multiple of four, as its array wants it.
  const words = new Uint32Array(keys.length / 4);
  new Uint8Array(words.buffer).set(keys);
  for (let index = 0; index < ats.length; index++) ats[index]! += recordAt;
  return { kind: 'reservedRun', productId, terms, ats, quantities, keys: words };
}

function decodeReserved(run: Run, recordAt: number, events: (Event | ReservedRun)[]): void {
  const { productId, ats, terms, quantities, keys, texts } = partsOf(run);
  const bytes = bufferOf(keys);
  const [customerIds, idempotencyKeys] = packr.unpack(texts) as [string[], string[]];
  for (let index = 0; index < ats.length; index++) {
    const key = index * KEY_BYTES * 3;
    events.push({
      kind: 'reserved',
      productId,
      at: recordAt + ats[index]!,
      orderId: latin1(bytes, key),
      customerId: customerIds[index]!,
      customerKey: latin1(bytes, key + KEY_BYTES),
      idempotencyKey: idempotencyKeys[index]!,
      requestKey: latin1(bytes, key + KEY_BYTES * 2),
      quantity: quantities[index]!,
      terms,
    });
  }
}

function decodeOrderChanges(
  kind: OrderChange,
  run: Run,
  productId: string,
  recordAt: number,
  events: (Event | ReservedRun)[],
): void {
  const ats = run[2] as number[];
  const ids = bufferOf(run[3] as Uint8Array);
  for (let index = 0; index < ats.length; index++) {
    events.push({ kind, productId, at: recordAt + ats[index]!, orderId: latin1(ids, index * KEY_BYTES) });
  }
}

const bin = (key: Key): Buffer => Buffer.from(key, 'latin1');

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const latin1 = (bytes: Buffer, from: number): Key => bytes.toString('latin1', from, from + KEY_BYTES);
