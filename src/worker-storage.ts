// A worker thread's own way to the journal and the snapshots.

import type { Config } from './config.ts';
import { openPool, PositionsWitness } from './persistence/index.ts';
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
  type Witness,
} from './runtime/index.ts';

export interface OpenedStorage {
  readonly journal: Journal;
  readonly snapshots: Snapshots;
  /** Of what each shard must have. */
  readonly witness?: (shard: number) => Promise<Witness | undefined>;
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
  const { databaseUrl: connectionString } = config;
  const witness =
    connectionString === undefined
      ? undefined
      : new PositionsWitness(openPool({ connectionString }, 1, 'doorbuster claims'));
  return {
    journal: new JetStreamJournal({ ...options, committed }),
    snapshots: new JetStreamSnapshots({ ...options, onSetAside }),
    ...(witness && { witness: witness.of }),
    poll: () => undefined,
  };
}
