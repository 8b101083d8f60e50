// threads: how the actors' work scales with worker threads. 64 products, one in each of 64 shards; each thread owns an equal
// part of the shards and offers them purchases that it made before the clock ran. So nothing but the owner's side runs:
// mailbox, decision, record, append, answer after the fsync; no HTTP, no gateway, no message between workers.
//
// Two answers. `ratio` is what the actors' threads can do, by their own CPU time: orders for each second that a thread really
// ran, added up over the threads, two threads to one. It is what more cores would show, with what threads that run at once
// cost each other (caches, memory, allocator) in it. `ratioByClock` is by the wall clock, and on two cores it cannot reach
// two: the journal's thread and V8's helpers, which one worker leaves a core, take their share from two. The numbers of
// threads take turns in one run.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SqliteJournalHost } from '../src/runtime/sqlite/journal-host.ts';
import type { ActorThreadData, ActorThreadReport } from './actor-thread.ts';
import { JOURNAL_BYTES_MAX } from './bench-journal.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { checkJournal } from './owner.ts';
import { productsOfShards } from './sale.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const THREADS = [1, 2, 4];
const SHARDS = 64;
const TURN_SECONDS = 2;
const CUSTOMERS_PER_THREAD = 100_000_000;
/** Only to choose how many orders make a turn of the wanted length. */
const ORDERS_PER_SECOND_EXPECTED = 200_000;

export const threads: Scenario = { modes: { sqlite: EMBEDDED_MODE }, run };

async function run({ seconds, orders: wanted, say }: ScenarioOptions): Promise<ScenarioResult> {
  const turns = Math.max(1, Math.round(seconds / TURN_SECONDS / THREADS.length));
  const orders = wanted ?? Math.ceil((seconds * ORDERS_PER_SECOND_EXPECTED) / THREADS.length / turns);
  const sums = new Map(
    THREADS.map((count) => [count, { reserved: 0, elapsedMs: 0, cpuMicros: 0, violations: 0 }]),
  );
  for (let turn = 0; turn < turns; turn++) {
    for (const count of THREADS) {
      const rush = await rushWith(count, orders);
      const sum = sums.get(count)!;
      for (const figure of Object.keys(sum) as (keyof Rush)[]) sum[figure] += rush[figure];
      say(
        `  ${count} threads, turn ${turn + 1} of ${turns}: ${Math.round(rush.reserved / rush.elapsedMs)} orders/ms, ` +
          `${round(rush.cpuMicros / rush.reserved)} µs of an actors’ thread each`,
      );
    }
  }
  const byClock = (count: number): number => sums.get(count)!.reserved / (sums.get(count)!.elapsedMs / 1_000);
  const byCpu = (count: number): number => (count * sums.get(count)!.reserved) / sums.get(count)!.cpuMicros;
  const figures = THREADS.map((count) => ({
    [`ordersPerSecond${count}`]: Math.round(byClock(count)),
    [`cpuMicrosPerOrder${count}`]: round(count / byCpu(count)),
  }));
  return {
    ratio: round(byCpu(2) / byCpu(1)),
    ratioByClock: round(byClock(2) / byClock(1)),
    ratio4: round(byCpu(4) / byCpu(1)),
    ratioByClock4: round(byClock(4) / byClock(1)),
    ...(Object.assign({}, ...figures) as Record<string, number>),
    violations: [...sums.values()].reduce((sum, { violations }) => sum + violations, 0),
  };
}

interface Rush {
  readonly reserved: number;
  readonly elapsedMs: number;
  /** Of the actors' threads, together. */
  readonly cpuMicros: number;
  readonly violations: number;
}

async function rushWith(count: number, orders: number): Promise<Rush> {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  const path = join(folder, 'journal.sqlite');
  const host = await SqliteJournalHost.start(path, { shards: SHARDS, bytesMax: JOURNAL_BYTES_MAX });
  const products = productsOfShards(SHARDS, SHARDS);
  const workers = Array.from({ length: count }, (_, number) => {
    const own = [...products.entries()].filter(([shard]) => shard % count === number);
    const workerData: ActorThreadData = {
      journal: host.connect(),
      products: new Map(own),
      orders: Math.floor(orders / count),
      from: number * CUSTOMERS_PER_THREAD,
    };
    return new Worker(new URL('./actor-thread.ts', import.meta.url), {
      workerData,
      transferList: [workerData.journal],
      name: `actors-${number}`,
    });
  });
  try {
    await Promise.all(workers.map((worker) => nextMessage(worker)));
    const done = workers.map((worker) => nextMessage<ActorThreadReport>(worker));
    for (const worker of workers) worker.postMessage('go');
    const reports = await Promise.all(done);
    await Promise.all(workers.map((worker) => worker.terminate()));
    await host.stop();
    const reserved = reports.reduce((sum, report) => sum + report.reserved, 0);
    const { orders: journaled, violations } = await checkJournal(path);
    return {
      reserved,
      cpuMicros: reports.reduce((sum, report) => sum + report.cpuMicros, 0),
      elapsedMs: Math.max(...reports.map((report) => report.elapsedMs)),
      violations: violations + (journaled < reserved ? 1 : 0),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function nextMessage<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
