// Reads a journal's file from beside it, also while a node writes to it: audits and rebuilds.

import { DatabaseSync } from 'node:sqlite';
import type { Sequence, StoredRecord } from '../ports.ts';
import { readRecords } from './store.ts';

const RECORDS_PER_READ = 2_000;

/**
 * Records in journal order, a bounded piece in memory at a time.
 * @param from the sequence behind which it begins
 */
export function* readJournal(path: string, from: Sequence = 0): Generator<StoredRecord> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const statement = database.prepare(
      'SELECT sequence, shard, bytes FROM records WHERE sequence > ? ORDER BY sequence',
    );
    for (let after = from; ;) {
      const records = readRecords(statement, [after], RECORDS_PER_READ);
      if (records.length === 0) return;
      yield* records;
      after = records.at(-1)!.sequence;
    }
  } finally {
    database.close();
  }
}

/** Who this journal is, and how far it goes: the newest sequence of each shard. */
export function readExtent(path: string): { id: string; heads: Map<number, Sequence> } {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const about = database.prepare("SELECT value FROM about WHERE name = 'id'").get();
    const rows = database.prepare('SELECT shard, max(sequence) AS head FROM records GROUP BY shard').all();
    const heads = new Map(rows.map((row) => [Number(row['shard']), Number(row['head'])]));
    return { id: String(about?.['value']), heads };
  } finally {
    database.close();
  }
}
