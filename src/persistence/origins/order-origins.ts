// Where orders that hold units came from: noted by the thread that accepted them, and written to Postgres each second, but not in a rush,
// when the machine has better things to do, as long as there is room. It serves figures and rules, so it is done as well as can be and
// no more: nothing waits for it, and what there is no room for is left out and counted. Its owner stops it before the pool ends.

import type { Pool } from 'pg';
import { orderIdText, type Key } from '../../actors/index.ts';
import type { Timers } from '../../runtime/ports.ts';

export const ORIGIN_LIMITS = {
  /** Orders of a thread that wait for Postgres. */
  waitingMax: 40_000,
  /** Orders in one statement. */
  batchMax: 2_000,
  writeEveryMs: 1_000,
  /** More orders of a thread between two looks are a rush. */
  rushOrders: 200,
  /** Looks of a rush without a write. */
  rushLooksMax: 10,
  /** 30 days; then an origin is removed. */
  keptMs: 2_592_000_000,
  sweepEveryMs: 3_600_000,
  /** Removed by one statement. */
  sweptMax: 5_000,
} as const;

export interface Origin {
  readonly orderId: Key;
  readonly productId: string;
  readonly customerId: string;
  /** Of the network, as its request had it. */
  readonly address: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface OriginPorts {
  readonly pool: Pick<Pool, 'query'>;
  readonly timers: Timers;
  /** What is kept of an address. */
  readonly hashOf: (address: string) => string;
  /** The range that it is in. */
  readonly networkOf: (address: string) => string;
  /** Whether this thread removes what is old: one of a node does. */
  readonly sweeps: boolean;
  /** An order whose origin nobody will know. */
  readonly onDropped: () => void;
  /** Told of the first failure, and then only after something was written. */
  readonly onFailed: (error: unknown) => void;
}

export class OrderOrigins {
  readonly #ports: OriginPorts;
  #waiting: Origin[] = [];
  #notedSinceLook = 0;
  #looksOfRush = 0;
  #hasFailed = false;
  #hasStopped = false;
  #cancel = (): void => undefined;
  #cancelSweep = (): void => undefined;
  #writing: Promise<void> = Promise.resolve();
  #sweeping: Promise<void> = Promise.resolve();

  constructor(ports: OriginPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#later();
    if (this.#ports.sweeps) this.#sweepLater();
  }

  note(origin: Origin): void {
    this.#notedSinceLook++;
    if (this.#waiting.length < ORIGIN_LIMITS.waitingMax) this.#waiting.push(origin);
    else this.#ports.onDropped();
  }

  /** What waits is still written, unless Postgres is away. */
  async stop(): Promise<void> {
    this.#hasStopped = true;
    this.#cancel();
    this.#cancelSweep();
    await Promise.all([this.#writing, this.#sweeping]);
    await this.#write();
  }

  #later(): void {
    this.#cancel = this.#ports.timers.after(ORIGIN_LIMITS.writeEveryMs, () => {
      this.#writing = this.#look().finally(() => {
        if (!this.#hasStopped) this.#later();
      });
    });
  }

  async #look(): Promise<void> {
    const { rushOrders, rushLooksMax, waitingMax } = ORIGIN_LIMITS;
    const isRush = this.#notedSinceLook > rushOrders;
    this.#notedSinceLook = 0;
    if (isRush && this.#looksOfRush < rushLooksMax && this.#waiting.length < waitingMax / 2) {
      this.#looksOfRush++;
      return;
    }
    this.#looksOfRush = 0;
    await this.#write();
  }

  async #write(): Promise<void> {
    const { onFailed } = this.#ports;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.slice(0, ORIGIN_LIMITS.batchMax);
        // oxlint-disable-next-line no-await-in-loop -- one statement after the other
        await this.#insert(batch);
        this.#waiting = this.#waiting.slice(batch.length);
        this.#hasFailed = false;
      }
    } catch (error) {
      // They wait for the next time, as far as there is room.
      if (!this.#hasFailed) onFailed(error);
      this.#hasFailed = true;
    }
  }

  async #insert(batch: readonly Origin[]): Promise<void> {
    const { pool, hashOf, networkOf } = this.#ports;
    const column = <T>(of: (origin: Origin) => T): T[] => batch.map(of);
    await pool.query(
      `INSERT INTO doorbuster_catalogue.order_origins (order_id, product_id, customer_id, network, address, at)
       SELECT order_id, product_id, customer_id, network, address, to_timestamp(at / 1000)
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[])
         AS noted (order_id, product_id, customer_id, network, address, at)`,
      [
        column(({ orderId }) => orderIdText(orderId)),
        column(({ productId }) => productId),
        column(({ customerId }) => customerId),
        column(({ address }) => networkOf(address)),
        column(({ address }) => hashOf(address)),
        column(({ at }) => at),
      ],
    );
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#ports.timers.after(ORIGIN_LIMITS.sweepEveryMs, () => {
      this.#sweeping = this.#sweepAndGoOn();
    });
  }

  async #sweepAndGoOn(): Promise<void> {
    await this.sweep().catch(() => undefined);
    if (!this.#hasStopped) this.#sweepLater();
  }

  /** Removes what is older than it is kept, by the clock of Postgres. @returns how many */
  async sweep(): Promise<number> {
    let removed = 0;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- small statements, so that nobody waits for one
      const { rowCount } = await this.#ports.pool.query(
        `DELETE FROM doorbuster_catalogue.order_origins WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM doorbuster_catalogue.order_origins
           WHERE at < clock_timestamp() - make_interval(secs => $1) LIMIT $2))`,
        [ORIGIN_LIMITS.keptMs / 1_000, ORIGIN_LIMITS.sweptMax],
      );
      removed += rowCount ?? 0;
      if ((rowCount ?? 0) < ORIGIN_LIMITS.sweptMax || this.#hasStopped) return removed;
    }
  }
}
