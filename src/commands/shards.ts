// `doorbuster shards`: who owns what.

import type { Command } from 'commander';
import type { NodeShard } from '../http/index.ts';
import { callNode, requireNode } from '../node-client.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';

export function addShards(program: Command): void {
  reaching(program.command('shards'))
    .description('who owns what: shards that hold products or are not open')
    .option('--all', 'every shard')
    .action(showShards);
}

async function showShards({
  json,
  all = false,
  ...options
}: ReachOptions & { all?: boolean }): Promise<void> {
  const node = requireNode(reachOf(options));
  const { shards } = await callNode<{ shards: NodeShard[] }>(node, 'GET', '/v1/admin/shards');
  if (json) return console.log(JSON.stringify(shards));
  const phases = Map.groupBy(shards, ({ phase }) => phase);
  console.log([...phases].map(([phase, of]) => `${of.length} ${phase}`).join(', '));
  const shown = shards.filter(({ phase, products }) => all || products !== 0 || phase !== 'open');
  const rows = shown.map(({ shard, reason, ...facts }) => [
    shard,
    reason === null ? facts : { ...facts, reason },
  ]);
  if (rows.length > 0) console.table(Object.fromEntries(rows));
}
