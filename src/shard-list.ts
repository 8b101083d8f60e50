// The list of all shards of a node: who owns each by the placement, and what that thread says of it.

import type { NodeShard } from './http/index.ts';
import type { PoolFigures } from './worker-pool.ts';
import type { LiveShard } from './worker.ts';

export function listShards(
  node: string,
  owners: ArrayLike<number>,
  { answered, silent }: Pick<PoolFigures, 'answered' | 'silent'>,
): NodeShard[] {
  const statusOf = new Map(
    [...answered].map(([worker, { shards }]) => [
      worker,
      new Map(shards.map((shard) => [shard.shard, shard])),
    ]),
  );
  return Array.from(owners, (worker, shard): NodeShard => {
    const status = statusOf.get(worker)?.get(shard);
    if (status !== undefined) return { ...status, node, worker };
    const why = silent.includes(worker) ? 'does not answer' : 'has not taken it yet';
    const nothing = {
      epoch: null,
      sequence: null,
      mailboxDepth: null,
      aheadMs: null,
      products: null,
      bytes: null,
    };
    return { shard, node, worker, phase: 'silent', ...nothing, reason: `worker ${worker} ${why}` };
  });
}

/** Of the shards whose threads tell. */
export const productsByShard = (live: readonly LiveShard[]): ReadonlyMap<number, readonly string[]> =>
  new Map(live.map(({ shard, stock }) => [shard, [...stock.keys()]]));
