// The projection as one node sees it: at work here, or ready to take over when the node of a cluster that is at work is gone;
// and how far it is, whoever does it.

import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { ProjectionPump, SHOP_WINDOW, type Cache, type PostgresConnection } from './persistence/index.ts';
import { rushOf, systemClock, systemTimers } from './runtime/index.ts';
import type { NodeFeed, Storage } from './storage.ts';

export interface ProjectingOptions {
  readonly config: Pick<Config, 'projection' | 'feed'>;
  readonly storage: Pick<Storage, 'openFeed' | 'committed' | 'projectedUpTo'>;
  readonly connection: PostgresConnection;
  /** Told of lists of products that are out of date. Undefined without one that threads and nodes share. */
  readonly cache: Pick<Cache, 'invalidate'> | undefined;
  readonly logger: Logger;
}

/** After a start that failed. */
const RETRY_MS = 1_000;

export class Projecting {
  readonly #options: ProjectingOptions;
  #work: { readonly pump: ProjectionPump; readonly feed: NodeFeed } | undefined;
  #isWanted = false;
  #settled: Promise<void> = Promise.resolve();

  constructor(options: ProjectingOptions) {
    this.#options = options;
  }

  /** Undefined while it is not at work. */
  get pump(): ProjectionPump | undefined {
    return this.#work?.pump;
  }

  /** Epoch milliseconds up to which everything that was journaled is in Postgres, whoever wrote it there. */
  async upTo(): Promise<number> {
    return (await this.#options.storage.projectedUpTo()) ?? this.#work?.pump.caughtUpTo ?? 0;
  }

  /** The same, short of what will not reach Postgres by itself. */
  async asOf(): Promise<number> {
    return Math.min(await this.upTo(), this.#work?.pump.setAsideAt ?? Infinity);
  }

  /** @throws when the feed cannot be opened */
  async start(): Promise<void> {
    this.#isWanted = true;
    await this.#begin();
  }

  /** Begins or ends, and tries again for as long as it fails. Resolves when it is so. */
  want(isWanted: boolean): void {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    this.#settled = this.#settled.then(() => this.#settle());
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#settled;
    await this.#end();
  }

  async #settle(): Promise<void> {
    while (this.#isWanted !== (this.#work !== undefined)) {
      try {
        if (this.#isWanted) await this.#begin();
        else await this.#end();
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'the projection cannot begin; tried again');
        await new Promise<void>((resolve) => void systemTimers.after(RETRY_MS, resolve));
      }
    }
  }

  async #begin(): Promise<void> {
    const { config, storage, connection, cache, logger } = this.#options;
    const feed = await storage.openFeed(connection);
    const pump = new ProjectionPump({
      feed,
      connection,
      workers: config.projection.workers,
      recordsPerPull: config.projection.recordsMax,
      recordsInFlightMax: config.feed.inFlightMax,
      taskMsMax: config.feed.workingMsMax,
      isRush: rushOf(storage.committed, systemClock),
      onProducts: (version) => void cache?.invalidate('products', SHOP_WINDOW, version),
      logger,
    });
    pump.start();
    this.#work = { pump, feed };
  }

  async #end(): Promise<void> {
    const work = this.#work;
    this.#work = undefined;
    await work?.pump.stop();
    await work?.feed.close();
  }
}
