// A node and an echo in turn (A B A B …) under the same load: the same generator, the same requests, the same number of
// connections and worker threads, the same listener. The other one idles meanwhile, and Postgres has caught up before the
// echo's turn, so that neither takes the other's CPU. A first turn does not count: V8 compiles both meanwhile.

import { availableParallelism } from 'node:os';
import type { Report } from '../src/actors/index.ts';
import { callNode } from '../src/node-client.ts';
import { Forked } from './forked.ts';
import type { Preparation, Rush, RushReport } from './load.ts';
import { startOwnNode, type OwnNode } from './own-node.ts';
import { cpuTimeOf, plus, since, total, type CpuTime } from './process-cpu.ts';
import { round, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

export interface DuelOptions {
  /** What the node's answers are called. */
  readonly what: string;
  /** What its answers must be to count. */
  readonly status: number;
  readonly text: string;
  /** In stock; a purchase that finds none is `sold_out`. */
  readonly units: number;
}

/** One side's figures, over all its turns with one number of connections. */
interface Side {
  counted: number;
  elapsedMs: number;
  all: number;
  others: number;
  latencies: number[];
  cpu: CpuTime;
  generatorMicros: number;
}

const PRODUCT = 'hot';
const SECRET = 'secret-of-the-benchmark';
const CONNECTIONS = [64, 256];
const TURN_SECONDS = 2.5;
const WARM_UP_MS_MAX = 1_000;
/** Enough for the warm-up and the turn; a turn that uses them up ends early. */
const REQUESTS_PER_SECOND_MAX = 60_000;
const CAUGHT_UP_MAX_MS = 300_000;
const POLL_MS = 50;
const DAY_MS = 86_400_000;

export class HttpDuel {
  readonly #node: OwnNode;
  readonly #echo: Forked;
  readonly #echoPort: number;
  readonly #load: Forked;
  readonly #options: DuelOptions;
  #customers = 0;
  #catchUpSeconds = 0;

  private constructor(node: OwnNode, echo: Forked, echoPort: number, load: Forked, options: DuelOptions) {
    this.#node = node;
    this.#echo = echo;
    this.#echoPort = echoPort;
    this.#load = load;
    this.#options = options;
  }

  static async start(options: DuelOptions): Promise<HttpDuel> {
    const workers = process.env['WORKERS'] ?? String(availableParallelism());
    const node = await startOwnNode({ AUTH_SECRET: SECRET, WORKERS: workers });
    const echo = new Forked('./echo.ts', [workers]);
    const duel = new HttpDuel(node, echo, await echo.next<number>(), new Forked('./load.ts'), options);
    await duel.#makeProduct();
    return duel;
  }

  async run({ seconds, connections = CONNECTIONS, threads, say }: ScenarioOptions): Promise<ScenarioResult> {
    const turns = Math.max(1, Math.round(seconds / TURN_SECONDS));
    const turnMs = (seconds * 1_000) / turns;
    const { what } = this.#options;
    const figures: Record<string, number> = {};
    const ratios: number[] = [];
    say('  one turn to warm up');
    const warm = newSide();
    await this.#turn(connections[0]!, turnMs, warm, newSide());
    let answers = warm.all;
    let acceptedElsewhere = 0;
    let cpu: CpuTime = new Map();
    for (const count of connections) {
      const [ours, theirs] = [newSide(), newSide()];
      for (let turn = 0; turn < turns; turn++) {
        await this.#turn(count, turnMs, ours, theirs);
        const { counted, elapsedMs } = ours;
        say(
          `  ${count} connections, after turn ${turn + 1} of ${turns}: ${rate({ counted, elapsedMs })} ${what}/s, ${rate(theirs)} echoes/s`,
        );
      }
      answers += ours.all;
      acceptedElsewhere += ours.others + theirs.others;
      cpu = plus(cpu, ours.cpu);
      const ratio = rate(ours) / rate(theirs);
      ratios.push(ratio);
      Object.assign(figures, {
        [`${what}PerSecond${count}`]: rate(ours),
        [`echoesPerSecond${count}`]: rate(theirs),
        [`ratio${count}`]: round(ratio),
        [`p50Ms${count}`]: percentileMs(ours, 0.5),
        [`p99Ms${count}`]: percentileMs(ours, 0.99),
        [`echoP99Ms${count}`]: percentileMs(theirs, 0.99),
        [`cpuMicros${count}`]: round(total(ours.cpu) / ours.all),
        [`echoCpuMicros${count}`]: round(total(theirs.cpu) / theirs.all),
        [`generatorCpuMicros${count}`]: round(ours.generatorMicros / ours.counted),
      });
    }
    const report = await callNode<Report>(this.#node, 'GET', '/v1/admin/audit');
    const unaccounted = await this.#unaccounted(answers);
    if (threads) {
      const byTime = [...cpu].sort(([, one], [, other]) => other - one);
      for (const [name, micros] of byTime) {
        if (micros > 0) figures[`cpuMicros of ${name}`] = round(micros / answers);
      }
    }
    return {
      // The worse of them: whoever promises a ratio has to keep it at any number of connections.
      ratio: round(Math.min(...ratios)),
      ...figures,
      otherAnswers: acceptedElsewhere,
      secondsToCatchUp: round(this.#catchUpSeconds),
      violations: report.violations.length + unaccounted,
    };
  }

  async stop(): Promise<void> {
    await Promise.all([this.#load.stop(), this.#echo.stop(), this.#node.stop()]);
  }

  async #turn(connections: number, measureMs: number, ours: Side, theirs: Side): Promise<void> {
    const warmUpMs = Math.min(WARM_UP_MS_MAX, measureMs);
    const count = Math.ceil(((warmUpMs + measureMs) / 1_000) * REQUESTS_PER_SECOND_MAX);
    const from = this.#customers;
    this.#customers += count;
    const preparation: Preparation = { kind: 'prepare', productId: PRODUCT, secret: SECRET, from, count };
    await this.#load.ask(preparation);
    const { status, text } = this.#options;
    const rush: Omit<Rush, 'port' | 'status' | 'text' | 'repeat'> = {
      kind: 'rush',
      connections,
      warmUpMs,
      measureMs,
    };
    const port = Number(new URL(this.#node.url).port);
    await this.#rush({ ...rush, port, status, text, repeat: status !== 201 }, this.#node.pid, ours, () =>
      this.#caughtUp(),
    );
    await this.#rush(
      { ...rush, port: this.#echoPort, status: 201, text: PRODUCT, repeat: true },
      this.#echo.pid,
      theirs,
    );
  }

  /** @param settled resolves when all work that the answers left behind is done: it is part of their cost */
  async #rush(
    rush: Rush,
    pid: number,
    side: Side,
    settled = async (): Promise<void> => undefined,
  ): Promise<void> {
    const before = cpuTimeOf(pid);
    const report = await this.#load.ask<RushReport>(rush);
    await settled();
    side.cpu = plus(side.cpu, since(before, cpuTimeOf(pid)));
    side.counted += report.counted;
    side.elapsedMs += report.elapsedMs;
    side.all += report.all;
    side.others += Object.values(report.others).reduce((sum, count) => sum + count, 0);
    side.generatorMicros += report.cpuMicros;
    for (const micros of report.latencies) side.latencies.push(micros);
  }

  /** Waits until Postgres has all that was journaled before now. */
  async #caughtUp(): Promise<void> {
    const startedAt = performance.now();
    const from = Date.now();
    while ((await this.#projectedUpTo()) < from) {
      if (performance.now() - startedAt > CAUGHT_UP_MAX_MS)
        throw new Error(`Postgres did not catch up within ${CAUGHT_UP_MAX_MS / 1_000} s`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    this.#catchUpSeconds += (performance.now() - startedAt) / 1_000;
  }

  /** Epoch milliseconds, at least. */
  async #projectedUpTo(): Promise<number> {
    const now = Date.now();
    const text = await (await fetch(`${this.#node.url}/metrics`)).text();
    const lag = /^doorbuster_projection_lag_seconds (\S+)$/m.exec(text)?.[1];
    if (lag === undefined) throw new Error('the node tells no doorbuster_projection_lag_seconds');
    return now - Number(lag) * 1_000;
  }

  /** Every 201 must be an order of the actor, and every order a 201. */
  async #unaccounted(answers: number): Promise<number> {
    if (this.#options.status !== 201) return 0;
    const path = `/v1/admin/products/${PRODUCT}/stock`;
    const { reserved } = await callNode<{ reserved: number }>(this.#node, 'GET', path);
    return Math.abs(reserved - answers);
  }

  async #makeProduct(): Promise<void> {
    const now = Date.now();
    const body = {
      name: 'Hot product',
      startsAt: new Date(now - DAY_MS).toISOString(),
      endsAt: new Date(now + DAY_MS).toISOString(),
      price: { amount: 4_900, currency: 'EUR' },
      perCustomerLimit: 1,
      holdSeconds: 86_400,
    };
    const path = `/v1/admin/products/${PRODUCT}`;
    await callNode(this.#node, 'PUT', path, { body });
    const quantity = this.#options.units;
    if (quantity > 0)
      await callNode(this.#node, 'POST', `${path}/stock`, { body: { quantity }, idempotencyKey: 'all' });
  }
}

const newSide = (): Side => ({
  counted: 0,
  elapsedMs: 0,
  all: 0,
  others: 0,
  latencies: [],
  cpu: new Map(),
  generatorMicros: 0,
});

const rate = ({ counted, elapsedMs }: Pick<Side, 'counted' | 'elapsedMs'>): number =>
  Math.round(counted / (elapsedMs / 1_000));

function percentileMs({ latencies }: Side, part: number): number {
  const sorted = Uint32Array.from(latencies).sort();
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]! / 1_000);
}
