// A node, or several, and an echo in turn (A B A B …) under the same load: the same generator, the same requests, the same number
// of connections and worker threads, the same listener. The others idle meanwhile, and Postgres has caught up before the next
// turn, so that none takes another's CPU. A first turn does not count: V8 compiles all of them meanwhile.

import { availableParallelism } from 'node:os';
import { callNode } from '../src/node-client.ts';
import { newSide, percentileMs, rate, type Side } from './duel-side.ts';
import { Forked } from './forked.ts';
import { openHotSale, secondsToCatchUp } from './hot-sale.ts';
import type { Preparation, Rush, RushReport } from './load.ts';
import type { OwnNode } from './own-node.ts';
import { cpuTimeOf, plus, since, total, type CpuTime } from './process-cpu.ts';
import { round, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

export interface DuelNode {
  /** At the end of its figures' names; nothing for the only one. */
  readonly name: '' | 'Sqlite' | 'R1' | 'R3';
  readonly node: OwnNode;
  /** @returns violations */
  audit(): Promise<number>;
}

export interface DuelOptions {
  /** What the node's answers are called. */
  readonly what: string;
  /** What its answers must be to count. */
  readonly status: number;
  readonly text: string;
  /** In stock; a purchase that finds none is `sold_out`. */
  readonly units: number;
}

/** Of one turn, or several with one number of connections. */
interface Sides {
  readonly nodes: ReadonlyMap<DuelNode, Side>;
  readonly echo: Side;
}

const PRODUCT = 'hot';
const SECRET = 'secret-of-the-benchmark';
const CONNECTIONS = [64, 256];
const TURN_SECONDS = 2.5;
const WARM_UP_MS_MAX = 1_000;
/** Enough for the warm-up and the turn; a turn that uses them up ends early. */
const REQUESTS_PER_SECOND_MAX = 60_000;
const REQUESTS_PER_SECOND_OF_CONNECTION_MAX = 5_000;

export class HttpDuel {
  readonly #nodes: readonly DuelNode[];
  readonly #echo: Forked;
  readonly #echoPort: number;
  readonly #load: Forked;
  readonly #options: DuelOptions;
  #customers = 0;
  #catchUpSeconds = 0;

  private constructor(
    nodes: readonly DuelNode[],
    echo: Forked,
    echoPort: number,
    load: Forked,
    options: DuelOptions,
  ) {
    this.#nodes = nodes;
    this.#echo = echo;
    this.#echoPort = echoPort;
    this.#load = load;
    this.#options = options;
  }

  /** @param start the nodes, with settings that all of them have to have; whoever started them stops them */
  static async start(
    options: DuelOptions,
    start: (env: Readonly<Record<string, string>>) => Promise<readonly DuelNode[]>,
  ): Promise<HttpDuel> {
    const workers = process.env['WORKERS'] ?? String(availableParallelism());
    const nodes = await start({ AUTH_SECRET: SECRET, WORKERS: workers });
    const echo = new Forked('./echo.ts', [workers]);
    const duel = new HttpDuel(nodes, echo, await echo.next<number>(), new Forked('./load.ts'), options);
    for (const { node } of nodes) await openHotSale(node, PRODUCT, options.units);
    return duel;
  }

  async run({ seconds, connections = CONNECTIONS, threads, say }: ScenarioOptions): Promise<ScenarioResult> {
    const turns = Math.max(1, Math.round(seconds / TURN_SECONDS));
    const turnMs = (seconds * 1_000) / turns;
    const { what } = this.#options;
    const figures: Record<string, number> = {};
    const ratios: number[] = [];
    const answers = new Map(this.#nodes.map((each) => [each, 0]));
    const count = (sides: Sides): void => {
      for (const [node, { all }] of sides.nodes) answers.set(node, answers.get(node)! + all);
    };
    say('  one turn to warm up');
    const warm = this.#newSides();
    await this.#turn(connections[0]!, turnMs, warm);
    count(warm);
    let otherAnswers = 0;
    const cpu = new Map<DuelNode, CpuTime>();
    for (const lanes of connections) {
      const sides = this.#newSides();
      for (let turn = 0; turn < turns; turn++) {
        await this.#turn(lanes, turnMs, sides);
        const rates = [...sides.nodes].map(
          ([{ name }, side]) => `${rate(side)} ${what}/s${name && ` ${name}`}`,
        );
        say(
          `  ${lanes} connections, after turn ${turn + 1} of ${turns}: ${rates.join(', ')}, ${rate(sides.echo)} echoes/s`,
        );
      }
      count(sides);
      Object.assign(figures, echoFigures(sides.echo, lanes));
      otherAnswers += sides.echo.others;
      for (const [node, side] of sides.nodes) {
        otherAnswers += side.others;
        cpu.set(node, plus(cpu.get(node) ?? new Map(), side.cpu));
        ratios.push(rate(side) / rate(sides.echo));
        Object.assign(figures, this.#figuresOf(`${lanes}${node.name}`, side, sides.echo));
      }
      Object.assign(figures, toSqlite(sides.nodes, lanes));
    }
    let violations = 0;
    for (const [node, count] of answers) violations += await this.#violationsOf(node, count);
    if (threads) {
      for (const [node, count] of answers)
        Object.assign(figures, threadFigures(node.name, cpu.get(node)!, count));
    }
    return {
      // The worst of them: whoever promises a ratio has to keep it at any number of connections.
      ratio: round(Math.min(...ratios)),
      ...figures,
      otherAnswers,
      secondsToCatchUp: round(this.#catchUpSeconds),
      violations,
    };
  }

  /** The nodes go on. */
  async stop(): Promise<void> {
    await Promise.all([this.#load.stop(), this.#echo.stop()]);
  }

  #newSides(): Sides {
    return { nodes: new Map(this.#nodes.map((node) => [node, newSide()])), echo: newSide() };
  }

  async #turn(connections: number, measureMs: number, sides: Sides): Promise<void> {
    const warmUpMs = Math.min(WARM_UP_MS_MAX, measureMs);
    const perSecond = Math.min(REQUESTS_PER_SECOND_MAX, connections * REQUESTS_PER_SECOND_OF_CONNECTION_MAX);
    const count = Math.ceil(((warmUpMs + measureMs) / 1_000) * perSecond);
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
    for (const [{ node }, side] of sides.nodes) {
      const port = Number(new URL(node.url).port);
      await this.#rush({ ...rush, port, status, text, repeat: status !== 201 }, node.pid, side, () =>
        this.#caughtUp(node),
      );
    }
    await this.#rush(
      { ...rush, port: this.#echoPort, status: 201, text: PRODUCT, repeat: true },
      this.#echo.pid,
      sides.echo,
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

  async #caughtUp(node: OwnNode): Promise<void> {
    this.#catchUpSeconds += await secondsToCatchUp(node);
  }

  #figuresOf(name: string, ours: Side, echo: Side): Record<string, number> {
    return {
      [`${this.#options.what}PerSecond${name}`]: rate(ours),
      [`ratio${name}`]: round(rate(ours) / rate(echo)),
      [`p50Ms${name}`]: percentileMs(ours, 0.5),
      [`p99Ms${name}`]: percentileMs(ours, 0.99),
      [`cpuMicros${name}`]: round(total(ours.cpu) / ours.all),
      [`generatorCpuMicros${name}`]: round(ours.generatorMicros / ours.counted),
    };
  }

  async #violationsOf(duelNode: DuelNode, answers: number): Promise<number> {
    const { node } = duelNode;
    const violations = await duelNode.audit();
    // Every 201 must be an order of the actor, and every order a 201.
    if (this.#options.status !== 201) return violations;
    const path = `/v1/admin/products/${PRODUCT}/stock`;
    const { reserved } = await callNode<{ reserved: number }>(node, 'GET', path);
    return violations + Math.abs(reserved - answers);
  }
}

const echoFigures = (echo: Side, lanes: number): Record<string, number> => ({
  [`echoesPerSecond${lanes}`]: rate(echo),
  [`echoP99Ms${lanes}`]: percentileMs(echo, 0.99),
  [`echoCpuMicros${lanes}`]: round(total(echo.cpu) / echo.all),
});

/** The nodes on JetStream to the embedded one, when there is one beside them. */
function toSqlite(nodes: ReadonlyMap<DuelNode, Side>, lanes: number): Record<string, number> {
  const embedded = [...nodes].find(([{ name }]) => name === 'Sqlite')?.[1];
  const others = [...nodes].filter(([{ name }]) => name !== 'Sqlite');
  if (embedded === undefined) return {};
  return Object.fromEntries(
    others.map(([{ name }, side]) => [`toSqlite${lanes}${name}`, round(rate(side) / rate(embedded))]),
  );
}

function threadFigures(name: string, cpu: CpuTime, answers: number): Record<string, number> {
  const byTime = [...cpu].filter(([, micros]) => micros > 0).sort(([, one], [, other]) => other - one);
  return Object.fromEntries(
    byTime.map(([thread, micros]) => [`cpuMicros${name} of ${thread}`, round(micros / answers)]),
  );
}
