// The list of all shards: who owns each by the placement, and what that thread says of it.

import type { NodeShard } from './http/index.ts';
import { memberOf, NOBODY, workerOf, type Address } from './runtime/index.ts';
import type { PoolFigures } from './worker-pool.ts';
import type { LiveShard } from './worker.ts';

/** What the threads of one node say. */
export interface ToldByNode {
  readonly node: string;
  readonly shards: readonly NodeShard[];
  /** Threads that say nothing; undefined: the whole node says nothing. */
  readonly silent: readonly number[] | undefined;
}

export const toldBy = (
  node: string,
  { answered, silent }: Pick<PoolFigures, 'answered' | 'silent'>,
): ToldByNode => ({
  node,
  shards: [...answered].flatMap(([worker, { shards }]) =>
    shards.map((shard) => ({ ...shard, node, worker })),
  ),
  silent,
});

/** @param told by the number of the member */
export function listShards(owners: ArrayLike<Address>, told: ReadonlyMap<number, ToldByNode>): NodeShard[] {
  const statuses = new Map<number, ReadonlyMap<string, NodeShard>>();
  for (const [member, { shards }] of told)
    statuses.set(member, new Map(shards.map((one) => [keyOf(one.worker, one.shard), one])));
  return Array.from(owners, (address, shard): NodeShard => {
    const [member, worker] = [memberOf(address), workerOf(address)];
    const status = statuses.get(member)?.get(keyOf(worker, shard));
    return status ?? silentShard(shard, address, told.get(member));
  });
}

function silentShard(shard: number, address: Address, told: ToldByNode | undefined): NodeShard {
  const nothing = {
    epoch: null,
    sequence: null,
    mailboxDepth: null,
    aheadMs: null,
    products: null,
    bytes: null,
  };
  const worker = address === NOBODY ? 0 : workerOf(address);
  const reason =
    address === NOBODY || told === undefined
      ? 'no node may have it'
      : told.silent === undefined
        ? `node ${told.node} does not answer`
        : `worker ${worker} ${told.silent.includes(worker) ? 'does not answer' : 'has not taken it yet'}`;
  return { shard, node: told?.node ?? 'nobody', worker, phase: 'silent', ...nothing, reason };
}

const keyOf = (worker: number, shard: number): string => `${worker} ${shard}`;

/** Of the shards whose threads tell. */
export const productsByShard = (live: readonly LiveShard[]): ReadonlyMap<number, readonly string[]> =>
  new Map(live.map(({ shard, stock }) => [shard, [...stock.keys()]]));
