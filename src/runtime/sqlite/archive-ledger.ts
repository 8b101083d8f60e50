// What the journal knows of its archives: two tables of its own file, so that noting an archive and removing its records
// are one transaction. The records of a shard that are in the journal are always an unbroken tail of all it ever had.

import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { decodeRecord } from '../../actors/index.ts';
import type { Sequence } from '../ports.ts';
import { RangeChain } from './archive-check.ts';
import {
  ArchiveRefused,
  openArchive,
  RECORDS_OF_RANGE,
  RowInsert,
  type ArchivedRange,
  type OnRecord,
} from './archive-file.ts';

/** An archive that records of this journal went into. */
export interface ArchiveEntry {
  readonly id: string;
  /** Where it was written, as an absolute path. */
  readonly file: string;
  /** In hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly madeAt: number;
  /** When its records were put back into the journal (epoch milliseconds); null while they are in the archive alone. */
  readonly restoredAt: number | null;
  /** In the order of shards. */
  readonly ranges: readonly ArchivedRange[];
}

// Made by the first archive: a journal without one stays as it is.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS archives (
    id          TEXT    PRIMARY KEY,
    file        TEXT    NOT NULL,
    sha256      TEXT    NOT NULL,
    bytes       INTEGER NOT NULL,
    made_at     INTEGER NOT NULL,
    restored_at INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS archived (
    archive  TEXT    NOT NULL,
    shard    INTEGER NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    records  INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    PRIMARY KEY (archive, shard)
  ) STRICT;
`;

/** Oldest first; also beside a running node. */
export function readArchives(journalPath: string): ArchiveEntry[] {
  const journal = new DatabaseSync(journalPath, { readOnly: true });
  try {
    if (journal.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'archives'").get() === undefined) return [];
    const ranges = journal.prepare(
      'SELECT shard, first, last, previous, records, bytes FROM archived WHERE archive = ? ORDER BY shard',
    );
    const entries = journal.prepare(
      'SELECT id, file, sha256, bytes, made_at AS "madeAt", restored_at AS "restoredAt" FROM archives ORDER BY rowid',
    );
    return entries
      .all()
      .map((row) => ({ ...row, ranges: ranges.all(String(row['id'])) }) as unknown as ArchiveEntry);
  } finally {
    journal.close();
  }
}

/** The newest record of each shard that is in an archive alone; the journal goes on behind it. */
export function archivedUpTo(entries: readonly ArchiveEntry[]): Map<number, Sequence> {
  const upTo = new Map<number, Sequence>();
  for (const { restoredAt, ranges } of entries) {
    if (restoredAt !== null) continue;
    for (const { shard, last } of ranges) upTo.set(shard, Math.max(last, upTo.get(shard) ?? 0));
  }
  return upTo;
}

/** Notes the archive and removes what it holds: both or neither. @throws ArchiveRefused */
export function removeArchived(journalPath: string, entry: ArchiveEntry): void {
  change(journalPath, (journal) => {
    journal.exec(SCHEMA);
    const { id, file, sha256, bytes, madeAt, ranges } = entry;
    journal.prepare('INSERT INTO archives VALUES (?, ?, ?, ?, ?, NULL)').run(id, file, sha256, bytes, madeAt);
    const note = journal.prepare('INSERT INTO archived VALUES (?, ?, ?, ?, ?, ?, ?)');
    const remove = journal.prepare('DELETE FROM records WHERE shard = ? AND sequence <= ?');
    for (const { shard, first, last, previous, records, bytes: size } of ranges) {
      note.run(id, shard, first, last, previous, records, size);
      const removed = Number(remove.run(shard, last).changes);
      const follows = oldestOf(journal, shard)?.previous;
      if (removed === records && follows === last) continue;
      throw new ArchiveRefused(
        `Shard ${shard} has ${removed} records up to ${last}, and ${records} of them are in ${file}; a newer one must stay.`,
      );
    }
  });
}

/** Puts the records back: all or none. @throws ArchiveRefused where they do not fit to those that are there */
export function putBack(
  journalPath: string,
  archivePath: string,
  { id, ranges }: ArchiveEntry,
  restoredAt: number,
  onRecord: OnRecord,
): void {
  const archive = openArchive(archivePath);
  try {
    const select = archive.prepare(RECORDS_OF_RANGE);
    change(journalPath, (journal) => {
      const insert = new RowInsert(journal);
      for (const range of ranges) {
        const oldest = oldestOf(journal, range.shard);
        if (oldest?.previous !== range.last) throw doesNotFit(archivePath, range, oldest);
        const chain = new RangeChain(range, archivePath);
        for (const row of select.iterate(range.shard, range.first, range.last)) {
          insert.add(row);
          chain.follow(row);
          onRecord();
        }
        chain.end();
      }
      journal.prepare('UPDATE archives SET restored_at = ? WHERE id = ?').run(restoredAt, id);
    });
  } finally {
    archive.close();
  }
}

function doesNotFit(
  path: string,
  { shard, last }: ArchivedRange,
  oldest: Oldest | undefined,
): ArchiveRefused {
  if (oldest === undefined)
    return new ArchiveRefused(
      `This journal has no record of shard ${shard} that could follow those of ${path}.`,
    );
  return new ArchiveRefused(
    `${path} holds shard ${shard} up to record ${last}, but the journal goes on behind ${oldest.previous}: put the newer ` +
      'archive back first, or name all of them at once (npx doorbuster archive list).',
  );
}

interface Oldest {
  readonly sequence: Sequence;
  readonly previous: Sequence;
}

/** The shard's oldest record that is in the journal. */
function oldestOf(journal: DatabaseSync, shard: number): Oldest | undefined {
  const row = journal
    .prepare('SELECT sequence, bytes FROM records WHERE shard = ? ORDER BY sequence LIMIT 1')
    .get(shard);
  if (row === undefined) return undefined;
  return { sequence: Number(row['sequence']), previous: decodeRecord(row['bytes'] as Uint8Array).previous };
}

/** One durable transaction. */
function change(path: string, work: (journal: DatabaseSync) => void): void {
  const journal = new DatabaseSync(path);
  try {
    journal.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE');
    work(journal);
    journal.exec('COMMIT');
  } catch (error) {
    if (journal.isTransaction) journal.exec('ROLLBACK');
    if (error instanceof ArchiveRefused) throw error;
    throw new ArchiveRefused(
      `The journal ${path} cannot be changed: ${(error as Error).message}. Nothing was changed; run it again when that is mended.`,
      {
        cause: error,
      },
    );
  } finally {
    journal.close();
  }
}

/** What became of the file's free room. */
export interface SpaceReturned {
  /** Of the journal's file. */
  readonly bytes: number;
  /** Why the file stayed as it is: its free room is used by later records. */
  readonly failure: string | undefined;
}

/** Of the file; with less free room it is not written anew. */
const FREE_SHARE_MIN = 0.25;

/** Writes the journal anew without its free room. Needs as much room on the disk as stays, twice, for a moment. */
export function returnSpace(path: string): SpaceReturned {
  let failure: string | undefined;
  const journal = new DatabaseSync(path);
  const pragma = (name: string): number => Number(Object.values(journal.prepare(`PRAGMA ${name}`).get()!)[0]);
  try {
    journal.exec('PRAGMA synchronous = FULL');
    if (pragma('freelist_count') >= FREE_SHARE_MIN * pragma('page_count')) journal.exec('VACUUM');
    journal.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (error) {
    failure = (error as Error).message;
  } finally {
    journal.close();
  }
  return { bytes: statSync(path).size, failure };
}
