// Stops asking a server that does not answer, and lets one question through now and then to find out.
//
//   closed ──(failures in a row, for a while)──▶ open ──(a pause with back-off is over: one question)──▶ answered: closed
//                                                 ▲                                                    │
//                                                 └────────────────────── failed ──────────────────────┘

import type { Clock } from '../../runtime/ports.ts';
import { Backoff } from '../backoff.ts';
import { CACHE_LIMITS } from './cache.ts';

export class Breaker {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #backoff = new Backoff(CACHE_LIMITS.retryFirstMs, CACHE_LIMITS.retryMostMs);
  #failures = 0;
  #failingSince = 0;
  /** Undefined while it is closed. */
  #nextTryAt: number | undefined;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get isOpen(): boolean {
    return this.#nextTryAt !== undefined;
  }

  /** Whether to ask now. Who is let through while it is open tells how it went. */
  permits(): boolean {
    if (this.#nextTryAt === undefined) return true;
    const now = this.#clock.monotonic();
    if (now < this.#nextTryAt) return false;
    this.#nextTryAt = now + this.#backoff.nextMs();
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    if (this.#nextTryAt === undefined) return;
    this.#nextTryAt = undefined;
    this.#backoff.reset();
  }

  failed(): void {
    const now = this.#clock.monotonic();
    if (this.#failures++ === 0) this.#failingSince = now;
    if (this.#nextTryAt !== undefined || this.#failures < CACHE_LIMITS.failuresMax) return;
    if (now - this.#failingSince >= CACHE_LIMITS.failingMs) this.#nextTryAt = now + this.#backoff.nextMs();
  }
}
