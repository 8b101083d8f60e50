// The embedded journal's file: one SQLite table of records, committed in groups, synchronous to the disk.
//
// Everything here is synchronous and belongs on the journal's own thread. A commit that fails leaves its records
// neither surely there nor surely not: the caller is told `unknown`, and the file decides at the next read.

import { randomUUID } from 'node:crypto';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { AppendResult, Sequence, StoredRecord } from '../ports.ts';

export interface Append {
  readonly shard: number;
  readonly bytes: Uint8Array;
  readonly expected: Sequence;
}

/** The journal's folder holds something that this program must not touch. */
export class JournalMismatch extends Error {
  override readonly name = 'JournalMismatch';
}

export interface StoreOptions {
  readonly shards: number;
  /** Bytes that the file may grow to; a full journal refuses appends as a full disk does. */
  readonly bytesMax: number;
}

const FORMAT = 1;
const PAGE_BYTES = 4_096;
const READ_BYTES_MAX = 1024 * 1024;
const NO_FLOORS: ReadonlyMap<string, Sequence> = new Map();

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY,
    shard    INTEGER NOT NULL,
    bytes    BLOB    NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS records_of_shard ON records (shard, sequence);
  CREATE TABLE IF NOT EXISTS feeds (name TEXT PRIMARY KEY, floor INTEGER NOT NULL) STRICT;
`;

export class SqliteStore {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #saveFloor: StatementSync;
  /** Newest sequence of each shard. */
  #heads = new Map<number, Sequence>();
  #last: Sequence = 0;

  /** @throws JournalMismatch when the file was made with another format or number of shards */
  constructor(path: string, { shards, bytesMax }: StoreOptions) {
    this.#database = openDatabase(path);
    this.#database.exec('PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000');
    this.#database.exec(`PRAGMA max_page_count = ${Math.floor(bytesMax / PAGE_BYTES)}`);
    this.#database.exec(SCHEMA);
    this.#checkAbout('format', FORMAT);
    this.#checkAbout('shards', shards);
    this.#database.prepare('INSERT INTO about VALUES (?, ?) ON CONFLICT DO NOTHING').run('id', randomUUID());
    this.#insert = this.#database.prepare('INSERT INTO records (sequence, shard, bytes) VALUES (?, ?, ?)');
    this.#saveFloor = this.#database.prepare(
      'INSERT INTO feeds VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET floor = excluded.floor',
    );
    this.#readHeads();
  }

  headOf(shard: number): Sequence {
    return this.#heads.get(shard) ?? 0;
  }

  /**
   * Appends a group in one transaction, with one fsync, and tells the fate of each.
   * @param floors of feeds, saved along the way
   */
  commit(appends: readonly Append[], floors: ReadonlyMap<string, Sequence> = NO_FLOORS): AppendResult[] {
    const heads = new Map<number, Sequence>();
    let last = this.#last;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const results = appends.map(({ shard, bytes, expected }): AppendResult => {
        if ((heads.get(shard) ?? this.headOf(shard)) !== expected) return { kind: 'fenced' };
        this.#insert.run(++last, shard, bytes);
        heads.set(shard, last);
        return { kind: 'appended', sequence: last };
      });
      for (const [name, floor] of floors) this.#saveFloor.run(name, floor);
      this.#database.exec('COMMIT');
      this.#last = last;
      for (const [shard, head] of heads) this.#heads.set(shard, head);
      return results;
    } catch (error) {
      return this.#afterFailure(appends, error);
    }
  }

  read(shard: number, from: Sequence, to: Sequence): StoredRecord[] {
    return readRecords(
      this.#database.prepare(
        'SELECT sequence, shard, bytes FROM records WHERE shard = ? AND sequence BETWEEN ? AND ? ORDER BY sequence',
      ),
      [shard, from, to],
      Infinity,
    );
  }

  close(): void {
    this.#database.close();
  }

  #afterFailure(appends: readonly Append[], error: unknown): AppendResult[] {
    const cause = error instanceof Error ? error.message : String(error);
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // The transaction is gone already; what is in the file is read back below.
    }
    this.#readHeads();
    return appends.map(() => ({ kind: 'unknown', cause }));
  }

  #readHeads(): void {
    const rows = this.#database
      .prepare('SELECT shard, max(sequence) AS head FROM records GROUP BY shard')
      .all();
    this.#heads = new Map(rows.map((row) => [Number(row['shard']), Number(row['head'])]));
    this.#last = Math.max(0, ...this.#heads.values());
  }

  #checkAbout(name: string, wanted: number): void {
    this.#database.prepare('INSERT INTO about VALUES (?, ?) ON CONFLICT DO NOTHING').run(name, wanted);
    const found = Number(
      this.#database.prepare('SELECT value FROM about WHERE name = ?').get(name)?.['value'],
    );
    if (found === wanted) return;
    throw new JournalMismatch(
      `This journal was made with ${name} = ${found}, and it is ${wanted} now. ` +
        `The ${name} of a journal cannot change: set it back to ${found}, or use another DATA_DIR.`,
    );
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = WAL');
    return database;
  } catch (error) {
    const why = (error as Error).message;
    throw new JournalMismatch(
      `The journal ${path} cannot be opened: ${why}. It must be a file that this user may write, on a disk with room; if ` +
        'it is damaged, restore it from its backup.',
    );
  }
}

/** Up to `recordsMax` records and about a mebibyte, at least one when there is one. */
export function readRecords(
  statement: StatementSync,
  parameters: readonly (number | bigint)[],
  recordsMax: number,
): StoredRecord[] {
  const records: StoredRecord[] = [];
  let bytes = 0;
  for (const row of statement.iterate(...parameters)) {
    const record = row as unknown as StoredRecord;
    records.push(record);
    bytes += record.bytes.length;
    if (bytes >= READ_BYTES_MAX || records.length >= recordsMax) break;
  }
  return records;
}
