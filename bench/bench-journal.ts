// The journal of a benchmark, and the place that makes them: SQLite in a folder of the run, or streams on NATS servers that
// the run started. Every journal is empty at first and of its own; whoever made it removes it, and ends the place at last.

import { join } from 'node:path';
import type { Journal, StoredRecord } from '../src/runtime/index.ts';
import { SqliteJournalHost } from '../src/runtime/sqlite/journal-host.ts';
import { SqliteJournal } from '../src/runtime/sqlite/journal.ts';
import { readJournal } from '../src/runtime/sqlite/reader.ts';

export interface BenchJournal {
  readonly journal: Journal;
  /** Nothing is written any more; the records can still be read. */
  finish(): Promise<void>;
  /** Of all shards; those of one shard in order. Their bytes may be overwritten by the next one's. */
  records(): AsyncIterable<StoredRecord>;
  remove(): Promise<void>;
}

export interface JournalPlace {
  /** As figures are called. */
  readonly name: 'Sqlite' | 'R1' | 'R3' | 'R1Lazy' | 'R3Lazy';
  /** @param folder of the run, which the run removes */
  make(folder: string, shards: number): Promise<BenchJournal>;
  /** Microseconds of CPU that the servers of this place have taken so far; 0 when there are none. */
  serverCpuMicros(): number;
  stop(): Promise<void>;
}

export const JOURNAL_BYTES_MAX = 2 ** 36;

export const SQLITE: JournalPlace = {
  name: 'Sqlite',
  make: makeSqlite,
  serverCpuMicros: () => 0,
  stop: () => Promise.resolve(),
};

let files = 0;

async function makeSqlite(folder: string, shards: number): Promise<BenchJournal> {
  const path = join(folder, `journal-${files++}.sqlite`);
  const host = await SqliteJournalHost.start(path, { shards, bytesMax: JOURNAL_BYTES_MAX });
  const port = host.connect();
  return {
    journal: new SqliteJournal(port),
    async finish() {
      await host.stop();
      port.close();
    },
    async *records() {
      yield* readJournal(path);
    },
    // The folder goes with the run.
    remove: () => Promise.resolve(),
  };
}
