// The shopper's orders as far as this page knows them: from answers to its own calls, and from the shop's list, which
// may lag behind. An older picture of an order never replaces a newer one. It also pays and cancels; both may be
// repeated without harm, so a lost answer is simply asked for again.

import type { Answer } from './answer.ts';
import type { Caller } from './caller.ts';
import { isOrder, isOrderPage, type Order, type OrderStatus, type Payment } from './order.ts';
import { patienceMs } from './patience.ts';
import { waitFor, type Ports } from './ports.ts';
import type { ServerClock } from './server-clock.ts';

const LOOK_AGAIN_EVERY_MS = 3_000;
const DEED_ROUNDS_MAX = 8;
/** Behind them the oldest that nothing can happen to are forgotten here. */
const ORDERS_KNOWN_MAX = 500;
const DEMO_PAYMENT: Payment = { method: 'card', token: 'demo' };

const ACTIVE: ReadonlySet<OrderStatus> = new Set(['reserved', 'payment_pending', 'in_review']);
/** Every other status comes later. */
const RANK: Partial<Record<OrderStatus, number>> = { reserved: 0, payment_pending: 1, in_review: 1 };

export interface OrderEntry {
  readonly order: Order;
  /** What is being done to the order now. */
  readonly deed: 'paying' | 'cancelling' | null;
  /** Code of why the last deed failed; `unreachable`: it may have been done, and `look` will show. */
  readonly problem: string | null;
  /** The shop would not take its payment, and cancelled it. */
  readonly isDenied: boolean;
  /** This page had to do with it, rather than only finding it in the list. */
  readonly isOfThisVisit: boolean;
}

type Entry = { -readonly [Name in keyof OrderEntry]: OrderEntry[Name] } & {
  knownAt: number;
  lookedAt: number;
};

export class OrderBook {
  readonly #entries = new Map<string, Entry>();
  readonly #caller: Caller;
  readonly #clock: ServerClock;
  readonly #ports: Ports;
  readonly #listeners = new Set<() => void>();

  constructor(caller: Caller, clock: ServerClock, ports: Ports) {
    this.#caller = caller;
    this.#clock = clock;
    this.#ports = ports;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Newest first. */
  entries(): OrderEntry[] {
    return [...this.#entries.values()].sort((one, other) =>
      one.order.createdAt < other.order.createdAt ? 1 : one.order.createdAt > other.order.createdAt ? -1 : 0,
    );
  }

  /** What the product's card should show: the newest order that waits, else one that this visit has brought to its end. */
  shownFor(productId: string): OrderEntry | undefined {
    const own = this.entries().filter(({ order }) => order.productId === productId);
    return (
      own.find(({ order }) => ACTIVE.has(order.status)) ?? own.find(({ isOfThisVisit }) => isOfThisVisit)
    );
  }

  /** Units that count against the limit of one customer. */
  unitsHeld(productId: string): number {
    let units = 0;
    for (const { order } of this.#entries.values()) {
      const counts = ACTIVE.has(order.status) || order.status === 'paid';
      if (counts && order.productId === productId) units += order.quantity;
    }
    return units;
  }

  /** The shop has just told of this order. @param knownAt when it was so at the earliest, by the shop's clock */
  learn(order: Order, knownAt = this.#clock.now()): void {
    this.#put(order, knownAt, true);
    this.#tellChange();
  }

  /** Lets the cards go back to selling; the list keeps the orders. */
  dismiss(productId: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.order.productId === productId && !ACTIVE.has(entry.order.status)) entry.isOfThisVisit = false;
    }
    this.#tellChange();
  }

  /** Reads the newest page of the shop's list. */
  async refresh(): Promise<Answer<unknown>> {
    const answer = await this.#caller.call('GET', '/v1/orders', isOrderPage, { isPersonal: true });
    if (answer.kind !== 'answer') return answer;
    const knownAt = Date.parse(answer.body.asOf);
    for (const order of answer.body.orders) this.#put(order, knownAt, false);
    this.#tellChange();
    return answer;
  }

  async look(id: string): Promise<void> {
    const askedAt = this.#clock.now();
    const answer = await this.#caller.call('GET', pathOf(id), isOrder, { isPersonal: true });
    if (answer.kind === 'answer') this.learn(answer.body, askedAt);
  }

  pay(id: string, payment: Payment = DEMO_PAYMENT): Promise<void> {
    const request = { body: payment, isPersonal: true };
    return this.#act(id, 'paying', () =>
      this.#caller.call('POST', `${pathOf(id)}/payment`, isOrder, request),
    );
  }

  cancel(id: string): Promise<void> {
    return this.#act(id, 'cancelling', () =>
      this.#caller.call('DELETE', pathOf(id), isOrder, { isPersonal: true }),
    );
  }

  /** To be called each second: looks after orders that are about to change by themselves, as when a hold runs out. */
  watch(now: number): void {
    for (const entry of this.#entries.values()) {
      const { status, holdExpiresAt, id } = entry.order;
      const isOverdue = status === 'reserved' && holdExpiresAt !== null && Date.parse(holdExpiresAt) <= now;
      const waits = isOverdue || status === 'payment_pending' || status === 'in_review';
      if (!waits || entry.deed !== null || now - entry.lookedAt < LOOK_AGAIN_EVERY_MS) continue;
      entry.lookedAt = now;
      void this.look(id);
    }
  }

  async #act(
    id: string,
    deed: 'paying' | 'cancelling',
    request: () => Promise<Answer<Order>>,
  ): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.deed !== null) return;
    entry.deed = deed;
    entry.problem = null;
    this.#tellChange();
    entry.problem = await this.#repeatUntilAnswered(id, request);
    entry.deed = null;
    this.#tellChange();
  }

  /** Gives the problem's code, or null when there is none. */
  async #repeatUntilAnswered(id: string, request: () => Promise<Answer<Order>>): Promise<string | null> {
    for (let round = 0; round < DEED_ROUNDS_MAX; round++) {
      const answer = await request();
      if (answer.kind === 'answer') {
        this.learn(answer.body);
        return null;
      }
      if (answer.kind === 'unsent' && answer.reason !== 'no_token') return 'unauthenticated';
      if (answer.kind === 'refused' && answer.status < 500 && answer.status !== 429) {
        const { order } = answer.problem;
        if (isOrder(order) && order.id === id) this.#refused(order, answer.code);
        else if (answer.status === 409) await this.look(id);
        return answer.code;
      }
      await waitFor(
        this.#ports,
        patienceMs(answer.retryAfterMs, round, () => this.#ports.random()),
      );
    }
    await this.look(id);
    return 'unreachable';
  }

  #refused(order: Order, code: string): void {
    const entry = this.#entries.get(order.id);
    if (entry !== undefined && code === 'payment_declined') entry.isDenied = order.status === 'cancelled';
    this.learn(order);
  }

  // The list may lag, so a row of it neither replaces what was learned after it nor takes an order a step back. One step
  // back there is: a payment that was undecided is declined, and whoever asks after that is told.
  #put(order: Order, knownAt: number, isOfThisVisit: boolean): void {
    const known = this.#entries.get(order.id);
    if (known === undefined) {
      const fresh = {
        order,
        knownAt,
        isOfThisVisit,
        deed: null,
        problem: null,
        isDenied: false,
        lookedAt: 0,
      };
      this.#entries.set(order.id, fresh);
      this.#forgetOldest();
      return;
    }
    known.isOfThisVisit ||= isOfThisVisit;
    const { status } = known.order;
    const isDeclined =
      isOfThisVisit && status === 'payment_pending' && order.status === 'reserved' && knownAt > known.knownAt;
    const stepsBack = (RANK[order.status] ?? 2) < (RANK[status] ?? 2) && !isDeclined;
    if (knownAt < known.knownAt || stepsBack) return;
    if (isDeclined) known.problem = 'payment_declined';
    const isUndecided = status === 'payment_pending' || status === 'in_review';
    known.isDenied ||= isUndecided && order.status === 'cancelled';
    known.order = order;
    known.knownAt = knownAt;
  }

  #forgetOldest(): void {
    if (this.#entries.size <= ORDERS_KNOWN_MAX) return;
    const oldest = this.entries().findLast(({ order }) => !ACTIVE.has(order.status));
    if (oldest !== undefined) this.#entries.delete(oldest.order.id);
  }

  #tellChange(): void {
    for (const listener of this.#listeners) listener();
  }
}

const pathOf = (id: string): string => `/v1/orders/${encodeURIComponent(id)}`;
