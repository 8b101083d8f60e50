// What one thread's HTTP asks of the whole node: the other threads are reached through the main thread.

import type { Report } from '../actors/index.ts';
import type { NodePhase, ShardStatus } from '../runtime/index.ts';

export interface NodeShard extends ShardStatus {
  readonly node: string;
  readonly worker: number;
}

export interface NodeControl {
  readonly phase: NodePhase;
  /** Epoch milliseconds up to which Postgres has everything. */
  readonly projectedUpTo: number;
  shards(): Promise<readonly NodeShard[]>;
  /** Prometheus text of all threads together. */
  metrics(): Promise<string>;
  audit(): Promise<Report>;
}
