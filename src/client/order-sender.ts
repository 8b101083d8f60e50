// Sends an order: with a purchase ticket where its sale asks for one, and once more by itself where the shop has not
// looked at it. Whatever is sent again has the same key. What an answer means is not decided here.

import type { Attempt } from './attempts.ts';
import type { Caller } from './caller.ts';
import { TICKET_CODES, withoutTicket, type Sent } from './decision.ts';
import { isOrderOf, type Order } from './order.ts';
import { patienceMs, timeoutMsOf } from './patience.ts';
import { waitFor, type Ports } from './ports.ts';
import type { ServerClock } from './server-clock.ts';
import type { TicketBook } from './ticket-book.ts';

export const BUSY_MS_MIN = 2_000;
/** Tickets of one order: another page used one, or it went out of date while an answer was looked for. */
const TICKETS_MAX = 5;
/** After "too many requests" it goes on by itself so often, where it may go on so soon. Later the shopper decides. */
const AUTOMATIC_TRIES_MAX = 3;
const AUTOMATIC_WAIT_MS_MAX = 15_000;

/** `preparing`: a ticket is being got. `waiting`: it is sent again at `until`. Nothing was ordered in either. */
export type SendingPhase = 'preparing' | 'sending' | 'waiting';

export interface SenderParts {
  readonly productId: string;
  readonly caller: Caller;
  readonly tickets: TicketBook;
  readonly clock: ServerClock;
  readonly ports: Ports;
}

export class OrderSender {
  readonly #parts: SenderParts;
  readonly #enter: (phase: SendingPhase, until?: number) => void;

  /** @param enter told of each phase; `until` by the shop's clock */
  constructor(parts: SenderParts, enter: (phase: SendingPhase, until?: number) => void) {
    this.#parts = parts;
    this.#enter = enter;
  }

  async first(customer: string, attempt: Attempt): Promise<Sent> {
    const { ports, clock } = this.#parts;
    const enter = this.#enter;
    let answer = await this.#send(customer, attempt, 0, enter);
    for (let tries = 0; tries < AUTOMATIC_TRIES_MAX && !attempt.isInDoubt; tries++) {
      if (answer.kind !== 'refused' || answer.code !== 'rate_limited') break;
      if (answer.retryAfterMs > AUTOMATIC_WAIT_MS_MAX) break;
      const waitMs = patienceMs(Math.max(BUSY_MS_MIN, answer.retryAfterMs), 0, () => ports.random());
      enter('waiting', clock.now() + waitMs);
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      await waitFor(ports, waitMs);
      enter('sending');
      // oxlint-disable-next-line no-await-in-loop -- likewise
      answer = await this.#send(customer, attempt, 0, enter);
    }
    return answer;
  }

  /** Without a word of its phases: whoever asks says that it is looked for. */
  again(customer: string, attempt: Attempt, round: number): Promise<Sent> {
    return this.#send(customer, attempt, round, () => undefined);
  }

  /** An order in doubt goes out as it is: it needs no ticket to be told. */
  async #send(
    customer: string,
    attempt: Attempt,
    round: number,
    enter: (phase: SendingPhase) => void,
  ): Promise<Sent> {
    const { tickets, productId } = this.#parts;
    let ticket = tickets.inHand(customer, productId);
    let isWanted = ticket === undefined && !attempt.isInDoubt && tickets.isNeeded(productId);
    for (let count = 0; ; count++) {
      if (isWanted) {
        enter('preparing');
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const taken = await tickets.take(customer, productId);
        if (taken.kind !== 'ticket') return withoutTicket(taken);
        ticket = taken.ticket;
        enter('sending');
      }
      // oxlint-disable-next-line no-await-in-loop -- likewise
      const answer = await this.#post(attempt, ticket, round);
      const isOfTicket = answer.kind === 'refused' && TICKET_CODES.has(answer.code);
      if (ticket !== undefined && (isOfTicket || answer.kind === 'answer'))
        tickets.drop(customer, productId, ticket);
      if (!isOfTicket || count >= TICKETS_MAX) return answer;
      isWanted = true;
    }
  }

  #post({ key, quantity }: Attempt, ticket: string | undefined, round: number): Promise<Sent> {
    const { caller, productId } = this.#parts;
    const isOwn = (body: unknown): body is Order => isOrderOf(productId, body);
    return caller.call('POST', '/v1/orders', isOwn, {
      key,
      ticket,
      body: { productId, quantity },
      isPersonal: true,
      timeoutMs: timeoutMsOf(round),
    });
  }
}
