// Gives out purchase tickets: to whoever is let in, from shortly before the start until the end, for a proof of work or a wait where the
// sale asks for one. The hour is the actor's: no gateway's clock opens a sale. Nothing is kept of who asked; that a ticket works once,
// and that a challenge or a pass leads to one ticket, follows from the ticket's id.

import type { Challenge } from 'altcha-lib';
import type { Shopper } from '../../auth.ts';
import type { HttpContext } from '../../context.ts';
import { Problem, type ProblemCode } from '../../problem.ts';
import { riskFactor, Rush, triesFor, type WaitPass } from '../challenge/index.ts';
import { ticketsFrom } from './ticket-office.ts';
import type { WorkFault } from './ticket-schemas.ts';

export interface TicketWish {
  readonly productId: string;
  /** Base64 of ALTCHA's payload. */
  readonly solution?: string | undefined;
  /** A pass of whoever waits instead. */
  readonly wait?: string | undefined;
}

/** What work is asked for, and the wait that does instead. */
export interface WorkAsked {
  readonly challenge: Challenge;
  /** The pass that was brought, where it is only too early. */
  readonly wait: WaitPass;
}

export type TicketCost = 'nothing' | 'work' | 'wait';

/** Times are epoch milliseconds. */
export type TicketOutcome =
  | {
      readonly outcome: 'issued';
      readonly cost: TicketCost;
      readonly ticket: string;
      readonly expiresAt: number;
    }
  | {
      readonly outcome: 'early';
      readonly ticketsFrom: number;
      readonly startsAt: number;
      /** Of the actor's clock. */
      readonly asOf: number;
    }
  | { readonly outcome: 'work'; readonly asked: WorkAsked; readonly fault: WorkFault | undefined }
  | { readonly outcome: 'refused'; readonly code: ProblemCode };

export class TicketDesk {
  readonly #context: HttpContext;
  readonly #rush: Rush;

  constructor(context: HttpContext) {
    this.#context = context;
    this.#rush = new Rush(context.clock);
  }

  /** @throws Problem unavailable, when nobody can say who may enter; overloaded; invalid_request, of a solution that is none */
  async ask(shopper: Shopper, wish: TicketWish): Promise<TicketOutcome> {
    const { counters } = this.#context;
    try {
      const told = await this.#told(shopper, wish);
      counters.check('tickets', resultOf(told));
      return told;
    } catch (error) {
      if (error instanceof Problem) counters.check('tickets', error.code);
      throw error;
    }
  }

  async #told(shopper: Shopper, wish: TicketWish): Promise<TicketOutcome> {
    const { doors, router, tickets } = this.#context;
    const { productId } = wish;
    // The actor is asked whoever may enter, so that a closed door takes as long as a product that never was.
    const reply = await router.request({ kind: 'showProduct', productId });
    if ((await doors.passage(productId, shopper)) !== 'open') return refused('not_found');
    if (reply.outcome === 'refused') return refused(reply.refusal);
    if (reply.outcome !== 'product') throw new Error(`a product was answered with ${reply.outcome}`);
    const { configuration, asOf } = reply.product;
    const { startsAt, endsAt, gate } = configuration;
    const from = ticketsFrom(configuration, tickets);
    if (asOf < from) return { outcome: 'early', ticketsFrom: from, startsAt, asOf };
    if (asOf >= endsAt || doors.isCancelled(productId)) return refused('sale_ended');
    const issue = (cost: TicketCost, source?: string): TicketOutcome => {
      const { customerKey } = shopper;
      // In whole seconds, as tickets count.
      const expiresAt = Math.floor((Math.max(asOf, startsAt) + tickets.settings.lifeMs) / 1_000) * 1_000;
      const id = source === undefined ? undefined : tickets.idOf(source);
      return {
        outcome: 'issued',
        cost,
        ticket: tickets.issue({ customerKey, productId, expiresAt, id }),
        expiresAt,
      };
    };
    if (gate === undefined || !gate.ticket || !gate.work) return issue('nothing');
    return this.#forWork(shopper, wish, issue);
  }

  async #forWork(
    shopper: Shopper,
    { productId, solution, wait }: TicketWish,
    issue: (cost: TicketCost, source: string) => TicketOutcome,
  ): Promise<TicketOutcome> {
    const { work, passes } = this.#context.tickets;
    const { customerKey } = shopper;
    if (solution !== undefined) {
      const checked = await work.check(solution, { customerKey, productId });
      if ('challenge' in checked) return issue('work', checked.challenge);
      return this.#askForWork(shopper, productId, checked.fault);
    }
    if (wait === undefined) return this.#askForWork(shopper, productId, undefined);
    const pass = passes.read(wait, customerKey, productId);
    if (pass === undefined) return this.#askForWork(shopper, productId, 'pass_wrong');
    switch (passes.stateOf(pass)) {
      case 'good':
        return issue('wait', pass.stretch);
      case 'early':
        return this.#askForWork(shopper, productId, 'pass_early', pass);
      case 'expired':
        return this.#askForWork(shopper, productId, 'pass_expired');
    }
  }

  async #askForWork(
    { customerId, customerKey }: Shopper,
    productId: string,
    fault: WorkFault | undefined,
    pass?: WaitPass,
  ): Promise<TicketOutcome> {
    const { tickets, riskOf } = this.#context;
    const status = riskOf(customerId);
    this.#rush.count();
    const tries = triesFor(this.#rush.perSecond(), status);
    const challenge = await tickets.work.make({ customerKey, productId }, tries);
    const waitMs = tickets.settings.waitMs * riskFactor(status);
    const wait = pass ?? tickets.passes.make(customerKey, productId, waitMs);
    return { outcome: 'work', asked: { challenge, wait }, fault };
  }
}

const refused = (code: ProblemCode): TicketOutcome => ({ outcome: 'refused', code });

/** As metrics name it. */
function resultOf(told: TicketOutcome): string {
  switch (told.outcome) {
    case 'issued':
      return `issued_for_${told.cost}`;
    case 'early':
      return 'sale_not_started';
    case 'work':
      return told.fault ?? 'challenge_required';
    case 'refused':
      return told.code;
  }
}
