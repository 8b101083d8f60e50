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

export interface Wish {
  readonly productId: string;
  readonly needsTicket: boolean;
  /** Presses Buy then, epoch milliseconds; at once by default. */
  readonly buysAt?: number | undefined;
  /** Presses Buy again for so long when nothing is left: units come back. */
  readonly waitsForUnitsMs?: number | undefined;
}

export interface Visit {
  readonly shopper: Shopper;
  /** `paid`, or the code of what ended it. */
  readonly outcome: string;
  /** Codes of the answers that told them to come again. */
  readonly waits: readonly string[];
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
  'unavailable',
  'outcome_unknown',
  'closed',
  'sale_not_started',
]);
const TRIES_MAX = 40;
const RETRY_MS = 200;
const RETRY_MS_MAX = 10_000;
/** Nobody presses in the very same millisecond. */
const BUYS_WITHIN_MS = 500;
const LOOK_AGAIN_MS = 400;

export const isWronged = ({ outcome }: Visit): boolean => outcome !== 'paid' && !SALE_SAYS.has(outcome);

export class HonestShopper {
  readonly #client: AttackClient;
  readonly #shopper: Shopper;
  readonly #node: number;
  readonly #waits: string[] = [];

  constructor(client: AttackClient, shopper: Shopper, node = 0) {
    this.#client = client;
    this.#shopper = shopper;
    this.#node = node;
  }

  /** The whole way: the ticket, the order, the payment. */
  async visit({ productId, needsTicket, buysAt, waitsForUnitsMs = 0 }: Wish): Promise<Visit> {
    const since = performance.now();
    const ended = (outcome: string, orderId?: string, buyMs?: number): Visit => ({
      shopper: this.#shopper,
      outcome,
      waits: this.#waits,
      orderId,
      buyMs,
      wholeMs: performance.now() - since,
    });
    let ticket: string | undefined;
    if (needsTicket) {
      const got = await this.ticket(productId);
      if (got.code !== undefined) return ended(got.code);
      ticket = ticketOf(got);
    }
    if (buysAt !== undefined) await pause(Math.max(0, buysAt + Math.random() * BUYS_WITHIN_MS - Date.now()));
    const bought = await this.#buy({ productId, quantity: 1 }, ticket, waitsForUnitsMs);
    if (bought.code !== undefined) return ended(bought.code, undefined, bought.ms);
    const id = String(bodyOf(bought)['id']);
    return ended(await this.#pay(`/v1/orders/${id}`), id, bought.ms);
  }

  /** @returns `paid`, or the code or status of what it ended with */
  async #pay(path: string): Promise<string> {
    const body = { method: 'card', token: 'succeed' };
    const paid = await this.#insist({ method: 'POST', path: `${path}/payment`, body });
    if (paid.code !== undefined) return paid.code;
    let status = String(bodyOf(paid)['status']);
    for (let looks = 0; status === 'payment_pending' && looks < TRIES_MAX; looks++) {
      await pause(LOOK_AGAIN_MS);
      const looked = await this.#insist({ method: 'GET', path });
      if (looked.code === undefined) status = String(bodyOf(looked)['status']);
    }
    return status;
  }

  async #buy(body: object, ticket: string | undefined, waitsForUnitsMs: number): Promise<AttackAnswer> {
    const endsAt = Date.now() + waitsForUnitsMs;
    const key = `honest-${this.#shopper.id}`;
    for (;;) {
      const answer = await this.#insist({ method: 'POST', path: '/v1/orders', key, ticket, body });
      if (answer.code !== 'sold_out' || Date.now() > endsAt) return answer;
      await pause(LOOK_AGAIN_MS);
    }
  }

  /** The desk's last answer: 201 with the ticket, the work done when it was asked for. */
  async ticket(productId: string): Promise<AttackAnswer> {
    const ask = (solution?: string): Promise<AttackAnswer> =>
      this.#insist({
        method: 'POST',
        path: '/v1/tickets',
        body: { productId, ...(solution !== undefined && { solution }) },
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
      this.#waits.push(answer.code);
      const seconds = Number(answer.headers['retry-after'] ?? 0);
      await pause(Math.min(RETRY_MS_MAX, Math.max(RETRY_MS, seconds * 1_000)));
    }
  }
}

export const ticketOf = (answer: AttackAnswer): string => String(bodyOf(answer)['ticket']);
