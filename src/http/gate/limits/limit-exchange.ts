// Tells other nodes what customers took here, and hears what they took there: one a node, on its main thread. Each node decides by its own
// buckets, at once; every period what was taken goes to a server that all nodes ask, in bounded batches, and what comes back raises the
// buckets. So an excess is let through for a period and an exchange at most, and then counts everywhere until it is paid off.
//
//   bucket ──untold──▶ batch ──▶ server: full at = max(full at, now) + taken ──▶ how far from full ──▶ bucket
//
// Nothing waits for it. While the server is away each node limits by itself: what is taken meanwhile is not told later, since it would
// be held against customers twice.

import type { Clock, Timers } from '../../../runtime/index.ts';
import { bucketName, unitsOf, type BucketTable, type Spent } from './bucket-table.ts';

export const EXCHANGE_LIMITS = {
  /** Buckets in one call. */
  batchMax: 500,
  /** Calls in one round; what is left waits for the next one. */
  batchesMax: 8,
  /** Full buckets are freed so often. */
  sweepMs: 60_000,
} as const;

/** In units of the table: 10 µs. */
export interface Spending {
  /** The same on all nodes. */
  readonly bucket: string;
  readonly units: number;
}

/** What all nodes ask. */
export interface SharedSpending {
  /** @param spendings none, when there is nothing to tell: then only whether anybody is there @returns by how much each is away from full now @throws when nobody answers in time */
  spend(spendings: readonly Spending[]): Promise<readonly number[]>;
}

export interface ExchangePorts {
  readonly table: BucketTable;
  /** Undefined: this node limits by itself. */
  readonly shared: SharedSpending | undefined;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Timers;
  readonly periodMs: number;
  readonly onFailed: (error: unknown) => void;
  readonly onSucceeded: () => void;
}

export const EXCHANGE_STATES = ['own', 'shared', 'away'] as const;
/** `own`: there is no server. `away`: there is none at this moment. */
export type ExchangeState = (typeof EXCHANGE_STATES)[number];

export interface ExchangeFigures {
  readonly state: ExchangeState;
  /** Buckets told to other nodes. */
  readonly told: number;
  readonly evicted: number;
  readonly used: number;
}

export class LimitExchange {
  readonly #ports: ExchangePorts;
  #cancel = (): void => undefined;
  #cancelSweep = (): void => undefined;
  #round: Promise<void> = Promise.resolve();
  #hasStopped = false;
  #from = 0;
  #told = 0;
  #used = 0;
  #state: ExchangeState;

  constructor(ports: ExchangePorts) {
    this.#ports = ports;
    this.#state = ports.shared === undefined ? 'own' : 'away';
  }

  start(): void {
    this.#sweepLater();
    if (this.#ports.shared !== undefined) this.#later();
  }

  async stop(): Promise<void> {
    this.#hasStopped = true;
    this.#cancel();
    this.#cancelSweep();
    await this.#round;
  }

  figures(): ExchangeFigures {
    const { evicted } = this.#ports.table;
    return { state: this.#state, told: this.#told, evicted, used: this.#used };
  }

  #sweepLater(): void {
    const { table, clock, timers } = this.#ports;
    this.#cancelSweep = timers.after(EXCHANGE_LIMITS.sweepMs, () => {
      this.#used = table.sweep(unitsOf(clock.monotonic()));
      this.#sweepLater();
    });
  }

  #later(): void {
    this.#cancel = this.#ports.timers.after(this.#ports.periodMs, () => {
      this.#round = this.#exchange().finally(() => {
        if (!this.#hasStopped) this.#later();
      });
    });
  }

  async #exchange(): Promise<void> {
    const { table, shared, onFailed, onSucceeded } = this.#ports;
    try {
      for (let call = 0; call < EXCHANGE_LIMITS.batchesMax; call++) {
        const spent: Spent[] = [];
        this.#from = table.takeUntold(this.#from, EXCHANGE_LIMITS.batchMax, spent);
        // oxlint-disable-next-line no-await-in-loop -- one batch after the other, so that a slow server is not given more
        if (spent.length > 0 || call === 0) await this.#tell(shared!, spent);
        // Once round the table is enough.
        if (this.#from === 0) break;
      }
      this.#state = 'shared';
      onSucceeded();
    } catch (error) {
      this.#state = 'away';
      onFailed(error);
    }
  }

  async #tell(shared: SharedSpending, spent: readonly Spent[]): Promise<void> {
    const { table, clock } = this.#ports;
    const spendings = spent.map((each) => ({ bucket: bucketName(each), units: each.units }));
    const ahead = await shared.spend(spendings);
    const now = unitsOf(clock.monotonic());
    for (const [at, { slot, tag }] of spent.entries()) table.raise(slot, tag, ahead[at] ?? 0, now);
    this.#told += spent.length;
  }
}
