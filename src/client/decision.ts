// What an answer to a purchase means: whether the shop has decided, and whether asking again can help.

import type { Answer } from './answer.ts';
import type { Order } from './order.ts';
import type { TicketAnswer } from './ticket-book.ts';

/** No ticket was to be had, so nothing was sent; what was said is of the ticket. */
export interface Ticketless {
  readonly kind: 'ticketless';
  readonly code: string;
  readonly detail: string;
  readonly retryAfterMs: number;
}

export type Sent = Answer<Order> | Ticketless;
export type Refusing = Extract<Answer<never>, { kind: 'refused' | 'unsent' }> | Ticketless;

const UNSENT_CODES = {
  signed_out: 'unauthenticated',
  no_token: 'unreachable',
  another_customer: 'another_customer',
} as const;

export function said(answer: Refusing): { readonly code: string; readonly detail: string } {
  return answer.kind === 'unsent' ? { code: UNSENT_CODES[answer.reason], detail: '' } : answer;
}

export function withoutTicket(taken: Exclude<TicketAnswer, { readonly kind: 'ticket' }>): Ticketless {
  const { code, detail } = taken.kind === 'lost' ? { code: 'unreachable', detail: '' } : said(taken);
  return { kind: 'ticketless', code, detail, retryAfterMs: taken.retryAfterMs };
}

/** What the shop says only after it has looked whether the key was accepted before. */
export const DECISIONS: ReadonlySet<string> = new Set([
  'sold_out',
  'insufficient_stock',
  'limit_reached',
  'sale_not_started',
  'sale_ended',
  'sale_paused',
  'not_found',
  'not_eligible',
  'ticket_required',
  'ticket_invalid',
  'too_many_holds',
]);
/** Another ticket helps. */
export const TICKET_CODES: ReadonlySet<string> = new Set(['ticket_required', 'ticket_invalid']);

// A first request that was refused has bought nothing, also when the shop was too busy to look at it. Once an earlier
// request with this key is in doubt, only a decision of the shop counts: "too busy" or "who are you" says nothing.
export function isDefinite(
  answer: Exclude<Sent, { kind: 'answer' }>,
  isInDoubt: boolean,
): answer is Refusing {
  if (answer.kind === 'unsent' || answer.kind === 'ticketless') return !isInDoubt;
  if (answer.kind !== 'refused') return false;
  if (isInDoubt) return DECISIONS.has(answer.code);
  // The key was accepted with another quantity: there is an order.
  if (answer.code === 'idempotency_key_reused') return false;
  return answer.status < 500 || answer.code === 'overloaded';
}

/** Asking again helps only after the shopper or the shop's front end has done something. */
export function isHopeless(answer: Exclude<Sent, { kind: 'answer' }>): boolean {
  if (answer.kind === 'unsent') return answer.reason !== 'no_token';
  if (answer.kind !== 'refused' || answer.code === 'idempotency_key_reused') return false;
  return answer.status < 500 && ![404, 408, 425, 429].includes(answer.status);
}
