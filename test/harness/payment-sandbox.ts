// The payment sandbox as a process of its own, as `doorbuster payment-sandbox` starts it, and what it took and gave back.

import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { waitUntil } from './wait-until.ts';

const BIN = fileURLToPath(new URL('../../bin/doorbuster.js', import.meta.url));

export const PAYMENT_SECRET = 'payment-secret-of-the-tests';
export const PAYMENT_WEBHOOK_SECRET = `whsec_${Buffer.from('webhook-secret-of-all-the-tests!').toString('base64')}`;

export interface SandboxProcessOptions {
  /** Its file is in it. */
  readonly folder: string;
  /** Of the node. */
  readonly webhookUrl?: string;
  readonly laterMs?: number;
}

export interface Movement {
  readonly orderId: string;
  readonly kind: 'capture' | 'refund';
  readonly amount: number;
}

export class SandboxProcess {
  readonly #child: ChildProcess;
  readonly #path: string;
  #output = '';

  private constructor(child: ChildProcess, path: string) {
    this.#child = child;
    this.#path = path;
    const keep = (text: Buffer): void => void (this.#output += text.toString());
    child.stdout!.on('data', keep);
    child.stderr!.on('data', keep);
  }

  /** @throws when it does not become ready, with what it printed */
  static async start({ folder, webhookUrl, laterMs = 500 }: SandboxProcessOptions): Promise<SandboxProcess> {
    const path = join(folder, 'sandbox.db');
    const webhooks = webhookUrl === undefined ? [] : ['--webhook-url', webhookUrl];
    const child = spawn(
      process.execPath,
      [BIN, 'payment-sandbox', '--data', path, '--later-ms', `${laterMs}`, ...webhooks],
      { env: { ...process.env, PAYMENT_SECRET, PAYMENT_WEBHOOK_SECRET }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const sandbox = new SandboxProcess(child, path);
    await waitUntil(
      'the sandbox is ready',
      () => sandbox.#output.includes('ready at'),
      () => sandbox.#output,
    );
    return sandbox;
  }

  get url(): string {
    return /ready at (\S+)/.exec(this.#output)![1]!;
  }

  /** What a node needs to pay here. */
  get env(): Record<string, string> {
    return { PAYMENT_URL: this.url, PAYMENT_SECRET, PAYMENT_WEBHOOK_SECRET };
  }

  /** Everything that was ever taken and given back. */
  movements(): Movement[] {
    const database = new DatabaseSync(this.#path, { readOnly: true });
    try {
      return database
        .prepare('SELECT order_id AS "orderId", kind, amount FROM movements')
        .all() as unknown as Movement[];
    } finally {
      database.close();
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill(signal);
    await ended;
  }
}
