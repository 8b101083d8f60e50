// What changing the placement moves. It decides nothing and moves nothing.

import { invariant } from '../actors/index.ts';
import type { Home, Placement } from './cluster-placement.ts';

export interface Move {
  readonly shard: number;
  /** Undefined: nobody owned it. */
  readonly from: Home | undefined;
  /** Undefined: nobody can take it. */
  readonly to: Home | undefined;
  /** Whose pin moves the shard, if a product's does. */
  readonly product: string | undefined;
  /** Other products that move along, by name: the first of them. */
  readonly neighbours: readonly string[];
  /** Those that are not named. */
  readonly moreNeighbours: number;
}

const NEIGHBOURS_MAX = 20;

/**
 * @param productsByShard that are known to live there
 * @returns in the order of shards
 */
export function planOf(
  from: Placement,
  to: Placement,
  productsByShard: ReadonlyMap<number, readonly string[]> = new Map(),
): Move[] {
  invariant(from.length === to.length, 'the number of shards is fixed when the journal is made');
  return [...to.entries()]
    .filter(([shard, home]) => !isSamePlace(from[shard], home))
    .map(([shard, home]) => {
      const product = home?.product;
      const neighbours = (productsByShard.get(shard) ?? []).filter((each) => each !== product).toSorted();
      return {
        shard,
        from: from[shard],
        to: home,
        product,
        neighbours: neighbours.slice(0, NEIGHBOURS_MAX),
        moreNeighbours: Math.max(0, neighbours.length - NEIGHBOURS_MAX),
      };
    });
}

const isSamePlace = (one: Home | undefined, other: Home | undefined): boolean =>
  one?.node === other?.node && one?.worker === other?.worker;
