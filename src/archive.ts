// `doorbuster archive`: takes the records of ended sales out of a resting folder's journal, after an audit that finds
// nothing wrong with it, and leaves behind what a node needs to start and to go on.

import { randomUUID } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { planFolder, type StayingShard } from './archive-plan.ts';
import { audit, type AuditRequest } from './audit.ts';
import type { AuditedSnapshots } from './audited-journal.ts';
import { assertBelongsTogether, migrate, openPool, type PostgresConnection } from './persistence/index.ts';
import {
  archivedUpTo,
  ArchiveRefused,
  JOURNAL_FORMAT,
  moveToArchive,
  readArchives,
  readJournalFacts,
  recordsOf,
  returnSpace,
  SnapshotFiles,
  SqliteArchiveSource,
  type ArchiveEntry,
  type DataFolder,
  type Sequence,
  type SpaceReturned,
} from './runtime/index.ts';

export interface ArchiveRequest {
  /** Locked by the caller. */
  readonly folder: DataFolder;
  readonly connection: PostgresConnection;
  /** As an absolute path; a numbered file in the folder's archives when not given. */
  readonly out: string | undefined;
  /** Of the program. */
  readonly version: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Where it is: a step's name, and the share of it that is done, 0 to 1. */
  readonly onProgress: (step: string, share: number) => void;
}

export interface Archived {
  readonly entry: ArchiveEntry;
  readonly records: number;
  /** An earlier run that was killed had written the file. */
  readonly isFinished: boolean;
  /** Of the journal's file. */
  readonly bytesBefore: number;
  readonly space: SpaceReturned;
}

export interface ArchiveResult {
  /** Undefined when there was nothing to archive. */
  readonly archived: Archived | undefined;
  readonly staying: readonly StayingShard[];
}

/** @throws ArchiveRefused @throws PostgresOfAnotherJournal */
export async function archive(request: ArchiveRequest): Promise<ArchiveResult> {
  const { folder, connection, now, version, onProgress } = request;
  assertFormat(folder.journal);
  onProgress('auditing', 0);
  const positions = await readyPostgres(connection, readJournalFacts(folder.journal).id);
  await assertClean({ ...folder, connection, live: [] }, folder.path);
  onProgress('looking for what can be archived', 0);
  const { ranges, staying } = await planFolder(folder, positions, now);
  const { journal } = folder;
  const bytesBefore = statSync(journal).size;
  if (ranges.length === 0) {
    // What a run that was killed had left to do.
    await removeSuperseded(new SnapshotFiles(folder.snapshots), readArchives(journal));
    if (readArchives(journal).length > 0) returnSpace(journal);
    return { archived: undefined, staying };
  }
  const { id, shards } = readJournalFacts(journal);
  const total = recordsOf({ ranges });
  const { entry, isFinished } = await moveToArchive({
    source: new SqliteArchiveSource(journal),
    file: request.out ?? nextFile(folder.archives, id, readArchives(journal).length),
    about: { id: randomUUID(), journal: id, shards, madeAt: now, madeBy: version, ranges },
    onStep: (step, records) => onProgress(step, records / total),
  });
  onProgress('giving room back', 0);
  await removeSuperseded(new SnapshotFiles(folder.snapshots), readArchives(journal));
  const space = returnSpace(journal);
  return { archived: { entry, records: recordsOf(entry), isFinished, bytesBefore, space }, staying };
}

function assertFormat(journal: string): void {
  const { format } = readJournalFacts(journal);
  if (format === JOURNAL_FORMAT) return;
  throw new ArchiveRefused(
    `The journal ${journal} has format ${format}, and archives are made of format ${JOURNAL_FORMAT}. Start a node of this ` +
      'version on it once, and stop it: that brings it to this format.',
  );
}

/** Tables as this version wants them, of this very journal. @returns how far it is, by shard @throws PostgresOfAnotherJournal */
export async function readyPostgres(
  connection: PostgresConnection,
  journalId: string,
): Promise<Map<number, Sequence>> {
  const pool = openPool(connection, 1, 'doorbuster archive');
  try {
    await migrate(pool);
    return await assertBelongsTogether(pool, journalId);
  } finally {
    await pool.end();
  }
}

/** @param where as people name it @throws ArchiveRefused */
export async function assertClean(request: AuditRequest, where: string): Promise<void> {
  const { ok, violations } = await audit(request);
  if (ok) return;
  const [first] = violations;
  throw new ArchiveRefused(
    `The audit of ${where} is not clean. Violations: ${violations.length}; the first is of invariant ${first?.invariant}: ` +
      `${first?.what}. Nothing is archived before it is (npx doorbuster audit).`,
  );
}

/** The same name until an archive is noted under it, so that a run that was killed is found by the next one. */
export function nextFile(archives: string, journalId: string, noted: number): string {
  mkdirSync(archives, { recursive: true, mode: 0o700 });
  return join(archives, `${journalId.slice(0, 8)}-${String(noted + 1).padStart(4, '0')}.sqlite`);
}

/** Snapshots whose record went into an archive would be taken for damaged ones. */
export async function removeSuperseded(
  snapshots: AuditedSnapshots,
  entries: readonly ArchiveEntry[],
): Promise<void> {
  const upTo = archivedUpTo(entries);
  for (const name of await snapshots.listAll()) {
    if (name.sequence <= (upTo.get(name.shard) ?? 0)) await snapshots.remove(name);
  }
}
