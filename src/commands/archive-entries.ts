// What was archived, as the archive commands print it.

import { existsSync, statSync } from 'node:fs';
import { recordsOf, type ArchiveEntry } from '../runtime/index.ts';

export interface FolderOptions {
  readonly dataDir: string;
  readonly json?: boolean | undefined;
}

export function printEntries(entries: readonly ArchiveEntry[], json = false): void {
  if (json) return console.log(JSON.stringify(entries));
  if (entries.length === 0) console.log('Nothing was archived.');
  entries.forEach((entry, at) => {
    if (at > 0) console.log('');
    printEntry(entry);
  });
}

export function printEntry(entry: ArchiveEntry): void {
  const { file, sha256, bytes, madeAt, restoredAt, ranges } = entry;
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  const place = !existsSync(file) ? '  (not there)' : size !== bytes ? `  (there, with ${size} bytes)` : '';
  console.log(file + place);
  console.log(`  SHA-256   ${sha256}`);
  console.log(`  Size      ${bytes} bytes, ${recordsOf(entry)} records`);
  console.log(`  Made      ${new Date(madeAt).toISOString()}`);
  if (restoredAt !== null) console.log(`  Restored  ${new Date(restoredAt).toISOString()}`);
  for (const { shard, first, last, records } of ranges)
    console.log(`  Shard ${shard}: ${records} records, ${first} to ${last}`);
}
