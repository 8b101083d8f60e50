// Records of a journal moved to an archive and back, as a function for tests and as a process that kills itself in the
// middle: node archiving.ts <move|restore> <journal> <file> <step> <records>

import { decodeRecord } from '../../src/actors/index.ts';
import {
  readJournalFacts,
  readJournal,
  type ArchiveAbout,
  type ArchivedRange,
} from '../../src/runtime/index.ts';
import { moveToArchive, type Moved, type MoveStep } from '../../src/runtime/sqlite/archive-move.ts';
import { SqliteArchiveSource } from '../../src/runtime/sqlite/archive-source.ts';
import { restoreArchives } from '../../src/runtime/sqlite/archive-restore.ts';

/** Everything but each shard's newest record. */
export function rangesOf(journal: string): ArchivedRange[] {
  const { heads } = readJournalFacts(journal);
  const ranges = new Map<number, ArchivedRange>();
  for (const { shard, sequence, bytes } of readJournal(journal)) {
    if (sequence === heads.get(shard)) continue;
    const before = ranges.get(shard);
    const first = before ?? { shard, first: sequence, previous: decodeRecord(bytes).previous };
    const counted = {
      records: (before?.records ?? 0) + 1,
      bytes: (before?.bytes ?? 0) + bytes.length,
      last: sequence,
    };
    ranges.set(shard, { ...first, ...counted });
  }
  return [...ranges.values()].sort((one, other) => one.shard - other.shard);
}

export function aboutOf(
  journal: string,
  id: string,
  ranges: readonly ArchivedRange[] = rangesOf(journal),
): ArchiveAbout {
  return {
    id,
    journal: readJournalFacts(journal).id,
    shards: 16,
    madeAt: 1_700_000_000_000,
    madeBy: '0.0.0',
    ranges,
  };
}

export function move(
  journal: string,
  file: string,
  about: ArchiveAbout = aboutOf(journal, `archive ${file}`),
  onStep: (step: MoveStep, records: number) => void = () => undefined,
): Promise<Moved> {
  return moveToArchive({ source: new SqliteArchiveSource(journal), file, about, onStep });
}

if (import.meta.main) {
  const [, , what, journal, file, step, records] = process.argv as [string, string, ...string[]];
  const dieAt = (at: string, count: number): void => {
    if (at === step && count === Number(records)) process.kill(process.pid, 'SIGKILL');
  };
  if (what === 'move') await move(journal!, file!, undefined, dieAt);
  else restoreArchives(journal!, [file!], 1_700_000_000_000, (count) => dieAt('restoring', count));
}
