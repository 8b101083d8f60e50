// A worker thread's own way to the journal and the snapshots.

import type { Config } from './config.ts';
import type { WorkerStorage } from './storage.ts';
import {
  CommitMeter,
  dataFiles,
  JetStreamJournal,
  JetStreamNames,
  JetStreamSnapshots,
  openLink,
  SnapshotFiles,
  SqliteJournal,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  type Journal,
  type SnapshotName,
  type Snapshots,
} from './runtime/index.ts';

export interface OpenedStorage {
  readonly journal: Journal;
  readonly snapshots: Snapshots;
  /** Takes what the journal answered by now, in the middle of a turn of the loop. */
  poll(): void;
}

/** @param onSetAside a damaged snapshot was found; the journal takes its place @throws NatsUnreachable */
export async function openStorage(
  storage: WorkerStorage,
  config: Config,
  onSetAside: (name: SnapshotName, why: string) => void,
): Promise<OpenedStorage> {
  if (storage.kind === 'embedded') {
    const journal = new SqliteJournal(storage.journal);
    const snapshots = new SnapshotFiles(dataFiles(config.dataDir).snapshots, onSetAside);
    return { journal, snapshots, poll: () => journal.poll() };
  }
  const link = await openLink(storage.connection, timers);
  const names = new JetStreamNames(storage.prefix);
  const committed = new CommitMeter(storage.committed);
  const options = { link, names, clock, timers, random };
  return {
    journal: new JetStreamJournal({ ...options, committed }),
    snapshots: new JetStreamSnapshots({ ...options, onSetAside }),
    poll: () => undefined,
  };
}
