// `doorbuster health`: whether a node with HTTP is well, for supervisors, which look at the exit code. It needs no token, and
// has an answer in bounded time.

import type { Command } from 'commander';
import { addressOf, announcedUrl, CommandError } from '../node-client.ts';
import { withFolder } from './reach.ts';

/** A node that does not say that it is well within this time is not. */
const HEALTH_MS_MAX = 4_000;

/** As much of an answer is read: a node says one word, and whoever else listens there may never end. */
const ANSWER_BYTES_MAX = 200;

/** What a node answers, with 200, that is well. */
const WELL = { '/readyz': 'ready', '/livez': 'ok' } as const;

interface HealthOptions {
  readonly url?: string;
  readonly live?: boolean;
  readonly dataDir: string;
  readonly json?: boolean;
}

interface Health {
  readonly healthy: boolean;
  readonly url: string;
  /** What the node said: `ready`, `starting`, `stopping`, `ok`; or why it said nothing. */
  readonly told: string;
}

export function addHealth(program: Command): void {
  const command = program
    .command('health')
    .description('ask a node with HTTP whether it is ready; ends with 1 when it is not')
    .option('--url <address>', 'of the node; else the one on DATA_DIR, else PORT on this machine')
    .option('--live', 'ask only whether it lives: also while it starts or stops');
  withFolder(command, 'find the node through its folder').action(tellHealth);
}

async function tellHealth(
  { url, live = false, dataDir, json }: HealthOptions,
  command: Command,
): Promise<void> {
  const isFolderNamed = command.getOptionValueSource('dataDir') === 'cli';
  const address = url === undefined ? localAddress(dataDir, isFolderNamed) : addressOf(url);
  const health = await askHealth(address, live ? '/livez' : '/readyz');
  if (!health.healthy) process.exitCode = 1;
  if (json) return console.log(JSON.stringify(health));
  const line = `${health.url} ${health.healthy ? 'says' : 'is not well:'} ${health.told}`;
  if (health.healthy) console.log(line);
  else console.error(line);
}

/** @throws CommandError rather than ask another node than the one that was named */
function localAddress(dataDir: string, isFolderNamed: boolean): string {
  const announced = announcedUrl(dataDir);
  if (announced !== undefined) return announced;
  if (isFolderNamed)
    throw new CommandError(`No node that is ready runs on DATA_DIR ${dataDir}. Name it with --url.`);
  const port = process.env['PORT'] || '3000';
  if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535)
    throw new CommandError(`PORT is that of a node, 1 to 65535, not ${JSON.stringify(port)}. Or give --url.`);
  return `http://127.0.0.1:${port}`;
}

async function askHealth(address: string, path: keyof typeof WELL): Promise<Health> {
  const url = address + path;
  try {
    // A login page to which a proxy sends everybody says nothing of the node behind it.
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(HEALTH_MS_MAX) });
    const answer = (await beginningOf(response)).trim();
    if (response.status === 200 && answer === WELL[path]) return { healthy: true, url, told: answer };
    const told = `${response.status} ${printable(answer)}`.trim();
    const isStranger = response.status !== 503;
    return { healthy: false, url, told: isStranger ? `${told}, where a node says 200 ${WELL[path]}` : told };
  } catch (error) {
    const { cause, name, message } = error as Error;
    if (name === 'TimeoutError') return { healthy: false, url, told: `no answer within ${HEALTH_MS_MAX} ms` };
    return { healthy: false, url, told: `no answer: ${cause instanceof Error ? cause.message : message}` };
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, ANSWER_BYTES_MAX);
}

/** A terminal obeys what is not printable. */
const printable = (text: string): string => text.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim();
