// An archive: records of ended sales, taken out of the journal into a SQLite file of their own. The file never changes
// once it has its name, tells everything about itself, and every reader of a journal can read its records.
//
//   about     name, value        kind, format, id, journal, shards, made_at, made_by
//   ranges    one row a shard    first and last record, the one before the first, how many, how many bytes
//   records   as in the journal, whatever columns it has

import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { ExpectedError } from '../expected-error.ts';
import { JournalDamaged, JournalUnavailable, type Sequence } from '../ports.ts';
import type { ArchiveSource } from './archive-source.ts';
import { syncPath } from './head-mark.ts';

/** An archive, or what was wanted of one, is not as it must be. Nothing was changed. */
export class ArchiveRefused extends ExpectedError {
  override readonly name = 'ArchiveRefused';
}

/** Records of one shard without a gap. */
export interface ArchivedRange {
  readonly shard: number;
  readonly first: Sequence;
  readonly last: Sequence;
  /** The shard's record before the first, 0 for none. */
  readonly previous: Sequence;
  readonly records: number;
  /** Of the records alone. */
  readonly bytes: number;
}

export interface ArchiveAbout {
  /** Drawn when it was made. */
  readonly id: string;
  /** The journal that it was taken from. */
  readonly journal: string;
  /** Of that journal. */
  readonly shards: number;
  /** Epoch milliseconds. */
  readonly madeAt: number;
  /** Version of the program. */
  readonly madeBy: string;
  readonly ranges: readonly ArchivedRange[];
}

/** Called after each record. */
export type OnRecord = () => void;

/** One row of `records`, by column. */
export type Row = Record<string, unknown>;

const KIND = 'doorbuster archive';
const FORMAT = 1;
const PIECE_BYTES = 1024 * 1024;

const SCHEMA = `
  CREATE TABLE about (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
  CREATE TABLE ranges (
    shard    INTEGER PRIMARY KEY,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    records  INTEGER NOT NULL,
    bytes    INTEGER NOT NULL
  ) STRICT;
`;

/** Parameters: shard, first, last. */
export const RECORDS_OF_RANGE =
  'SELECT * FROM records WHERE shard = ? AND sequence BETWEEN ? AND ? ORDER BY sequence';

/** Writes and syncs a new file. What is left of one when it fails is removed. @throws ArchiveRefused, or what reading throws */
export async function writeArchive(
  path: string,
  source: Pick<ArchiveSource, 'recordsTable' | 'rows'>,
  about: ArchiveAbout,
  onRecord: OnRecord,
): Promise<void> {
  removeFile(path);
  try {
    await fillArchive(path, source, about, onRecord);
    syncPath(path);
  } catch (error) {
    removeFile(path);
    if (error instanceof JournalUnavailable || error instanceof JournalDamaged) throw error;
    throw new ArchiveRefused(
      `The archive ${path} cannot be written: ${(error as Error).message}. Nothing was changed. It needs a folder that ` +
        'this user may write, on a disk with room for the records.',
      { cause: error },
    );
  }
}

async function fillArchive(
  path: string,
  source: Pick<ArchiveSource, 'recordsTable' | 'rows'>,
  about: ArchiveAbout,
  onRecord: OnRecord,
): Promise<void> {
  const archive = new DatabaseSync(path);
  try {
    // It is written once, synced at the end, and thrown away when anything fails: SQLite need not be able to roll back.
    archive.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN');
    archive.exec(SCHEMA);
    archive.exec(source.recordsTable());
    const { ranges, id, journal: from, shards, madeAt, madeBy } = about;
    const facts = { kind: KIND, format: FORMAT, id, journal: from, shards, made_at: madeAt, made_by: madeBy };
    const insertFact = archive.prepare('INSERT INTO about VALUES (?, ?)');
    for (const [name, value] of Object.entries(facts)) insertFact.run(name, value);
    const insertRange = archive.prepare('INSERT INTO ranges VALUES (?, ?, ?, ?, ?, ?)');
    const insert = new RowInsert(archive);
    for (const range of ranges) {
      const { shard, first, last, previous, records, bytes } = range;
      insertRange.run(shard, first, last, previous, records, bytes);
      for await (const row of source.rows(range)) {
        insert.add(row);
        onRecord();
      }
    }
    archive.exec('COMMIT');
  } finally {
    archive.close();
  }
}

/** Rows of records into a table that has their columns. All columns, so that what a later version adds is kept. */
export class RowInsert {
  readonly #to: DatabaseSync;
  #columns: readonly string[] = [];
  #statement: StatementSync | undefined;

  constructor(to: DatabaseSync) {
    this.#to = to;
  }

  /** @throws when the table lacks a column */
  add(row: Row): void {
    if (this.#statement === undefined) {
      this.#columns = Object.keys(row);
      const places = this.#columns.map(() => '?').join(', ');
      this.#statement = this.#to.prepare(
        `INSERT INTO records (${this.#columns.join(', ')}) VALUES (${places})`,
      );
    }
    this.#statement.run(...this.#columns.map((column) => row[column] as SQLInputValue));
  }
}

/** @throws ArchiveRefused when the file is no archive that this version can read */
export function readArchiveAbout(path: string): ArchiveAbout {
  const archive = openArchive(path);
  try {
    const facts = new Map(
      archive
        .prepare('SELECT name, value FROM about')
        .all()
        .map(({ name, value }) => [String(name), value]),
    );
    if (facts.get('kind') !== KIND) throw new ArchiveRefused(`${path} is not an archive of Doorbuster.`);
    if (facts.get('format') !== FORMAT) {
      throw new ArchiveRefused(
        `${path} is an archive of format ${String(facts.get('format'))}, and this version reads format ${FORMAT}. Use a newer one.`,
      );
    }
    return {
      id: String(facts.get('id')),
      journal: String(facts.get('journal')),
      shards: Number(facts.get('shards')),
      madeAt: Number(facts.get('made_at')),
      madeBy: String(facts.get('made_by')),
      ranges: archive.prepare('SELECT * FROM ranges ORDER BY shard').all() as unknown as ArchivedRange[],
    };
  } catch (error) {
    if (error instanceof ArchiveRefused) throw error;
    throw new ArchiveRefused(`${path} is not an archive of Doorbuster: ${(error as Error).message}.`, {
      cause: error,
    });
  } finally {
    archive.close();
  }
}

/** @throws ArchiveRefused */
export function openArchive(path: string): DatabaseSync {
  if (!existsSync(path)) throw new ArchiveRefused(`There is no file ${path}.`);
  try {
    return new DatabaseSync(path, { readOnly: true });
  } catch (error) {
    throw new ArchiveRefused(`${path} cannot be opened: ${(error as Error).message}.`, { cause: error });
  }
}

/** SHA-256 of the file's bytes in hex, and how many they are. */
export function sumOf(path: string): { readonly sha256: string; readonly bytes: number } {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let count = readSync(file, piece); count > 0; count = readSync(file, piece)) {
      hash.update(piece.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
  return { sha256: hash.digest('hex'), bytes: statSync(path).size };
}

function removeFile(path: string): void {
  rmSync(path, { force: true });
}
