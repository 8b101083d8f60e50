// Whether the cache's server is there, and the log's word about it: one line when that changes, however often it is asked.

import type { Clock } from '../../runtime/ports.ts';
import type { Logger } from '../projection-health.ts';

/** What Redis says of credentials that it does not take. */
const REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password)/;

export class CacheHealth {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'monotonic'>;
  isUnavailable = true;
  #since: number | undefined;

  constructor(logger: Logger, clock: Pick<Clock, 'monotonic'>) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** @param cause the message alone: the error of a refused login carries the password */
  failed(cause: string): void {
    this.isUnavailable = true;
    if (this.#since !== undefined) return;
    this.#since = this.#clock.monotonic();
    if (REFUSED.test(cause)) {
      const advice = 'Redis refuses the user or the password of REDIS_URL: the node goes on without a cache';
      this.#logger.error({ cause }, advice);
    } else
      this.#logger.warn({ cause }, 'the cache is away; reads go to actors and Postgres, and sales go on');
  }

  succeeded(): void {
    this.isUnavailable = false;
    if (this.#since === undefined) return;
    const awayForMs = Math.round(this.#clock.monotonic() - this.#since);
    this.#since = undefined;
    this.#logger.info({ awayForMs }, 'the cache is back');
  }
}
