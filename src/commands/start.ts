// `doorbuster start`: a node of this process, until a signal ends it.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { describeConfig, loadConfig } from '../config.ts';
import { loadSampleCampaign } from '../demo.ts';
import { makeDemoAccount, type DemoAccount } from '../demo-account.ts';
import { startNode, type RunningNode } from '../main.ts';

interface StartOptions {
  readonly demo?: boolean;
  readonly config?: string;
  readonly printConfig?: boolean;
}

/** Ctrl-C reaches npm and us at once, and npm sends it on: that is one wish, not two. */
const SAME_SIGNAL_MS = 500;

export function addStart(program: Command): void {
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
  const { url } = node;
  if (url === undefined) return console.log(`Ready as node ${config.nodeId}, without HTTP`);
  if (!demo) return console.log(`Ready at ${url}`);
  const { adminToken } = config;
  const products = await unlessItFails(loadSampleCampaign(url, adminToken), isStopping);
  const account = await unlessItFails(makeDemoAccount(url, adminToken), isStopping);
  if (!isStopping()) greet({ url, adminToken, dataDir: config.dataDir, products, account, startedAt });
}

/** A node that runs without its samples is worth more than none. */
async function unlessItFails<T>(made: Promise<T>, isStopping: () => boolean): Promise<T | undefined> {
  try {
    return await made;
  } catch (error) {
    if (!isStopping()) console.error((error as Error).message);
    return undefined;
  }
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

interface Greeting {
  readonly url: string;
  readonly adminToken: string;
  readonly dataDir: string;
  readonly products: readonly string[] | undefined;
  readonly account: DemoAccount | undefined;
  readonly startedAt: number;
}

function greet({ url, adminToken, dataDir, products = [], account, startedAt }: Greeting): void {
  const folder = folderOption(dataDir);
  const [product = 'ember-kettle'] = products;
  const cms =
    account === undefined ? '' : `\n  CMS           ${url}/cms   ${account.email}   ${account.password}`;
  console.log(`
Doorbuster is ready, ${((performance.now() - startedAt) / 1_000).toFixed(1)} s after its start.

  Shop          ${url}/${cms}
  API           ${url}/docs
  Admin token   ${adminToken}

Buy one from another terminal:

  TOKEN=$(curl -s ${url}/v1/dev/tokens -d '{"customerId":"ada"}' | cut -d'"' -f4)
  curl -i ${url}/v1/orders -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $(date +%s)" \\
    -d '{"productId":"${product}","quantity":1}'

Then, from the same folder:

  npx doorbuster audit${folder}
  npm run stampede -- --url ${url}${folder}

Ctrl-C stops.
`);
}

/** Through it, commands of another terminal find the node and its admin token. */
function folderOption(dataDir: string): string {
  if (resolve(dataDir) === resolve('./data')) return '';
  return ` --data-dir ${/^[\w./-]+$/.test(dataDir) ? dataDir : `'${dataDir.replaceAll("'", String.raw`'\''`)}'`}`;
}
