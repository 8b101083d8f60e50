// Buying one product, from the press of the button to a definite answer.
//
//   idle ──buy──▶ sending ──answer or refusal──▶ idle
//                    │ lost                       ▲
//                    ▼                            │ the order, a refusal, or not to be found out now
//                 checking ──ask by key───────────┘
//                    ▲  │ no such order: send again, same key
//                    └──┘
//
// It never takes a lost answer for a success or a failure: it asks until the shop has said what became of the key, and
// when it stops asking it says that it does not know, and keeps the key for the next press and the next page.

import { isNotFound, type Answer, type Given } from './answer.ts';
import type { Attempt, Attempts } from './attempts.ts';
import type { Caller } from './caller.ts';
import type { Identity } from './identity.ts';
import { isOrder, type Order } from './order.ts';
import { patienceMs, timeoutMsOf } from './patience.ts';
import { waitFor, type Ports } from './ports.ts';
import type { ServerClock } from './server-clock.ts';

const BUSY_MS_MIN = 2_000;
/** About an hour at the longest patience; a page that is closed sooner asks when it comes back. */
const CHECK_ROUNDS_MAX = 400;
/** After an earlier page's try has reached nobody: its request may still be on its way. */
const LATE_LOOKS_AFTER_MS = [3_000, 10_000, 30_000];
/** Where nobody has said who the customer is, there is one session. */
const SESSION = 'session';

export type Phase = 'idle' | 'sending' | 'checking';

export interface PurchaseRefusal {
  /**
   * The shop's, or `unreachable` and `another_customer` (nothing was sent), `never_arrived` (an earlier page's try has
   * reached nobody so far). In doubt only `outcome_unknown` and `unauthenticated`: sign in, then `recover`.
   */
  readonly code: string;
  readonly detail: string;
  /** The shop's time at which another try makes sense; null when it is not a matter of time. */
  readonly until: number | null;
  /** There may be an order all the same: say so. The next `buy` or `recover` finds out, with the same key. */
  readonly isInDoubt: boolean;
}

/** `isRecovered`: the answer had been lost, so that the shopper was told of nothing until now. */
export type OrderListener = (order: Order, how: { readonly isRecovered: boolean }) => void;

export interface PurchaseParts {
  readonly productId: string;
  readonly caller: Caller;
  readonly identity: Identity;
  readonly attempts: Attempts;
  readonly clock: ServerClock;
  readonly ports: Ports;
}

export class Purchase {
  readonly productId: string;
  readonly #parts: PurchaseParts;
  readonly #changeListeners = new Set<() => void>();
  readonly #orderListeners = new Set<OrderListener>();
  #phase: Phase = 'idle';
  #refusal: PurchaseRefusal | null = null;

  constructor(parts: PurchaseParts) {
    this.#parts = parts;
    this.productId = parts.productId;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Of the last try. */
  get refusal(): PurchaseRefusal | null {
    return this.#refusal;
  }

  /** Phase or refusal are others now. Gives what ends it. */
  onChange(listener: () => void): () => void {
    this.#changeListeners.add(listener);
    return () => void this.#changeListeners.delete(listener);
  }

  onOrder(listener: OrderListener): () => void {
    this.#orderListeners.add(listener);
    return () => void this.#orderListeners.delete(listener);
  }

  /** Resolves when there is an answer; a second press meanwhile is none. */
  async buy(quantity = 1): Promise<void> {
    if (!Number.isSafeInteger(quantity) || quantity < 1)
      throw new RangeError(`quantity is ${quantity}; it must be a whole number from 1`);
    if (this.#phase !== 'idle') return;
    this.#enter('sending');
    const customer = await this.#customer();
    const attempt = await this.#parts.attempts.begin(customer, this.productId, quantity);
    await this.#settle(customer, attempt);
  }

  /** On load: asks for a key that an earlier page left behind. It does not buy: that would be a surprise by now. */
  async recover(): Promise<void> {
    if (this.#phase !== 'idle') return;
    const { attempts } = this.#parts;
    const customer = await this.#customer();
    const attempt = attempts.find(customer, this.productId);
    if (attempt === undefined || this.#phase !== 'idle') return;
    this.#enter('checking');
    await attempts.change(customer, this.productId, attempt, { isInDoubt: true });
    for (let round = 0; round < CHECK_ROUNDS_MAX; round++) {
      const answer = await this.#ask(attempt, round);
      if (answer.kind === 'answer') return this.#accept(customer, attempt, answer, true);
      if (isNotFound(answer)) return this.#neverArrived(customer, attempt);
      if (isHopeless(answer)) return this.#giveUp(answer);
      await this.#waitAfter(answer, round);
    }
    this.#giveUp(undefined);
  }

  /** Forgets the last refusal. */
  dismiss(): void {
    if (this.#refusal === null) return;
    this.#refusal = null;
    this.#tellChange();
  }

  // The key stays: its request may still be under way, and the next press repeats it.
  async #neverArrived(customer: string, attempt: Attempt): Promise<void> {
    await this.#parts.attempts.change(customer, this.productId, attempt, { isTold: true });
    if (attempt.isTold) return this.#enter('idle');
    this.#refuse({ code: 'never_arrived', detail: '', until: null, isInDoubt: false });
    void this.#lookLater(customer, attempt);
  }

  /** Without a word of it, until the next press. */
  async #lookLater(customer: string, attempt: Attempt): Promise<void> {
    for (const afterMs of LATE_LOOKS_AFTER_MS) {
      await waitFor(this.#parts.ports, afterMs);
      const isOpen = this.#parts.attempts.find(customer, this.productId)?.key === attempt.key;
      if (this.#phase !== 'idle' || !isOpen) return;
      const answer = await this.#ask(attempt);
      if (this.#phase !== 'idle') return;
      if (answer.kind !== 'answer') continue;
      this.#enter('checking');
      return this.#accept(customer, attempt, answer, true);
    }
  }

  async #settle(customer: string, begun: Attempt): Promise<void> {
    const { attempts } = this.#parts;
    let attempt = begun;
    let answer = await this.#send(attempt);
    let isFound = false;
    for (let round = 0; round < CHECK_ROUNDS_MAX; round++) {
      if (answer.kind === 'answer')
        return this.#accept(customer, attempt, answer, isFound || answer.isReplayed);
      if (isDefinite(answer, attempt.isInDoubt)) {
        const isJoined = await attempts.refused(customer, this.productId, attempt);
        // Another page goes out with this key: its request may have been accepted since.
        if (!isJoined) return this.#refuse(this.#refusalOf(answer));
      }
      if (attempt.isInDoubt && isHopeless(answer)) return this.#giveUp(answer);
      if (!attempt.isInDoubt) {
        attempt = { ...attempt, isInDoubt: true };
        await attempts.change(customer, this.productId, attempt, { isInDoubt: true });
      }
      this.#enter('checking');
      await this.#waitAfter(answer, round);
      answer = await this.#ask(attempt, round);
      isFound = answer.kind === 'answer';
      if (isNotFound(answer)) answer = await this.#send(attempt, round);
    }
    this.#giveUp(undefined);
  }

  async #customer(): Promise<string> {
    return (await this.#parts.identity.customer()) ?? SESSION;
  }

  #send({ key, quantity }: Attempt, round = 0): Promise<Answer<Order>> {
    const body = { productId: this.productId, quantity };
    return this.#parts.caller.call('POST', '/v1/orders', this.#isOwn, {
      key,
      body,
      isPersonal: true,
      timeoutMs: timeoutMsOf(round),
    });
  }

  #ask({ key }: Attempt, round = 0): Promise<Answer<Order>> {
    const query = new URLSearchParams({ productId: this.productId, idempotencyKey: key });
    return this.#parts.caller.call('GET', `/v1/orders?${query.toString()}`, this.#isOwn, {
      isPersonal: true,
      timeoutMs: timeoutMsOf(round),
    });
  }

  readonly #isOwn = (body: unknown): body is Order => isOrder(body) && body.productId === this.productId;

  #waitAfter({ retryAfterMs }: { readonly retryAfterMs: number }, round: number): Promise<void> {
    const { ports } = this.#parts;
    return waitFor(
      ports,
      patienceMs(retryAfterMs, round, () => ports.random()),
    );
  }

  async #accept(
    customer: string,
    attempt: Attempt,
    { status, body }: Given<Order>,
    isRecovered: boolean,
  ): Promise<void> {
    let order = body;
    if (attempt.isInDoubt && status === 201) {
      // The answer to a repeated request shows the order as it was accepted, not as it stands by now.
      const now = await this.#ask(attempt);
      if (now.kind === 'answer') order = now.body;
    }
    // Told before the key goes: a page that ends in between is told again on its next load, rather than never.
    for (const listener of this.#orderListeners) listener(order, { isRecovered });
    await this.#parts.attempts.accepted(customer, this.productId, attempt);
    this.#enter('idle');
  }

  #refusalOf(answer: Refusing): PurchaseRefusal {
    const { code, detail } = said(answer);
    const isBusy = ['unreachable', 'overloaded', 'rate_limited'].includes(code);
    const until = isBusy ? this.#parts.clock.now() + Math.max(BUSY_MS_MIN, answer.retryAfterMs) : null;
    return { code, detail, until, isInDoubt: false };
  }

  /** What became of the key cannot be found out now. The code of whatever was answered would read as if nothing was ordered. */
  #giveUp(answer: Answer<unknown> | undefined): void {
    const isSaid = answer?.kind === 'refused' || answer?.kind === 'unsent';
    const isSignedOut = answer?.kind === 'unsent' || (answer?.kind === 'refused' && answer.status === 401);
    const code = isSignedOut ? 'unauthenticated' : 'outcome_unknown';
    this.#refuse({ code, detail: isSaid ? said(answer).detail : '', until: null, isInDoubt: true });
  }

  #refuse(refusal: PurchaseRefusal): void {
    this.#refusal = refusal;
    this.#phase = 'idle';
    this.#tellChange();
  }

  #enter(phase: Phase): void {
    this.#refusal = null;
    this.#phase = phase;
    this.#tellChange();
  }

  #tellChange(): void {
    for (const listener of this.#changeListeners) listener();
  }
}

type Refusing = Extract<Answer<never>, { kind: 'refused' | 'unsent' }>;

const UNSENT_CODES = {
  signed_out: 'unauthenticated',
  no_token: 'unreachable',
  another_customer: 'another_customer',
} as const;

function said(answer: Refusing): { readonly code: string; readonly detail: string } {
  return answer.kind === 'refused' ? answer : { code: UNSENT_CODES[answer.reason], detail: '' };
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
]);

// A first request that was refused has bought nothing, also when the shop was too busy to look at it. Once an earlier
// request with this key is in doubt, only a decision of the shop counts: "too busy" or "who are you" says nothing.
function isDefinite(
  answer: Exclude<Answer<Order>, { kind: 'answer' }>,
  isInDoubt: boolean,
): answer is Refusing {
  if (answer.kind === 'unsent') return !isInDoubt;
  if (answer.kind !== 'refused') return false;
  if (isInDoubt) return DECISIONS.has(answer.code);
  // The key was accepted with another quantity: there is an order.
  if (answer.code === 'idempotency_key_reused') return false;
  return answer.status < 500 || answer.code === 'overloaded';
}

/** Asking again helps only after the shopper or the shop's front end has done something. */
function isHopeless(answer: Exclude<Answer<Order>, { kind: 'answer' }>): boolean {
  if (answer.kind === 'unsent') return answer.reason !== 'no_token';
  if (answer.kind !== 'refused' || answer.code === 'idempotency_key_reused') return false;
  return answer.status < 500 && ![404, 408, 425, 429].includes(answer.status);
}
