// `doorbuster risk`: the rules on payments. A file is tried on recorded payments before it is put in force, and changes nothing by it.

import { readFileSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { callNode, CommandError, requireNode } from '../node-client.ts';
import { OUTCOMES, parseRiskRules, type DryRunChange, type RiskOutcome } from '../risk/index.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';

interface TryOptions extends ReachOptions {
  readonly limit?: number;
}

type Counted = Readonly<Record<RiskOutcome, number>>;

interface Tried {
  readonly payments: number;
  readonly inForce: Counted;
  readonly tried: Counted;
  readonly changed: number;
  readonly changes: readonly (Omit<DryRunChange, 'at'> & { readonly at: string })[];
}

const CHANGES_SHOWN = 20;
const COLUMN = 10;

export function addRisk(program: Command): void {
  const risk = program.command('risk').description('the rules on payments');
  reaching(risk.command('try <file>'))
    .description('what a file of rules would have said of the latest payments; changes nothing')
    .option('--limit <payments>', 'the latest so many, up to 10000', limitOf)
    .action(tryRules);
  reaching(risk.command('check <file>'))
    .description('whether a file of rules is right; needs no node')
    .action((file: string, { json }: ReachOptions) => {
      const { digest, rules } = readRules(file).rules;
      console.log(
        json
          ? JSON.stringify({ file, rules: rules.length, digest })
          : `${file}: ${rules.length} rules, ${digest}`,
      );
    });
  reaching(risk.command('rules')).description('the rules in force on a node').action(show);
}

async function tryRules(file: string, { limit, json, ...reach }: TryOptions): Promise<void> {
  const { text } = readRules(file);
  const body = { rules: text, ...(limit !== undefined && { limit }) };
  const tried = await callNode<Tried>(requireNode(reachOf(reach)), 'POST', '/v1/admin/risk/try', { body });
  if (json) return console.log(JSON.stringify(tried));
  for (const line of tableOf(tried)) console.log(line);
}

function* tableOf({ payments, inForce, tried, changed, changes }: Tried): Generator<string> {
  if (payments === 0) return yield 'No payment was judged yet: there is nothing to try the rules on.';
  const row = (name: string, cells: readonly (string | number)[]): string =>
    name.padEnd(COLUMN) + cells.map((cell) => String(cell).padStart(COLUMN)).join('');
  yield `${payments} ${payments === 1 ? 'payment' : 'payments'}, the latest:`;
  yield '';
  yield row('', OUTCOMES);
  yield row(
    'in force',
    OUTCOMES.map((outcome) => inForce[outcome]),
  );
  yield row(
    'tried',
    OUTCOMES.map((outcome) => tried[outcome]),
  );
  yield '';
  yield changed === 0 ? 'No payment would have gone otherwise.' : `${changed} would have gone otherwise:`;
  for (const { orderId, customerId, at, inForce: was, tried: becomes, reasons } of changes.slice(
    0,
    CHANGES_SHOWN,
  )) {
    yield `  ${at}  order ${orderId} of ${readable(customerId)}: ${was} → ${becomes}`;
    for (const reason of reasons) yield `      ${readable(reason)}`;
  }
  if (changed > CHANGES_SHOWN) yield `  and ${changed - CHANGES_SHOWN} more`;
}

/** What is told may have been made to confuse a terminal. */
const readable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');

async function show({ json, ...reach }: ReachOptions): Promise<void> {
  const shown = await callNode<{ digest: string; file: string | null; rules: string }>(
    requireNode(reachOf(reach)),
    'GET',
    '/v1/admin/risk/rules',
  );
  if (json) return console.log(JSON.stringify(shown));
  console.error(`${shown.file ?? 'The rules that come with the program'}, ${shown.digest}:`);
  console.log(shown.rules.trimEnd());
}

/** @throws CommandError with every mistake and its line */
function readRules(file: string): {
  text: string;
  rules: Extract<ReturnType<typeof parseRiskRules>, { kind: 'rules' }>['rules'];
} {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const read = parseRiskRules(text);
  if (read.kind === 'rules') return { text, rules: read.rules };
  const lines = read.mistakes.map(({ line, message }) => `  line ${line}: ${message}`);
  if (read.more > 0) lines.push(`  and ${read.more} more`);
  throw new CommandError(`${file} cannot be used:\n${lines.join('\n')}`);
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (!/^\d{1,5}$/.test(text) || limit < 1 || limit > 10_000)
    throw new InvalidArgumentError('It must be a whole number from 1 to 10000.');
  return limit;
}
