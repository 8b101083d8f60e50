// Reads what src/actors/record.ts writes: as events for whoever wants to know what happened, or, for a replay, with runs of
// reservations as they stand, without the texts that no actor keeps and without an object for each order.

import { Packr } from 'msgpackr';
import type { Event, OrderChange, ReservedRun } from './event.ts';
import { gateFrom } from './gate.ts';
import { invariant } from './invariant.ts';
import { KEY_BYTES, type Key } from './key.ts';
import {
  CONFIGURED_WITH_GATE,
  KIND_CODES,
  RECORD_VERSION,
  RESERVED_WITH_TICKETS,
  type JournalRecord,
  type RecordHeader,
  type Run,
} from './record.ts';

/** A record as a replay takes it: without the texts of reservations, which no actor keeps. */
export interface ReplayRecord extends RecordHeader {
  readonly steps: readonly (Event | ReservedRun)[];
}

const KINDS = new Map<number, Event['kind']>([
  ...Object.entries(KIND_CODES).map(([kind, code]) => [code, kind as Event['kind']] as const),
  [RESERVED_WITH_TICKETS, 'reserved'],
  [CONFIGURED_WITH_GATE, 'configured'],
]);

const packr = new Packr({ useRecords: false });

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
    if (KINDS.get(run[0] as number) === 'reserved') steps.push(reservedRun(run, header.at));
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

function decodeRun(run: Run, recordAt: number, events: (Event | ReservedRun)[]): void {
  const kind = KINDS.get(run[0] as number);
  invariant(kind !== undefined, `event kind ${String(run[0])} is unknown`);
  const productId = run[1] as string;
  const ats = run[2] as number[];
  const at = recordAt + ats[0]!;
  switch (kind) {
    case 'configured': {
      const [
        name,
        description,
        startsAt,
        endsAt,
        amount,
        currency,
        perCustomerLimit,
        holdSeconds,
        revision,
        gate,
      ] = run.slice(3) as [
        string,
        string,
        number,
        number,
        number,
        string,
        number,
        number,
        number,
        unknown[]?,
      ];
      const configuration = {
        name,
        description,
        startsAt,
        endsAt,
        amount,
        currency,
        perCustomerLimit,
        holdSeconds,
        ...(gate === undefined ? {} : { gate: gateFrom(gate) }),
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
    case 'holdExtended':
      decodeExtensions(run, productId, recordAt, events);
      return;
    default:
      decodeOrderChanges(kind, run, productId, recordAt, events);
  }
}

/** The parts of a run of reservations. @throws InvariantViolation when they are not of as many orders */
function partsOf([
  code,
  productId,
  ats,
  amount,
  currency,
  holdSeconds,
  quantities,
  keys,
  texts,
  tickets,
]: Run) {
  const parts = {
    productId: productId as string,
    ats: ats as number[],
    terms: { amount: amount as number, currency: currency as string, holdSeconds: holdSeconds as number },
    quantities: quantities as number[],
    keys: keys as Uint8Array,
    texts: texts as Uint8Array,
    tickets: code === RESERVED_WITH_TICKETS ? (tickets as Uint8Array) : undefined,
  };
  const orders = parts.ats.length;
  const isWhole = parts.quantities.length === orders && parts.keys.length === orders * KEY_BYTES * 3;
  invariant(isWhole, `a run of ${orders} reservations has ${parts.keys.length} bytes of keys`);
  const hasTickets = parts.tickets === undefined || parts.tickets.length === orders * KEY_BYTES;
  invariant(hasTickets, `a run of ${orders} reservations has ${parts.tickets?.length} bytes of tickets`);
  return parts;
}

function reservedRun(run: Run, recordAt: number): ReservedRun {
  const { productId, ats, terms, quantities, keys, tickets } = partsOf(run);
  for (let index = 0; index < ats.length; index++) ats[index]! += recordAt;
  const orders = { productId, terms, ats, quantities, keys: wordsOf(keys) };
  return { kind: 'reservedRun', ...orders, tickets: tickets === undefined ? undefined : wordsOf(tickets) };
}

function wordsOf(keys: Uint8Array): Uint32Array {
  // A copy begins at a multiple of four, as its array wants it.
  const words = new Uint32Array(keys.length / 4);
  new Uint8Array(words.buffer).set(keys);
  return words;
}

function decodeReserved(run: Run, recordAt: number, events: (Event | ReservedRun)[]): void {
  const { productId, ats, terms, quantities, keys, texts, tickets } = partsOf(run);
  const bytes = bufferOf(keys);
  const burned = tickets === undefined ? undefined : bufferOf(tickets);
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
      ...(burned === undefined ? {} : { ticket: latin1(burned, index * KEY_BYTES) }),
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

function decodeExtensions(
  run: Run,
  productId: string,
  recordAt: number,
  events: (Event | ReservedRun)[],
): void {
  const [ats, ids, lasting] = [run[2] as number[], bufferOf(run[3] as Uint8Array), run[4] as number[]];
  invariant(
    ids.length === ats.length * KEY_BYTES && lasting.length === ats.length,
    'extended holds are missing',
  );
  for (let index = 0; index < ats.length; index++) {
    const at = recordAt + ats[index]!;
    const orderId = latin1(ids, index * KEY_BYTES);
    events.push({ kind: 'holdExtended', productId, at, orderId, until: at + lasting[index]! });
  }
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const latin1 = (bytes: Buffer, from: number): Key => bytes.toString('latin1', from, from + KEY_BYTES);
