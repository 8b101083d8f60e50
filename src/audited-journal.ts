// What an audit reads beside Postgres: records, snapshots, and what else is known of the journal, wherever it is kept.

import {
  archivedUpTo,
  findArchives,
  inspectPieces,
  JetStreamNames,
  JetStreamRecords,
  JetStreamSnapshots,
  markPathOf,
  openLink,
  readArchives,
  readClusterArchives,
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
  /** A folder where archives may be, beside the places where they were written. */
  readonly archives?: string;
  /** Archives that are elsewhere: files, and folders of them. */
  readonly namedArchives?: readonly string[];
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

async function ofCluster({
  prefix,
  staleMs,
  archives = '',
  namedArchives,
  ...connection
}: ClusterJournal): Promise<AuditedJournal> {
  const names = new JetStreamNames(prefix);
  const link = await openLink(connection, timers);
  try {
    const entries = await readClusterArchives(link, names);
    const stream = new JetStreamRecords({ link, names, timers, ...(staleMs !== undefined && { staleMs }) });
    return {
      records: withoutArchived(stream, archivedUpTo(entries)),
      snapshots: new JetStreamSnapshots({ link, names, clock, timers, random }),
      acknowledged: () => new Map(),
      shelf: () => findArchives(entries, archives, namedArchives),
      close: () => link.close(),
    };
  } catch (error) {
    await link.close();
    throw error;
  }
}

/** What an archive that is noted holds may still be in the stream, too: whoever removed it was killed. */
function withoutArchived(source: RecordSource, upTo: ReadonlyMap<number, Sequence>): RecordSource {
  return {
    async *behind(after, known) {
      for await (const piece of source.behind(after, known))
        yield piece.filter(({ shard, sequence }) => sequence > (upTo.get(shard) ?? 0));
    },
  };
}
