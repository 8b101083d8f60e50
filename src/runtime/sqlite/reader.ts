// Reads a journal's file from beside it, also while a node writes to it: audits and rebuilds.

import { DatabaseSync } from 'node:sqlite';
import type { Sequence, StoredRecord } from '../ports.ts';
import { readRecords } from './store.ts';

const RECORDS_PER_READ = 2_000;

/** All records in journal order, a bounded piece in memory at a time. */
export function* readJournal(path: string): Generator<StoredRecord> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const statement = database.prepare(
      'SELECT sequence, shard, bytes FROM records WHERE sequence > ? ORDER BY sequence',
    );
    for (let after: Sequence = 0; ;) {
      const records = readRecords(statement, [after], RECORDS_PER_READ);
      if (records.length === 0) return;
      yield* records;
      after = records.at(-1)!.sequence;
    }
  } finally {
    database.close();
  }
}

/** Newest sequence of each shard. */
export function readHeads(path: string): Map<number, Sequence> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare('SELECT shard, max(sequence) AS head FROM records GROUP BY shard').all();
    return new Map(rows.map((row) => [Number(row['shard']), Number(row['head'])]));
  } finally {
    database.close();
  }
}
