// `doorbuster profile`: what a worker thread of a running node does with its time, or what it keeps in memory.

import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { callNode, CommandError, requireNode } from '../node-client.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';
import { nameSources, type Profile } from './source-positions.ts';

interface ProfileOptions extends ReachOptions {
  readonly worker: number;
  readonly seconds: number;
  readonly heap?: boolean;
  readonly out?: string;
}

export function addProfile(program: Command): void {
  reaching(program.command('profile'))
    .description('CPU profile of a live worker thread, for Chrome’s developer tools or speedscope')
    .requiredOption('--worker <number>', 'which; `doorbuster shards` lists them', wholeNumber)
    .option('--seconds <seconds>', 'how long, 60 at most', seconds, 10)
    .option('--heap', 'what was allocated meanwhile and is still held, instead of CPU time')
    .option('--out <file>', 'a new file; in the present folder when not given')
    .action(takeProfile);
}

async function takeProfile({
  worker,
  seconds,
  heap = false,
  out,
  json,
  ...options
}: ProfileOptions): Promise<void> {
  const node = requireNode(reachOf(options));
  const kind = heap ? 'heap' : 'cpu';
  const now = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const file = resolve(out ?? `worker-${worker}-${now}.${kind}profile`);
  // Nobody should wait for a profile that then has nowhere to go.
  reserve(file);
  try {
    const body = { worker, kind, seconds };
    const profile = await callNode<Profile>(node, 'POST', '/v1/admin/profiles', { body });
    nameSources(profile);
    const text = JSON.stringify(profile);
    writeFileSync(file, text);
    if (json) return console.log(JSON.stringify({ file, worker, kind, seconds, bytes: text.length }));
    const panel = heap ? 'Memory' : 'Performance';
    console.log(`${file}\nOpen it in Chrome’s developer tools (${panel}, Load profile) or in speedscope.`);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
}

/** @throws CommandError when the file is there already or cannot be made */
function reserve(file: string): void {
  try {
    closeSync(openSync(file, 'wx'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? `${file} exists already` : `${file} cannot be made: ${message}`;
    throw new CommandError(`${why}. Name another file: --out`, { cause: error });
  }
}

function wholeNumber(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`it is a whole number from 0, not ${text}`);
}

function seconds(text: string): number {
  const number = Number(text);
  if (/^[\d.]+$/.test(text) && number >= 0.1 && number <= 60) return number;
  throw new InvalidArgumentError(`it is a number from 0.1 to 60, not ${text}`);
}
