// Who takes the money in a demo: a sandbox of the node's own, with secrets that nobody else has.

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Config } from './config.ts';
import type { ProviderConfig } from './payment-config.ts';
import type { SandboxThreadData } from './payment-sandbox-thread.ts';
import { WEBHOOK_PATH } from './payments/webhook.ts';
import { threadFile } from './runtime/thread-file.ts';

export const SANDBOX_FILE = 'payment-sandbox.db';
/** How long "after a while" is. */
export const SANDBOX_LATER_MS = 2_000;

export interface DemoPayments {
  readonly provider: ProviderConfig;
  /** Webhooks go to this node from now on. */
  aim(url: string): void;
  stop(): Promise<void>;
}

const madeUp = (bytes: number): Buffer => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes)));

/** @returns undefined where somebody else takes the money, or nobody: nodes of a cluster need one provider for all of them */
export async function openDemoPayments(
  config: Pick<Config, 'demo' | 'cluster' | 'payments' | 'dataDir' | 'roles'>,
): Promise<DemoPayments | undefined> {
  const { demo, cluster, payments, dataDir, roles } = config;
  if (!demo || cluster !== undefined || payments.provider !== undefined || !roles.has('http'))
    return undefined;
  const secret = madeUp(24).toString('base64url');
  const webhookSecret = `whsec_${madeUp(32).toString('base64')}`;
  const workerData: SandboxThreadData = {
    path: join(dataDir, SANDBOX_FILE),
    secret,
    laterMs: SANDBOX_LATER_MS,
  };
  const thread = new Worker(threadFile('./payment-sandbox-thread', import.meta.url), {
    workerData,
    name: 'payment sandbox',
  });
  const url = await new Promise<string>((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
  });
  // A demo without its sandbox goes on selling; payments wait for the next start.
  thread.on('error', (error: Error) => console.error(`The demo’s payment sandbox ended: ${error.message}`));
  return {
    provider: { url, secret, webhookSecret },
    aim: (node) => thread.postMessage({ url: node + WEBHOOK_PATH, secret: webhookSecret }),
    // What it answered is on the disk.
    stop: async () => void (await thread.terminate()),
  };
}
