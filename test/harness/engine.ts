// A real node as a process of its own, for tests that start, kill and ask it. Everything ends with `stop` or `kill`, and
// the folder with `remove`.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEMO_LIMITS } from '../../src/http/gate/limits/limit-policy.ts';
import type { NodeFile } from '../../src/main.ts';
import { dataFiles } from '../../src/runtime/data-folder.ts';
import type { Database } from '../servers/node-database.ts';
import { ADMIN_TOKEN, AUTH_SECRET, NodeApi } from './node-api.ts';
import { whenAllThreadsStand } from './process-state.ts';
import { SHORT_LIFE } from './short-life.ts';
import { waitUntil } from './wait-until.ts';

export { ADMIN_TOKEN, AUTH_SECRET, type Answer, type ProductOptions } from './node-api.ts';

const BIN = fileURLToPath(new URL('../../bin/doorbuster.js', import.meta.url));
const SOURCE = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export interface EngineOptions {
  readonly dataDir?: string;
  /** In its folder; otherwise a database of a server that runs. Always what the folder began with. */
  readonly isEmbedded?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Not as it is built: what is preloaded changes the modules of the sources. */
  readonly fromSource?: boolean;
  /** The sample products are loaded; without them a node without products is quicker. */
  readonly demo?: boolean;
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'doorbuster-test-'));

/** By the data folder of the node that has it, over all its starts. */
const databases = new Map<string, Database>();

/** @returns the settings, and where its Postgres is when that is not in its folder */
async function withPostgres(
  dataDir: string,
  { env = {}, isEmbedded = false }: EngineOptions,
): Promise<Readonly<Record<string, string>>> {
  if (env['DATABASE_URL'] !== undefined) return env;
  let database = databases.get(dataDir);
  const hasBegun = ['postgres', 'journal.sqlite'].some((name) => existsSync(join(dataDir, name)));
  // They know from vitest what they copy, and a cluster is also started without.
  if (isEmbedded || (hasBegun && database === undefined)) {
    const { copyNodeTemplate } = await import('../servers/postgres-template.ts');
    copyNodeTemplate(dataDir);
    return env;
  }
  if (database === undefined) {
    const { createNodeDatabase } = await import('../servers/node-database.ts');
    databases.set(dataDir, (database = await createNodeDatabase()));
  }
  return { ...env, DATABASE_URL: database.url };
}

export class Engine extends NodeApi {
  readonly dataDir: string;
  readonly #child: ChildProcess;
  #output = '';
  #url = '';

  private constructor(child: ChildProcess, dataDir: string) {
    super();
    this.dataDir = dataDir;
    this.#child = child;
    const keep = (text: Buffer): void => {
      this.#output = (this.#output + text.toString()).slice(-20_000);
    };
    child.stdout!.on('data', keep);
    child.stderr!.on('data', keep);
  }

  /** @throws when it does not become ready, with what it printed */
  static async start(options: EngineOptions = {}): Promise<Engine> {
    const dataDir = options.dataDir ?? temporaryFolder();
    const engine = Engine.spawn({ ...options, dataDir, env: await withPostgres(dataDir, options) });
    try {
      await engine.whenReady();
    } catch (error) {
      await engine.#discard(options.dataDir);
      throw error;
    }
    return engine;
  }

  /** The process alone, which is not ready yet. */
  static spawn(options: EngineOptions & { readonly dataDir: string }): Engine {
    const { dataDir, env = {}, demo = true, fromSource = false } = options;
    const settings: Record<string, string> = {
      PORT: '0',
      DATA_DIR: dataDir,
      ADMIN_TOKEN,
      AUTH_SECRET,
      LOG_LEVEL: 'warn',
      SHARDS: '16',
      SAMPLE_CAMPAIGNS: 'false',
      // Everything comes from one address, and as fast as it can.
      ...DEMO_LIMITS,
      ...env,
    };
    const args = [fromSource ? SOURCE : BIN, 'start', ...(demo ? ['--demo'] : [])];
    const child = spawn(process.execPath, [...SHORT_LIFE, ...args], {
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Engine(child, dataDir);
  }

  /** @throws when it ends before, or never is, with what it printed */
  async whenReady(): Promise<void> {
    try {
      await waitUntil('the node is ready', () => this.hasEnded || this.#isReady());
      if (this.hasEnded) throw new Error(`the node ended with code ${this.#child.exitCode}`);
    } catch (error) {
      throw new Error(`${String(error)}\n${this.#output}`, { cause: error });
    }
  }

  override get url(): string {
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

  /** SIGSTOP, until `signal('SIGCONT')`: it keeps its connections and answers nobody. */
  async freeze(): Promise<void> {
    this.signal('SIGSTOP');
    await whenAllThreadsStand(this.pid);
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
    else if (!this.hasEnded) await this.kill();
  }

  /** Stops it and removes its folder. */
  async remove(): Promise<void> {
    if (!this.hasEnded) await this.kill();
    this.#removeSocketFolder();
    rmSync(this.dataDir, { recursive: true, force: true });
    await databases.get(this.dataDir)?.drop();
    databases.delete(this.dataDir);
  }

  /** The next start on the same folder would do it after a kill, and there is none. */
  #removeSocketFolder(): void {
    const note = join(this.dataDir, 'postgres.socket-folder');
    if (!existsSync(note)) return;
    const folder = readFileSync(note, 'utf8').split('\n')[0]!.trim();
    if (folder.startsWith(join(tmpdir(), 'doorbuster-pg-'))) rmSync(folder, { recursive: true, force: true });
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #isReady(): Promise<boolean> {
    if (this.#output.includes('without HTTP')) return true;
    // In demo mode the node is ready a moment before its sample campaign is. Until it says so, nobody asks it for CPU.
    if (!this.#output.includes('Ready at') && !this.#output.includes('is ready')) return false;
    if (this.#url === '') {
      const file = JSON.parse(readFileSync(dataFiles(this.dataDir).nodeFile, 'utf8')) as NodeFile;
      if (file.pid !== this.#child.pid) return false;
      this.#url = file.url.replace('localhost', '127.0.0.1');
    }
    return (await fetch(`${this.#url}/readyz`)).ok;
  }
}
