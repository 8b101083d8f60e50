// The thread that makes snapshots, behind everything else in the queue for a core. Started and ended by main.ts; its
// failure costs the next start some time, and nothing else.

import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { pino } from 'pino';
import {
  CommitMeter,
  rushOf,
  SNAPSHOT_POLICY,
  SnapshotFiles,
  SnapshotMaker,
  SqliteFollower,
  systemClock as clock,
  systemTimers as timers,
} from './runtime/index.ts';

export interface SnapshotThreadData {
  /** The journal's file. */
  readonly journal: string;
  /** The memory of the journal's CommitMeter. */
  readonly committed: SharedArrayBuffer;
  /** The folder of snapshots. */
  readonly snapshots: string;
  readonly logLevel: string;
}

/** On Linux a priority is a thread's own. */
const PRIORITY = 10;
const LOOK_PERIOD_MS = 1_000;
/** At a stop nothing is begun after it. */
const STOP_MS_MAX = 2_000;

const { journal: path, committed, snapshots: folder, logLevel } = workerData as SnapshotThreadData;
const logger = pino({ level: logLevel, base: { thread: 'snapshots' } });
if (process.platform === 'linux') setPriority(0, PRIORITY);

const files = new SnapshotFiles(folder, ({ shard, sequence }, why) =>
  logger.warn({ shard, sequence, why }, 'a damaged snapshot was set aside'),
);
const journal = new SqliteFollower(path);
const isRush = rushOf(new CommitMeter(committed), clock);
const maker = new SnapshotMaker({ journal, snapshots: files, timers, clock, isRush }, SNAPSHOT_POLICY, {
  made: ({ shard, sequence, bytes }) => logger.info({ shard, sequence, bytes }, 'a snapshot was made'),
  failed: (shard, error) =>
    logger.error({ shard, err: error }, 'no snapshot of this shard could be made; tried again later'),
});
const stop = new AbortController();

parentPort!.once('message', () => stop.abort());
while (!stop.signal.aborted && !(await tried(() => files.prepare().then(() => true)))) await pause();
while (!stop.signal.aborted) {
  if (!(await tried(() => maker.step()))) await pause();
}
const giveUpAt = clock.monotonic() + STOP_MS_MAX;
while (clock.monotonic() < giveUpAt && (await tried(() => maker.stepBeforeStop())));
journal.close();
parentPort!.close();

async function tried(step: () => Promise<boolean>): Promise<boolean> {
  try {
    return await step();
  } catch (error) {
    logger.error({ err: error }, 'snapshots cannot be made just now; tried again later');
    return false;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    const cancel = timers.after(LOOK_PERIOD_MS, done);
    stop.signal.addEventListener('abort', done);
    function done(): void {
      cancel();
      stop.signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
