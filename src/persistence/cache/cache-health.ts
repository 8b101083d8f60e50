// Whether the cache's server is there, and the log's word about it: one line for each kind of trouble until it is back, however
// often it is asked.

import type { Clock } from '../../runtime/ports.ts';
import type { Logger } from '../projection-health.ts';
import { troubleOf } from './cache-trouble.ts';

export class CacheHealth {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #told = new Set<string>();
  isUnavailable = true;
  #since: number | undefined;
  #refusesEntries = false;

  constructor(logger: Logger, clock: Pick<Clock, 'monotonic'>) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** @param cause the message alone: the error of a refused login carries the password */
  failed(cause: string): void {
    this.isUnavailable = true;
    this.#since ??= this.#clock.monotonic();
    const { level, message } = troubleOf(cause);
    if (this.#told.has(message)) return;
    // Whoever was told what to change need not hear that it is away, too.
    if (level === 'warn' && (this.#told.size > 0 || this.#refusesEntries)) return;
    this.#told.add(message);
    this.#logger[level]({ cause }, message);
  }

  succeeded(): void {
    this.isUnavailable = false;
    if (this.#since === undefined) return;
    const awayForMs = Math.round(this.#clock.monotonic() - this.#since);
    this.#since = undefined;
    if (this.#told.size === 0) return;
    this.#told.clear();
    this.#logger.info({ awayForMs }, 'the cache is back');
  }

  /** It serves readers all the same, and each new connection to it seems to be good: only an entry ends this trouble. */
  refusedEntry(cause: string): void {
    if (this.#refusesEntries) return;
    this.#refusesEntries = true;
    const { level, message } = troubleOf(cause);
    this.#logger[level]({ cause }, message);
  }

  tookEntry(): void {
    if (!this.#refusesEntries) return;
    this.#refusesEntries = false;
    this.#logger.info({}, 'the cache takes entries again');
  }
}
