// Buying one product, from the press of the button to a definite answer.
//
//   idle ──buy──▶ sending ──answer or refusal──▶ idle
//               ▲ │  ▲ │ lost                     ▲
//               │ │  │ ▼                          │ the order, a refusal, or not to be found out now
//               │ │ checking ──ask by key─────────┘
//               │ │     ▲  │ no such order: send again, same key
//               │ │     └──┘
//               │ ├─ a ticket is needed, or another one ─▶ preparing ─┐  then the same key again
//               │ └─ too many requests, nothing was taken ─▶ waiting ─┤
//               └────────────────────────────────────────────────────┘
//
// It never takes a lost answer for a success or a failure: it asks until the shop has said what became of the key, and
// when it stops asking it says that it does not know, and keeps the key for the next press and the next page.

import { isNotFound, type Answer, type Given } from './answer.ts';
import type { Attempt, Attempts } from './attempts.ts';
import type { Caller } from './caller.ts';
import { isDefinite, isHopeless, said, type Refusing, type Sent } from './decision.ts';
import type { Identity } from './identity.ts';
import { isOrderOf, type Order } from './order.ts';
import { BUSY_MS_MIN, OrderSender, type SendingPhase } from './order-sender.ts';
import { patienceMs, timeoutMsOf } from './patience.ts';
import { waitFor, type Ports } from './ports.ts';
import type { ServerClock } from './server-clock.ts';
import type { TicketBook } from './ticket-book.ts';

/** About an hour at the longest patience; a page that is closed sooner asks when it comes back. */
const CHECK_ROUNDS_MAX = 400;
/** After an earlier page's try has reached nobody: its request may still be on its way. */
const LATE_LOOKS_AFTER_MS = [3_000, 10_000, 30_000];
/** Where nobody has said who the customer is, there is one session. */
const SESSION = 'session';

/** `idle` and `checking`, besides those of an order that is being sent. */
export type Phase = 'idle' | 'checking' | SendingPhase;

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
  readonly tickets: TicketBook;
  readonly clock: ServerClock;
  readonly ports: Ports;
}

export class Purchase {
  readonly productId: string;
  readonly #parts: PurchaseParts;
  readonly #sender: OrderSender;
  readonly #changeListeners = new Set<() => void>();
  readonly #orderListeners = new Set<OrderListener>();
  #phase: Phase = 'idle';
  #since = 0;
  #until: number | null = null;
  #refusal: PurchaseRefusal | null = null;

  constructor(parts: PurchaseParts) {
    this.#parts = parts;
    this.productId = parts.productId;
    this.#sender = new OrderSender(parts, (phase, until) => this.#enter(phase, until));
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The shop's time at which the phase began. */
  get since(): number {
    return this.#since;
  }

  /** While `waiting`: the shop's time at which it is sent again. */
  get until(): number | null {
    return this.#until;
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

  /** The shopper turns to this product: a ticket for it is got now, where its sale asks for one. */
  turnTo(): void {
    this.#parts.tickets.turnTo(this.productId);
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
    let answer = await this.#sender.first(customer, attempt);
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
      const asked = await this.#ask(attempt, round);
      isFound = asked.kind === 'answer';
      if (!isNotFound(asked)) answer = asked;
      else if (answer.kind === 'ticketless') return this.#refuseOpen(customer, attempt, answer);
      else answer = await this.#sender.again(customer, attempt, round);
    }
    this.#giveUp(undefined);
  }

  /** Nothing has arrived so far, and nothing more is sent. The key stays. */
  async #refuseOpen(customer: string, attempt: Attempt, answer: Refusing): Promise<void> {
    await this.#parts.attempts.refused(customer, this.productId, attempt);
    this.#refuse(this.#refusalOf(answer));
  }

  async #customer(): Promise<string> {
    return (await this.#parts.identity.customer()) ?? SESSION;
  }

  #ask({ key }: Attempt, round = 0): Promise<Answer<Order>> {
    const query = new URLSearchParams({ productId: this.productId, idempotencyKey: key });
    return this.#parts.caller.call('GET', `/v1/orders?${query.toString()}`, this.#isOwn, {
      isPersonal: true,
      timeoutMs: timeoutMsOf(round),
    });
  }

  readonly #isOwn = (body: unknown): body is Order => isOrderOf(this.productId, body);

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
  #giveUp(answer: Sent | undefined): void {
    const isSaid = answer?.kind === 'refused' || answer?.kind === 'unsent';
    const isSignedOut = answer?.kind === 'unsent' || (answer?.kind === 'refused' && answer.status === 401);
    const code = isSignedOut ? 'unauthenticated' : 'outcome_unknown';
    this.#refuse({ code, detail: isSaid ? said(answer).detail : '', until: null, isInDoubt: true });
  }

  #refuse(refusal: PurchaseRefusal): void {
    this.#become('idle', refusal, null);
  }

  #enter(phase: Phase, until: number | null = null): void {
    this.#become(phase, null, until);
  }

  #become(phase: Phase, refusal: PurchaseRefusal | null, until: number | null): void {
    if (this.#phase !== phase) this.#since = this.#parts.clock.now();
    this.#phase = phase;
    this.#refusal = refusal;
    this.#until = until;
    this.#tellChange();
  }

  #tellChange(): void {
    for (const listener of this.#changeListeners) listener();
  }
}
