// A real node as a process of its own, for tests that start, kill and ask it. Everything ends with `stop` or `kill`, and
// the folder with `remove`.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeFile } from '../../src/main.ts';
import { dataFiles } from '../../src/runtime/index.ts';
import { copyPostgresTemplate } from '../servers/postgres-template.ts';
import { waitUntil } from './wait-until.ts';

export const ADMIN_TOKEN = 'admin-token-of-the-tests';
export const AUTH_SECRET = 'auth-secret-of-the-tests';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface EngineOptions {
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The sample campaign is loaded; without it a node without products is quicker. */
  readonly demo?: boolean;
}

export interface ProductOptions {
  readonly quantity?: number;
  readonly perCustomerLimit?: number;
  readonly holdSeconds?: number;
  readonly startsInMs?: number;
  readonly endsInMs?: number;
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'doorbuster-test-'));

export class Engine {
  readonly dataDir: string;
  readonly #child: ChildProcess;
  #output = '';
  #url = '';

  private constructor(child: ChildProcess, dataDir: string) {
    this.dataDir = dataDir;
    this.#child = child;
    const keep = (text: Buffer): void => {
      this.#output = (this.#output + text.toString()).slice(-20_000);
    };
    child.stdout!.on('data', keep);
    child.stderr!.on('data', keep);
  }

  /** @throws when it does not become ready, with what it printed */
  static async start({ dataDir: given, env = {}, demo = true }: EngineOptions = {}): Promise<Engine> {
    const dataDir = given ?? temporaryFolder();
    const settings: Record<string, string> = {
      PORT: '0',
      DATA_DIR: dataDir,
      ADMIN_TOKEN,
      AUTH_SECRET,
      LOG_LEVEL: 'warn',
      SHARDS: '16',
      ...env,
    };
    if (settings['DATABASE_URL'] === undefined) copyPostgresTemplate(dataDir);
    const child = spawn(process.execPath, [CLI, 'start', ...(demo ? ['--demo'] : [])], {
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const engine = new Engine(child, dataDir);
    try {
      await waitUntil('the node is ready', () => engine.#hasEnded || engine.#isReady());
      if (engine.#hasEnded) throw new Error(`the node ended with code ${child.exitCode}`);
    } catch (error) {
      await engine.#discard(given);
      throw new Error(`${String(error)}\n${engine.#output}`, { cause: error });
    }
    return engine;
  }

  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get output(): string {
    return this.#output;
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.exited();
  }

  /** SIGKILL: nothing is flushed, nothing is said. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async exited(): Promise<number | null> {
    await waitUntil(
      'the node has ended',
      () => this.#child.exitCode !== null || this.#child.signalCode !== null,
    );
    return this.#child.exitCode;
  }

  /** A start that failed leaves nothing: neither its process nor a folder that was made for it. */
  async #discard(given: string | undefined): Promise<void> {
    if (given === undefined) await this.remove();
    else if (!this.#hasEnded) await this.kill();
  }

  /** Stops it and removes its folder. */
  async remove(): Promise<void> {
    if (!this.#hasEnded) await this.kill();
    this.#removeSocketFolder();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** The next start on the same folder would do it after a kill, and there is none. */
  #removeSocketFolder(): void {
    const note = join(this.dataDir, 'postgres.socket-folder');
    if (!existsSync(note)) return;
    const folder = readFileSync(note, 'utf8').split('\n')[0]!.trim();
    if (folder.startsWith(join(tmpdir(), 'doorbuster-pg-'))) rmSync(folder, { recursive: true, force: true });
  }

  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    { token, key, body, headers = {} }: CallOptions = {},
  ): Promise<Answer<T>> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(key !== undefined && { 'Idempotency-Key': key }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as T,
    };
  }

  async token(customerId: string): Promise<string> {
    const { body } = await this.call<{ token: string }>('POST', '/v1/dev/tokens', { body: { customerId } });
    return body.token;
  }

  async product(id: string, options: ProductOptions = {}): Promise<void> {
    const now = Date.now();
    const { quantity = 100, startsInMs = -1_000, endsInMs = 3_600_000 } = options;
    const product = {
      name: `Product ${id}`,
      startsAt: new Date(now + startsInMs).toISOString(),
      endsAt: new Date(now + endsInMs).toISOString(),
      price: { amount: 1_999, currency: 'EUR' },
      perCustomerLimit: options.perCustomerLimit ?? 1,
      holdSeconds: options.holdSeconds ?? 300,
    };
    const put = await this.call('PUT', `/v1/admin/products/${id}`, { token: ADMIN_TOKEN, body: product });
    if (put.status > 201) throw new Error(`product ${id}: ${JSON.stringify(put.body)}`);
    if (quantity === 0) return;
    const path = `/v1/admin/products/${id}/stock`;
    const load = await this.call('POST', path, { token: ADMIN_TOKEN, key: 'first', body: { quantity } });
    if (load.status !== 200) throw new Error(`stock of ${id}: ${JSON.stringify(load.body)}`);
  }

  buy(token: string, productId: string, key: string, quantity = 1): Promise<Answer> {
    return this.call('POST', '/v1/orders', { token, key, body: { productId, quantity } });
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #isReady(): Promise<boolean> {
    if (this.#url === '') {
      const file = JSON.parse(readFileSync(dataFiles(this.dataDir).nodeFile, 'utf8')) as NodeFile;
      if (file.pid !== this.#child.pid) return false;
      this.#url = file.url.replace('localhost', '127.0.0.1');
    }
    // In demo mode the node is ready a moment before its sample campaign is.
    const isReady = (await fetch(`${this.#url}/readyz`)).ok;
    return isReady && (this.#output.includes('Ready at') || this.#output.includes('is ready'));
  }
}

interface CallOptions {
  readonly token?: string;
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
