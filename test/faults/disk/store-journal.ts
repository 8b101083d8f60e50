// The journal port over a store on this very thread, with its errors told apart as the journal's thread does.

import {
  JournalDamaged,
  JournalUnavailable,
  type AppendResult,
  type Journal,
  type Sequence,
  type StoredRecord,
} from '../../../src/runtime/index.ts';
import type { SqliteStore } from '../../../src/runtime/sqlite/store.ts';

export class StoreJournal implements Journal {
  readonly #store: SqliteStore;

  constructor(store: SqliteStore) {
    this.#store = store;
  }

  head(shard: number): Promise<StoredRecord | undefined> {
    return told(() => this.#store.head(shard));
  }

  append(shard: number, bytes: Uint8Array<ArrayBuffer>, expected: Sequence): Promise<AppendResult> {
    return Promise.resolve(this.#store.commit([{ shard, bytes, expected }])[0]!);
  }

  async *replay(shard: number, from: Sequence, to: Sequence): AsyncIterable<readonly StoredRecord[]> {
    for (let next = from; next <= to;) {
      const records = await told(() => this.#store.read(shard, next, to));
      const last = records.at(-1);
      if (last === undefined) return;
      yield records;
      next = last.sequence + 1;
    }
  }
}

function told<T>(read: () => T): Promise<T> {
  try {
    return Promise.resolve(read());
  } catch (error) {
    const { message } = error as Error;
    return Promise.reject(error instanceof JournalDamaged ? error : new JournalUnavailable(message));
  }
}
