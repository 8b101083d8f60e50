// Moves records of ended sales from a resting journal into an archive. Killed at any point it leaves them all in the
// journal, or in an archive that was read back and is noted; the next run goes on from there.
//
//   write FILE.writing, sync ─▶ read back against the journal ─▶ rename to FILE, sync ─▶ note it and remove the records
//                                                                     │
//                          a run that was killed behind here finds FILE, reads it back, and goes on ─▶

import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { assertSameAsJournal } from './archive-check.ts';
import {
  ArchiveRefused,
  readArchiveAbout,
  sumOf,
  writeArchive,
  type ArchiveAbout,
  type ArchivedRange,
} from './archive-file.ts';
import type { ArchiveEntry } from './archive-ledger.ts';
import type { ArchiveSource } from './archive-source.ts';
import { syncPath } from './head-mark.ts';

export type MoveStep = 'writing' | 'reading back' | 'naming' | 'removing';

export interface Move {
  readonly source: ArchiveSource;
  /** Where the archive goes, as an absolute path. */
  readonly file: string;
  /** What may go. */
  readonly about: ArchiveAbout;
  /** Called at each step's beginning and after each of its records. */
  readonly onStep: (step: MoveStep, records: number) => void;
}

export interface Moved {
  readonly entry: ArchiveEntry;
  /** The file was there already, of a run that did not come to its end. */
  readonly isFinished: boolean;
}

/** @throws ArchiveRefused with nothing changed */
export async function moveToArchive(move: Move): Promise<Moved> {
  const { source, file, onStep } = move;
  const found = existsSync(file) ? await unfinished(move) : undefined;
  const about = found ?? move.about;
  const counting = (step: MoveStep): (() => void) => {
    let records = 0;
    onStep(step, 0);
    return () => onStep(step, ++records);
  };
  if (found === undefined) {
    const writing = `${file}.writing`;
    await writeArchive(writing, source, about, counting('writing'));
    try {
      await assertSameAsJournal(writing, source, about, counting('reading back'));
      onStep('naming', 0);
      renameSync(writing, file);
      syncPath(dirname(file));
    } catch (error) {
      rmSync(writing, { force: true });
      throw error;
    }
  } else {
    await assertSameAsJournal(file, source, about, counting('reading back'));
  }
  const { id, madeAt, ranges } = about;
  const entry: ArchiveEntry = { id, file, ...sumOf(file), madeAt, restoredAt: null, ranges };
  onStep('removing', 0);
  await source.remove(entry);
  return { entry, isFinished: found !== undefined };
}

/** A file that has the archive's name counts only when it could have been written by this very run. @throws ArchiveRefused */
async function unfinished({ file, source, about }: Move): Promise<ArchiveAbout> {
  const found = aboutOf(file);
  const isNoted = (await source.entries()).some(({ id }) => id === found?.id);
  if (found === undefined || found.journal !== about.journal || isNoted)
    throw new ArchiveRefused(`${file} exists. Name another file with --out, or move that one away.`);
  const mayGo = new Map(about.ranges.map((range) => [range.shard, range]));
  for (const { shard, first, last } of found.ranges) {
    const range: ArchivedRange | undefined = mayGo.get(shard);
    if (range !== undefined && range.first === first && last <= range.last) continue;
    throw new ArchiveRefused(
      `${file} exists, of a run that did not come to its end, and holds records ${first} to ${last} of shard ${shard}, which ` +
        'may not leave the journal now. All of its records are in the journal: move the file away, and run this again.',
    );
  }
  return found;
}

function aboutOf(file: string): ArchiveAbout | undefined {
  try {
    return readArchiveAbout(file);
  } catch (error) {
    if (!(error instanceof ArchiveRefused)) throw error;
    return undefined;
  }
}
