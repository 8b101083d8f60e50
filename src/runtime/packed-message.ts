// Messages between threads, packed into columns. A structured clone writes every property name of every object; a hundred
// reservations as columns cost a fifth of that. Reservations and their answers are nearly all that crosses threads in a
// sale; everything else goes along as it is.
//
//   commands { reserve, reserve, show, reserve } ──▶ reserves: [ids] [shards] [keys…] …   commands { show }
//
// Both sides are of one process and one version: this is no wire format.

import { KEY_BYTES, type Order, type OrderStatus, type Refusal, type Reserve } from '../actors/index.ts';
import type { Address, CommandEnvelope, Message, ReplyEnvelope } from './ports.ts';

export interface PackedMessage {
  readonly from: Address;
  readonly commands: readonly CommandEnvelope[];
  readonly replies: readonly ReplyEnvelope[];
  readonly reserves: PackedReserves | undefined;
  readonly reservations: PackedReservations | undefined;
  readonly refusals: PackedRefusals | undefined;
}

interface PackedReserves {
  readonly ids: number[];
  readonly shards: number[];
  readonly timesLeftMs: number[];
  readonly productIds: string[];
  readonly customerIds: string[];
  readonly idempotencyKeys: string[];
  readonly quantities: number[];
  /** Order id, customer key and request key of each. */
  keys: string;
}

interface PackedReservations {
  readonly ids: number[];
  readonly replayed: boolean[];
  readonly productIds: string[];
  readonly quantities: number[];
  readonly amounts: number[];
  readonly currencies: string[];
  readonly statuses: OrderStatus[];
  readonly createdAts: number[];
  readonly holdExpiresAts: (number | null)[];
  orderIds: string;
}

interface PackedRefusals {
  readonly ids: number[];
  readonly refusals: Refusal[];
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
      addReservation((reservations ??= noReservations()), id, reply.order, reply.replayed);
    } else if (reply.outcome === 'refused') {
      refusals ??= { ids: [], refusals: [] };
      refusals.ids.push(id);
      refusals.refusals.push(reply.refusal);
    } else otherReplies.push(envelope);
  }
  return { from, commands: otherCommands, replies: otherReplies, reserves, reservations, refusals };
}

export function unpackMessage(packed: PackedMessage): Message {
  const { from, commands, replies, reserves, reservations, refusals } = packed;
  const allCommands = reserves === undefined ? commands : [...unpackReserves(reserves), ...commands];
  if (reservations === undefined && refusals === undefined) return { from, commands: allCommands, replies };
  const allReplies = [...replies];
  if (reservations !== undefined) unpackReservations(reservations, allReplies);
  refusals?.ids.forEach((id, at) => {
    allReplies.push({ id, reply: { outcome: 'refused', refusal: refusals.refusals[at]! } });
  });
  return { from, commands: allCommands, replies: allReplies };
}

const noReserves = (): PackedReserves => ({
  ids: [],
  shards: [],
  timesLeftMs: [],
  productIds: [],
  customerIds: [],
  idempotencyKeys: [],
  quantities: [],
  keys: '',
});

function addReserve(packed: PackedReserves, envelope: CommandEnvelope, command: Reserve): void {
  packed.ids.push(envelope.id);
  packed.shards.push(envelope.shard);
  packed.timesLeftMs.push(envelope.timeLeftMs);
  packed.productIds.push(command.productId);
  packed.customerIds.push(command.customerId);
  packed.idempotencyKeys.push(command.idempotencyKey);
  packed.quantities.push(command.quantity);
  packed.keys += command.orderId + command.customerKey + command.requestKey;
}

function unpackReserves(packed: PackedReserves): CommandEnvelope[] {
  const { ids, shards, timesLeftMs, productIds, customerIds, idempotencyKeys, quantities, keys } = packed;
  return ids.map((id, at): CommandEnvelope => {
    const key = at * KEY_BYTES * 3;
    return {
      id,
      shard: shards[at]!,
      timeLeftMs: timesLeftMs[at]!,
      command: {
        kind: 'reserve',
        productId: productIds[at]!,
        orderId: keys.slice(key, key + KEY_BYTES),
        customerId: customerIds[at]!,
        customerKey: keys.slice(key + KEY_BYTES, key + KEY_BYTES * 2),
        idempotencyKey: idempotencyKeys[at]!,
        requestKey: keys.slice(key + KEY_BYTES * 2, key + KEY_BYTES * 3),
        quantity: quantities[at]!,
      },
    };
  });
}

const noReservations = (): PackedReservations => ({
  ids: [],
  replayed: [],
  productIds: [],
  quantities: [],
  amounts: [],
  currencies: [],
  statuses: [],
  createdAts: [],
  holdExpiresAts: [],
  orderIds: '',
});

function addReservation(packed: PackedReservations, id: number, order: Order, replayed: boolean): void {
  packed.ids.push(id);
  packed.replayed.push(replayed);
  packed.productIds.push(order.productId);
  packed.quantities.push(order.quantity);
  packed.amounts.push(order.unitPrice.amount);
  packed.currencies.push(order.unitPrice.currency);
  packed.statuses.push(order.status);
  packed.createdAts.push(order.createdAt);
  packed.holdExpiresAts.push(order.holdExpiresAt);
  packed.orderIds += order.orderId;
}

function unpackReservations(packed: PackedReservations, replies: ReplyEnvelope[]): void {
  packed.ids.forEach((id, at) => {
    const order: Order = {
      orderId: packed.orderIds.slice(at * KEY_BYTES, (at + 1) * KEY_BYTES),
      productId: packed.productIds[at]!,
      quantity: packed.quantities[at]!,
      unitPrice: { amount: packed.amounts[at]!, currency: packed.currencies[at]! },
      status: packed.statuses[at]!,
      createdAt: packed.createdAts[at]!,
      holdExpiresAt: packed.holdExpiresAts[at]!,
    };
    replies.push({ id, reply: { outcome: 'reserved', order, replayed: packed.replayed[at]! } });
  });
}
