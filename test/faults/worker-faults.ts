// A node whose worker threads die when the test says so, and shoppers who repeat what was lost, with its key.

import { existsSync, mkdirSync, rmSync, writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { shardOfProduct } from '../../src/runtime/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { inSeconds, sign } from '../http/tokens.ts';

const SHARDS = 16;
const CLICKERS = 24;

export type Fault = 'hang' | 'throw' | 'exit';

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
      const { body } = await this.engine.call<string>('GET', '/metrics');
      const line = body.split('\n').find((each) => each.startsWith(`${name} `));
      // 0 is a value, too.
      return line === undefined ? undefined : { value: Number(line.slice(name.length + 1)) };
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

export const tokenOf = (customer: string): string => sign({ sub: customer, exp: inSeconds(3_600) });

interface Wish {
  readonly customer: string;
  readonly productId: string;
  readonly key: string;
  orderId: string | undefined;
  refusal: string | undefined;
  /** An answer was lost or unknown: only since then may the order be there before it is acknowledged. */
  mayExist: boolean;
}

/** Shoppers of some products, each with as many wishes as time allows; a wish is repeated until its answer is definite. */
export class Crowd {
  readonly wishes: Wish[] = [];
  /** When it was acknowledged, by product. */
  readonly sales: { readonly productId: string; readonly at: number }[] = [];
  /** 503s by their code. */
  readonly unsettled = new Map<string, number>();
  /** Who was told that nothing had been accepted, and then of an order that had been there. */
  readonly misled: string[] = [];
  readonly #engine: Engine;
  readonly #products: readonly string[];
  readonly #running: Promise<void>[];
  #isOver = false;

  /** @param wishesMax they go home by themselves after so many, all together */
  constructor(engine: Engine, products: readonly string[], wishesMax = Infinity, clickers = CLICKERS) {
    this.#engine = engine;
    this.#products = products;
    this.#running = Array.from({ length: clickers }, () => this.#shop(wishesMax));
  }

  soldSince(at: number): number {
    return this.sales.filter((sale) => sale.at > at).length;
  }

  soldBetween(from: number, to: number): number {
    return this.sales.filter(({ at }) => at > from && at < to).length;
  }

  /** Between one sale and the next. */
  longestPause(): { from: number; to: number; ms: number } {
    let longest = { from: 0, to: 0, ms: 0 };
    for (const [index, { at: to }] of this.sales.entries()) {
      const from = this.sales[index - 1]?.at ?? to;
      if (to - from > longest.ms) longest = { from, to, ms: Math.round(to - from) };
    }
    return longest;
  }

  /** Everybody gets an answer to the last wish. */
  async goHome(): Promise<void> {
    this.#isOver = true;
    await this.allAnswered();
  }

  async allAnswered(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #shop(wishesMax: number): Promise<void> {
    while (!this.#isOver && this.wishes.length < wishesMax) {
      const number = this.wishes.length;
      const productId = this.#products[number % this.#products.length]!;
      const customer = `${this.#products[0]!}-shopper-${number}`;
      const wish: Wish = {
        customer,
        productId,
        key: `key-${number}`,
        orderId: undefined,
        refusal: undefined,
        mayExist: false,
      };
      this.wishes.push(wish);
      await waitUntil(`an answer for ${customer}`, () => this.#ask(wish));
    }
  }

  /** @returns whether the answer is definite */
  async #ask(wish: Wish): Promise<boolean> {
    let answer: Answer;
    try {
      answer = await this.#engine.buy(tokenOf(wish.customer), wish.productId, wish.key);
    } catch {
      wish.mayExist = true;
      return false;
    }
    if (answer.status === 503) {
      const code = String(answer.body['code']);
      this.unsettled.set(code, (this.unsettled.get(code) ?? 0) + 1);
      wish.mayExist ||= code !== 'overloaded';
      return false;
    }
    if (answer.status === 201) {
      if (answer.headers.has('idempotency-replayed') && !wish.mayExist) this.misled.push(wish.customer);
      wish.orderId = String(answer.body['id']);
      this.sales.push({ productId: wish.productId, at: performance.now() });
    } else wish.refusal = String(answer.body['code']);
    return true;
  }
}

/**
 * Whoever was told of an order has it, whoever was told of none has none, and each of them is told the same again. The audit
 * is clean, and counts no order that nobody was told of. @returns orders
 */
export async function expectTruth(engine: Engine, crowds: readonly Crowd[]): Promise<number> {
  const wishes = crowds.flatMap((crowd) => crowd.wishes);
  expect(crowds.flatMap(({ misled }) => misled)).toEqual([]);
  const codes = new Set(crowds.flatMap(({ unsettled }) => [...unsettled.keys()]));
  expect(codes.difference(new Set(['overloaded', 'outcome_unknown']))).toEqual(new Set());
  let next = 0;
  const look = async (): Promise<void> => {
    for (let wish = wishes[next++]; wish !== undefined; wish = wishes[next++]) {
      const { customer, productId, key, orderId, refusal } = wish;
      const token = tokenOf(customer);
      const query = new URLSearchParams({ productId, idempotencyKey: key }).toString();
      const found = await engine.call('GET', `/v1/orders?${query}`, { token });
      if (orderId === undefined)
        expect(found.status, `${customer} was told ${refusal} and has an order`).toBe(404);
      else {
        expect(found.body['id'], `${customer} was acknowledged`).toBe(orderId);
        const again = await engine.buy(token, productId, key);
        expect([again.status, again.body['id']], `${customer} asked again`).toEqual([201, orderId]);
      }
    }
  };
  await Promise.all(Array.from({ length: CLICKERS }, look));
  const acknowledged = wishes.filter(({ orderId }) => orderId !== undefined).length;
  const { body } = await engine.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(body).toMatchObject({ ok: true, violations: [], silentWorkers: [] });
  expect(body.figures).toMatchObject({ orders: acknowledged, rows: acknowledged, recordsNotProjected: 0 });
  return acknowledged;
}
