// What an audit reads beside Postgres: records, snapshots, and what else is known of the journal, wherever it is kept.

import {
  findArchives,
  inspectPieces,
  JetStreamNames,
  JetStreamRecords,
  JetStreamSnapshots,
  markPathOf,
  openLink,
  readArchives,
  readMark,
  SnapshotFiles,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  type NatsConnectionSettings,
  type RecordSource,
  type Sequence,
  type ShelvedArchive,
  type SnapshotName,
  type Snapshots,
} from './runtime/index.ts';

/** In files on this machine. */
export interface EmbeddedJournal {
  readonly kind?: 'embedded';
  /** The journal's file. */
  readonly journal: string;
  /** The folder of snapshots. */
  readonly snapshots: string;
  /** The folder of archives. */
  readonly archives: string;
  /** Archives that are elsewhere: files, and folders of them. */
  readonly namedArchives?: readonly string[];
}

/** On NATS. */
export interface ClusterJournal extends NatsConnectionSettings {
  readonly kind: 'jetstream';
  readonly prefix?: string | undefined;
  /** For so long a leader that was deposed may tell less than there is. */
  readonly staleMs?: number;
}

export interface AuditedSnapshots extends Snapshots {
  listAll(): Promise<readonly SnapshotName[]>;
}

export interface AuditedJournal {
  readonly records: RecordSource;
  readonly snapshots: AuditedSnapshots;
  /** How far each shard was acknowledged, where somebody notes that. */
  acknowledged(): ReadonlyMap<number, Sequence>;
  /** Records that left it. @throws ArchiveRefused for an archive that was named and is none */
  shelf(): readonly ShelvedArchive[];
  close(): Promise<void>;
}

/** @throws NatsUnreachable */
export function openAudited(where: EmbeddedJournal | ClusterJournal): Promise<AuditedJournal> {
  return where.kind === 'jetstream' ? ofCluster(where) : Promise.resolve(ofFiles(where));
}

function ofFiles({ journal, snapshots, archives, namedArchives }: EmbeddedJournal): AuditedJournal {
  return {
    records: { behind: (after) => inspectPieces(journal, after) },
    snapshots: new SnapshotFiles(snapshots),
    acknowledged: () => readMark(markPathOf(journal))?.heads ?? new Map<number, Sequence>(),
    shelf() {
      const entries = readArchives(journal).filter(({ restoredAt }) => restoredAt === null);
      return findArchives(entries, archives, namedArchives);
    },
    close: () => Promise.resolve(),
  };
}

async function ofCluster({ prefix, staleMs, ...connection }: ClusterJournal): Promise<AuditedJournal> {
  const names = new JetStreamNames(prefix);
  const link = await openLink(connection, timers);
  return {
    records: new JetStreamRecords({ link, names, timers, ...(staleMs !== undefined && { staleMs }) }),
    snapshots: new JetStreamSnapshots({ link, names, clock, timers, random }),
    acknowledged: () => new Map(),
    shelf: () => [],
    close: () => link.close(),
  };
}
