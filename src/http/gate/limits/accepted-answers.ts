// The last acceptances that this thread told: what a limit must never hide is answered from here at next to no cost, to whoever asks
// under the same key. A ring, and the place of each key in it: whoever floods the node with keys that are not here must find that out
// as cheaply.

import type { Key } from '../../../actors/index.ts';
import type { Answer } from '../../answer.ts';

export const ACCEPTED_ANSWERS_MAX = 2_000;

export class AcceptedAnswers {
  readonly #keys: Key[] = [];
  readonly #places = new Map<Key, number>();
  readonly #answers: Answer[] = [];
  readonly #quantities: number[] = [];
  #next = 0;

  /** @param answer of the acceptance */
  keep(requestKey: Key, quantity: number, answer: Answer): void {
    const oldest = this.#keys[this.#next];
    if (oldest !== undefined && this.#places.get(oldest) === this.#next) this.#places.delete(oldest);
    this.#places.set(requestKey, this.#next);
    this.#keys[this.#next] = requestKey;
    this.#answers[this.#next] = answer;
    this.#quantities[this.#next] = quantity;
    this.#next = (this.#next + 1) % ACCEPTED_ANSWERS_MAX;
  }

  /** The acceptance again; undefined when it is not here, or was of another quantity. */
  find(requestKey: Key, quantity: number): Answer | undefined {
    const at = this.#places.get(requestKey);
    if (at === undefined || this.#quantities[at] !== quantity) return undefined;
    const { status, headers, body } = this.#answers[at]!;
    return { status, headers: { ...headers, 'Idempotency-Replayed': 'true' }, body };
  }
}
