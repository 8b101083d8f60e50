// Asked at the start, before anybody claims a shard: records that are in an archive alone must be in Postgres, and a
// snapshot must stand for them. Otherwise the node would sell without knowing what it sold, or show lists with holes.

import { ExpectedError } from './runtime/expected-error.ts';
import {
  archivedUpTo,
  readArchives,
  SnapshotFiles,
  type ArchiveEntry,
  type DataFolder,
  type Sequence,
  type Snapshots,
} from './runtime/index.ts';

/** Only a person can bring an archive back; the message says which, and how. */
export class ArchiveNeeded extends ExpectedError {
  override readonly name = 'ArchiveNeeded';
}

/** What a start asks, wherever the journal is. */
export interface ArchivedJournal {
  readonly entries: readonly ArchiveEntry[];
  readonly snapshots: Pick<Snapshots, 'list'>;
  /** Where the snapshots are, as people name it. */
  readonly where: string;
  /** What to do when Postgres, or a snapshot, lacks them. */
  readonly remedy: { readonly postgres: string; readonly snapshot: string };
}

/** @throws ArchiveNeeded */
export function assertFolderNeedsNoArchive(
  { journal, snapshots }: Pick<DataFolder, 'journal' | 'snapshots'>,
  positions: ReadonlyMap<number, Sequence>,
): Promise<void> {
  const remedy = {
    postgres: 'Put them back, then start: Postgres is made from the journal again.',
    snapshot: 'Put the snapshot or the records back, then start.',
  };
  const entries = readArchives(journal);
  const files = new SnapshotFiles(snapshots);
  return assertArchivesNotNeeded({ entries, snapshots: files, where: snapshots, remedy }, positions);
}

/**
 * @param positions of Postgres, by shard
 * @throws ArchiveNeeded
 */
export async function assertArchivesNotNeeded(
  { entries, snapshots, where, remedy }: ArchivedJournal,
  positions: ReadonlyMap<number, Sequence>,
): Promise<void> {
  const upTo = archivedUpTo(entries);
  const behind = [...upTo].filter(([shard, last]) => (positions.get(shard) ?? 0) < last);
  if (behind.length > 0) {
    const [shard, last] = behind[0]!;
    throw new ArchiveNeeded(
      `Postgres has shard ${shard} up to record ${positions.get(shard) ?? 'none'}, and records up to ${last} are in an archive ` +
        `alone${andOthers(behind)}. ${remedy.postgres}` +
        howTo(entries, new Map(behind.map(([of]) => [of, positions.get(of) ?? 0]))),
    );
  }
  const bare: [number, Sequence][] = [];
  for (const [shard, last] of upTo) {
    const [newest] = await snapshots.list(shard);
    if (newest === undefined || newest.sequence <= last) bare.push([shard, last]);
  }
  if (bare.length === 0) return;
  const [shard, last] = bare[0]!;
  throw new ArchiveNeeded(
    `Records of shard ${shard} up to ${last} are in an archive alone, and the snapshot that stood for them is not in ` +
      `${where}${andOthers(bare)}. ${remedy.snapshot}` +
      howTo(entries, new Map(bare.map(([of]) => [of, 0]))),
  );
}

const andOthers = ({ length }: readonly unknown[]): string =>
  length === 1 ? '' : ` (and ${length - 1} shards more)`;

/** @param from by shard: what is behind it is needed */
function howTo(entries: readonly ArchiveEntry[], from: ReadonlyMap<number, Sequence>): string {
  const needed = entries.filter(
    ({ restoredAt, ranges }) =>
      restoredAt === null && ranges.some(({ shard, last }) => last > (from.get(shard) ?? Infinity)),
  );
  const files = needed.map(({ file, sha256 }) => `\n  ${file} (SHA-256 ${sha256})`);
  return `${files.join('')}\n\n  npx doorbuster archive restore ${needed.map(({ file }) => file).join(' ')}`;
}
