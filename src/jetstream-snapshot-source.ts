// What the thread that makes snapshots works with where the journal is on NATS.

import { openLink } from './runtime/jetstream/connection.ts';
import { JetStreamJournal } from './runtime/jetstream/journal.ts';
import { JetStreamNames } from './runtime/jetstream/names.ts';
import { JetStreamSnapshots } from './runtime/jetstream/snapshots.ts';
import type { ReportedShards } from './runtime/reported-shards.ts';
import type { OnSetAside } from './runtime/snapshot-files.ts';
import { systemClock as clock, systemRandom as random, systemTimers as timers } from './runtime/system.ts';
import type { JetStreamSnapshotData, SnapshotSource } from './snapshot-source.ts';

export async function openJetStreamSource(
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
