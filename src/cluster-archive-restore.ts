// `doorbuster archive restore` of a cluster. A stream never takes records back under their sequences, so they go where they
// are wanted: into Postgres, by the projection's own code, and, when the snapshot that stood for them is gone, into a new one.
// Works beside running nodes, too: what Postgres has already is skipped.

import { readyPostgres } from './archive.ts';
import { standFor } from './archive-plan.ts';
import { withCluster, type ClusterAddress, type OpenCluster } from './open-cluster.ts';
import { openPool, Projection, type PostgresConnection } from './persistence/index.ts';
import {
  archivedUpTo,
  ArchiveRefused,
  assertWhole,
  inspectPieces,
  JetStreamJournal,
  JetStreamSnapshots,
  readArchiveAbout,
  readClusterArchives,
  recordsOf,
  restore,
  soundHead,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  type ArchiveEntry,
  type Journal,
  type Sequence,
  type StoredRecord,
} from './runtime/index.ts';

export interface ClusterRestoreRequest {
  readonly address: ClusterAddress;
  readonly connection: PostgresConnection;
  /** All are checked before the first is read. */
  readonly files: readonly string[];
  /** How many records were looked at, of how many. */
  readonly onRecord: (records: number, of: number) => void;
}

export interface AppliedArchive {
  readonly file: string;
  /** Records that went to Postgres. */
  readonly applied: number;
  /** Records that it had. */
  readonly known: number;
}

export interface ClusterRestored {
  readonly archives: readonly AppliedArchive[];
  /** Shards whose snapshot was made anew. */
  readonly snapshots: readonly number[];
}

/** In one transaction, as the projection does. */
const RECORDS_PER_TASK = 200;

interface Wanted {
  readonly file: string;
  readonly entry: ArchiveEntry;
}

/** @throws ArchiveRefused @throws PostgresOfAnotherJournal */
export function restoreCluster(request: ClusterRestoreRequest): Promise<ClusterRestored> {
  const { address, connection, files, onRecord } = request;
  return withCluster(address, async (cluster) => {
    const entries = await readClusterArchives(cluster.link, cluster.names);
    const wanted = wantedOf(files, entries, cluster);
    const positions = await readyPostgres(connection, cluster.id);
    assertUnbroken(wanted, entries, positions);
    const archives = await apply(wanted, connection, onRecord);
    return { archives, snapshots: await makeSnapshots(wanted, entries, cluster) };
  });
}

/** Oldest first. @throws ArchiveRefused */
function wantedOf(
  files: readonly string[],
  entries: readonly ArchiveEntry[],
  { id: journal }: OpenCluster,
): readonly Wanted[] {
  const found = new Map<string, string>();
  for (const file of files) {
    const about = readArchiveAbout(file);
    if (about.journal !== journal)
      throw new ArchiveRefused(
        `${file} is an archive of journal ${about.journal}, and this journal is ${journal}.`,
      );
    const entry = entries.find(({ id }) => id === about.id);
    if (entry === undefined)
      throw new ArchiveRefused(
        `${file} is an archive of this journal, which knows nothing of it (npx doorbuster archive list): a run that did not ` +
          'come to its end made it, and its records are in the stream; or the bucket with the list was lost.',
      );
    assertWhole(file, entry);
    found.set(about.id, file);
  }
  return entries.flatMap((entry) => {
    const file = found.get(entry.id);
    return file === undefined ? [] : [{ file, entry }];
  });
}

/** Postgres takes a record only behind the one before it. @throws ArchiveRefused */
function assertUnbroken(
  wanted: readonly Wanted[],
  entries: readonly ArchiveEntry[],
  positions: ReadonlyMap<number, Sequence>,
): void {
  const reached = new Map(positions);
  for (const { file, entry } of wanted) {
    for (const { shard, previous, last } of entry.ranges) {
      if ((reached.get(shard) ?? 0) < previous) {
        const older = entries.find(({ ranges }) =>
          ranges.some((range) => range.shard === shard && range.last === previous),
        );
        throw new ArchiveRefused(
          `${file} goes on behind record ${previous} of shard ${shard}, and Postgres has it up to ` +
            `${reached.get(shard) ?? 'none'}: name the older archive as well${older ? ` (${older.file})` : ''}.`,
        );
      }
      reached.set(shard, Math.max(last, reached.get(shard) ?? 0));
    }
  }
}

async function apply(
  wanted: readonly Wanted[],
  connection: PostgresConnection,
  onRecord: ClusterRestoreRequest['onRecord'],
): Promise<AppliedArchive[]> {
  const total = wanted.reduce((sum, { entry }) => sum + recordsOf(entry), 0);
  const pool = openPool(connection, 1, 'doorbuster archive');
  const projection = new Projection(pool);
  let seen = 0;
  try {
    const archives: AppliedArchive[] = [];
    for (const { file } of wanted) {
      let [applied, known] = [0, 0];
      for (const piece of recordsIn(file)) {
        for (let at = 0; at < piece.length; at += RECORDS_PER_TASK) {
          const some = piece.slice(at, at + RECORDS_PER_TASK);
          const result = await projection.apply(some);
          const [early] = result.deferred;
          if (early !== undefined)
            throw new ArchiveRefused(`${file}: Postgres lacks what comes before record ${early}.`);
          applied += result.applied;
          known += result.duplicates;
          onRecord((seen += some.length), total);
        }
      }
      archives.push({ file, applied, known });
    }
    return archives;
  } finally {
    await pool.end();
  }
}

/** In the order of their sequences. @throws ArchiveRefused at one that is damaged */
function* recordsIn(file: string): Generator<readonly StoredRecord[]> {
  for (const piece of inspectPieces(file, 0)) {
    for (const { damage } of piece) if (damage !== undefined) throw new ArchiveRefused(`${file}: ${damage}`);
    yield piece;
  }
}

/** Of shards that have none behind their archived records, and of which all archives are at hand. @returns these shards */
async function makeSnapshots(
  wanted: readonly Wanted[],
  entries: readonly ArchiveEntry[],
  { link, names }: OpenCluster,
): Promise<number[]> {
  const ports = { link, names, clock, timers, random };
  const snapshots = new JetStreamSnapshots(ports);
  const stream = new JetStreamJournal(ports);
  const made: number[] = [];
  for (const [shard, last] of archivedUpTo(entries)) {
    const [newest] = await snapshots.list(shard);
    if (newest !== undefined && newest.sequence > last) continue;
    const ofShard = ({ entry }: Pick<Wanted, 'entry'>): boolean =>
      entry.ranges.some((range) => range.shard === shard);
    const files = wanted.filter(ofShard).map(({ file }) => file);
    if (files.length < entries.filter((entry) => ofShard({ entry })).length) continue;
    const head = await soundHead(shard, { journal: stream, snapshots, timers });
    if (head === undefined) continue;
    const journal = withArchives(files, last, stream);
    await standFor(await restore(shard, head.sequence, { journal, timers }), snapshots);
    made.push(shard);
  }
  return made;
}

/** A shard whole again: up to `last` from its archives, oldest first, and behind it from the stream. */
function withArchives(
  files: readonly string[],
  last: Sequence,
  stream: Pick<Journal, 'replay'>,
): Pick<Journal, 'replay'> {
  return {
    async *replay(shard, from, to) {
      for (const file of files) {
        for (const piece of recordsIn(file))
          yield piece.filter(
            ({ shard: of, sequence }) => of === shard && sequence >= from && sequence <= Math.min(last, to),
          );
      }
      yield* stream.replay(shard, Math.max(from, last + 1), to);
    },
  };
}
