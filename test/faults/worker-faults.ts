// A node whose worker threads die when the test says so.

import { existsSync, mkdirSync, rmSync, writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { shardOfProduct } from '../../src/runtime/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';

const SHARDS = 16;

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
      env: { NODE_OPTIONS: `--import=${preload}`, WORKER_FAULTS: folder, SHARDS: `${SHARDS}`, ...env },
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

  async metric(name: string): Promise<number> {
    return waitUntil(`the metric ${name}`, async () => {
      const value = await this.engine.metric(name);
      // 0 is a value, too.
      return value === undefined ? undefined : { value };
    }).then(({ value }) => value);
  }

  /** Products of this worker, named so that their shards are its own. */
  async productsOf(worker: number, count: number): Promise<string[]> {
    const own = new Set(
      (await this.shards()).filter((row) => row.worker === worker).map(({ shard }) => shard),
    );
    const names: string[] = [];
    for (let n = 0; names.length < count; n++) {
      const name = `of-${worker}-${n}`;
      if (own.has(shardOfProduct(name, SHARDS))) names.push(name);
    }
    return names;
  }
}
