// The journal's record format, version 1. It must never change: a sale of years ago has to be readable. A different
// format gets another version byte and a decoder of its own beside this one. src/actors/record-decoder.ts reads it;
// docs/journal.md describes it for readers in other languages.
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
//     15, 16 payment declined, denied       as 5…11
//     17 hold extended        [17, product, [at…], ids, [until - its at…]]
//     18 reserved with tickets     [18, …as 4, tickets]         tickets: bin, 16 bytes an order
//     19 configured with a gate    [19, …as 1, [ticket, work, open holds, cool-down, attempts, shortest hold]]
//   Each `at` of a run is the milliseconds since the record's.

import { Packr } from 'msgpackr';
import {
  STATUS_AFTER,
  type Event,
  type HoldExtended,
  type OrderChange,
  type OrderChanged,
  type Reserved,
} from './event.ts';
import { gateFields } from './gate.ts';
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

export const KIND_CODES = {
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
  paymentDeclined: 15,
  denied: 16,
  holdExtended: 17,
} as const satisfies Record<Event['kind'], number>;

// useRecords off: msgpackr's own structures are shared state, which a durable log must not depend on.
/** More is said of some events than their first code can say. */
export const RESERVED_WITH_TICKETS = 18;
export const CONFIGURED_WITH_GATE = 19;

const packr = new Packr({ useRecords: false });

export type Run = unknown[];

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

/** A bound on the bytes that an event adds to a record, to keep a flush inside its budget. */
export function eventBytesMax(event: Event): number {
  switch (event.kind) {
    case 'reserved':
      return 112 + 3 * (event.customerId.length + event.idempotencyKey.length + event.productId.length);
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

/** Kinds of which many may stand in one run. */
const RUNS: ReadonlySet<Event['kind']> = new Set([
  'reserved',
  'holdExtended',
  ...(Object.keys(STATUS_AFTER) as OrderChange[]),
]);

/** The end of the run that starts at `from`. */
function runEnd(events: readonly Event[], from: number): number {
  const first = events[from]!;
  let to = from + 1;
  if (!RUNS.has(first.kind)) return to;
  while (to < events.length && continues(first, events[to]!)) to++;
  return to;
}

function continues(first: Event, next: Event): boolean {
  if (next.kind !== first.kind || next.productId !== first.productId) return false;
  if (next.kind !== 'reserved') return true;
  const { terms, ticket } = first as Reserved;
  return next.terms === terms && (next.ticket === undefined) === (ticket === undefined);
}

function encodeRun(run: readonly Event[], recordAt: number): Run {
  const first = run[0]!;
  const head = [codeOf(first), first.productId, run.map((event) => event.at - recordAt)];
  switch (first.kind) {
    case 'configured': {
      const { name, description, startsAt, endsAt, amount, currency, perCustomerLimit, holdSeconds, gate } =
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
        ...(gate === undefined ? [] : [gateFields(gate)]),
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
    case 'holdExtended': {
      const extended = run as readonly HoldExtended[];
      return [...head, idsOf(extended), extended.map(({ until, at }) => until - at)];
    }
    default:
      return [...head, idsOf(run as readonly OrderChanged[])];
  }
}

function codeOf(event: Event): number {
  if (event.kind === 'reserved' && event.ticket !== undefined) return RESERVED_WITH_TICKETS;
  if (event.kind === 'configured' && event.configuration.gate !== undefined) return CONFIGURED_WITH_GATE;
  return KIND_CODES[event.kind];
}

function idsOf(run: readonly { readonly orderId: Key }[]): Buffer {
  const ids = Buffer.allocUnsafe(run.length * KEY_BYTES);
  run.forEach(({ orderId }, at) => ids.write(orderId, at * KEY_BYTES, KEY_BYTES, 'latin1'));
  return ids;
}

function encodeReserved(run: readonly Reserved[]): Run {
  const { amount, currency, holdSeconds } = run[0]!.terms;
  const quantities: number[] = [];
  const customerIds: string[] = [];
  const idempotencyKeys: string[] = [];
  // One long string and one copy of it: cheaper than three short writes an order.
  let keys = '';
  let tickets = '';
  for (const event of run) {
    quantities.push(event.quantity);
    customerIds.push(event.customerId);
    idempotencyKeys.push(event.idempotencyKey);
    keys += event.orderId + event.customerKey + event.requestKey;
    if (event.ticket !== undefined) tickets += event.ticket;
  }
  const texts = packr.pack([customerIds, idempotencyKeys]);
  const fields = [amount, currency, holdSeconds, quantities, Buffer.from(keys, 'latin1'), Buffer.from(texts)];
  return tickets === '' ? fields : [...fields, Buffer.from(tickets, 'latin1')];
}

const bin = (key: Key): Buffer => Buffer.from(key, 'latin1');
