// The process of recovery's benchmark that comes back: fresh, as a node's own is, with nothing compiled and nothing in
// memory. It does what it is asked once, answers with the seconds, and is ended by its parent.

import { decodeRecord } from '../src/actors/index.ts';
import type { ShardReply } from '../src/runtime/index.ts';
import { DEFAULT_LIMITS } from '../src/runtime/limits.ts';
import { Shard } from '../src/runtime/shard.ts';
import { SnapshotFiles } from '../src/runtime/snapshot-files.ts';
import { SqliteJournalHost } from '../src/runtime/sqlite/journal-host.ts';
import { SqliteJournal } from '../src/runtime/sqlite/journal.ts';
import { readJournal } from '../src/runtime/sqlite/reader.ts';
import {
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
} from '../src/runtime/system.ts';
import { JOURNAL_BYTES_MAX } from './bench-journal.ts';
import { reserve } from './sale.ts';

export interface RecoveryTask {
  readonly journal: string;
  readonly product: string;
  /** `decode` reads and decodes the records, and keeps nothing of what they say. */
  readonly kind: 'decode' | 'recover';
  /** The folder of snapshots; without one everything is replayed. */
  readonly snapshots?: string;
  /** Of a customer who is not in the journal. */
  readonly customer: number;
}

export interface RecoverySeconds {
  /** From the opening of the file until the shard decides again, or until the last record is decoded. */
  readonly done: number;
  /** From the opening of the file to the answer of a purchase, durable as ever. */
  readonly firstDecision: number;
}

const DEADLINE_MS = 600_000;

process.once('message', (task: RecoveryTask) => {
  void (task.kind === 'decode' ? decode(task) : recover(task)).then((seconds) => process.send!(seconds));
});

function decode({ journal }: RecoveryTask): Promise<RecoverySeconds> {
  const startedAt = performance.now();
  for (const { bytes } of readJournal(journal)) decodeRecord(bytes);
  const done = secondsSince(startedAt);
  return Promise.resolve({ done, firstDecision: done });
}

async function recover({ journal, product, snapshots, customer }: RecoveryTask): Promise<RecoverySeconds> {
  const startedAt = performance.now();
  const host = await SqliteJournalHost.start(journal, { shards: 1, bytesMax: JOURNAL_BYTES_MAX });
  const port = host.connect();
  const ports = { journal: new SqliteJournal(port), clock, timers, random };
  const files = snapshots === undefined ? {} : { snapshots: new SnapshotFiles(snapshots) };
  const shard = new Shard(0, { ...ports, ...files }, DEFAULT_LIMITS);
  await shard.open();
  const done = secondsSince(startedAt);
  const reply = await new Promise<ShardReply>((answer) => {
    shard.offer({ command: reserve(product, customer), deadline: clock.monotonic() + DEADLINE_MS, answer });
  });
  const firstDecision = secondsSince(startedAt);
  if (reply.outcome !== 'reserved') throw new Error(`the first decision was ${JSON.stringify(reply)}`);
  await shard.drain();
  await host.stop();
  port.close();
  return { done, firstDecision };
}

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1_000;
