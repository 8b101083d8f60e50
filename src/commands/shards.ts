// `doorbuster shards`: who owns what.

import type { Command } from 'commander';
import type { NodeShard } from '../http/index.ts';
import { callNode, requireNode } from '../node-client.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';

/** Its name stands in the table where there are several, as far as it fits. */
const NODE_CHARACTERS_MAX = 9;

const COLUMNS = [
  'shard',
  'worker',
  'phase',
  'epoch',
  'sequence',
  'products',
  'mailboxDepth',
  'aheadMs',
] satisfies (keyof NodeShard)[] as readonly (keyof NodeShard)[];

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
  if (shown.length > 0) console.log(`\n${table(shown)}`);
  for (const { shard, phase, reason } of shown)
    if (reason !== null) console.log(`\nshard ${shard} is ${phase}: ${reason}`);
}

/** Fits a terminal of 80 columns, so reasons stand below it and not in it. */
function table(shards: readonly NodeShard[]): string {
  const columns =
    new Set(shards.map(({ node }) => node)).size > 1 ? COLUMNS.toSpliced(1, 0, 'node') : COLUMNS;
  const cellOf = (shard: NodeShard, column: keyof NodeShard): string =>
    String(shard[column] ?? '-').slice(0, column === 'node' ? NODE_CHARACTERS_MAX : undefined);
  const lines = [columns, ...shards.map((shard) => columns.map((column) => cellOf(shard, column)))];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  return lines.map((line) => line.map((cell, at) => cell.padStart(widths[at]!)).join('  ')).join('\n');
}
