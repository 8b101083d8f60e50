// `doorbuster reshard`: where the shards live, by a file: what it would move, moving it live, and how far that is.

import { readFileSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import type { PlacementPlan, PlacementStatus } from '../http/index.ts';
import { callNode, CommandError, requireNode, type NodeAddress } from '../node-client.ts';
import { Progress } from './progress.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';

type Plan = Omit<Extract<PlacementPlan, { outcome: 'planned' }>, 'outcome'>;
type Status = Omit<PlacementStatus, 'appliedAt'> & { readonly appliedAt: string | null };

interface ApplyOptions extends ReachOptions {
  readonly revision?: number;
}

const PATH = '/v1/admin/placement';
const POLL_MS = 200;
const MOVES_SHOWN = 50;

export function addReshard(program: Command): void {
  const reshard = program.command('reshard').description('where the shards live, by a placement file');
  reaching(reshard.command('plan <file>')).description('what it would move; changes nothing').action(plan);
  reaching(reshard.command('apply <file>'))
    .description('move the shards, live, one by one')
    .option(
      '--revision <number>',
      'of the plan that was looked at; refused when it is not the present one',
      revision,
    )
    .action(apply);
  reaching(reshard.command('status')).description('what was applied last, and how far it is').action(status);
}

async function plan(path: string, { json, ...options }: ReachOptions): Promise<void> {
  const planned = await planOf(requireNode(reachOf(options)), path);
  if (json) console.log(JSON.stringify(planned));
  else printPlan(planned, path, options.url);
}

async function apply(path: string, { json, revision: wanted, ...options }: ApplyOptions): Promise<void> {
  const node = requireNode(reachOf(options));
  const revision = wanted ?? (await planOf(node, path)).revision;
  const body = { file: textOf(path), revision };
  let status = await callNode<Status>(node, 'POST', PATH, { body });
  const progress = new Progress(process.stderr);
  while (status.running) {
    progress.show('Moving shards', status.done / Math.max(1, status.moves));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    status = await callNode<Status>(node, 'GET', PATH);
  }
  progress.end();
  if (json) console.log(JSON.stringify(status));
  else printStatus(status);
  if (status.failures.length > 0) process.exitCode = 1;
}

async function status({ json, ...options }: ReachOptions): Promise<void> {
  const present = await callNode<Status>(requireNode(reachOf(options)), 'GET', PATH);
  if (json) console.log(JSON.stringify(present));
  else printStatus(present);
}

const planOf = (node: NodeAddress, path: string): Promise<Plan> =>
  callNode<Plan>(node, 'POST', `${PATH}/plan`, { body: { file: textOf(path) } });

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`The placement file cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

function printPlan({ revision, moves, notes }: Plan, path: string, url: string | undefined): void {
  for (const { line, message } of notes) console.log(`Note, line ${line}: ${message}.`);
  console.log(
    `${moves.length} ${moves.length === 1 ? 'shard moves' : 'shards move'}, by revision ${revision}.`,
  );
  for (const { shard, from, to, product, neighbours, moreNeighbours } of moves.slice(0, MOVES_SHOWN)) {
    const why = product === undefined ? '' : `, for ${product}`;
    const along = [...neighbours, ...(moreNeighbours > 0 ? [`${moreNeighbours} more`] : [])];
    const what =
      along.length === 0 ? '' : `, ${product === undefined ? 'with' : 'and with it'} ${along.join(', ')}`;
    console.log(`  shard ${shard}: ${placeOf(from)} → ${placeOf(to)}${why}${what}`);
  }
  if (moves.length > MOVES_SHOWN) console.log(`  and ${moves.length - MOVES_SHOWN} more (--json lists all)`);
  if (moves.length > 0)
    console.log(
      `Carry it out: npx doorbuster reshard apply ${path} --revision ${revision}${url === undefined ? '' : ` --url ${url}`}`,
    );
}

const placeOf = (home: Plan['moves'][number]['from']): string =>
  home === undefined ? 'nobody' : `${home.node}, worker ${home.worker}`;

function printStatus({ revision, appliedAt, running, moves, done, failures, longestPauseMs }: Status): void {
  if (appliedAt === null && !running)
    return console.log('No placement file was applied: the shards are dealt out evenly.');
  const state = running
    ? `${done} of ${moves} moves are over`
    : `${done - failures.length} of ${moves} shards moved`;
  const what = appliedAt === null ? 'without a file' : `applied at ${appliedAt}`;
  console.log(`Revision ${revision}, ${what}: ${state}, longest pause ${longestPauseMs} ms.`);
  for (const { shard, why } of failures) console.log(`  shard ${shard} did not move: ${why}`);
}

function revision(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`the revision is a whole number, as the plan tells it, not ${text}`);
}
