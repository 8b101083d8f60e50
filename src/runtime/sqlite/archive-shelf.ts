// Where the archives of a journal are now: beside it, where they were written, or where somebody says. A file counts only
// when it is, to the last byte, the one that the journal noted.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ArchiveRefused, readArchiveAbout, type ArchivedRange } from './archive-file.ts';
import type { ArchiveEntry } from './archive-ledger.ts';
import { assertWhole } from './archive-restore.ts';

export interface ShelvedArchive {
  readonly entry: ArchiveEntry;
  /** Where it is; undefined when it is not there. */
  readonly file: string | undefined;
  /** Why it is not there. */
  readonly why: string | undefined;
}

/** An archive that was not at hand, and the records of it that nobody looked at. */
export interface UnseenArchive {
  /** Where it was written. */
  readonly file: string;
  readonly why: string;
  readonly ranges: readonly ArchivedRange[];
}

const EXTENSION = '.sqlite';

/**
 * @param entries those whose records are in the archive alone
 * @param folder where archives are written unless somebody says otherwise; may be missing
 * @param named files, and folders of files, that must be there
 * @throws ArchiveRefused when a named file is no archive, or is damaged
 */
export function findArchives(
  entries: readonly ArchiveEntry[],
  folder: string,
  named: readonly string[] = [],
): ShelvedArchive[] {
  const files = new Map<string, string>();
  for (const file of named.flatMap(filesOf)) {
    const { id } = readArchiveAbout(file);
    const entry = entries.find((each) => each.id === id);
    if (entry === undefined) continue;
    assertWhole(file, entry);
    files.set(id, file);
  }
  const beside = existsSync(folder) ? filesOf(folder) : [];
  return entries.map((entry) => {
    const file = files.get(entry.id);
    if (file !== undefined) return { entry, file, why: undefined };
    return lookFor(entry, [entry.file, ...beside]);
  });
}

function lookFor(entry: ArchiveEntry, places: readonly string[]): ShelvedArchive {
  const file = places.find((path) => existsSync(path) && isArchive(path, entry.id));
  if (file === undefined) return { entry, file, why: 'is not where it was written' };
  try {
    assertWhole(file, entry);
    return { entry, file, why: undefined };
  } catch (error) {
    return { entry, file: undefined, why: (error as Error).message };
  }
}

function isArchive(path: string, id: string): boolean {
  try {
    return readArchiveAbout(path).id === id;
  } catch (error) {
    if (error instanceof ArchiveRefused) return false;
    throw error;
  }
}

/** @throws ArchiveRefused */
function filesOf(place: string): string[] {
  const stat = statSync(place, { throwIfNoEntry: false });
  if (stat === undefined) throw new ArchiveRefused(`There is no file or folder ${place}.`);
  if (!stat.isDirectory()) return [place];
  return readdirSync(place)
    .filter((name) => name.endsWith(EXTENSION))
    .sort()
    .map((name) => join(place, name));
}
