// A real Redis for tests, or a sentinel: a server of its own, on a free loopback port, in a temporary folder, started as what is
// shipped is (deploy/redis). It keeps nothing: it is a cache.
//
// Whoever starts it stops it; should the process end before, the server ends with it. The folder goes with the server.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../harness/wait-until.ts';
import { freePort } from './free-port.ts';
import { installPackage } from './package.ts';
import { shippedFile } from './shipped-file.ts';

const BINARY = 'redis-server';
const ANSWER_MS_MAX = 2_000;

type Configuration = 'redis.conf' | 'sentinel.conf';

export type RedisSettings = Readonly<Record<string, string | number>>;

/** @param settings beside those that are shipped */
export async function startRedis(settings: RedisSettings = {}, port?: number): Promise<RedisServer> {
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return startAs('redis.conf', lines, port);
}

/** @param lines what it watches */
export const startSentinel = (lines: readonly string[]): Promise<RedisServer> =>
  startAs('sentinel.conf', lines);

async function startAs(
  configuration: Configuration,
  lines: readonly string[],
  port?: number,
): Promise<RedisServer> {
  assertRedis();
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-redis-'));
  const server = new RedisServer(port ?? (await freePort()), folder, configuration, lines);
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #output = '';
  readonly #endWithProcess = (): void => {
    this.#child?.kill('SIGKILL');
    this.#removeFolder();
  };

  constructor(port: number, folder: string, configuration: Configuration, lines: readonly string[]) {
    this.port = port;
    this.folder = folder;
    this.#args = [
      shippedFile('redis/start.sh'),
      shippedFile(`redis/${configuration}`),
      folder,
      `port ${port}`,
      'bind 127.0.0.1',
      ...lines,
    ];
    process.once('exit', this.#endWithProcess);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Again on the same port; what it became meanwhile (a sentinel writes that into its file) it stays. */
  async start(): Promise<void> {
    const child = spawn('sh', this.#args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (text: Buffer): string => (this.#output = (this.#output + text.toString()).slice(-4_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#child = child;
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
    await waitUntil(
      'Redis answers',
      async () => hasEnded() || isAnswer(await this.ask('PING')),
      () => this.#output,
    );
    if (hasEnded()) throw new Error(`redis-server ended at once: ${this.#output}`);
  }

  /** One command on a connection of its own. @returns the first line of the answer, as the protocol has it */
  async ask(command: string): Promise<string> {
    const text = await this.askAll(command);
    return text.slice(0, text.indexOf('\r\n'));
  }

  /** The same. @returns as much of the answer as came with its first line: with these short answers, all of it */
  askAll(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${command}\r\n`));
      let text = '';
      socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error('Redis does not answer')));
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('Redis ended the connection')));
      socket.on('data', (bytes: Buffer) => {
        text += bytes.toString();
        const end = text.indexOf('\r\n');
        if (end < 0) return;
        resolve(text);
        socket.destroy();
      });
    });
  }

  /** It keeps its connections and answers nothing until `thaw`. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** An orderly end; its folder stays until `stop`. */
  halt(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** SIGKILL, as when the machine dies. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Ends the server and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    process.removeListener('exit', this.#endWithProcess);
    this.#removeFolder();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await exited;
  }

  #removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Installed when it is missing and that is possible. */
export function assertRedis(): void {
  if (isThere()) return;
  installPackage(BINARY, 'The tests with Redis need redis-server on the PATH.');
  // The package may have started a server of its own; before the package there was none.
  spawnSync('service', [BINARY, 'stop']);
  if (!isThere()) throw new Error(`The package "${BINARY}" is installed, but brought no server`);
}

/** Also of a server that wants a password first. */
const isAnswer = (line: string): boolean => line === '+PONG' || line.startsWith('-NOAUTH');

const isThere = (): boolean => spawnSync(BINARY, ['--version']).status === 0;
