// Messages between threads as the platform copies them cheapest. A structured clone writes every property name of every
// object; a hundred reservations as columns cost a fifth of that. Reservations and their answers are nearly all that
// crosses threads in a sale, and most of them are alike: what many have in common is written once for a run of them.
// Everything else goes along as it is.
//
//   commands { reserve a, reserve a, show, reserve b } ──▶ ids […] keys …   runs { 2 × a, 1 × b }   commands { show }
//
// Both sides are of one process and one version: this is no wire format.

import { KEY_BYTES, refuse, type Order, type Refusal, type Reserve } from '../actors/index.ts';
import type { Address, CommandEnvelope, Message, ReplyEnvelope } from './ports.ts';

export interface PackedMessage {
  readonly from: Address;
  readonly commands: readonly CommandEnvelope[];
  readonly replies: readonly ReplyEnvelope[];
  readonly reserves: PackedReserves | undefined;
  readonly reservations: PackedReservations | undefined;
  readonly refusals: PackedRefusals | undefined;
}

/** How many neighbours share what stands beside it. */
interface Run {
  count: number;
}

interface PackedReserves {
  readonly ids: number[];
  readonly timesLeftMs: number[];
  readonly customerIds: string[];
  readonly idempotencyKeys: string[];
  /** Order id, customer key and request key of each. */
  keys: string;
  /** Of each that has one. */
  tickets: string;
  readonly runs: ReserveRun[];
}

interface ReserveRun extends Run, Pick<Reserve, 'productId' | 'quantity'> {
  readonly shard: number;
  /** Each of them, or none. */
  readonly hasTickets: boolean;
}

interface PackedReservations {
  readonly ids: number[];
  orderIds: string;
  readonly runs: ReservationRun[];
}

interface ReservationRun extends Run, Omit<Order, 'orderId'> {
  readonly replayed: boolean;
}

interface PackedRefusals {
  readonly ids: number[];
  readonly runs: RefusalRun[];
}

interface RefusalRun extends Run {
  readonly refusal: Refusal;
}

export function packMessage({ from, commands, replies }: Message): PackedMessage {
  const otherCommands: CommandEnvelope[] = [];
  const otherReplies: ReplyEnvelope[] = [];
  let reserves: PackedReserves | undefined;
  let reservations: PackedReservations | undefined;
  let refusals: PackedRefusals | undefined;
  for (const envelope of commands) {
    if (envelope.command.kind === 'reserve')
      addReserve((reserves ??= noReserves()), envelope, envelope.command);
    else otherCommands.push(envelope);
  }
  for (const envelope of replies) {
    const { id, reply } = envelope;
    if (reply.outcome === 'reserved') {
      addReservation((reservations ??= { ids: [], orderIds: '', runs: [] }), id, reply.order, reply.replayed);
    } else if (reply.outcome === 'refused') {
      addRefusal((refusals ??= { ids: [], runs: [] }), id, reply.refusal);
    } else otherReplies.push(envelope);
  }
  return { from, commands: otherCommands, replies: otherReplies, reserves, reservations, refusals };
}

export function unpackMessage(packed: PackedMessage): Message {
  const { from, reserves, reservations, refusals } = packed;
  let { commands, replies } = packed;
  if (reserves !== undefined) commands = [...unpackReserves(reserves), ...commands];
  if (reservations !== undefined) replies = [...unpackReservations(reservations), ...replies];
  if (refusals !== undefined) replies = [...unpackRefusals(refusals), ...replies];
  return { from, commands, replies };
}

const noReserves = (): PackedReserves => ({
  ids: [],
  timesLeftMs: [],
  customerIds: [],
  idempotencyKeys: [],
  keys: '',
  tickets: '',
  runs: [],
});

function addReserve(packed: PackedReserves, envelope: CommandEnvelope, command: Reserve): void {
  const { shard } = envelope;
  const { productId, quantity, ticket } = command;
  const hasTickets = ticket !== undefined;
  packed.ids.push(envelope.id);
  packed.timesLeftMs.push(envelope.timeLeftMs);
  packed.customerIds.push(command.customerId);
  packed.idempotencyKeys.push(command.idempotencyKey);
  packed.keys += command.orderId + command.customerKey + command.requestKey;
  const run = packed.runs.at(-1);
  if (hasTickets) packed.tickets += ticket;
  const continues =
    run?.productId === productId &&
    run.quantity === quantity &&
    run.shard === shard &&
    run.hasTickets === hasTickets;
  if (continues) run.count++;
  else packed.runs.push({ count: 1, shard, productId, quantity, hasTickets });
}

function unpackReserves(packed: PackedReserves): CommandEnvelope[] {
  const { ids, timesLeftMs, customerIds, idempotencyKeys, keys, tickets, runs } = packed;
  let nextTicket = 0;
  const envelopes: CommandEnvelope[] = [];
  for (const { count, shard, productId, quantity, hasTickets } of runs) {
    for (let left = count; left > 0; left--) {
      const at = envelopes.length;
      const key = at * KEY_BYTES * 3;
      const command: Reserve = {
        kind: 'reserve',
        productId,
        orderId: keys.slice(key, key + KEY_BYTES),
        customerId: customerIds[at]!,
        customerKey: keys.slice(key + KEY_BYTES, key + KEY_BYTES * 2),
        idempotencyKey: idempotencyKeys[at]!,
        requestKey: keys.slice(key + KEY_BYTES * 2, key + KEY_BYTES * 3),
        quantity,
        ticket: hasTickets ? tickets.slice(nextTicket, (nextTicket += KEY_BYTES)) : undefined,
      };
      envelopes.push({ id: ids[at]!, shard, timeLeftMs: timesLeftMs[at]!, command });
    }
  }
  return envelopes;
}

function addReservation(packed: PackedReservations, id: number, order: Order, replayed: boolean): void {
  packed.ids.push(id);
  packed.orderIds += order.orderId;
  const run = packed.runs.at(-1);
  if (run !== undefined && run.replayed === replayed && isAlike(run, order)) {
    run.count++;
    return;
  }
  const { productId, quantity, unitPrice, status, createdAt, holdExpiresAt } = order;
  packed.runs.push({
    count: 1,
    replayed,
    productId,
    quantity,
    unitPrice,
    status,
    createdAt,
    holdExpiresAt,
  });
}

/** In everything but the id. */
export function isAlike(one: Omit<Order, 'orderId'>, other: Order): boolean {
  return (
    one.createdAt === other.createdAt &&
    one.holdExpiresAt === other.holdExpiresAt &&
    one.quantity === other.quantity &&
    one.status === other.status &&
    one.unitPrice.amount === other.unitPrice.amount &&
    one.unitPrice.currency === other.unitPrice.currency &&
    one.productId === other.productId
  );
}

function unpackReservations({ ids, orderIds, runs }: PackedReservations): ReplyEnvelope[] {
  const envelopes: ReplyEnvelope[] = [];
  for (const run of runs) {
    const { productId, quantity, unitPrice, status, createdAt, holdExpiresAt, replayed } = run;
    for (let left = run.count; left > 0; left--) {
      const at = envelopes.length;
      const orderId = orderIds.slice(at * KEY_BYTES, (at + 1) * KEY_BYTES);
      const order: Order = { orderId, productId, quantity, unitPrice, status, createdAt, holdExpiresAt };
      envelopes.push({ id: ids[at]!, reply: { outcome: 'reserved', order, replayed } });
    }
  }
  return envelopes;
}

function addRefusal(packed: PackedRefusals, id: number, refusal: Refusal): void {
  packed.ids.push(id);
  const run = packed.runs.at(-1);
  if (run?.refusal === refusal) run.count++;
  else packed.runs.push({ count: 1, refusal });
}

function unpackRefusals({ ids, runs }: PackedRefusals): ReplyEnvelope[] {
  const envelopes: ReplyEnvelope[] = [];
  for (const { count, refusal } of runs) {
    const reply = refuse(refusal).reply;
    for (let left = count; left > 0; left--) envelopes.push({ id: ids[envelopes.length]!, reply });
  }
  return envelopes;
}
