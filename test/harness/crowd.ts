// Shoppers who repeat what was lost, with its key, at one node or at several that take turns, until every wish has a
// definite answer; and every answer that they got on the way.

import { setTimeout } from 'node:timers/promises';
import { inSeconds, sign } from '../http/tokens.ts';
import type { Answer, NodeApi } from './node-api.ts';
import { waitUntil } from './wait-until.ts';

export interface CrowdOptions {
  /** They go home by themselves after so many, all together. */
  readonly wishesMax?: number;
  readonly clickers?: number;
  /** From an answer to the next wish; 200, so that a rush does not take the whole machine. */
  readonly breathMs?: number;
  /** Without an answer for so long they ask the next node, and go on listening to this one. */
  readonly patienceMs?: number;
  /** Every tenth wish is a second one of the same customer, whom the limit may refuse. */
  readonly somebodyWantsTwo?: boolean;
}

export interface Wish {
  readonly customer: string;
  readonly productId: string;
  readonly key: string;
  orderId: string | undefined;
  refusal: string | undefined;
  /** An answer was lost or unknown: only since then may the order be there before it is acknowledged. */
  mayExist: boolean;
}

const CLICKERS = 24;
const BREATH_MS = 200;
const WANTS_TWO = 10;

export const tokenOf = (customer: string): string => sign({ sub: customer, exp: inSeconds(3_600) });

export class Crowd {
  readonly wishes: Wish[] = [];
  /** When it was acknowledged, by product. */
  readonly sales: { readonly productId: string; readonly at: number }[] = [];
  /** 503s by their code. */
  readonly unsettled = new Map<string, number>();
  /** Who was told that nothing had been accepted, and then of an order that had been there. */
  readonly misled: string[] = [];
  /** Who got two definite answers that cannot both be true. */
  readonly contradictions: string[] = [];
  /** Answers that came after their shopper had asked elsewhere. */
  lateAnswers = 0;
  readonly #doors: readonly NodeApi[];
  readonly #products: readonly string[];
  readonly #options: CrowdOptions;
  readonly #running: Promise<void>[];
  readonly #listening = new Set<Promise<boolean>>();
  #isOver = false;

  constructor(doors: NodeApi | readonly NodeApi[], products: readonly string[], options: CrowdOptions = {}) {
    this.#doors = [doors].flat();
    this.#products = products;
    this.#options = options;
    this.#running = Array.from({ length: options.clickers ?? CLICKERS }, () => this.#shop());
  }

  soldSince(at: number): number {
    return this.sales.filter((sale) => sale.at > at).length;
  }

  soldBetween(from: number, to: number): number {
    return this.sales.filter(({ at }) => at > from && at < to).length;
  }

  /** Between one sale and the next. */
  longestPause(): { from: number; to: number; ms: number } {
    let longest = { from: 0, to: 0, ms: 0 };
    for (const [index, { at: to }] of this.sales.entries()) {
      const from = this.sales[index - 1]?.at ?? to;
      if (to - from > longest.ms) longest = { from, to, ms: Math.round(to - from) };
    }
    return longest;
  }

  /** Everybody gets an answer to the last wish. */
  async goHome(): Promise<void> {
    this.#isOver = true;
    await this.allAnswered();
  }

  /** Also those questions that were asked again elsewhere meanwhile. */
  async allAnswered(): Promise<void> {
    await Promise.all(this.#running);
    await Promise.all(this.#listening);
  }

  async #shop(): Promise<void> {
    const { wishesMax = Infinity, breathMs = BREATH_MS } = this.#options;
    while (!this.#isOver && this.wishes.length < wishesMax) {
      const number = this.wishes.length;
      const wish: Wish = {
        customer: this.#customerOf(number),
        productId: this.#products[number % this.#products.length]!,
        key: `key-${number}`,
        orderId: undefined,
        refusal: undefined,
        mayExist: false,
      };
      this.wishes.push(wish);
      let turn = number;
      await waitUntil(`an answer for ${wish.customer}`, () => this.#ask(wish, turn++));
      if (breathMs > 0) await setTimeout(breathMs);
    }
  }

  #customerOf(number: number): string {
    const isSecond = this.#options.somebodyWantsTwo && number % WANTS_TWO === WANTS_TWO - 1;
    // A wish for the same product, so that the limit is asked.
    const of = isSecond ? Math.max(0, number - this.#products.length) : number;
    return `${this.#products[0]!}-shopper-${of}`;
  }

  /** @returns whether the wish has a definite answer */
  async #ask(wish: Wish, turn: number): Promise<boolean> {
    const listening = this.#listen(wish, this.#doors[turn % this.#doors.length]!);
    const { patienceMs } = this.#options;
    if (patienceMs === undefined) return listening;
    this.#listening.add(listening);
    const { promise: late, resolve } = Promise.withResolvers<'late'>();
    const timer = new AbortController();
    void setTimeout(patienceMs, 'late' as const, { signal: timer.signal }).then(resolve, () => undefined);
    const answered = listening.finally(() => this.#listening.delete(listening));
    const isDefinite = await Promise.race([answered, late]);
    timer.abort();
    if (isDefinite !== 'late') return isDefinite;
    wish.mayExist = true;
    void answered.then((isAnswer) => (this.lateAnswers += Number(isAnswer)));
    return wish.orderId !== undefined || wish.refusal !== undefined;
  }

  /** @returns whether the answer is definite */
  async #listen(wish: Wish, door: NodeApi): Promise<boolean> {
    let answer: Answer;
    try {
      answer = await door.buy(tokenOf(wish.customer), wish.productId, wish.key);
    } catch {
      wish.mayExist = true;
      return false;
    }
    if (answer.status === 503) {
      const code = String(answer.body['code']);
      this.unsettled.set(code, (this.unsettled.get(code) ?? 0) + 1);
      wish.mayExist ||= code !== 'overloaded';
      return false;
    }
    // A server that stood still takes a request that waited in its socket for one that never came: nothing of it was looked at.
    if (answer.status === 408) return false;
    if (answer.status === 201) this.#accepted(wish, answer);
    else this.#refused(wish, answer);
    return true;
  }

  #accepted(wish: Wish, { headers, body }: Answer): void {
    const id = String(body['id']);
    if (headers.has('idempotency-replayed') && !wish.mayExist) this.misled.push(wish.customer);
    if (wish.refusal !== undefined || (wish.orderId ?? id) !== id)
      this.contradictions.push(`${wish.customer}: ${wish.refusal ?? wish.orderId}, then ${id}`);
    if (wish.orderId === undefined) this.sales.push({ productId: wish.productId, at: performance.now() });
    wish.orderId = id;
  }

  #refused(wish: Wish, { status, body }: Answer): void {
    const code = String(body['code']);
    if (wish.orderId !== undefined)
      this.contradictions.push(
        `${wish.customer}: ${wish.orderId}, then ${status} ${code}: ${String(body['detail'])}`,
      );
    wish.refusal = code;
  }
}
