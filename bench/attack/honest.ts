// Honest shoppers beside an attack: each has a name and an address of their own, gets a ticket, solves what is asked, buys one
// unit and pays, and keeps to Retry-After. Who has to be told "no" by a gate is a fault of that gate.

import { setTimeout as pause } from 'node:timers/promises';
import { bodyOf, type AttackAnswer, type AttackClient, type Call } from './client.ts';
import { solve, type Challenge } from './work.ts';

export interface Shopper {
  readonly id: string;
  readonly token: string;
  readonly address: string;
}

export interface Visit {
  /** `paid`, or the code of what ended it. */
  readonly outcome: string;
  readonly orderId: string | undefined;
  /** From the press of Buy to its answer; undefined when it came to none. */
  readonly buyMs: number | undefined;
  readonly wholeMs: number;
}

/** What a sale says to anybody: no gate's doing. */
const SALE_SAYS: ReadonlySet<string> = new Set(['sold_out', 'sale_ended', 'limit_reached']);
/** Where to wait and come again helps. */
const COME_AGAIN: ReadonlySet<string> = new Set([
  'rate_limited',
  'overloaded',
  'outcome_unknown',
  'closed',
  'sale_not_started',
]);
const TRIES_MAX = 40;
const RETRY_MS = 200;
const RETRY_MS_MAX = 10_000;

export const isWronged = ({ outcome }: Visit): boolean => outcome !== 'paid' && !SALE_SAYS.has(outcome);

export class HonestShopper {
  readonly #client: AttackClient;
  readonly #shopper: Shopper;
  readonly #node: number;

  constructor(client: AttackClient, shopper: Shopper, node = 0) {
    this.#client = client;
    this.#shopper = shopper;
    this.#node = node;
  }

  async visit(productId: string, hasTickets: boolean): Promise<Visit> {
    const since = performance.now();
    const ended = (outcome: string, orderId?: string, buyMs?: number): Visit => ({
      outcome,
      orderId,
      buyMs,
      wholeMs: performance.now() - since,
    });
    let ticket: string | undefined;
    if (hasTickets) {
      const got = await this.ticket(productId);
      if (got.code !== undefined) return ended(got.code);
      ticket = ticketOf(got);
    }
    const key = `honest-${this.#shopper.id}`;
    const body = { productId, quantity: 1 };
    const bought = await this.#insist({ method: 'POST', path: '/v1/orders', key, ticket, body });
    if (bought.code !== undefined) return ended(bought.code);
    const id = String(bodyOf(bought)['id']);
    const path = `/v1/orders/${id}/payment`;
    const paid = await this.#insist({ method: 'POST', path, body: { method: 'card', token: 'demo' } });
    return ended(paid.status === 200 ? 'paid' : (paid.code ?? `status ${paid.status}`), id, bought.ms);
  }

  /** The desk's last answer: 201 with the ticket, the work done when it was asked for. */
  async ticket(productId: string): Promise<AttackAnswer> {
    const ask = (solution?: object): Promise<AttackAnswer> =>
      this.#insist({
        method: 'POST',
        path: '/v1/tickets',
        body: { productId, ...(solution && { solution }) },
      });
    const asked = await ask();
    if (asked.code !== 'challenge_required') return asked;
    return ask(await solve(bodyOf(asked)['challenge'] as Challenge));
  }

  async #insist(call: Call): Promise<AttackAnswer> {
    const { token, address: from } = this.#shopper;
    for (let tries = 1; ; tries++) {
      const answer = await this.#client.send({ ...call, token, from, node: this.#node });
      if (answer.code === undefined || !COME_AGAIN.has(answer.code) || tries === TRIES_MAX) return answer;
      const seconds = Number(answer.headers['retry-after'] ?? 0);
      await pause(Math.min(RETRY_MS_MAX, Math.max(RETRY_MS, seconds * 1_000)));
    }
  }
}

export const ticketOf = (answer: AttackAnswer): string => String(bodyOf(answer)['ticket']);
