// Who is shopping. Only in demo mode does a browser make itself a customer; the id stays in localStorage, the token
// only in memory. Calls made through a shopper carry the token and renew it once when it is no longer accepted.

import { call } from './api.js';
import { load, save } from './storage.js';

const storageKey = 'doorbuster:shopper';

export class Shopper {
  id = load(storageKey) ?? this.#become(makeUpId());
  #token;

  /** As `call` of api.js, in this shopper's name. */
  async call(method, path, options = {}) {
    this.#token ??= this.#fetchToken();
    const token = await this.#token;
    if (token.kind !== 'answer') {
      this.#token = undefined;
      // Nothing was sent, and the caller must be able to rely on that.
      return { kind: 'unsent', retryAfterMs: token.retryAfterMs };
    }
    const answer = await call(method, path, { ...options, token: token.body.token });
    if (answer.status !== 401 || options.renewed) return answer;
    this.#token = undefined;
    return this.call(method, path, { ...options, renewed: true });
  }

  becomeSomeoneElse() {
    this.#become(makeUpId());
  }

  #fetchToken() {
    return call('POST', '/v1/dev/tokens', { body: { customerId: this.id } });
  }

  #become(id) {
    save(storageKey, id);
    return id;
  }
}

function makeUpId() {
  const bytes = crypto.getRandomValues(new Uint8Array(3));
  return `shopper-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
