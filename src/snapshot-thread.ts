// The thread that makes snapshots, behind everything else in the queue for a core. Started and ended by main.ts; its
// failure costs the next start some time, and nothing else.

import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { pino } from 'pino';
import { ReportedShards, type ShardReport } from './runtime/reported-shards.ts';
import { SNAPSHOT_POLICY, SnapshotMaker } from './runtime/snapshot-maker.ts';
import { systemClock as clock, systemTimers as timers } from './runtime/system.ts';
import {
  openSnapshotSource,
  type EmbeddedSnapshotData,
  type JetStreamSnapshotData,
  type SnapshotSource,
} from './snapshot-source.ts';

export type SnapshotThreadData = (EmbeddedSnapshotData | JetStreamSnapshotData) & {
  readonly logLevel: string;
};

/** What the main thread sends. */
export type SnapshotThreadMessage = 'stop' | readonly ShardReport[];

/** On Linux a priority is a thread's own. */
const PRIORITY = 10;
const LOOK_PERIOD_MS = 1_000;
/** At a stop nothing is begun after it. */
const STOP_MS_MAX = 2_000;

const data = workerData as SnapshotThreadData;
const logger = pino({ level: data.logLevel, base: { thread: 'snapshots' } });
if (process.platform === 'linux') setPriority(0, PRIORITY);

const stop = new AbortController();
const reported = new ReportedShards(clock);
parentPort!.on('message', (message: SnapshotThreadMessage) => {
  if (message === 'stop') stop.abort();
  else reported.report(message);
});

let source: SnapshotSource | undefined;
while (!stop.signal.aborted && !(await tried(open))) await pause();
if (source !== undefined) await makeFrom(source);
parentPort!.close();

async function open(): Promise<boolean> {
  source = await openSnapshotSource(data, reported, ({ shard, sequence }, why) =>
    logger.warn({ shard, sequence, why }, 'a damaged snapshot was set aside'),
  );
  return true;
}

/** Until the stop, and what is quickly made then. */
async function makeFrom(source: SnapshotSource): Promise<void> {
  const { journal, snapshots, isRush } = source;
  const maker = new SnapshotMaker({ journal, snapshots, timers, clock, isRush }, SNAPSHOT_POLICY, {
    made: ({ shard, sequence, bytes }) => logger.info({ shard, sequence, bytes }, 'a snapshot was made'),
    failed: (shard, error) =>
      logger.error({ shard, err: error }, 'no snapshot of this shard could be made; tried again later'),
  });
  while (!stop.signal.aborted) {
    if (!(await tried(() => maker.step()))) await pause();
  }
  const giveUpAt = clock.monotonic() + STOP_MS_MAX;
  while (clock.monotonic() < giveUpAt && (await tried(() => maker.stepBeforeStop())));
  await source.close();
}

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
