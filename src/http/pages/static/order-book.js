// The shopper's orders as far as this page knows them: from answers to its own calls, and from the shop's list, which
// may lag behind. An older picture of an order never replaces a newer one. It also pays and cancels; both may be
// repeated without harm, so a lost answer is simply asked for again.

import { patienceMs, wait } from './api.js';

const lookAgainEveryMs = 3_000;
const roundsMax = 8;
const active = new Set(['reserved', 'payment_pending', 'in_review']);
const rank = { reserved: 0, payment_pending: 1, in_review: 1 }; // every other status comes later
const countsAgainstLimit = new Set([...active, 'paid']);

export class OrderBook {
  #entries = new Map(); // id → {order, knownAt, ofThisVisit, deed, problem, lookedAt}
  #shopper;
  #clock;
  #onChange;

  constructor({ shopper, clock, onChange }) {
    this.#shopper = shopper;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** `deed` is what is being done to the order now, `problem` why the last deed failed. Newest first. */
  entries() {
    return [...this.#entries.values()].sort((a, b) => b.order.createdAt.localeCompare(a.order.createdAt));
  }

  /** What the product's card should show: the newest order that waits, else one that this visit has brought to its end. */
  shownFor(productId) {
    const own = this.entries().filter(({ order }) => order.productId === productId);
    return own.find(({ order }) => active.has(order.status)) ?? own.find(({ ofThisVisit }) => ofThisVisit);
  }

  unitsHeld(productId) {
    return this.entries()
      .filter(({ order }) => order.productId === productId && countsAgainstLimit.has(order.status))
      .reduce((units, { order }) => units + order.quantity, 0);
  }

  /** The shop has just told of this order. */
  learn(order) {
    this.#put(order, this.#clock.now(), true);
    this.#onChange();
  }

  /** Lets the cards go back to selling; the list keeps the orders. */
  dismiss(productId) {
    for (const entry of this.#entries.values()) {
      if (entry.order.productId === productId && !active.has(entry.order.status)) entry.ofThisVisit = false;
    }
    this.#onChange();
  }

  async refresh() {
    const answer = await this.#shopper.call('GET', '/v1/orders');
    if (answer.kind !== 'answer') return;
    const knownAt = Date.parse(answer.body.asOf);
    for (const order of answer.body.orders) this.#put(order, knownAt, false);
    this.#onChange();
  }

  async look(id) {
    const answer = await this.#shopper.call('GET', `/v1/orders/${encodeURIComponent(id)}`);
    if (answer.kind === 'answer') this.learn(answer.body);
  }

  pay(id) {
    const body = { method: 'card', token: 'demo' };
    return this.#act(id, 'paying', () =>
      this.#shopper.call('POST', `/v1/orders/${encodeURIComponent(id)}/payment`, { body }),
    );
  }

  cancel(id) {
    return this.#act(id, 'cancelling', () =>
      this.#shopper.call('DELETE', `/v1/orders/${encodeURIComponent(id)}`),
    );
  }

  /** Looks after orders that are about to change by themselves: a hold that has run out, a payment under way. */
  watch(now) {
    for (const entry of this.#entries.values()) {
      const { order, deed, lookedAt } = entry;
      const overdue =
        order.status === 'reserved' && order.holdExpiresAt && Date.parse(order.holdExpiresAt) <= now;
      const waits = overdue || order.status === 'payment_pending' || order.status === 'in_review';
      if (!waits || deed || now - lookedAt < lookAgainEveryMs) continue;
      entry.lookedAt = now;
      void this.look(order.id);
    }
  }

  async #act(id, deed, request) {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.deed) return;
    entry.deed = deed;
    entry.problem = null;
    this.#onChange();
    entry.problem = await this.#repeatUntilAnswered(id, request);
    entry.deed = null;
    this.#onChange();
  }

  /** Gives the problem's code, or null when there is none. */
  async #repeatUntilAnswered(id, request) {
    for (let round = 0; round < roundsMax; round++) {
      const answer = await request();
      if (answer.kind === 'answer') {
        this.learn(answer.body);
        return null;
      }
      if (answer.kind === 'refused' && answer.status < 500 && answer.status !== 429) {
        if (answer.status === 409) await this.look(id);
        return answer.code;
      }
      await wait(patienceMs(answer, round));
    }
    return 'unreachable';
  }

  // The list may lag, so a row of it neither replaces what was learned after it nor takes an order a step back.
  #put(order, knownAt, ofThisVisit) {
    const known = this.#entries.get(order.id);
    if (known === undefined) {
      this.#entries.set(order.id, { order, knownAt, ofThisVisit, deed: null, problem: null, lookedAt: 0 });
      return;
    }
    known.ofThisVisit ||= ofThisVisit;
    const stepsBack = (rank[order.status] ?? 2) < (rank[known.order.status] ?? 2);
    if (knownAt < known.knownAt || (stepsBack && !ofThisVisit)) return;
    known.order = order;
    known.knownAt = knownAt;
  }
}
