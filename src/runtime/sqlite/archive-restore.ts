// Puts archived records back into a resting journal: checked against what the journal noted of the archive, newest first,
// one transaction an archive. What is back already stays as it is.

import { DatabaseSync } from 'node:sqlite';
import { readJournalFacts } from './reader.ts';
import {
  ArchiveRefused,
  readArchiveAbout,
  RECORDS_OF_RANGE,
  sumOf,
  type ArchiveAbout,
} from './archive-file.ts';
import { putBack, readArchives, type ArchiveEntry } from './archive-ledger.ts';

export interface Restored {
  readonly file: string;
  readonly records: number;
  /** All of its records were in the journal: nothing was done. */
  readonly wasThere: boolean;
}

interface Wanted {
  readonly file: string;
  readonly entry: ArchiveEntry;
}

/**
 * @param files all are checked before the first is put back
 * @param restoredAt epoch milliseconds
 * @param onRecord how many are back, of how many
 * @throws ArchiveRefused
 */
export function restoreArchives(
  journal: string,
  files: readonly string[],
  restoredAt: number,
  onRecord: (records: number, of: number) => void,
): Restored[] {
  const entries = readArchives(journal);
  const there: Restored[] = [];
  const wanted = new Map<string, Wanted>();
  for (const file of files) {
    const about = readArchiveAbout(file);
    assertOfJournal(file, about, journal);
    const entry = entries.find(({ id }) => id === about.id);
    if (entry?.restoredAt === null) {
      assertWhole(file, entry);
      wanted.set(entry.id, { file, entry });
    } else if (isInJournal(about, journal)) {
      there.push({ file, records: recordsOf(about), wasThere: true });
    } else {
      throw new ArchiveRefused(
        `${file} is an archive of this journal, which knows nothing of it: the journal is another copy, from before or after ` +
          'that archive was made. Put the journal back that belongs to it.',
      );
    }
  }
  const newestFirst = entries.toReversed().flatMap(({ id }) => wanted.get(id) ?? []);
  const total = newestFirst.reduce((sum, { entry }) => sum + recordsOf(entry), 0);
  let records = 0;
  const back = newestFirst.map(({ file, entry }) => {
    putBack(journal, file, entry, restoredAt, () => onRecord(++records, total));
    return { file, records: recordsOf(entry), wasThere: false };
  });
  return [...there, ...back];
}

export const recordsOf = ({ ranges }: Pick<ArchiveAbout, 'ranges'>): number =>
  ranges.reduce((sum, { records }) => sum + records, 0);

/** @throws ArchiveRefused */
export function assertWhole(file: string, { sha256, bytes }: ArchiveEntry): void {
  const found = sumOf(file);
  if (found.sha256 === sha256) return;
  throw new ArchiveRefused(
    `${file} is damaged: it has ${found.bytes} bytes with SHA-256 ${found.sha256}, and had ${bytes} with ${sha256} when it was ` +
      'made. Take another copy of it.',
  );
}

function assertOfJournal(file: string, about: ArchiveAbout, journal: string): void {
  const { id } = readJournalFacts(journal);
  if (about.journal === id) return;
  throw new ArchiveRefused(`${file} is an archive of journal ${about.journal}, and this journal is ${id}.`);
}

function isInJournal({ ranges }: ArchiveAbout, path: string): boolean {
  const journal = new DatabaseSync(path, { readOnly: true });
  try {
    const select = journal.prepare(`SELECT count(*) AS records FROM (${RECORDS_OF_RANGE})`);
    return ranges.every(
      ({ shard, first, last, records }) => select.get(shard, first, last)?.['records'] === records,
    );
  } finally {
    journal.close();
  }
}
