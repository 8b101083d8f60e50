// Reads a journal's file from beside it, also while a node writes to it: audits and rebuilds.

import { DatabaseSync } from 'node:sqlite';
import { JournalDamaged, type CheckedRecord, type Sequence, type StoredRecord } from '../ports.ts';
import { endOf, isDamaged, readRecords, RECORD_COLUMNS } from './record-rows.ts';
import { isCorruption } from './schema.ts';

const RECORDS_PER_READ = 2_000;

/**
 * Records in journal order, a bounded piece in memory at a time.
 * @param from the sequence behind which it begins
 * @throws JournalDamaged at a damaged record
 */
export function* readJournal(path: string, from: Sequence = 0): Generator<StoredRecord> {
  for (const { damage, ...record } of inspectJournal(path, from)) {
    if (damage !== undefined) throw new JournalDamaged(damage);
    yield record;
  }
}

/** The same, with damaged records as they are; for those who look for damage. @throws JournalDamaged when pages are */
export function* inspectJournal(path: string, from: Sequence = 0): Generator<CheckedRecord> {
  for (const piece of inspectPieces(path, from)) yield* piece;
}

/** As they were read. @throws as `inspectJournal` */
export function* inspectPieces(path: string, from: Sequence): Generator<readonly CheckedRecord[]> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const statement = database.prepare(
      `SELECT ${columnsOf(database)} FROM records WHERE sequence > ? ORDER BY sequence`,
    );
    let damaged = new Set<Sequence>();
    for (let after = from; ;) {
      const records = readRecords(statement, [after], RECORDS_PER_READ);
      if (records.length === 0) return;
      // A damaged one at the end of a piece is read again with the next.
      yield records.filter(({ sequence }) => !damaged.has(sequence));
      damaged = new Set(records.filter(isDamaged).map(({ sequence }) => sequence));
      after = endOf(records);
    }
  } catch (error) {
    if (!isCorruption(error)) throw error;
    throw new JournalDamaged(`the journal’s file cannot be read to its end: ${(error as Error).message}`);
  } finally {
    database.close();
  }
}

/** A file of an older version has no sums until a node of this one has opened it. */
function columnsOf(database: DatabaseSync): string {
  const sums = database.prepare("SELECT 1 FROM pragma_table_info('records') WHERE name = 'crc'").get();
  return sums === undefined ? 'sequence, shard, bytes, NULL AS crc' : RECORD_COLUMNS;
}

export interface JournalFacts {
  /** Drawn when the journal was made. */
  readonly id: string;
  readonly format: number;
  readonly shards: number;
  /** Newest sequence of each shard that has one. */
  readonly heads: ReadonlyMap<number, Sequence>;
}

/** Who this journal is, how many shards it has, and how far it goes: the newest sequence of each shard. */
export function readJournalFacts(path: string): JournalFacts {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const about = database.prepare('SELECT name, value FROM about').all();
    const facts = new Map(about.map(({ name, value }) => [String(name), value]));
    const rows = database.prepare('SELECT shard, max(sequence) AS head FROM records GROUP BY shard').all();
    const heads = new Map(rows.map((row) => [Number(row['shard']), Number(row['head'])]));
    const [format, shards] = [Number(facts.get('format')), Number(facts.get('shards'))];
    return { id: String(facts.get('id')), format, shards, heads };
  } finally {
    database.close();
  }
}
