// Where a shard lives: pure functions from the shape of the node to "shard → worker thread".

import { productTagOf, shardOfTag } from '../actors/index.ts';
import type { Address } from './ports.ts';

/** Fixed when the journal is made. */
export const DEFAULT_SHARDS = 256;

export const shardOfProduct = (productId: string, shards: number): number =>
  shardOfTag(productTagOf(productId), shards);

/** At the start. Shards are dealt out like cards, so that each thread has as many as the next. */
export const placeShards = (shards: number, workers: number): Address[] =>
  Array.from({ length: shards }, (_, shard) => shard % workers);

/**
 * What changes when a thread is gone: each of its shards goes to the heir that has the fewest by then.
 * @returns new owners, by shard; none without heirs
 */
export function dealOut(
  owners: ArrayLike<Address>,
  gone: Address,
  heirs: readonly Address[],
): Map<number, Address> {
  const changes = new Map<number, Address>();
  const counts = new Map(heirs.map((heir) => [heir, 0]));
  const all = Array.from(owners);
  for (const owner of all) if (counts.has(owner)) counts.set(owner, counts.get(owner)! + 1);
  for (const [shard, owner] of all.entries()) {
    if (owner !== gone || heirs.length === 0) continue;
    const [heir, count] = [...counts].reduce((least, other) => (other[1] < least[1] ? other : least));
    counts.set(heir, count + 1);
    changes.set(shard, heir);
  }
  return changes;
}
