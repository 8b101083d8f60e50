// Pins by shard: a product's pin is one of its shard.

import { shardOfProduct } from './placement.ts';
import type { Pin } from './placement-rules.ts';

export interface ShardPin {
  readonly shard: number;
  readonly line: number;
  readonly node: string;
  readonly worker: number | undefined;
  /** Undefined when the shard itself is pinned. */
  readonly product: string | undefined;
}

/** In the file's order. */
export function shardPinsOf(pins: readonly Pin[], shards: number): ShardPin[] {
  return pins.flatMap((pin): ShardPin[] => {
    const { line, node, worker } = pin;
    if (pin.kind === 'shards')
      return pin.shards.map(({ shard, line }) => ({ shard, line, node, worker, product: undefined }));
    const { product } = pin;
    return [{ shard: shardOfProduct(product, shards), line, node, worker, product }];
  });
}

/** Two pins of one shard agree when both can be kept: one may leave the worker open. */
export const agree = (one: ShardPin, other: ShardPin): boolean =>
  one.node === other.node &&
  (one.worker === undefined || other.worker === undefined || one.worker === other.worker);

/** Of two pins that agree, the one that asks for more. */
export const stricterOf = (one: ShardPin, other: ShardPin): ShardPin =>
  one.worker === undefined && other.worker !== undefined ? other : one;
