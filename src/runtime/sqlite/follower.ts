// The journal's file followed shard by shard from beside its owners, over a read-only connection of its own. It sees only
// what is committed and synced. Used by one thread; closed by it.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Sequence, StoredRecord } from '../ports.ts';
import type { JournalFollower, RecordSize } from '../snapshot-maker.ts';
import { RECORD_COLUMNS, readSoundRecords } from './record-rows.ts';

const SIZES_PER_READ = 10_000;

export class SqliteFollower implements JournalFollower {
  readonly #database: DatabaseSync;
  readonly #sizes: StatementSync;
  readonly #records: StatementSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true });
    // The length of a blob stands at its head: its pages are not read.
    this.#sizes = this.#database.prepare(
      'SELECT sequence, shard, length(bytes) AS bytes FROM records WHERE sequence > ? ORDER BY sequence LIMIT ?',
    );
    this.#records = this.#database.prepare(
      `SELECT ${RECORD_COLUMNS} FROM records WHERE shard = ? AND sequence BETWEEN ? AND ? ORDER BY sequence`,
    );
  }

  sizes(after: Sequence): readonly RecordSize[] {
    return this.#sizes.all(after, SIZES_PER_READ) as unknown as RecordSize[];
  }

  async *replay(shard: number, from: Sequence, to: Sequence): AsyncIterable<readonly StoredRecord[]> {
    for (let next = from; next <= to;) {
      const records = readSoundRecords(this.#records, [shard, next, to], Infinity);
      const last = records.at(-1);
      if (last === undefined) return;
      yield records;
      next = last.sequence + 1;
    }
  }

  close(): void {
    this.#database.close();
  }
}
