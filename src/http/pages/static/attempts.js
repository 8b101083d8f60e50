// What must outlive this page: for each product the key of a purchase whose outcome is not known yet. A key is written
// before the request leaves and removed only after a definite answer; whoever has it can always ask what became of it.

import { load, save } from './storage.js';

const prefix = 'doorbuster:attempt:';

export class Attempts {
  #customerId;

  constructor(customerId) {
    this.#customerId = customerId;
  }

  find(productId) {
    const text = load(this.#name(productId));
    return text === null ? null : JSON.parse(text);
  }

  begin(productId, quantity) {
    const attempt = { key: makeKey(), quantity, startedAt: Date.now() };
    save(this.#name(productId), JSON.stringify(attempt));
    return attempt;
  }

  end(productId) {
    save(this.#name(productId), null);
  }

  #name(productId) {
    return `${prefix}${this.#customerId}:${productId}`;
  }
}

// randomUUID exists only on https and localhost; a shop tried out on a local network has neither.
function makeKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
