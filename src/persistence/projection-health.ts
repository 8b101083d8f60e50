// Whether the projection gets on, and the log's word about it: one line when that changes, however often it tries.

import type { Clock } from '../runtime/ports.ts';
import type { ShardSetAside } from './shards-set-aside.ts';

/** What the engine's logger can do, as far as this folder needs it. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export class ProjectionHealth {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'now'>;
  /** It passes by itself. */
  isUnavailable = false;
  failures = 0;
  #since = 0;

  constructor(logger: Logger, clock: Pick<Clock, 'now'>) {
    this.#logger = logger;
    this.#clock = clock;
  }

  failed(cause: string): void {
    this.failures++;
    if (this.isUnavailable) return;
    this.#since = this.#clock.now();
    this.isUnavailable = true;
    this.#logger.warn({ cause }, 'the projection waits for Postgres; sales go on, and it catches up');
  }

  setAside({ shard, sequence }: ShardSetAside, cause: string): void {
    this.#logger.error(
      { shard, record: sequence, cause },
      'the projection stands still for this shard: from this record on its orders do not reach Postgres until the cause is ' +
        'mended and the node started again; other shards go on',
    );
  }

  succeeded(): void {
    if (!this.isUnavailable) return;
    this.isUnavailable = false;
    const failedForMs = this.#clock.now() - this.#since;
    this.#logger.info({ failedForMs, failures: this.failures }, 'the projection goes on');
  }
}
