// Keeps what a node knows of customers' statuses: on the main thread, read from Postgres, written into memory that all threads share.
// Whoever made it starts it before HTTP is served, and stops it before its pool ends.
//
//   a second went by, or somebody changed one ──▶ what changed since the last look, and a little before ──▶ table
//   ten minutes went by                       ──▶ all who are not active                                ──▶ a new table
//
// A change is dated when it is written and seen when it is committed: each look goes back as far as that may take, and the whole look
// finds the rest. While Postgres is away, what was known last counts. Beside that it removes what risk control needs no more, and counts
// for metrics what waits: reviews, and payments that are not closed.

import type { Logger } from 'pino';
import type {
  CustomerStatuses,
  OpenPaymentsCounted,
  PaymentLedger,
  RiskDecisions,
  RiskFactReads,
  StatusMark,
} from './persistence/index.ts';
import { STATUSES_MAX, type StatusTable } from './risk/index.ts';
import type { Clock, Timers } from './runtime/index.ts';

export interface StatusKeeperPorts {
  readonly statuses: Pick<CustomerStatuses, 'moment' | 'exceptional' | 'changes'>;
  readonly decisions: Pick<RiskDecisions, 'countOpen' | 'sweep'>;
  readonly facts: Pick<RiskFactReads, 'sweep'>;
  readonly ledger: Pick<PaymentLedger, 'countOpen'>;
  readonly table: StatusTable;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Pick<Logger, 'warn'>;
}

export const STATUS_KEEPER_LIMITS = {
  periodMs: 1_000,
  /** A look rests for so many times as long as it took. */
  restsPerLook: 10,
  /** From the writing of a change to its commit. */
  overlapSeconds: 10,
  wholeEveryMs: 10 * 60 * 1_000,
  /** Of one statement that reads. */
  rowsPerRead: 5_000,
  sweepEveryMs: 60_000,
  countEveryMs: 10_000,
  /** How long the start waits. */
  startMsMax: 10_000,
} as const;

const NOT_COUNTED: OpenPaymentsCounted = { followed: NaN, troubled: NaN };

export class StatusKeeper {
  readonly #ports: StatusKeeperPorts;
  #next: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();
  #cancel = (): void => undefined;
  /** From where the next look reads; undefined before all was read. */
  #since: string | undefined;
  #wholeAt = -Infinity;
  #sweptAt = -Infinity;
  #countedAt = -Infinity;
  #openReviews = NaN;
  #openPayments: OpenPaymentsCounted = NOT_COUNTED;
  #isStopped = false;
  #isAway = false;
  #isFull = false;

  constructor(ports: StatusKeeperPorts) {
    this.#ports = ports;
  }

  /** NaN while nobody knows. */
  get openReviews(): number {
    return this.#openReviews;
  }

  /** NaN while nobody knows. */
  get openPayments(): OpenPaymentsCounted {
    return this.#openPayments;
  }

  /** Resolves when statuses are known, or when that takes too long: then the looks go on. */
  async start(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#ports.timers.after(STATUS_KEEPER_LIMITS.startMsMax, resolve);
    await Promise.race([this.#lookAgain(), late]);
    cancel();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await Promise.allSettled([this.#running, this.#next]);
  }

  /** Reads what is there from now on; however many ask meanwhile, it is done once. @throws when Postgres cannot be asked */
  look(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#running = this.#isStopped ? Promise.resolve() : this.#look();
        this.#next = undefined;
        return this.#running;
      });
    return this.#next;
  }

  async #lookAgain(): Promise<void> {
    const { clock, timers, logger } = this.#ports;
    const began = clock.monotonic();
    try {
      await this.look();
      await this.#count();
      await this.#sweep();
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway && !this.#isStopped)
        logger.warn({ err: error }, 'customers’ statuses cannot be read: what was known last counts');
      this.#isAway = true;
      this.#openReviews = NaN;
      this.#openPayments = NOT_COUNTED;
    }
    if (this.#isStopped) return;
    const { periodMs, restsPerLook } = STATUS_KEEPER_LIMITS;
    const restMs = Math.max(periodMs, (clock.monotonic() - began) * restsPerLook);
    this.#cancel = timers.after(restMs, () => void this.#lookAgain());
  }

  async #look(): Promise<void> {
    const { statuses, clock } = this.#ports;
    const { overlapSeconds, wholeEveryMs } = STATUS_KEEPER_LIMITS;
    const now = clock.monotonic();
    const since = await statuses.moment(overlapSeconds);
    if (this.#since === undefined || now - this.#wholeAt >= wholeEveryMs) {
      await this.#readAll();
      this.#wholeAt = now;
    } else await this.#readChanges(this.#since);
    this.#since = since;
  }

  async #readAll(): Promise<void> {
    const { statuses, table } = this.#ports;
    const { rowsPerRead } = STATUS_KEEPER_LIMITS;
    table.begin();
    let isFull = false;
    for (let after: string | undefined = ''; after !== undefined;) {
      // oxlint-disable-next-line no-await-in-loop -- one page behind the other
      const page: Awaited<ReturnType<typeof statuses.exceptional>> = await statuses.exceptional(
        after,
        rowsPerRead,
      );
      for (const [customerId, status] of page) if (!table.set(customerId, status)) isFull = true;
      after = page.length < rowsPerRead || isFull ? undefined : page.at(-1)![0];
    }
    table.end();
    this.#tellFull(isFull);
  }

  async #readChanges(since: string): Promise<void> {
    const { statuses, table } = this.#ports;
    let mark: StatusMark | undefined = { changedAt: since, customerId: '' };
    while (mark !== undefined) {
      // oxlint-disable-next-line no-await-in-loop -- one page behind the other
      const page: Awaited<ReturnType<typeof statuses.changes>> = await statuses.changes(
        mark,
        STATUS_KEEPER_LIMITS.rowsPerRead,
      );
      for (const [customerId, status] of page.statuses)
        if (!table.set(customerId, status)) this.#tellFull(true);
      mark = page.next;
    }
  }

  #tellFull(isFull: boolean): void {
    if (isFull && !this.#isFull)
      this.#ports.logger.warn(
        { most: STATUSES_MAX },
        'more customers are not active than a node keeps in memory: to tickets some of them look active; payments ask Postgres',
      );
    this.#isFull = isFull;
  }

  async #count(): Promise<void> {
    const { clock, decisions, ledger } = this.#ports;
    const now = clock.monotonic();
    if (this.#isStopped || now - this.#countedAt < STATUS_KEEPER_LIMITS.countEveryMs) return;
    this.#openReviews = await decisions.countOpen();
    this.#openPayments = await ledger.countOpen();
    this.#countedAt = now;
  }

  async #sweep(): Promise<void> {
    const { clock, decisions, facts } = this.#ports;
    const now = clock.monotonic();
    if (this.#isStopped || now - this.#sweptAt < STATUS_KEEPER_LIMITS.sweepEveryMs) return;
    const areMore = [await facts.sweep(), await decisions.sweep()];
    if (!areMore.includes(true)) this.#sweptAt = now;
  }
}
