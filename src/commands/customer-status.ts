// `doorbuster customers status` and `customers statuses`: what other systems say of customers, for the rules on payments.

import { Option, type Command } from 'commander';
import { callNode, CommandError, requireNode } from '../node-client.ts';
import { CUSTOMER_STATUSES, type CustomerStatus } from '../risk/verdict.ts';
import { BAD_LINES_SHOWN } from './bad-lines.ts';
import { Progress } from './progress.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';
import { sendFile } from './sent-file.ts';

interface StatusOptions extends ReachOptions {
  readonly set?: CustomerStatus;
  readonly asOf?: string;
  readonly accountCreatedAt?: string;
  readonly source?: string;
}

interface FileOptions extends ReachOptions {
  readonly file: string;
}

interface Shown {
  readonly customerId: string;
  readonly status: CustomerStatus;
  readonly source: string;
  readonly accountCreatedAt: string | null;
  readonly asOf: string | null;
}

interface FileAnswer {
  readonly taken?: number;
  readonly outdated?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly badLines?: {
    readonly count: number;
    readonly lines: readonly { line: number; problem: string }[];
  };
}

const PROGRESS_LINE_MS = 2_000;
const SOURCE = 'command line';

/** @param customers the command that they belong to */
export function addCustomerStatus(customers: Command): void {
  reaching(customers.command('status <customer>'))
    .description('what is known of a customer; with --set, say what the customer is')
    .addOption(new Option('--set <status>', 'what the customer is from now on').choices(CUSTOMER_STATUSES))
    .option(
      '--as-of <time>',
      'since when, such as 2030-01-31T18:00:00Z; older than what is known changes nothing',
    )
    .option('--account-created-at <time>', 'when the account was made')
    .option('--source <text>', `who says it; “${SOURCE}” by default`)
    .action(status);
  reaching(customers.command('statuses'))
    .description('say what many customers are: lines of JSON, as {"customerId": "ada", "status": "blocked"}')
    .requiredOption('--file <ndjson>', 'one customer a line')
    .action(statuses);
}

async function status(
  customerId: string,
  { set, asOf, accountCreatedAt, source, json, ...reach }: StatusOptions,
): Promise<void> {
  const node = requireNode(reachOf(reach));
  const path = `/v1/admin/customers/${encodeURIComponent(customerId)}/status`;
  if (set === undefined) {
    if (asOf !== undefined || accountCreatedAt !== undefined || source !== undefined)
      throw new CommandError('--as-of, --account-created-at and --source belong to --set.');
    const shown = await callNode<Shown>(node, 'GET', path);
    return console.log(json ? JSON.stringify(shown) : lineOf(shown));
  }
  const body = {
    status: set,
    source: source ?? SOURCE,
    ...(asOf !== undefined && { asOf }),
    ...(accountCreatedAt !== undefined && { accountCreatedAt }),
  };
  const saved = await callNode<Shown & { changed: boolean }>(node, 'PUT', path, { body });
  if (json) return console.log(JSON.stringify(saved));
  console.log(lineOf(saved));
  if (!saved.changed) console.error('Note: this is no newer than what is known, and changed nothing.');
}

const lineOf = ({ customerId, status: is, source, asOf, accountCreatedAt }: Shown): string =>
  [
    `${customerId} is ${is}`,
    ...(asOf === null ? [', since nobody said anything else'] : [` as of ${asOf}, says ${source}`]),
    ...(accountCreatedAt === null ? [] : [`; the account is of ${accountCreatedAt}`]),
  ].join('');

async function statuses({ file, json = false, ...reach }: FileOptions): Promise<void> {
  const node = requireNode(reachOf(reach));
  const progress = new Progress(process.stderr, PROGRESS_LINE_MS);
  progress.show(`Sending ${file}`, 0);
  const sent = await sendFile(
    node,
    '/v1/admin/customers/statuses',
    file,
    (share) => progress.show(`Sending ${file}`, share),
    'application/x-ndjson',
  ).finally(() => progress.end());
  const answer = sent.body as FileAnswer | undefined;
  const isBad = sent.status === 422 && answer?.code === 'bad_lines';
  if (sent.status !== 200 && !isBad)
    throw new CommandError(
      `${node.url} answered ${sent.status}${answer?.code === undefined ? '' : ` ${answer.code}: ${answer.detail ?? ''}`}`,
    );
  const { taken = 0, outdated = 0, badLines = { count: 0, lines: [] } } = answer ?? {};
  if (isBad) process.exitCode = 1;
  if (json) return console.log(JSON.stringify({ saved: !isBad, taken, outdated, badLines }));
  if (!isBad)
    return console.log(`${taken} statuses were taken; ${outdated} were no newer than what is known.`);
  for (const { line, problem } of badLines.lines.slice(0, BAD_LINES_SHOWN))
    console.error(`line ${line}: ${problem}`);
  console.error(`Nothing was changed: ${badLines.count} bad lines. Mend them, and send the file again.`);
}
