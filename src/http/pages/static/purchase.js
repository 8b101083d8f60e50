// Buying one product, from the press of the button to a definite answer.
//
//   idle ──buy──▶ sending ──answer or refusal──▶ idle
//                    │ lost                       ▲
//                    ▼                            │ the order, or a refusal
//                 checking ──ask by key───────────┘
//                    ▲  │ no such order: send again, same key
//                    └──┘
//
// It never takes a lost answer for a success or a failure: it asks until the shop has said what became of the key.

import { patienceMs, wait } from './api.js';

const youngAttemptMs = 60_000;
const busyMsMin = 2_000;

export class Purchase {
  /** 'idle', 'sending' or 'checking'. */
  phase = 'idle';
  /** `{code, detail, until}` of the last refusal; `until` is the shop's time at which another try makes sense. */
  refusal = null;

  #productId;
  #shopper;
  #attempts;
  #clock;
  #onOrder;
  #onChange;

  constructor({ productId, shopper, attempts, clock, onOrder, onChange }) {
    this.#productId = productId;
    this.#shopper = shopper;
    this.#attempts = attempts;
    this.#clock = clock;
    this.#onOrder = onOrder;
    this.#onChange = onChange;
  }

  async buy(quantity) {
    if (this.phase !== 'idle') return;
    let open = this.#attempts.find(this.#productId);
    if (open !== null && open.quantity !== quantity) {
      if (await this.#findOrderOf(open)) return;
      this.#attempts.end(this.#productId);
      open = null;
    }
    const attempt = open ?? this.#attempts.begin(this.#productId, quantity);
    this.#enter('sending');
    await this.#settle(attempt, await this.#send(attempt), open !== null);
  }

  /** On load: asks for a key that an earlier page left behind. It does not buy: that would be a surprise by now. */
  async recover() {
    const attempt = this.#attempts.find(this.#productId);
    if (attempt === null || (await this.#findOrderOf(attempt))) return;
    // A young request may still be under way, so its key stays, and the next press repeats it.
    if (Date.now() - attempt.startedAt > youngAttemptMs) this.#attempts.end(this.#productId);
    this.#refuse({ code: 'never_arrived', retryAfterMs: 0 });
  }

  forgetRefusal() {
    this.refusal = null;
  }

  async #settle(attempt, firstAnswer, alreadyInDoubt) {
    let answer = firstAnswer;
    let inDoubt = alreadyInDoubt;
    for (let round = 0; ; round++) {
      if (answer.kind === 'answer') return this.#accept(answer.body, inDoubt);
      if (isDefinite(answer, inDoubt)) {
        this.#attempts.end(this.#productId);
        return this.#refuse(answer);
      }
      inDoubt = true;
      this.#enter('checking');
      await wait(patienceMs(answer, round));
      answer = await this.#ask(attempt);
      if (answer.status === 404) answer = await this.#send(attempt);
    }
  }

  /** Asks until the shop knows; true when there is an order. */
  async #findOrderOf(attempt) {
    this.#enter('checking');
    for (let round = 0; ; round++) {
      const answer = await this.#ask(attempt);
      if (answer.kind === 'answer') {
        this.#accept(answer.body, true);
        return true;
      }
      if (answer.status === 404) return false;
      await wait(patienceMs(answer, round));
    }
  }

  #send({ key, quantity }) {
    return this.#shopper.call('POST', '/v1/orders', { key, body: { productId: this.#productId, quantity } });
  }

  #ask({ key }) {
    const query = new URLSearchParams({ productId: this.#productId, idempotencyKey: key });
    return this.#shopper.call('GET', `/v1/orders?${query}`);
  }

  #accept(order, inDoubt) {
    this.#attempts.end(this.#productId);
    this.refusal = null;
    this.phase = 'idle';
    this.#onOrder(order, inDoubt);
    this.#onChange();
  }

  #refuse({ code, detail, retryAfterMs }) {
    const busy = code === undefined || code === 'overloaded' || code === 'rate_limited';
    const until = busy ? this.#clock.now() + Math.max(busyMsMin, retryAfterMs) : null;
    this.refusal = { code: code ?? 'unreachable', detail, until };
    this.phase = 'idle';
    this.#onChange();
  }

  #enter(phase) {
    this.refusal = null;
    this.phase = phase;
    this.#onChange();
  }
}

// A first request that was refused has bought nothing, also when the shop was too busy to look at it. Once an earlier
// request with this key is in doubt, only a decision of the shop counts: "too busy" or "who are you" says nothing.
function isDefinite(answer, inDoubt) {
  if (answer.kind === 'unsent') return !inDoubt;
  if (answer.kind !== 'refused') return false;
  if (!inDoubt) return answer.status < 500 || answer.code === 'overloaded';
  return answer.status < 500 && ![401, 408, 425, 429].includes(answer.status);
}
