// The journal's file as SQLite sees it: its tables, its format, and which journal it is. Everything is made or upgraded in
// one transaction, so that a crash leaves a file of before or one of after.

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { syncPath } from './head-mark.ts';
import { JournalMismatch } from './journal-mismatch.ts';

export interface StoreOptions {
  readonly shards: number;
  /** Bytes that the file may grow to; a full journal refuses appends as a full disk does. */
  readonly bytesMax: number;
  /** Pages of the write-ahead log, from which on it is moved into the file. */
  readonly checkpointPages?: number;
}

/** 1 had no sums; it is upgraded in place. */
export const JOURNAL_FORMAT = 2;
const PAGE_BYTES = 4_096;
const CHECKPOINT_PAGES = 1_000;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Archives have it, too. */
export const RECORDS_TABLE = `CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY,
    shard    INTEGER NOT NULL,
    bytes    BLOB    NOT NULL,
    crc      INTEGER
  ) STRICT`;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
  ${RECORDS_TABLE};
  CREATE INDEX IF NOT EXISTS records_of_shard ON records (shard, sequence);
  CREATE TABLE IF NOT EXISTS feeds (name TEXT PRIMARY KEY, floor INTEGER NOT NULL) STRICT;
`;

export interface JournalFile {
  readonly database: DatabaseSync;
  /** Drawn when the journal was made. */
  readonly id: string;
}

/**
 * Opens the file for writing, makes it when it is missing, and changes nothing when it is not the one that is wanted.
 * @param wantedId of the journal that must be there, when that is known
 * @throws JournalMismatch
 */
export function openJournalFile(
  path: string,
  options: StoreOptions,
  wantedId: string | undefined,
): JournalFile {
  if (wantedId !== undefined && !existsSync(path)) throw otherJournal(path, wantedId, undefined);
  let database: DatabaseSync | undefined;
  try {
    // A process that was killed may have left commits that only the system's memory holds. Synced before SQLite opens the
    // file: closing a file ends every lock that this process holds on it, SQLite's own as well, and then the next program that
    // opens and closes the journal takes itself for the last one and deletes the log under us.
    for (const file of [`${path}-wal`, path]) if (existsSync(file)) syncPath(file);
    database = new DatabaseSync(path);
    if (wantedId !== undefined) assertIs(database, path, wantedId);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000');
    database.exec(`PRAGMA max_page_count = ${Math.floor(options.bytesMax / PAGE_BYTES)}`);
    database.exec(`PRAGMA wal_autocheckpoint = ${options.checkpointPages ?? CHECKPOINT_PAGES}`);
    prepare(database, options.shards);
    return { database, id: String(aboutOf(database, 'id')) };
  } catch (error) {
    database?.close();
    throw error instanceof JournalMismatch ? error : cannotBeOpened(path, error);
  }
}

/** Whether the file is not what was written, by SQLite's word or by a number that nobody writes: trying again cannot help. */
export function isCorruption(error: unknown): boolean {
  const { code, errcode = 0 } = error as { code?: string; errcode?: number };
  const primary = errcode & 0xff;
  return primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB || code === 'ERR_OUT_OF_RANGE';
}

function prepare(database: DatabaseSync, shards: number): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(SCHEMA);
    const insert = database.prepare('INSERT INTO about VALUES (?, ?) ON CONFLICT DO NOTHING');
    insert.run('format', JOURNAL_FORMAT);
    upgrade(database, Number(aboutOf(database, 'format')));
    insert.run('shards', shards);
    assertShards(Number(aboutOf(database, 'shards')), shards);
    insert.run('id', randomUUID());
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function upgrade(database: DatabaseSync, found: number): void {
  if (found === JOURNAL_FORMAT) return;
  if (found !== 1) {
    throw new JournalMismatch(
      `This journal has format ${found}, and this version reads formats 1 to ${JOURNAL_FORMAT}. Start it with the version that wrote it.`,
    );
  }
  database.exec('ALTER TABLE records ADD COLUMN crc INTEGER');
  database.prepare("UPDATE about SET value = ? WHERE name = 'format'").run(JOURNAL_FORMAT);
}

function assertShards(found: number, wanted: number): void {
  if (found === wanted) return;
  throw new JournalMismatch(
    `This journal was made with shards = ${found}, and it is ${wanted} now. ` +
      `The shards of a journal cannot change: set it back to ${found}, or use another DATA_DIR.`,
  );
}

function assertIs(database: DatabaseSync, path: string, wantedId: string): void {
  const isMade = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'about'").get() !== undefined;
  const found = isMade ? String(aboutOf(database, 'id')) : undefined;
  if (found !== wantedId) throw otherJournal(path, wantedId, found);
}

const aboutOf = (database: DatabaseSync, name: string): unknown =>
  database.prepare('SELECT value FROM about WHERE name = ?').get(name)?.['value'];

function otherJournal(path: string, wantedId: string, found: string | undefined): JournalMismatch {
  const what = found === undefined ? 'is missing or empty' : `is journal ${found}`;
  return new JournalMismatch(
    `The mark beside it says that ${path} is journal ${wantedId}, which acknowledged orders, and the file ${what}. Put the ` +
      'right journal back: its own file, or the backup that reaches furthest. See “When a shard is refused” in ' +
      'docs/operations.md.',
  );
}

function cannotBeOpened(path: string, error: unknown): JournalMismatch {
  const why = error instanceof Error ? error.message : String(error);
  return new JournalMismatch(
    `The journal ${path} cannot be opened: ${why}. It must be a file that this user may write, on a disk with room; if ` +
      'it is damaged, restore it from its backup, as “When a shard is refused” in docs/operations.md tells.',
    { cause: error },
  );
}
