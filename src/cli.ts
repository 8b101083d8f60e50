// The command line. Each command says what it did, or what is wrong and what to do; --json prints for programs.

import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { Report, Stock } from './actors/index.ts';
import { audit } from './audit.ts';
import { ConfigError, describeConfig, loadConfig } from './config.ts';
import { loadSampleCampaign } from './demo.ts';
import type { NodeReport, NodeShard } from './http/index.ts';
import { startNode, StartError, type RunningNode } from './main.ts';
import { callNode, CommandError, findNode, requireNode, type Reach } from './node-client.ts';
import {
  EmbeddedPostgresUnusable,
  JournalBehindPostgres,
  migrate,
  openPool,
  SchemaRefused,
  startEmbeddedPostgres,
} from './persistence/index.ts';
import {
  dataFiles,
  DataFolderBusy,
  DataFolderUnusable,
  JournalMismatch,
  lockDataFolder,
} from './runtime/index.ts';

interface ReachOptions {
  readonly url?: string;
  readonly adminToken?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

interface StockOptions extends ReachOptions {
  readonly requestId?: string;
}

/** Ctrl-C reaches npm and us at once, and npm sends it on: that is one wish, not two. */
const SAME_SIGNAL_MS = 500;

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('doorbuster')
  .description('A flash-sale engine: every unit is sold exactly once.')
  .version(version, '-v, --version')
  .showHelpAfterError();

program
  .command('start')
  .description('start a node')
  .option(
    '--demo',
    'embedded, with a sample campaign, payments that succeed by themselves, and tokens for everybody',
  )
  .option('--config <file>', 'JSON file of settings; the environment comes first')
  .option('--print-config', 'print every setting as it is in force, secrets hidden, and end')
  .action(start);

const stock = program.command('stock').description('stock of a product');
for (const change of ['load', 'withdraw'] as const) {
  reaching(stock.command(`${change} <product> <quantity>`))
    .description(`${change} units; the same --request-id counts once`)
    .option('--request-id <id>', 'name of this change; made up when not given')
    .action((product: string, quantity: string, options: StockOptions) =>
      changeStock(change, product, wholeUnits(quantity), options),
    );
}
reaching(stock.command('show <product>')).description('count it, in its actor').action(showStock);
reaching(program.command('shards'))
  .description('who owns what: shards that hold products or are not open')
  .option('--all', 'every shard')
  .action(showShards);
reaching(program.command('audit'))
  .description('hold the journal against Postgres; exits 1 on a violation')
  .action(runAudit);

try {
  await program.parseAsync();
} catch (error) {
  console.error(isExpected(error) ? error.message : error);
  process.exit(1);
}

function reaching(command: Command): Command {
  return command
    .option('--url <address>', 'of a running node')
    .option('--admin-token <token>', 'its admin token; ADMIN_TOKEN by default')
    .option('--data-dir <folder>', 'find the node through its folder', process.env['DATA_DIR'] || './data')
    .option('--json', 'print JSON');
}

function reachOf({ url, adminToken, dataDir }: ReachOptions): Reach {
  return { url, adminToken: adminToken ?? process.env['ADMIN_TOKEN'], dataDir: dataDir ?? './data' };
}

async function start({ demo = false, config: file, printConfig }: StartOptions): Promise<void> {
  if (printConfig) return console.log(JSON.stringify(describeConfig(process.env, { demo, file }), null, 2));
  const startedAt = performance.now();
  const config = loadConfig(process.env, { demo, file });
  if (demo) console.log('Starting …');
  const node = await startNode(config);
  const isStopping = stopOnSignals(node);
  void node.failed.then((error) => {
    console.error(`A part of the node died, so the node ends: ${error.message}`);
    process.exit(1);
  });
  if (!demo) return console.log(`Ready at ${node.url}`);
  const products = await sampleProducts(node, config.adminToken, isStopping);
  if (!isStopping()) greet(node, config.adminToken, products, startedAt);
}

/** A node that runs without its samples is worth more than none. */
async function sampleProducts(
  node: RunningNode,
  adminToken: string,
  isStopping: () => boolean,
): Promise<string[]> {
  try {
    return await loadSampleCampaign(node, adminToken);
  } catch (error) {
    if (!isStopping()) console.error((error as Error).message);
    return [];
  }
}

interface StartOptions {
  readonly demo?: boolean;
  readonly config?: string;
  readonly printConfig?: boolean;
}

/** @returns whether it was asked to stop */
function stopOnSignals(node: RunningNode): () => boolean {
  let stoppingSince: number | undefined;
  const onSignal = (signal: string): void => {
    const now = performance.now();
    if (stoppingSince !== undefined) {
      if (now - stoppingSince < SAME_SIGNAL_MS) return;
      console.error(`${signal} again: ending at once. What was answered is durable.`);
      process.exit(130);
    }
    stoppingSince = now;
    console.log(`${signal}: finishing what is under way …`);
    node.stop().then(
      () => {
        console.log('Stopped.');
        process.exit(0);
      },
      (error: unknown) => {
        console.error('The stop failed; what was answered is durable.', error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  // Whoever started us on a Node of its own is gone.
  process.once('disconnect', () => onSignal('the end of the launcher'));
  return () => stoppingSince !== undefined;
}

function greet({ url }: RunningNode, adminToken: string, products: string[], startedAt: number): void {
  const [product = 'ember-kettle'] = products;
  console.log(`
Doorbuster is ready, ${((performance.now() - startedAt) / 1_000).toFixed(1)} s after its start.

  Shop          ${url}/
  API           ${url}/docs
  Admin token   ${adminToken}

Buy one from another terminal:

  TOKEN=$(curl -s ${url}/v1/dev/tokens -d '{"customerId":"ada"}' | cut -d'"' -f4)
  curl -i ${url}/v1/orders -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $(date +%s)" \\
    -d '{"productId":"${product}","quantity":1}'

Then: npx doorbuster audit · npm run stampede -- --url ${url} · Ctrl-C stops.
`);
}

async function changeStock(
  change: 'load' | 'withdraw',
  product: string,
  quantity: number,
  { requestId = randomUUID(), json, ...options }: StockOptions,
): Promise<void> {
  const path = `/v1/admin/products/${encodeURIComponent(product)}/stock`;
  const body = { quantity: change === 'load' ? quantity : -quantity };
  const answer = await callNode<Stock & { duplicate: boolean }>(requireNode(reachOf(options)), 'POST', path, {
    body,
    idempotencyKey: requestId,
  });
  if (json) return console.log(JSON.stringify(answer));
  console.log(answer.duplicate ? `Counted before, as ${requestId}.` : `Done, as ${requestId}.`);
  printStock(product, answer);
}

async function showStock(product: string, { json, ...options }: ReachOptions): Promise<void> {
  const path = `/v1/admin/products/${encodeURIComponent(product)}/stock`;
  const answer = await callNode<Stock>(requireNode(reachOf(options)), 'GET', path);
  if (json) console.log(JSON.stringify(answer));
  else printStock(product, answer);
}

function printStock(product: string, { loaded, available, reserved, sold, withdrawn }: Stock): void {
  console.log(
    `${product}: ${available} available, ${reserved} reserved, ${sold} sold, ${withdrawn} withdrawn of ${loaded} loaded`,
  );
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

async function runAudit({ json, ...options }: ReachOptions): Promise<void> {
  const reach = reachOf(options);
  const node = findNode(reach);
  const report: Report & Partial<NodeReport> = node
    ? await callNode<NodeReport>(node, 'GET', '/v1/admin/audit')
    : await auditFolder(reach.dataDir);
  if (json) console.log(JSON.stringify(report));
  else printReport(report);
  const { silentWorkers: silent = [] } = report;
  if (!json && silent.length > 0) console.log(`Not looked at: live actors of workers ${silent.join(', ')}.`);
  if (!report.ok) process.exitCode = 1;
}

/** Nobody runs here: the files themselves are read. */
async function auditFolder(dataDir: string): Promise<Report> {
  if (!existsSync(dataFiles(dataDir).journal)) {
    throw new CommandError(
      `There is no journal in DATA_DIR ${dataDir}. Name another: --data-dir, or --url of a running node.`,
    );
  }
  const folder = lockDataFolder(dataDir);
  const databaseUrl = process.env['DATABASE_URL'];
  const postgres = databaseUrl === undefined ? await startEmbeddedPostgres(dataDir) : undefined;
  try {
    const connection = postgres?.connection ?? { connectionString: databaseUrl! };
    const pool = openPool(connection, 1, 'doorbuster audit');
    try {
      await migrate(pool);
    } finally {
      await pool.end();
    }
    return await audit({ journal: folder.journal, snapshots: folder.snapshots, connection, live: [] });
  } finally {
    await postgres?.stop();
    folder.release();
  }
}

function printReport({ ok, invariants, violations, figures }: Report): void {
  console.log('');
  for (const { invariant, title, checks, violations: broken } of invariants) {
    const mark = broken > 0 ? '✗' : checks > 0 ? '✓' : '·';
    const told =
      broken > 0 ? `${broken} VIOLATED of ${checks}` : checks > 0 ? `${checks} checks` : 'not looked at here';
    console.log(`${mark} ${String(invariant).padStart(2)}  ${title} (${told})`);
  }
  console.log('');
  for (const [figure, value] of Object.entries(figures)) console.log(`  ${figure.padEnd(20)} ${value}`);
  for (const { invariant, what } of violations) console.log(`  invariant ${invariant}: ${what}`);
  console.log(ok ? '\nClean.' : '\nNOT CLEAN.');
}

function wholeUnits(text: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`the quantity is a whole number above 0, not ${text}`);
}

function isExpected(error: unknown): error is Error {
  const kinds = [
    CommandError,
    ConfigError,
    DataFolderBusy,
    DataFolderUnusable,
    EmbeddedPostgresUnusable,
    InvalidArgumentError,
    JournalBehindPostgres,
    JournalMismatch,
    SchemaRefused,
    StartError,
  ];
  return kinds.some((kind) => error instanceof kind);
}
