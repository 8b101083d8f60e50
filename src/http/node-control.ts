// What one thread's HTTP asks of the whole node: the other threads are reached through the main thread.

import type { Report } from '../actors/index.ts';
import type { NodePhase, ShardPhase, ShardStatus } from '../runtime/index.ts';

/** As its owner says. What an owner that says nothing would know is null. */
export interface NodeShard extends Omit<ShardStatus, 'phase' | Figure>, Record<Figure, number | null> {
  readonly node: string;
  readonly worker: number;
  /** `silent`: its thread does not answer. */
  readonly phase: ShardPhase | 'silent';
}

type Figure = 'epoch' | 'sequence' | 'mailboxDepth' | 'aheadMs' | 'products';

export interface NodeReport extends Report {
  /** Threads that did not answer: their live actors are not looked at. */
  readonly silentWorkers: readonly number[];
}

export interface NodeControl {
  readonly phase: NodePhase;
  /** Epoch milliseconds up to which Postgres has everything. */
  readonly projectedUpTo: number;
  shards(): Promise<readonly NodeShard[]>;
  /** Prometheus text of all threads together. */
  metrics(): Promise<string>;
  audit(): Promise<NodeReport>;
}
