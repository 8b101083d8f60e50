// Reservations as columns: they are nearly all that crosses nodes in a sale, and most of them are alike.
//
//   [ids, timesLeftMs, keys, customers, idempotencyKeys, runs]            or, when tickets come along,
//   [ids, timesLeftMs, keys, customers, idempotencyKeys, runs, tickets]
//     ids, timesLeftMs              lists: the first, then steps
//     keys                          bin, 48 bytes each: order id, customer key, request key
//     customers, idempotencyKeys    bin, UTF-8, a NUL between each two
//     runs                          list of [count, shard, product, quantity], for as many neighbours; where each of them has a
//                                   ticket, there is a 1 behind
//     tickets                       bin, 16 bytes for each that has one

import { KEY_BYTES, type Reserve } from '../../actors/index.ts';
import type { CommandEnvelope } from '../ports.ts';
import { readProductId } from './order-fields.ts';
import { stepsOf } from './steps.ts';
import {
  CUSTOMER_CHARACTERS_MAX,
  QUANTITY_MAX,
  REQUEST_KEY_CHARACTERS_MAX,
  SHARDS_MAX,
  TIME_LEFT_MS_MAX,
  WIRE_ENVELOPES_MAX,
} from './wire-bounds.ts';
import { MessageRefused, type WireReader } from './wire-reader.ts';

const COLUMNS = 6;
const RUN_FIELDS = 4;
const WITH_TICKETS = 1;
const KEYS_EACH = 3;
// oxlint-disable-next-line no-control-regex -- control characters are just what must not be there; the NUL separates
const CONTROLS_BUT_NUL = /[\u0001-\u001f\u007f]/;
// oxlint-disable-next-line no-control-regex -- likewise
const NOT_PRINTABLE = /[^\u0000\u0021-\u007e]/;

type Run = [
  count: number,
  shard: number,
  productId: string,
  quantity: number,
  withTickets?: typeof WITH_TICKETS,
];

export class ReserveColumns {
  readonly #ids: number[] = [];
  readonly #timesLeftMs: number[] = [];
  readonly #customerIds: string[] = [];
  readonly #idempotencyKeys: string[] = [];
  readonly #runs: Run[] = [];
  #keys = '';
  #tickets = '';

  add({ id, shard, timeLeftMs }: CommandEnvelope, command: Reserve): void {
    const { productId, quantity, ticket } = command;
    this.#ids.push(id);
    this.#timesLeftMs.push(wholeMs(timeLeftMs));
    this.#customerIds.push(command.customerId);
    this.#idempotencyKeys.push(command.idempotencyKey);
    this.#keys += command.orderId + command.customerKey + command.requestKey;
    const run = this.#runs.at(-1);
    const continues =
      run !== undefined &&
      run[2] === productId &&
      run[1] === shard &&
      run[3] === quantity &&
      run.length === (ticket === undefined ? RUN_FIELDS : RUN_FIELDS + 1);
    if (continues) run[0]++;
    else if (ticket === undefined) this.#runs.push([1, shard, productId, quantity]);
    else this.#runs.push([1, shard, productId, quantity, WITH_TICKETS]);
    if (ticket !== undefined) this.#tickets += ticket;
  }

  get fields(): unknown[] {
    return [
      stepsOf(this.#ids),
      stepsOf(this.#timesLeftMs),
      Buffer.from(this.#keys, 'latin1'),
      Buffer.from(this.#customerIds.join('\0')),
      Buffer.from(this.#idempotencyKeys.join('\0'), 'latin1'),
      this.#runs,
      ...(this.#tickets === '' ? [] : [Buffer.from(this.#tickets, 'latin1')]),
    ];
  }
}

/** Whole milliseconds take less room. A deadline comes earlier by what is cut off, never later. */
export const wholeMs = (timeLeftMs: number): number => Math.max(0, Math.floor(timeLeftMs));

export const clamped = (timeLeftMs: number): number => Math.min(timeLeftMs, TIME_LEFT_MS_MAX);

/** @throws MessageRefused */
export function readReserves(reader: WireReader): CommandEnvelope[] {
  const columns = reader.list('reservations', COLUMNS, COLUMNS + 1);
  const ids = reader.steps('ids', WIRE_ENVELOPES_MAX, 0, Number.MAX_SAFE_INTEGER);
  const count = ids.length;
  const timesLeftMs = reader.steps('times left', count, 0, Number.MAX_SAFE_INTEGER);
  if (timesLeftMs.length !== count)
    throw new MessageRefused(`${count} ids have ${timesLeftMs.length} times left`);
  const keys = reader.keys('keys', count * KEYS_EACH);
  const customerIds = reader.texts('customers', count, CUSTOMER_CHARACTERS_MAX, CONTROLS_BUT_NUL);
  const idempotencyKeys = reader.texts('idempotency keys', count, REQUEST_KEY_CHARACTERS_MAX, NOT_PRINTABLE);
  const runs = readRuns(reader, count);
  const withTickets = runs.reduce((sum, run) => sum + (run.hasTickets ? run.count : 0), 0);
  if (withTickets > 0 !== columns > COLUMNS)
    throw new MessageRefused(`${withTickets} reservations have tickets`);
  const tickets = withTickets > 0 ? reader.keys('tickets', withTickets) : '';
  const envelopes: CommandEnvelope[] = [];
  let nextTicket = 0;
  for (const run of runs) {
    const { shard, productId, quantity, hasTickets } = run;
    for (let left = run.count; left > 0; left--) {
      const at = envelopes.length;
      const key = at * KEY_BYTES * KEYS_EACH;
      const command: Reserve = {
        kind: 'reserve',
        productId,
        orderId: keys.slice(key, key + KEY_BYTES),
        customerId: customerIds[at]!,
        customerKey: keys.slice(key + KEY_BYTES, key + KEY_BYTES * 2),
        idempotencyKey: idempotencyKeys[at]!,
        requestKey: keys.slice(key + KEY_BYTES * 2, key + KEY_BYTES * KEYS_EACH),
        quantity,
        ticket: hasTickets ? tickets.slice(nextTicket, (nextTicket += KEY_BYTES)) : undefined,
      };
      envelopes.push({ id: ids[at]!, shard, timeLeftMs: clamped(timesLeftMs[at]!), command });
    }
  }
  return envelopes;
}

interface ReadRun {
  readonly count: number;
  readonly shard: number;
  readonly productId: string;
  readonly quantity: number;
  readonly hasTickets: boolean;
}

/** @param reservations that they should come to */
function readRuns(reader: WireReader, reservations: number): ReadRun[] {
  const runs: ReadRun[] = [];
  let told = 0;
  for (let left = reader.list('runs', 1, reservations); left > 0; left--) {
    const hasTickets = reader.list('a run', RUN_FIELDS, RUN_FIELDS + 1) > RUN_FIELDS;
    const count = reader.integer('a run’s length', 1, reservations - told);
    const shard = readShard(reader);
    const productId = readProductId(reader);
    const quantity = reader.integer('a quantity', 1, QUANTITY_MAX);
    if (hasTickets) reader.integer('the mark of tickets', WITH_TICKETS, WITH_TICKETS);
    runs.push({ count, shard, productId, quantity, hasTickets });
    told += count;
  }
  if (told !== reservations) throw new MessageRefused(`${reservations} ids have runs for ${told}`);
  return runs;
}

export const readShard = (reader: WireReader): number => reader.integer('a shard', 0, SHARDS_MAX - 1);
