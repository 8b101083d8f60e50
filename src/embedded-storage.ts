// The journal, its feed and its snapshots on this machine, in DATA_DIR.

import type { Logger } from 'pino';
import { assertFolderNeedsNoArchive } from './archives-needed.ts';
import type { EmbeddedJournal } from './audited-journal.ts';
import type { Config } from './config.ts';
import {
  lostBefore,
  SqliteFeed,
  SqliteJournalHost,
  systemClock,
  type CommitMeter,
  type DataFolder,
  type Sequence,
} from './runtime/index.ts';
import { SnapshotHost } from './snapshot-host.ts';
import { FEED_NAME, type NodeFeed, type Storage, type WorkerStorage } from './storage.ts';

export class EmbeddedStorage implements Storage {
  readonly #config: Config;
  readonly #folder: DataFolder;
  readonly #journal: SqliteJournalHost;
  #positions: ReadonlyMap<number, Sequence> = new Map();
  #feed: SqliteFeed | undefined;

  private constructor(config: Config, folder: DataFolder, journal: SqliteJournalHost) {
    this.#config = config;
    this.#folder = folder;
    this.#journal = journal;
  }

  static async open(config: Config, folder: DataFolder, logger: Logger): Promise<EmbeddedStorage> {
    const { shards, journalBytesMax: bytesMax } = config;
    const journal = await SqliteJournalHost.start(folder.journal, { shards, bytesMax }, [folder.lock]);
    if (journal.extent.wasUnmarked)
      logger.warn('the journal had no mark beside it: it counts as whole from here on');
    return new EmbeddedStorage(config, folder, journal);
  }

  get journalId(): string {
    return this.#journal.extent.id;
  }

  get committed(): CommitMeter {
    return this.#journal.committed;
  }

  get died(): Promise<Error> {
    return this.#journal.died;
  }

  forWorker(): WorkerStorage {
    return { kind: 'embedded', journal: this.#journal.connect() };
  }

  async holdAgainst(positions: ReadonlyMap<number, Sequence>): Promise<void> {
    const { heads } = this.#journal.extent;
    this.#positions = positions;
    await this.#journal.refuse(
      lostBefore(heads, 'Postgres has', positions),
      Math.max(0, ...positions.values()),
    );
    await assertFolderNeedsNoArchive(this.#folder, positions);
  }

  async openFeed(): Promise<NodeFeed> {
    const journal = this.#journal;
    const feed = new SqliteFeed({
      path: this.#folder.journal,
      name: FEED_NAME,
      clock: systemClock,
      committed: journal.committed,
      saveFloor: (name, floor) => journal.saveFloor(name, floor),
      ...this.#config.feed,
    });
    rewindFeed(feed, this.#positions, journal.extent.heads);
    this.#feed = feed;
    return feed;
  }

  async projectedUpTo(): Promise<undefined> {
    return undefined;
  }

  get recordsBehind(): number {
    return this.#feed?.recordsBehind ?? NaN;
  }

  makeSnapshots(logger: Logger): () => Promise<void> {
    const { journal, snapshots } = this.#folder;
    const host = new SnapshotHost(
      { journal, committed: this.committed.shared, snapshots, logLevel: this.#config.logLevel },
      logger,
    );
    return () => host.stop();
  }

  get audited(): EmbeddedJournal {
    const { journal, snapshots, archives } = this.#folder;
    return { journal, snapshots, archives };
  }

  stop(): Promise<void> {
    return this.#journal.stop();
  }
}

/** Postgres knows best where it stands: a database that is new or restored gets everything again. */
function rewindFeed(
  feed: SqliteFeed,
  positions: ReadonlyMap<number, Sequence>,
  heads: ReadonlyMap<number, Sequence>,
): void {
  let floor = Infinity;
  for (const [shard, head] of heads) {
    const position = positions.get(shard) ?? 0;
    if (position < head) floor = Math.min(floor, position);
  }
  if (floor !== Infinity) feed.rewind(floor);
}
