// Where the records of an archive come from: a resting journal, which notes the archive and lets its records go. A journal in
// a file does it here, one on JetStream in jetstream/archive-source.ts.

import { DatabaseSync } from 'node:sqlite';
import { RECORDS_OF_RANGE, type ArchivedRange, type Row } from './archive-file.ts';
import { readArchives, removeArchived, type ArchiveEntry } from './archive-ledger.ts';

export interface ArchiveSource {
  /** The statement that makes the archive's table of records. */
  recordsTable(): string;
  /** In order, with the columns of that table. Asked twice: what was written is held against it. */
  rows(range: ArchivedRange): Iterable<Row> | AsyncIterable<Row>;
  /** Oldest first. */
  entries(): Promise<readonly ArchiveEntry[]>;
  /** Notes the archive, which was read back, and then removes what it holds. @throws ArchiveRefused */
  remove(entry: ArchiveEntry): Promise<void>;
}

export class SqliteArchiveSource implements ArchiveSource {
  readonly #path: string;

  /** @param path of the journal's file; nobody else may write to it meanwhile */
  constructor(path: string) {
    this.#path = path;
  }

  /** Whatever columns it has: what a later version adds to a record is kept. */
  recordsTable(): string {
    const journal = new DatabaseSync(this.#path, { readOnly: true });
    try {
      return String(journal.prepare("SELECT sql FROM sqlite_schema WHERE name = 'records'").get()!['sql']);
    } finally {
      journal.close();
    }
  }

  *rows({ shard, first, last }: ArchivedRange): Generator<Row> {
    const journal = new DatabaseSync(this.#path, { readOnly: true });
    try {
      yield* journal.prepare(RECORDS_OF_RANGE).iterate(shard, first, last);
    } finally {
      journal.close();
    }
  }

  async entries(): Promise<readonly ArchiveEntry[]> {
    return readArchives(this.#path);
  }

  async remove(entry: ArchiveEntry): Promise<void> {
    removeArchived(this.#path, entry);
  }
}
