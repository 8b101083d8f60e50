// What the thread that makes snapshots works with: the journal's file and a folder, or the journal on NATS, of which the
// node's owners report. Whoever opened it closes it.

import {
  CommitMeter,
  JetStreamJournal,
  JetStreamNames,
  JetStreamSnapshots,
  openLink,
  rushOf,
  SnapshotFiles,
  SqliteFollower,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  type JournalFollower,
  type NatsConnectionSettings,
  type OnSetAside,
  type ReportedShards,
  type Snapshots,
} from './runtime/index.ts';

/** A journal in a file on this machine. */
export interface EmbeddedSnapshotData {
  readonly kind?: 'embedded';
  /** The journal's file. */
  readonly journal: string;
  /** The memory of the journal's CommitMeter. */
  readonly committed: SharedArrayBuffer;
  /** The folder of snapshots. */
  readonly snapshots: string;
}

/** A journal on NATS, whose shards are reported. */
export interface JetStreamSnapshotData extends NatsConnectionSettings {
  readonly kind: 'jetstream';
  readonly prefix?: string | undefined;
}

export interface SnapshotSource {
  readonly journal: JournalFollower;
  readonly snapshots: Snapshots;
  readonly isRush: () => boolean;
  close(): void | Promise<void>;
}

/** @throws when it cannot be opened now */
export function openSnapshotSource(
  data: EmbeddedSnapshotData | JetStreamSnapshotData,
  reported: ReportedShards,
  onSetAside: OnSetAside,
): Promise<SnapshotSource> {
  return data.kind === 'jetstream' ? ofJetStream(data, reported, onSetAside) : ofFiles(data, onSetAside);
}

async function ofFiles(
  { journal: path, committed, snapshots: folder }: EmbeddedSnapshotData,
  onSetAside: OnSetAside,
): Promise<SnapshotSource> {
  const snapshots = new SnapshotFiles(folder, onSetAside);
  await snapshots.prepare();
  const journal = new SqliteFollower(path);
  const isRush = rushOf(new CommitMeter(committed), clock);
  return { journal, snapshots, isRush, close: () => journal.close() };
}

async function ofJetStream(
  { prefix, ...connection }: JetStreamSnapshotData,
  reported: ReportedShards,
  onSetAside: OnSetAside,
): Promise<SnapshotSource> {
  const names = new JetStreamNames(prefix);
  const link = await openLink(connection, timers);
  const journal = reported.follow(new JetStreamJournal({ link, names, clock, timers }));
  const snapshots = new JetStreamSnapshots({ link, names, clock, timers, random, onSetAside });
  return { journal, snapshots, isRush: reported.isRush, close: () => link.close() };
}
