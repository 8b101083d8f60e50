// A real S3-compatible server for tests: OpenStack Swift, whole, in one process (bucket-server.py), on a free loopback port, in a
// temporary folder, with a bucket and a key that may write into it.
//
// Whoever starts it stops it; should the process end before, the server ends with it. The folder goes with the server.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AwsClient } from 'aws4fetch';
import { waitUntil } from '../harness/wait-until.ts';
import { freePort } from './free-port.ts';
import { installPackage } from './package.ts';

const PACKAGE = 'python3-swift';
/** Debian's own, which its packages belong to. */
const PYTHON = '/usr/bin/python3';
const PROGRAM = fileURLToPath(new URL('./bucket-server.py', import.meta.url));

export const BUCKET_KEY = {
  accessKeyId: 'shop:uploader',
  secretAccessKey: 'secret-of-the-tests',
  region: 'us-east-1',
} as const;
export const BUCKET = 'assets';

export interface BucketObject {
  readonly bytes: Uint8Array;
  readonly contentType: string | null;
  readonly cacheControl: string | null;
}

export async function startBucket(): Promise<BucketServer> {
  assertSwift();
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-bucket-'));
  const server = new BucketServer(await freePort(), folder);
  try {
    await server.start();
    await server.makeBucket();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

export class BucketServer {
  readonly port: number;
  readonly #folder: string;
  readonly #client = new AwsClient({ ...BUCKET_KEY, service: 's3', retries: 0 });
  #child: ChildProcess | undefined;
  #output = '';
  readonly #endWithProcess = (): void => {
    this.#child?.kill('SIGKILL');
    this.#removeFolder();
  };

  constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
    process.once('exit', this.#endWithProcess);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What it holds stays from start to start. */
  async start(): Promise<void> {
    const { accessKeyId, secretAccessKey } = BUCKET_KEY;
    const args = [PROGRAM, this.#folder, String(this.port), accessKeyId, secretAccessKey];
    const child = spawn(PYTHON, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#output = '';
    const keep = (text: Buffer): string => (this.#output = (this.#output + text.toString()).slice(-4_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#child = child;
    await waitUntil(
      'the bucket answers',
      () => child.exitCode !== null || this.#output.includes('ready'),
      () => this.#output,
    );
    if (child.exitCode !== null) throw new Error(`the bucket's server ended at once: ${this.#output}`);
  }

  async makeBucket(): Promise<void> {
    const { status } = await this.#client.fetch(`${this.endpoint}/${BUCKET}`, { method: 'PUT' });
    if (status !== 200) throw new Error(`the bucket cannot be made: ${status}`);
  }

  /** Undefined: it is not there. */
  async object(key: string): Promise<BucketObject | undefined> {
    const response = await this.#client.fetch(`${this.endpoint}/${BUCKET}/${key}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw new Error(`the bucket answers ${response.status}`);
    const { headers } = response;
    return { bytes, contentType: headers.get('content-type'), cacheControl: headers.get('cache-control') };
  }

  /** Keys of at most 1,000 objects. */
  async keys(): Promise<string[]> {
    const response = await this.#client.fetch(`${this.endpoint}/${BUCKET}?list-type=2`);
    return [...(await response.text()).matchAll(/<Key>([^<]*)<\/Key>/g)].map((match) => match[1]!);
  }

  /** SIGKILL, as when its machine dies. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    process.removeListener('exit', this.#endWithProcess);
    this.#removeFolder();
  }

  #removeFolder(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Installed when it is missing and that is possible. */
export function assertSwift(): void {
  if (isThere()) return;
  installPackage(PACKAGE, 'The tests of buckets need the S3-compatible server of OpenStack Swift.');
  if (!isThere()) throw new Error(`The package "${PACKAGE}" is installed, but brought no server`);
}

const isThere = (): boolean =>
  spawnSync(PYTHON, ['-c', "from importlib.util import find_spec; find_spec('swift.obj') or exit(1)"])
    .status === 0;
