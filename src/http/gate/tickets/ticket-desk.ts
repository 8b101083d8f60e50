// Gives out purchase tickets: to whoever is let in, from shortly before the start until the end, for a proof of work where the sale
// asks for one. The hour is the actor's: no gateway's clock opens a sale.

import type { ProductReading } from '../../../actors/index.ts';
import type { Shopper } from '../../auth.ts';
import type { HttpContext } from '../../context.ts';
import { Problem, type ProblemCode } from '../../problem.ts';
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
  /** As ALTCHA's protocol has it, JSON. */
  readonly challenge: unknown;
  readonly wait: {
    readonly pass: string;
    /** Epoch milliseconds. */
    readonly goodFrom: number;
    readonly goodUntil: number;
  };
}

export type TicketOutcome =
  | { readonly outcome: 'issued'; readonly ticket: string; readonly expiresAt: number }
  /** Epoch milliseconds. */
  | {
      readonly outcome: 'early';
      readonly ticketsFrom: number;
      readonly startsAt: number;
      readonly asOf: number;
    }
  | { readonly outcome: 'work'; readonly asked: WorkAsked; readonly fault: WorkFault | undefined }
  | { readonly outcome: 'refused'; readonly code: ProblemCode };

export class TicketDesk {
  readonly #context: HttpContext;

  constructor(context: HttpContext) {
    this.#context = context;
  }

  /** @throws Problem unavailable, overloaded: nobody can say who may enter */
  async ask(shopper: Shopper, { productId }: TicketWish): Promise<TicketOutcome> {
    const { doors, router, tickets } = this.#context;
    const reply = await router.request({ kind: 'showProduct', productId });
    if ((await doors.passage(productId, shopper)) !== 'open')
      return { outcome: 'refused', code: 'not_found' };
    if (reply.outcome === 'refused') return { outcome: 'refused', code: reply.refusal };
    if (reply.outcome !== 'product') throw new Problem('unavailable');
    const { configuration, asOf } = reply.product;
    const from = ticketsFrom(configuration, tickets);
    if (asOf < from) return { outcome: 'early', ticketsFrom: from, startsAt: configuration.startsAt, asOf };
    if (asOf >= configuration.endsAt) return { outcome: 'refused', code: 'sale_ended' };
    return this.#issue(shopper, reply.product);
  }

  #issue({ customerKey }: Shopper, { productId, configuration, asOf }: ProductReading): TicketOutcome {
    const { tickets } = this.#context;
    const expiresAt = Math.max(asOf, configuration.startsAt) + tickets.settings.lifeMs;
    const ticket = tickets.issue({ customerKey, productId, expiresAt });
    return { outcome: 'issued', ticket, expiresAt: Math.floor(expiresAt / 1_000) * 1_000 };
  }
}
