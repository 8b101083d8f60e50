// Keeps the products current. All cards share one event stream, because a browser opens only six connections to a
// host. When the stream keeps failing the products are polled, and the stream is tried again beside that.

import { call, wait } from './api.js';

const failuresBeforePolling = 3;
const pollEveryMs = 4_000;
const reopenAfterMsMax = 30_000;

export class Feed {
  #productIds;
  #onProduct;
  #onHealth;
  #failures = 0;
  #polling = false;

  /** `onHealth` is told 'live', 'polling' or 'offline'. */
  constructor(productIds, onProduct, onHealth) {
    this.#productIds = productIds;
    this.#onProduct = onProduct;
    this.#onHealth = onHealth;
  }

  start() {
    const query = new URLSearchParams(this.#productIds.map((id) => ['product', id]));
    const source = new EventSource(`/v1/events?${query}`);
    source.addEventListener('open', () => this.#recovered());
    source.addEventListener('product', (event) => {
      this.#recovered();
      this.#onProduct(JSON.parse(event.data));
    });
    source.addEventListener('error', () => this.#failed(source));
  }

  #recovered() {
    this.#failures = 0;
    this.#polling = false;
    this.#onHealth('live');
  }

  // A broken connection is opened again by the browser itself, an error status is not.
  #failed(source) {
    this.#failures += 1;
    if (source.readyState === EventSource.CLOSED) {
      const delayMs = Math.min(reopenAfterMsMax, 1_000 * 2 ** this.#failures);
      setTimeout(() => this.start(), delayMs * (1 + Math.random() / 4));
    }
    if (this.#failures >= failuresBeforePolling && !this.#polling) void this.#poll();
  }

  async #poll() {
    this.#polling = true;
    while (this.#polling) {
      let answered = true;
      for (const id of this.#productIds) {
        const answer = await call('GET', `/v1/products/${encodeURIComponent(id)}`);
        if (answer.kind === 'answer') this.#onProduct(answer.body);
        answered &&= answer.kind !== 'lost';
      }
      if (this.#polling) this.#onHealth(answered ? 'polling' : 'offline');
      await wait(pollEveryMs * (1 + Math.random() / 2));
    }
  }
}
