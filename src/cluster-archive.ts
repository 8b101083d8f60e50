// `doorbuster archive` of a cluster: takes the records of ended sales out of the journal's stream while no node runs, after
// an audit that finds nothing wrong with it. The plan and the file are the same as of a node by itself.
//
//   join as (archive) ─▶ finish what a run that was killed left ─▶ audit ─▶ plan ─▶ file, read back ─▶ note ─▶ purge

import { randomUUID } from 'node:crypto';
import { assertClean, nextFile, readyPostgres, removeSuperseded } from './archive.ts';
import { planArchive, type StayingShard } from './archive-plan.ts';
import { assertClusterNeedsNoArchive } from './cluster-archives-needed.ts';
import { whileAtRest, type ClusterAtRest } from './cluster-at-rest.ts';
import { withCluster, type ClusterAddress } from './open-cluster.ts';
import type { PostgresConnection } from './persistence/index.ts';
import {
  archivedUpTo,
  ArchiveRefused,
  findArchives,
  JetStreamArchiveSource,
  JetStreamJournal,
  JetStreamSnapshots,
  moveToArchive,
  recordsOf,
  soundHead,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  type ArchiveEntry,
  type MoveStep,
  type Sequence,
} from './runtime/index.ts';

export interface ClusterArchiveRequest {
  readonly address: ClusterAddress;
  readonly connection: PostgresConnection;
  /** As an absolute path; a numbered file in `archives` when not given. */
  readonly out: string | undefined;
  /** A folder on this machine; made when it is missing. */
  readonly archives: string;
  /** Of the program. */
  readonly version: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Where it is: a step's name, and the share of it that is done, 0 to 1. */
  readonly onProgress: (step: string, share: number) => void;
  /** As `onProgress`, for tests that end the process there. */
  readonly onStep?: (step: MoveStep | 'noting' | 'purging') => void;
}

export interface ClusterArchiveResult {
  /** Undefined when there was nothing to archive. */
  readonly archived:
    | { readonly entry: ArchiveEntry; readonly records: number; readonly isFinished: boolean }
    | undefined;
  readonly staying: readonly StayingShard[];
  /** Archives that were noted by a run that was killed, and whose records left the stream now. */
  readonly finished: readonly ArchiveEntry[];
}

/** @throws ArchiveRefused @throws ArchivingExcluded @throws ArchiveNeeded @throws PostgresOfAnotherJournal */
export function archiveCluster(request: ClusterArchiveRequest): Promise<ClusterArchiveResult> {
  const { address } = request;
  return withCluster(address, (cluster) =>
    whileAtRest(cluster, address, (resting) => archiveResting(resting, request)),
  );
}

async function archiveResting(
  cluster: ClusterAtRest,
  request: ClusterArchiveRequest,
): Promise<ClusterArchiveResult> {
  const { link, names, shards, id, assertAtRest } = cluster;
  const { address, connection, archives, now, version, onProgress, onStep } = request;
  const ports = { link, names, clock, timers, random };
  const source = new JetStreamArchiveSource({ ...ports, assertAtRest, ...(onStep && { onStep }) });
  const snapshots = new JetStreamSnapshots(ports);
  const positions = await readyPostgres(connection, id);
  await assertClusterNeedsNoArchive(cluster, positions);
  const finished = await finish(source, archives, onProgress);
  onProgress('auditing', 0);
  await assertClean({ kind: 'jetstream', ...address, archives, connection, live: [] }, names.journalStream);
  onProgress('looking for what can be archived', 0);
  const entries = await source.entries();
  const journal = new JetStreamJournal(ports);
  const heads = await headsOf({ shards, journal, snapshots, positions });
  const planned = { journal, snapshots, heads, archived: archivedUpTo(entries) };
  const { ranges, staying } = await planArchive(planned, positions, now);
  if (ranges.length === 0) {
    await removeSuperseded(snapshots, entries);
    return { archived: undefined, staying, finished };
  }
  const total = recordsOf({ ranges });
  const { entry, isFinished } = await moveToArchive({
    source,
    file: request.out ?? nextFile(archives, id, entries.length),
    about: { id: randomUUID(), journal: id, shards, madeAt: now, madeBy: version, ranges },
    onStep(step, records) {
      onProgress(step, records / total);
      if (records === 0) onStep?.(step);
    },
  });
  await removeSuperseded(snapshots, await source.entries());
  return { archived: { entry, records: recordsOf(entry), isFinished }, staying, finished };
}

/**
 * What runs that were killed had noted and not purged. The stream has the only other copy, so the file must be at hand.
 * @throws ArchiveRefused
 */
async function finish(
  source: JetStreamArchiveSource,
  archives: string,
  onProgress: ClusterArchiveRequest['onProgress'],
): Promise<ArchiveEntry[]> {
  const left: ArchiveEntry[] = [];
  for (const entry of await source.entries()) if (await source.isLeft(entry)) left.push(entry);
  for (const { entry, file, why } of findArchives(left, archives)) {
    if (file === undefined)
      throw new ArchiveRefused(
        `${entry.file} ${why}. A run that did not come to its end noted it, and its records are still in the stream. Put the ` +
          'file there, or into the folder "archives" of DATA_DIR, and run this again.',
      );
    onProgress('finishing an earlier run', 0);
    await source.purge(entry);
  }
  return left;
}

/** Newest sequence of each shard; Postgres and snapshots know of none behind it. */
async function headsOf({
  shards,
  journal,
  snapshots,
  positions,
}: {
  readonly shards: number;
  readonly journal: JetStreamJournal;
  readonly snapshots: JetStreamSnapshots;
  readonly positions: ReadonlyMap<number, Sequence>;
}): Promise<Map<number, Sequence>> {
  const heads = new Map<number, Sequence>();
  const witness = async (shard: number) => {
    const sequence = positions.get(shard);
    return sequence === undefined ? undefined : { what: 'Postgres has', sequence };
  };
  for (let shard = 0; shard < shards; shard++) {
    const head = await soundHead(shard, { journal, snapshots, witness, timers });
    if (head !== undefined) heads.set(shard, head.sequence);
  }
  return heads;
}
