// Whether the projection gets on, and the log's word about it: one line when that changes, however often it tries.

import type { Clock } from '../runtime/ports.ts';

/** What the engine's logger can do, as far as this folder needs it. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export class ProjectionHealth {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'now'>;
  /** `unavailable` passes by itself; `diverged` needs a person. */
  state: 'working' | 'unavailable' | 'diverged' = 'working';
  failures = 0;
  #since = 0;
  #hasToldUnreadable = false;

  constructor(logger: Logger, clock: Pick<Clock, 'now'>) {
    this.#logger = logger;
    this.#clock = clock;
  }

  failed(kind: 'unavailable' | 'diverged', cause: string): void {
    this.failures++;
    if (this.state === kind) return;
    if (this.state === 'working') this.#since = this.#clock.now();
    this.state = kind;
    if (kind === 'diverged')
      this.#logger.error({ cause }, 'the projection stands still: Postgres contradicts the journal');
    else this.#logger.warn({ cause }, 'the projection waits for Postgres; sales go on, and it catches up');
  }

  /** A record that this version cannot read. Told once: it comes again and again, while the others go through. */
  unreadable(cause: string): void {
    this.failures++;
    if (this.#hasToldUnreadable) return;
    this.#hasToldUnreadable = true;
    this.#logger.error(
      { cause },
      'the projection cannot read a record of the journal; a newer Doorbuster wrote it',
    );
  }

  succeeded(): void {
    if (this.state === 'working') return;
    this.state = 'working';
    const failedForMs = this.#clock.now() - this.#since;
    this.#logger.info({ failedForMs, failures: this.failures }, 'the projection goes on');
  }
}
