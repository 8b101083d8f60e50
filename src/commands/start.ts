// `doorbuster start`: a node of this process, until a signal ends it.

import type { Command } from 'commander';
import { describeConfig, loadConfig } from '../config.ts';
import { loadSampleCampaign } from '../demo.ts';
import { makeDemoAccount } from '../demo-account.ts';
import { openDemoDesk } from '../demo-desk.ts';
import { greeting } from './greeting.ts';
import { startNode } from '../main.ts';

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
      'embedded, with sample campaigns, payments that succeed by themselves, and tokens for everybody',
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
  const { url, postgres } = node;
  const desk =
    postgres !== undefined && url !== undefined && config.hasSampleCampaigns
      ? openDemoDesk(config, postgres)
      : undefined;
  const isStopping = stopOnSignals(async () => {
    await desk?.stop();
    await node.stop();
  });
  void node.failed.then((error) => {
    console.error(`A part of the node died, so the node ends: ${error.message}`);
    process.exit(1);
  });
  if (url === undefined) return console.log(`Ready as node ${config.nodeId}, without HTTP`);
  if (!demo) return console.log(`Ready at ${url}`);
  const { adminToken, dataDir } = config;
  const made = await Promise.all([
    unlessItFails(loadSampleCampaign(url, adminToken), isStopping),
    desk && unlessItFails(desk.make(url), isStopping),
    unlessItFails(makeDemoAccount(url, adminToken), isStopping),
  ]);
  if (isStopping()) return;
  const [products, campaigns, account] = made;
  console.log(greeting({ url, adminToken, dataDir, products, campaigns, account, startedAt }));
  await desk?.illustrate(campaigns ?? []);
  await desk?.stop();
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
function stopOnSignals(stop: () => Promise<void>): () => boolean {
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
    stop().then(
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
