// A process that appends to a journal and notes, in a file of its own, each commit of which it was told that it is durable.
// Its commits follow from their number alone, so that whoever reads the journal knows what must be in it.

import { openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { SqliteStore } from '../../../src/runtime/sqlite/store.ts';

/** So many that a copy in the mark is larger than a sector of the disk. */
export const SHARDS = 200;
/** A short log, so that a few dozen commits go through several of its lives. */
export const STORE_OPTIONS = { shards: SHARDS, bytesMax: 2 ** 30, checkpointPages: 12 };
export const JOURNAL = 'journal.sqlite';
/** One byte for each commit that was acknowledged. */
export const ACKNOWLEDGED = 'acknowledged';

const SHARDS_WRITTEN = 6;
const LARGEST_BYTES = 9_000;

export interface Written {
  readonly shard: number;
  readonly bytes: Uint8Array;
}

/** One to three records of different shards; some are larger than a page. */
export function commitOf(number: number): Written[] {
  return Array.from({ length: 1 + (number % 3) }, (_, at) => ({
    shard: ((number * 2 + at) % SHARDS_WRITTEN) * 39,
    bytes: new Uint8Array(((number * 2_741 + at * 977) % LARGEST_BYTES) + 1).fill((number + at) % 251),
  }));
}

function write(folder: string, from: number, to: number, isClosed: boolean): void {
  const notes = openSync(join(folder, ACKNOWLEDGED), 'a');
  const store = new SqliteStore(join(folder, JOURNAL), STORE_OPTIONS);
  for (let number = from; number < to; number++) {
    const appends = commitOf(number).map((written) => ({
      ...written,
      expected: store.headOf(written.shard),
    }));
    for (const { kind } of store.commit(appends)) if (kind !== 'appended') throw new Error(kind);
    writeSync(notes, '.');
  }
  if (isClosed) store.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , folder, from, to, end] = process.argv;
  write(folder!, Number(from), Number(to), end === 'closed');
}
