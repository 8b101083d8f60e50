// A thread of the test of shared buckets: in each round it waits for the other threads, then takes from a bucket that none has seen.

import { parentPort, workerData } from 'node:worker_threads';
import { bucketRate, BucketTable } from '../../../src/http/gate/limits/bucket-table.ts';

export interface BucketThreadData {
  readonly table: SharedArrayBuffer;
  /** Arrivals, one word for each round. */
  readonly barrier: SharedArrayBuffer;
  /** Requests allowed, one word for each round. */
  readonly allowed: SharedArrayBuffer;
  readonly threads: number;
  readonly rounds: number;
  readonly count: number;
}

const { table, barrier, allowed, threads, rounds, count } = workerData as BucketThreadData;
const buckets = new BucketTable(false, table);
const arrivals = new Int32Array(barrier);
const taken = new Int32Array(allowed);
const rate = bucketRate(count, 600_000);

for (let round = 0; round < rounds; round++) {
  Atomics.add(arrivals, round, 1);
  while (Atomics.load(arrivals, round) < threads);
  for (let time = 0; time < count; time++) {
    // Eight rounds share a set.
    const slot = buckets.slotOf(round >> 3, round + 1, 1_000);
    if (buckets.take(slot, rate, 1_000) >= 0) Atomics.add(taken, round, 1);
  }
}
parentPort!.postMessage('done');
