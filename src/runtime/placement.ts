// Where a shard lives: a pure function from the shape of the node to "shard → worker thread".

import { productTagOf, shardOfTag } from '../actors/index.ts';
import type { Address } from './ports.ts';

/** Fixed when the journal is made. */
export const DEFAULT_SHARDS = 256;

/** Shards are dealt out like cards, so that each thread has as many as the next. */
export const workerOfShard = (shard: number, workers: number): Address => shard % workers;

export const shardOfProduct = (productId: string, shards: number): number =>
  shardOfTag(productTagOf(productId), shards);

export function shardsOfWorker(worker: Address, workers: number, shards: number): number[] {
  return Array.from({ length: shards }, (_, shard) => shard).filter(
    (shard) => workerOfShard(shard, workers) === worker,
  );
}
