// Where a node keeps what it must not lose, as its main thread sees it: on this machine (embedded-storage.ts), or on
// JetStream (jetstream-storage.ts).

import type { MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { ClusterJournal, EmbeddedJournal } from './audited-journal.ts';
import type { PostgresConnection } from './persistence/index.ts';
import type { CommitMeter, Feed, NatsConnectionSettings, Sequence, ShardStatus } from './runtime/index.ts';

/** Of the projection into Postgres; all nodes of a cluster share it. */
export const FEED_NAME = 'postgres';

/** What a worker thread needs to open its own way to the journal. */
export type WorkerStorage =
  | { readonly kind: 'embedded'; readonly journal: MessagePort }
  | {
      readonly kind: 'jetstream';
      readonly connection: NatsConnectionSettings;
      readonly prefix: string;
      /** The memory of the node's CommitMeter. */
      readonly committed: SharedArrayBuffer;
    };

/** A feed that belongs to the node. */
export interface NodeFeed extends Feed {
  close(): Promise<void> | void;
}

export interface Storage {
  /** Postgres must hold the orders of this very journal. */
  readonly journalId: string;
  /** Of what this node journals. */
  readonly committed: CommitMeter;
  /** Resolves when it cannot be used any more. */
  readonly died: Promise<Error>;
  forWorker(): WorkerStorage;
  /**
   * Before anybody claims a shard: those of which Postgres knows more than the journal are refused.
   * @param positions of Postgres, by shard
   */
  holdAgainst(positions: ReadonlyMap<number, Sequence>): Promise<void>;
  /** The feed of the projection; everything that Postgres lacks comes. */
  openFeed(connection: PostgresConnection): Promise<NodeFeed>;
  /**
   * Epoch milliseconds up to which everything that was journaled is in Postgres, whoever wrote it there; undefined when only
   * the node's own projection knows.
   */
  projectedUpTo(): Promise<number | undefined>;
  /**
   * Records that were journaled and are not acknowledged as written to Postgres, whoever writes; NaN when nobody can say just
   * now. Those of shards that are set aside do not count once the feed has passed over them.
   */
  readonly recordsBehind: number;
  /**
   * @param shards of this node's threads, as they say
   * @returns what ends it
   */
  makeSnapshots(logger: Logger, shards: () => Promise<readonly ShardStatus[]>): () => Promise<void>;
  /** What an audit reads. */
  readonly audited: EmbeddedJournal | ClusterJournal;
  stop(): Promise<void>;
}
