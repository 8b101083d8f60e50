// What the thread that makes snapshots works with: the journal's file and a folder, or the journal on NATS, of which the
// node's owners report. Whoever opened it closes it. The thread loads what its journal needs, and nothing else of a node.

import { CommitMeter } from './runtime/commit-meter.ts';
import type { NatsConnectionSettings } from './runtime/jetstream/connection.ts';
import type { Snapshots } from './runtime/ports.ts';
import type { ReportedShards } from './runtime/reported-shards.ts';
import { rushOf } from './runtime/rush.ts';
import { SnapshotFiles, type OnSetAside } from './runtime/snapshot-files.ts';
import type { JournalFollower } from './runtime/snapshot-maker.ts';
import { SqliteFollower } from './runtime/sqlite/follower.ts';
import { systemClock as clock } from './runtime/system.ts';

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
export async function openSnapshotSource(
  data: EmbeddedSnapshotData | JetStreamSnapshotData,
  reported: ReportedShards,
  onSetAside: OnSetAside,
): Promise<SnapshotSource> {
  if (data.kind !== 'jetstream') return ofFiles(data, onSetAside);
  const { openJetStreamSource } = await import('./jetstream-snapshot-source.ts');
  return openJetStreamSource(data, reported, onSetAside);
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
