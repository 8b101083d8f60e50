// The journal, its feed and its snapshots on JetStream, shared by the nodes of a cluster.

import type { Logger } from 'pino';
import { assertClusterNeedsNoArchive } from './cluster-archives-needed.ts';
import type { ClusterJournal } from './audited-journal.ts';
import type { ClusterConfig, Config } from './config.ts';
import { openPool, readPositions, type PostgresConnection } from './persistence/index.ts';
import {
  CommitMeter,
  dataFiles,
  FeedProgress,
  JetStreamFeed,
  openJetStream,
  rewindFeed,
  systemClock,
  systemTimers,
  type JetStreamStore,
  type NatsConnectionSettings,
  type Sequence,
  type ShardStatus,
} from './runtime/index.ts';
import { SnapshotHost } from './snapshot-host.ts';
import { FEED_NAME, type NodeFeed, type Storage, type WorkerStorage } from './storage.ts';

/** Of the shards, to the thread that makes their snapshots. */
const REPORT_PERIOD_MS = 1_000;

export class JetStreamStorage implements Storage {
  readonly store: JetStreamStore;
  readonly connection: NatsConnectionSettings;
  readonly committed = new CommitMeter();
  /** The connection is made again, whatever happens. */
  readonly died = new Promise<Error>(() => undefined);
  readonly #config: Config;
  readonly #cluster: ClusterConfig;
  readonly #progress: FeedProgress;

  private constructor(config: Config, cluster: ClusterConfig, store: JetStreamStore) {
    this.#config = config;
    this.#cluster = cluster;
    this.connection = connectionOf(cluster);
    this.store = store;
    this.#progress = new FeedProgress(store.link, store.names, FEED_NAME, systemClock);
  }

  /** @throws NatsUnreachable @throws ServerUnfit @throws JetStreamMismatch */
  static async open(config: Config, cluster: ClusterConfig, logger: Logger): Promise<JetStreamStorage> {
    const { prefix, replicas, monitorUrls } = cluster;
    const { shards, limits } = config;
    const { flushBytesMax } = limits;
    const options = { ...connectionOf(cluster), prefix, replicas, monitorUrls, shards, flushBytesMax };
    const store = await openJetStream(options, systemTimers);
    for (const warning of store.warnings) logger.warn(warning);
    return new JetStreamStorage(config, cluster, store);
  }

  get journalId(): string {
    return this.store.id;
  }

  forWorker(): WorkerStorage {
    const { connection, committed } = this;
    return { kind: 'jetstream', connection, prefix: this.#cluster.prefix, committed: committed.shared };
  }

  /** Of what the journal itself has, each claim asks: other nodes own shards, too. @throws ArchiveNeeded */
  async holdAgainst(positions: ReadonlyMap<number, Sequence>): Promise<void> {
    await assertClusterNeedsNoArchive(this.store, positions);
  }

  async openFeed(connection: PostgresConnection): Promise<NodeFeed> {
    const { link, names, shards } = this.store;
    const ports = { clock: systemClock, timers: systemTimers };
    const options = { link, names, name: FEED_NAME, isOnlyOne: true, ...ports, ...this.#config.feed };
    const feed = await JetStreamFeed.open(options);
    const pool = openPool(connection, 1, 'doorbuster start');
    try {
      await rewindFeed({ feed, link, names, shards, positions: () => readPositions(pool) });
    } catch (error) {
      await feed.close();
      throw error;
    } finally {
      await pool.end();
    }
    return feed;
  }

  projectedUpTo(): Promise<number> {
    return this.#progress.workedOffUpTo();
  }

  get recordsBehind(): number {
    return this.#progress.recordsBehind;
  }

  makeSnapshots(logger: Logger, shards: () => Promise<readonly ShardStatus[]>): () => Promise<void> {
    const { connection } = this;
    const { prefix } = this.#cluster;
    const host = new SnapshotHost(
      { kind: 'jetstream', ...connection, prefix, logLevel: this.#config.logLevel },
      logger,
    );
    const timer = setInterval(() => void shards().then((all) => host.report(all)), REPORT_PERIOD_MS);
    return () => {
      clearInterval(timer);
      return host.stop();
    };
  }

  get audited(): ClusterJournal {
    const { archives } = dataFiles(this.#config.dataDir);
    return { kind: 'jetstream', ...this.connection, prefix: this.#cluster.prefix, archives };
  }

  async stop(): Promise<void> {
    await this.store.link.close();
  }
}

const connectionOf = ({ servers, inboxPrefix }: ClusterConfig): NatsConnectionSettings => ({
  servers,
  inboxPrefix,
});
