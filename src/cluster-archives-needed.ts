// The same as archives-needed.ts, of a cluster: records that left the stream must be in Postgres, and a snapshot must stand
// for them.

import { assertArchivesNotNeeded } from './archives-needed.ts';
import {
  JetStreamSnapshots,
  readClusterArchives,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  type JetStreamStore,
  type Sequence,
} from './runtime/index.ts';

const REMEDY = {
  postgres: 'Apply them to Postgres, then start.',
  snapshot: 'Make it again from all archives of the shard, then start.',
};

/**
 * @param positions of Postgres, by shard
 * @throws ArchiveNeeded @throws JournalUnavailable
 */
export async function assertClusterNeedsNoArchive(
  { link, names }: Pick<JetStreamStore, 'link' | 'names'>,
  positions: ReadonlyMap<number, Sequence>,
): Promise<void> {
  const entries = await readClusterArchives(link, names);
  const snapshots = new JetStreamSnapshots({ link, names, clock, timers, random });
  const where = `the stream ${names.snapshotStream}`;
  await assertArchivesNotNeeded({ entries, snapshots, where, remedy: REMEDY }, positions);
}
