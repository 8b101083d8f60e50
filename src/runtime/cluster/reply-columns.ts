// Answers to reservations as columns. In a sale nearly all of them are refusals, a byte or two each.
//
//   accepted    [ids, orderIds, runs]    orderIds: bin, 16 bytes each
//                                        runs: list of [count, replayed, …the order's fields], for as many neighbours
//   refused     [ids, runs]              runs: list of [count, refusal]                 ids: the first, then steps

import { KEY_BYTES, REFUSALS, refuse, type Order, type Refusal } from '../../actors/index.ts';
import type { ReplyEnvelope } from '../ports.ts';
import { isAlike } from '../packed-message.ts';
import { ORDER_FIELDS, orderFields, readOrderFields } from './order-fields.ts';
import { stepsOf } from './steps.ts';
import { WIRE_ENVELOPES_MAX } from './wire-bounds.ts';
import { MessageRefused, type WireReader } from './wire-reader.ts';

const ACCEPTED_COLUMNS = 3;
const REFUSED_COLUMNS = 2;

interface AcceptedRun {
  count: number;
  readonly replayed: boolean;
  readonly order: Order;
}

export class AcceptedColumns {
  readonly #ids: number[] = [];
  readonly #runs: AcceptedRun[] = [];
  #orderIds = '';

  add(id: number, order: Order, replayed: boolean): void {
    this.#ids.push(id);
    this.#orderIds += order.orderId;
    const run = this.#runs.at(-1);
    if (run !== undefined && run.replayed === replayed && isAlike(run.order, order)) run.count++;
    else this.#runs.push({ count: 1, replayed, order });
  }

  get fields(): unknown[] {
    const runs = this.#runs.map(({ count, replayed, order }) => [count, replayed, ...orderFields(order)]);
    return [stepsOf(this.#ids), Buffer.from(this.#orderIds, 'latin1'), runs];
  }
}

export class RefusedColumns {
  readonly #ids: number[] = [];
  readonly #runs: [count: number, refusal: Refusal][] = [];

  add(id: number, refusal: Refusal): void {
    this.#ids.push(id);
    const run = this.#runs.at(-1);
    if (run !== undefined && run[1] === refusal) run[0]++;
    else this.#runs.push([1, refusal]);
  }

  get fields(): unknown[] {
    return [stepsOf(this.#ids), this.#runs];
  }
}

/** @throws MessageRefused */
export function readAccepted(reader: WireReader): ReplyEnvelope[] {
  reader.list('acceptances', ACCEPTED_COLUMNS, ACCEPTED_COLUMNS);
  const ids = readIds(reader);
  const orderIds = reader.keys('order ids', ids.length);
  const envelopes: ReplyEnvelope[] = [];
  for (let runs = reader.list('runs', 1, ids.length); runs > 0; runs--) {
    reader.list('a run', 2 + ORDER_FIELDS, 2 + ORDER_FIELDS);
    const end = readEnd(reader, envelopes.length, ids.length);
    const replayed = reader.flag('replayed');
    const { productId, quantity, unitPrice, status, createdAt, holdExpiresAt } = readOrderFields(reader);
    for (let at = envelopes.length; at < end; at++) {
      const orderId = orderIds.slice(at * KEY_BYTES, (at + 1) * KEY_BYTES);
      const order: Order = { orderId, productId, quantity, unitPrice, status, createdAt, holdExpiresAt };
      envelopes.push({ id: ids[at]!, reply: { outcome: 'reserved', order, replayed } });
    }
  }
  return checkedRuns(envelopes, ids);
}

/** @throws MessageRefused */
export function readRefused(reader: WireReader): ReplyEnvelope[] {
  reader.list('refusals', REFUSED_COLUMNS, REFUSED_COLUMNS);
  const ids = readIds(reader);
  const envelopes: ReplyEnvelope[] = [];
  for (let runs = reader.list('runs', 1, ids.length); runs > 0; runs--) {
    reader.list('a run', 2, 2);
    const end = readEnd(reader, envelopes.length, ids.length);
    const { reply } = refuse(reader.word('the refusal', REFUSALS));
    for (let at = envelopes.length; at < end; at++) envelopes.push({ id: ids[at]!, reply });
  }
  return checkedRuns(envelopes, ids);
}

const readIds = (reader: WireReader): number[] =>
  reader.steps('ids', WIRE_ENVELOPES_MAX, 0, Number.MAX_SAFE_INTEGER);

/** @returns where the run ends that begins at `from` */
const readEnd = (reader: WireReader, from: number, count: number): number =>
  from + reader.integer('a run’s length', 1, count - from);

function checkedRuns(envelopes: ReplyEnvelope[], ids: readonly number[]): ReplyEnvelope[] {
  if (envelopes.length === ids.length) return envelopes;
  throw new MessageRefused(`${ids.length} ids have runs for ${envelopes.length}`);
}
