// Which records may leave the journal: those of shards whose sales are over and settled, as far as Postgres has them and a
// snapshot stands for them, and never a shard's newest.

import { decodeRecord, digest, type Product } from './actors/index.ts';
import {
  archivedUpTo,
  readArchives,
  readJournalFacts,
  readSnapshot,
  restore,
  SnapshotFiles,
  SqliteFollower,
  systemTimers as timers,
  type ArchivedRange,
  type DataFolder,
  type Journal,
  type Sequence,
  type ShardState,
  type Snapshots,
} from './runtime/index.ts';

/** A shard whose records stay. */
export interface StayingShard {
  readonly shard: number;
  readonly reason: string;
}

export interface ArchivePlan {
  readonly ranges: readonly ArchivedRange[];
  /** Shards without products are not listed. */
  readonly staying: readonly StayingShard[];
}

/** Where the journal is, at rest. */
export interface PlannedJournal {
  readonly journal: Pick<Journal, 'replay'>;
  readonly snapshots: Snapshots;
  /** Newest sequence of each shard that has one. */
  readonly heads: ReadonlyMap<number, Sequence>;
  /** The newest record of each shard that is in an archive. */
  readonly archived: ReadonlyMap<number, Sequence>;
}

/** Of a folder at rest. The same as `planArchive`. */
export async function planFolder(
  { journal: path, snapshots: folder }: Pick<DataFolder, 'journal' | 'snapshots'>,
  positions: ReadonlyMap<number, Sequence>,
  now: number,
): Promise<ArchivePlan> {
  const snapshots = new SnapshotFiles(folder);
  await snapshots.prepare();
  const journal = new SqliteFollower(path);
  const { heads } = readJournalFacts(path);
  try {
    const archived = archivedUpTo(readArchives(path));
    return await planArchive({ journal, snapshots, heads, archived }, positions, now);
  } finally {
    journal.close();
  }
}

/**
 * Makes the snapshots that are missing, and changes nothing else.
 * @param positions of Postgres, by shard
 * @param now epoch milliseconds
 * @throws InvariantViolation for a damaged journal
 */
export async function planArchive(
  { journal, snapshots, heads, archived }: PlannedJournal,
  positions: ReadonlyMap<number, Sequence>,
  now: number,
): Promise<ArchivePlan> {
  const ports = { journal, snapshots, timers };
  const ranges: ArchivedRange[] = [];
  const staying: StayingShard[] = [];
  for (const [shard, head] of [...heads].sort(([one], [other]) => one - other)) {
    const state = await restore(shard, head, ports);
    if (state.products.size === 0) continue;
    const stay = (reason: string): unknown => staying.push({ shard, reason });
    const unfinished = whyUnfinished(state.products.values(), now);
    const position = positions.get(shard);
    const begin = (archived.get(shard) ?? 0) + 1;
    const range = await rangeBefore(shard, begin, position ?? 0, journal);
    if (unfinished !== undefined) stay(unfinished);
    else if (position === undefined) stay('Postgres has nothing of it');
    else if (range === undefined) stay('there is nothing new to archive');
    else {
      await standFor(state, snapshots);
      ranges.push(range);
    }
  }
  return { ranges, staying };
}

function whyUnfinished(products: Iterable<Product>, now: number): string | undefined {
  for (const { id, configuration, stock } of products) {
    const { startsAt, endsAt } = configuration;
    if (now < startsAt) return `the sale of ${id} begins ${new Date(startsAt).toISOString()}`;
    if (now < endsAt) return `the sale of ${id} goes on until ${new Date(endsAt).toISOString()}`;
    if (stock.reserved > 0) return `${stock.reserved} units of ${id} are in orders that are not settled`;
  }
  return undefined;
}

/** All records of the shard from `begin` on and before `end`; undefined when none of them has an event. */
async function rangeBefore(
  shard: number,
  begin: Sequence,
  end: Sequence,
  journal: PlannedJournal['journal'],
): Promise<ArchivedRange | undefined> {
  let range: ArchivedRange | undefined;
  let events = 0;
  for await (const records of journal.replay(shard, begin, end - 1)) {
    for (const { sequence, bytes } of records) {
      const record = decodeRecord(bytes);
      const { first, previous } = range ?? { first: sequence, previous: record.previous };
      const counted = { records: (range?.records ?? 0) + 1, bytes: (range?.bytes ?? 0) + bytes.length };
      range = { shard, first, last: sequence, previous, ...counted };
      events += record.events.length;
    }
  }
  return events === 0 ? undefined : range;
}

/** A snapshot as of the shard's newest record, written or found, and read back to the last key. */
export async function standFor(state: ShardState, snapshots: Snapshots): Promise<void> {
  const { shard, position } = state;
  const { head: sequence, epoch } = position;
  const [newest] = await snapshots.list(shard);
  const name =
    newest?.sequence === sequence
      ? newest
      : await snapshots.write({ shard, sequence, epoch }, state.snapshot());
  const kept = await readSnapshot(name, { snapshots, timers });
  const isSame = [...state.products].every(([id, product]) => {
    const found = kept.products.get(id);
    return found !== undefined && digest(found) === digest(product);
  });
  if (isSame && kept.products.size === state.products.size) return;
  throw new Error(`the snapshot of shard ${shard} as of record ${sequence} is not what was written`);
}
