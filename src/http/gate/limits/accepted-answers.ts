// The last acceptances that this thread told: what a limit must never hide is answered from here at next to no cost, to whoever asks
// under the same key. A ring, and no more than that: keeping costs a purchase nothing, and only what is beyond a limit looks through it.

import type { Key } from '../../../actors/index.ts';
import type { Answer } from '../../answer.ts';

export const ACCEPTED_ANSWERS_MAX = 2_000;

export class AcceptedAnswers {
  readonly #keys: Key[] = [];
  readonly #answers: Answer[] = [];
  readonly #quantities: number[] = [];
  #next = 0;

  /** @param answer of the acceptance */
  keep(requestKey: Key, quantity: number, answer: Answer): void {
    this.#keys[this.#next] = requestKey;
    this.#answers[this.#next] = answer;
    this.#quantities[this.#next] = quantity;
    this.#next = (this.#next + 1) % ACCEPTED_ANSWERS_MAX;
  }

  /** The acceptance again; undefined when it is not here, or was of another quantity. */
  find(requestKey: Key, quantity: number): Answer | undefined {
    const at = this.#keys.lastIndexOf(requestKey);
    if (at < 0 || this.#quantities[at] !== quantity) return undefined;
    const { status, headers, body } = this.#answers[at]!;
    return { status, headers: { ...headers, 'Idempotency-Replayed': 'true' }, body };
  }
}
