// Feed and pump as a node has them, over a journal of the benchmark's own. Ended by `stop`.

import {
  ProjectionPump,
  type PostgresConnection,
  type ProjectionPumpOptions,
} from '../src/persistence/index.ts';
import {
  CommitMeter,
  SqliteFeed,
  systemClock as clock,
  type Feed,
  type Sequence,
} from '../src/runtime/index.ts';

export type ProjectedOptions = Partial<
  Pick<ProjectionPumpOptions, 'workers' | 'recordsPerPull' | 'bytesPerTaskMax'>
>;

const ACK_WAIT_MS = 25_000;
const IN_FLIGHT_MAX = 10_000;
const TURN_MS_MAX = 300_000;

export class Projected {
  readonly #committed: CommitMeter;
  readonly #pump: ProjectionPump;
  readonly #close: () => void | Promise<void>;

  constructor(
    feed: Feed & { close(): void | Promise<void> },
    connection: PostgresConnection,
    options: ProjectedOptions = {},
    committed = new CommitMeter(),
  ) {
    this.#committed = committed;
    this.#close = () => feed.close();
    const logger = { warn: console.error, error: console.error, info: () => undefined };
    this.#pump = new ProjectionPump({ feed, connection, workers: 1, logger, ...options });
    this.#pump.start();
  }

  /** Of a file. @param from Postgres has everything up to this record */
  static of(
    path: string,
    connection: PostgresConnection,
    options?: ProjectedOptions,
    from: Sequence = 0,
  ): Projected {
    const committed = new CommitMeter();
    const feed = new SqliteFeed({
      path,
      name: 'bench',
      clock,
      committed,
      // Another thread would write it; after the run nobody asks how far this feed was.
      saveFloor: () => undefined,
      inFlightMax: IN_FLIGHT_MAX,
      ackWaitMs: ACK_WAIT_MS,
    });
    feed.rewind(from);
    return new Projected(feed, connection, options, committed);
  }

  committed(): void {
    this.#committed.add(0);
  }

  /** Resolves when so many records are in Postgres, with how many there are then. */
  async until(records: number): Promise<number> {
    const startedAt = performance.now();
    while (this.#pump.stats().applied < records) {
      const { state, applied } = this.#pump.stats();
      if (state === 'incomplete' || performance.now() - startedAt > TURN_MS_MAX)
        throw new Error(`the projection is ${state} at ${applied} of ${records} records`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return this.#pump.stats().applied;
  }

  async stop(): Promise<void> {
    await this.#pump.stop();
    await this.#close();
  }
}
