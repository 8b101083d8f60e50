// What the limits do to purchases. A limit never hides an order that exists: whoever repeats an accepted key beyond a limit is answered
// with the acceptance, from this thread's memory, or else by a look at the actor. Such looks are bounded by a bucket of the customer's
// own, so that they are no way round the limit, and whoever keeps to Retry-After is always told.

import type { Key, Reserve } from '../../../actors/index.ts';
import type { Answer } from '../../answer.ts';
import type { Counters } from '../../counters.ts';
import type { Doors } from '../../doors.ts';
import { AcceptedAnswers } from './accepted-answers.ts';
import { tooMany, withLimit } from './limited-answer.ts';
import type { RateLimits, Verdict } from './rate-limits.ts';

export class PurchaseLimit {
  readonly #limits: RateLimits | undefined;
  readonly #doors: Pick<Doors, 'isLimited'>;
  readonly #counters: Counters;
  readonly #accepted = new AcceptedAnswers();

  /** @param limits undefined: there are none */
  constructor(limits: RateLimits | undefined, doors: Pick<Doors, 'isLimited'>, counters: Counters) {
    this.#limits = limits;
    this.#doors = doors;
    this.#counters = counters;
  }

  /** @returns undefined where nothing limits it */
  judge(productId: string, customerKey: Key, address: string): Verdict | undefined {
    return this.#limits === undefined || !this.#doors.isLimited(productId)
      ? undefined
      : this.#limits.judge('purchase', customerKey, address);
  }

  /** A request that is no purchase counts all the same. @param customerKey undefined: nobody is signed in @param answer what is wrong with it */
  faulty(customerKey: Key | undefined, address: string, answer: Answer): Answer {
    const verdict = this.#limits?.judge('purchase', customerKey, address);
    if (verdict === undefined) return answer;
    return verdict.isAllowed ? withLimit(answer, verdict) : this.#refused(verdict);
  }

  /** For repetitions beyond a limit. */
  accepted({ requestKey, quantity }: Reserve, answer: Answer): void {
    if (this.#limits !== undefined) this.#accepted.keep(requestKey, quantity, answer);
  }

  /** @param look for the order under the same key; undefined: there is none, or nobody can say */
  async beyond(
    { requestKey, quantity, customerKey }: Reserve,
    verdict: Verdict,
    look: () => Promise<Answer | undefined>,
  ): Promise<Answer> {
    const known = this.#accepted.find(requestKey, quantity);
    if (known !== undefined) return withLimit(known, verdict);
    const waitMs = this.#limits!.lookUpWaitMs(customerKey);
    if (waitMs > 0)
      return this.#refused(verdict, Math.max(verdict.retryAfterSeconds, Math.ceil(waitMs / 1_000)));
    const found = await look();
    return found === undefined ? this.#refused(verdict) : withLimit(found, verdict);
  }

  #refused(verdict: Verdict, retryAfterSeconds?: number): Answer {
    this.#counters.order('rate_limited');
    return tooMany(verdict, retryAfterSeconds);
  }
}
