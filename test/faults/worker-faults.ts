// A node whose worker threads die when the test says so.

import { existsSync, mkdirSync, rmSync, writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { shardOfProduct } from '../../src/runtime/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';

const SHARDS = 16;
const NODE = 'a';

/** `spin` is a hang that takes a whole processor. */
export type Fault = 'hang' | 'spin' | 'throw' | 'exit';

export interface ShardRow {
  readonly shard: number;
  readonly worker: number;
  readonly epoch: number | null;
  readonly phase: string;
  readonly reason: string | null;
}

interface FaultyOptions {
  readonly early?: { readonly worker: number; readonly fault: Fault; readonly isFirst?: boolean };
  readonly dataDir?: string;
}

export class FaultyEngine {
  readonly engine: Engine;
  readonly #folder: string;
  /** Names of products that were given out. */
  #named = 0;

  private constructor(engine: Engine, folder: string) {
    this.engine = engine;
    this.#folder = folder;
  }

  /** @param early what a worker thread does as soon as it is there, or before all else; its shards are not open yet */
  static async start(
    env: Readonly<Record<string, string>>,
    { early, dataDir = temporaryFolder() }: FaultyOptions = {},
  ): Promise<FaultyEngine> {
    const folder = join(dataDir, 'faults');
    mkdirSync(folder);
    if (early !== undefined) {
      writeFileSync(join(folder, `${early.worker}${early.isFirst ? '.first' : ''}`), early.fault);
    }
    const preload = new URL('worker-fault.ts', import.meta.url).href;
    const engine = await Engine.start({
      dataDir,
      demo: false,
      env: {
        NODE_OPTIONS: `--import=${preload}`,
        WORKER_FAULTS: folder,
        SHARDS: `${SHARDS}`,
        NODE_ID: NODE,
        ...env,
      },
    });
    return new FaultyEngine(engine, folder);
  }

  /** Resolves when the thread has begun to do it. */
  async order(worker: number, fault: Fault): Promise<void> {
    const file = join(this.#folder, `${worker}`);
    rmSync(`${file}.taken`, { force: true });
    writeFileSync(`${file}.new`, fault);
    renameSync(`${file}.new`, file);
    await waitUntil(`worker ${worker} was reached`, () => existsSync(`${file}.taken`));
  }

  /** What the next thread of this number does before all else. */
  orderFirst(worker: number, fault: Fault): void {
    writeFileSync(join(this.#folder, `${worker}.first`), fault);
  }

  /** However often a connection ends with its thread. */
  async shards(): Promise<ShardRow[]> {
    return waitUntil('the list of shards', async () => {
      const { status, body } = await this.engine.call<{ shards: ShardRow[] }>('GET', '/v1/admin/shards', {
        token: ADMIN_TOKEN,
      });
      return status === 200 && body.shards;
    });
  }

  /** After a death one thread has all shards: both have half of them again. */
  async spread(): Promise<void> {
    await this.bothServe();
    const shards = [...Array(SHARDS).keys()];
    const pins = [0, 1].map((worker) => ({
      shards: shards.filter((shard) => shard % 2 === worker),
      node: NODE,
      worker,
    }));
    const file = JSON.stringify({ strategy: 'rendezvous', pins });
    const { engine } = this;
    await waitUntil('both threads have shards', async () => {
      const rows = await this.shards();
      if (rows.every(({ shard, worker, phase }) => worker === shard % 2 && phase === 'open')) return true;
      const { body } = await engine.admin<{ revision: number; running: boolean }>('GET', '/placement');
      if (!body.running) await engine.admin('POST', '/placement', { file, revision: body.revision });
      return false;
    });
  }

  async bothServe(): Promise<void> {
    await waitUntil(
      'both threads serve',
      async () => (await this.metric('doorbuster_worker_threads{state="answering"}')) === 2,
    );
  }

  async metric(name: string): Promise<number> {
    return waitUntil(`the metric ${name}`, async () => {
      const value = await this.engine.metric(name);
      // 0 is a value, too.
      return value === undefined ? undefined : { value };
    }).then(({ value }) => value);
  }

  /** Products of this worker, named so that their shards are its own; others each time. */
  async productsOf(worker: number, count: number): Promise<string[]> {
    const own = new Set(
      (await this.shards()).filter((row) => row.worker === worker).map(({ shard }) => shard),
    );
    const names: string[] = [];
    while (names.length < count) {
      const name = `of-${worker}-${this.#named++}`;
      if (own.has(shardOfProduct(name, SHARDS))) names.push(name);
    }
    return names;
  }
}
