// recovery: a node comes back to a journal of a million orders of one product, 64 in a record, once with nothing but the
// journal and once with a snapshot and the longest usual tail behind it: one at whose end the next snapshot is due. Each
// start is of a process of its own.
//
// `secondsToFirstDecision` is the start from the snapshot, `eventsPerSecond` the replay from nothing. `ratio` is that replay
// to reading and decoding the same records, with nobody who keeps what they say: 1 would mean that keeping them is free.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SnapshotName } from '../src/runtime/index.ts';
import { SnapshotFiles } from '../src/runtime/snapshot-files.ts';
import { SNAPSHOT_POLICY, SnapshotMaker } from '../src/runtime/snapshot-maker.ts';
import { SqliteFollower } from '../src/runtime/sqlite/follower.ts';
import { readJournal } from '../src/runtime/sqlite/reader.ts';
import { systemClock as clock, systemTimers as timers } from '../src/runtime/system.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { Forked } from './forked.ts';
import { JournalFile } from './journal-file.ts';
import { checkJournal } from './owner.ts';
import type { RecoverySeconds, RecoveryTask } from './recovery-process.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const PRODUCT = 'hot';
const ORDERS = 1_000_000;
const ORDERS_PER_RECORD = 64;
/** Of the orders. With 78 bytes of an order in its record and 71 in the snapshot, a longer tail makes the next one due. */
const TAIL_SHARE = 0.31;

export const recovery: Scenario = { modes: { sqlite: EMBEDDED_MODE }, run };

async function run({ orders = ORDERS, say }: ScenarioOptions): Promise<ScenarioResult> {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  const journal = join(folder, 'journal.sqlite');
  const snapshots = join(folder, 'snapshots');
  try {
    const tail = Math.round(orders * TAIL_SHARE);
    const file = new JournalFile({ path: journal, products: [PRODUCT], ordersPerRecord: ORDERS_PER_RECORD });
    file.grow(orders - tail);
    const snapshot = await makeSnapshot(journal, snapshots);
    file.grow(tail);
    file.close();
    const tailBytes = bytesBehind(journal, snapshot);
    say(`  ${orders} orders are journaled, ${tail} of them behind the snapshot`);
    const about = { journal, product: PRODUCT };
    const decoding = await inFreshProcess({ ...about, kind: 'decode', customer: orders });
    const replay = await inFreshProcess({ ...about, kind: 'recover', customer: orders });
    const start = await inFreshProcess({ ...about, kind: 'recover', snapshots, customer: orders + 1 });
    const { orders: journaled, violations } = await checkJournal(journal);
    return {
      ratio: round(decoding.done / replay.done),
      orders,
      secondsToFirstDecision: round(start.firstDecision),
      secondsToOpenFromSnapshot: round(start.done),
      snapshotBytes: snapshot.bytes,
      tailBytes,
      tailOrders: tail,
      eventsPerSecond: Math.round(orders / replay.done),
      secondsToOpenFromNothing: round(replay.done),
      decodedEventsPerSecond: Math.round(orders / decoding.done),
      violations: violations + Math.abs(journaled - (orders + 2)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As the thread that makes them does, however short the journal. */
async function makeSnapshot(path: string, folder: string): Promise<SnapshotName> {
  const journal = new SqliteFollower(path);
  const snapshots = new SnapshotFiles(folder);
  await snapshots.prepare();
  const { promise, resolve, reject } = Promise.withResolvers<SnapshotName>();
  const policy = { ...SNAPSHOT_POLICY, tailBytesMin: 1 };
  const maker = new SnapshotMaker({ journal, snapshots, timers, clock }, policy, {
    made: resolve,
    failed: (_, error) => reject(error),
  });
  if (!(await maker.step())) reject(new Error('no snapshot was due'));
  journal.close();
  return promise;
}

function bytesBehind(path: string, { sequence }: SnapshotName): number {
  let sum = 0;
  for (const { bytes } of readJournal(path, sequence)) sum += bytes.length;
  return sum;
}

async function inFreshProcess(task: RecoveryTask): Promise<RecoverySeconds> {
  const process = new Forked('./recovery-process.ts');
  const seconds = await process.ask<RecoverySeconds>(task);
  await process.stop();
  return seconds;
}
