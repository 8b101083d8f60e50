// What becomes of a command whose owner died before it answered. It may have been decided, and durably so. The next owner
// has replayed the journal and fenced the dead one, so a repetition meets either the first copy's effect or none at all,
// now and for ever. That makes it safe for commands that recognise their own effect:
//
//   reserve             by key and order id: answered with the stored acceptance, or decided anew
//   stock changes       by requestId
//   pay, cancel         by the order's state; see below for the one answer that they may not take at its word
//   deny, extendHold    likewise: a denied order stays so, and a hold that lasts as long is not extended
//   reads               have no effect
//
// The others would act a second time on what somebody else may have changed in between (a pause on a sale that was resumed),
// decline the try after the one that was meant, or be refused because of their own effect (a change that expects a revision). Only whoever sent them can look and decide.

import { refuse, type Command, type Reply } from '../actors/index.ts';

const OUTCOME_UNKNOWN = refuse('outcome_unknown').reply;

export function isRepeatable({ kind }: Command): boolean {
  switch (kind) {
    case 'reserve':
    case 'loadStock':
    case 'withdrawStock':
    case 'pay':
    case 'cancel':
    case 'deny':
    case 'extendHold':
    case 'checkStock':
    case 'showProduct':
    case 'showStock':
    case 'showOrder':
    case 'findOrder':
      return true;
    case 'configure':
    case 'pause':
    case 'resume':
    case 'decline':
    case 'expire':
    case 'refund':
    case 'retire':
      return false;
  }
}

/**
 * The answer to a repetition, as the answer to both copies.
 *
 * `overloaded` says that nothing was accepted, which only the repetition can know of itself. A conflict may follow from the
 * first copy: it cancelled, then a payment came, and now the order cannot be cancelled. Both are unknown for the two together.
 */
export function answerToBoth(command: Command, reply: Reply): Reply {
  if (reply.outcome === 'conflict') return OUTCOME_UNKNOWN;
  if (reply.outcome === 'refused' && reply.refusal === 'overloaded') return OUTCOME_UNKNOWN;
  // Each request draws an order id of its own: this one is what the first copy made.
  if (reply.outcome === 'reserved' && command.kind === 'reserve' && reply.order.orderId === command.orderId) {
    return reply.replayed ? { ...reply, replayed: false } : reply;
  }
  return reply;
}
