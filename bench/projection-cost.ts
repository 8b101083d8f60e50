// projection-cost: what the projection costs a sale that runs. Three nodes with the same settings take turns under the same load
// over HTTP: one writes to its embedded Postgres, one to a Postgres server, one to a server that is away, so that its
// projection waits. CPU is counted until Postgres has everything, since the projection waits in a rush.

import { availableParallelism } from 'node:os';
import type { Pool } from 'pg';
import { callNode } from '../src/node-client.ts';
import { openPool } from '../src/persistence/index.ts';
import { startPostgres, type PostgresServer } from '../test/servers/postgres.ts';
import { newSide, percentileMs, rate, type Side } from './duel-side.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { Forked } from './forked.ts';
import { openHotSale, secondsToCatchUp } from './hot-sale.ts';
import type { Preparation, Rush, RushReport } from './load.ts';
import { auditNode, startOwnNode, type OwnNode } from './own-node.ts';
import { postgresCpuMicros } from './postgres-cpu.ts';
import { cpuTimeOf, total } from './process-cpu.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const PRODUCT = 'hot';
const SECRET = 'secret-of-the-benchmark';
const UNITS = 10_000_000;
const CONNECTIONS = [256];
const WARM_UP_MS_MAX = 1_000;
/** Longer than the projection waits in a rush, unless the run is short. */
const TURN_SECONDS = 15;
const REQUESTS_PER_SECOND_MAX = 40_000;
const REQUESTS_PER_SECOND_OF_CONNECTION_MAX = 5_000;

export const projectionCost: Scenario = { modes: { sqlite: EMBEDDED_MODE }, run };

class Contender {
  readonly name: 'Embedded' | 'Server' | 'Away';
  readonly node: OwnNode;
  readonly postgres: PostgresServer | undefined;
  readonly side: Side = newSide();
  sellingMicros = 0;
  serverMicros = 0;
  catchUpSeconds = 0;
  answers = 0;
  readonly #pool: Pool | undefined;

  private constructor(name: Contender['name'], node: OwnNode, postgres: PostgresServer | undefined) {
    this.name = name;
    this.node = node;
    this.postgres = postgres;
    if (postgres !== undefined) this.#pool = openPool(postgres.connection, 1, 'doorbuster bench');
  }

  static async start(name: Contender['name']): Promise<Contender> {
    const postgres = name === 'Embedded' ? undefined : await startPostgres();
    const workers = process.env['WORKERS'] ?? String(availableParallelism());
    const node = await startOwnNode({
      AUTH_SECRET: SECRET,
      WORKERS: workers,
      DATABASE_URL: postgres === undefined ? '' : urlOf(postgres),
      // Of the node whose Postgres is away, every failure is meant.
      LOG_LEVEL: 'error',
    });
    const contender = new Contender(name, node, postgres);
    await openHotSale(node, PRODUCT, UNITS);
    await secondsToCatchUp(node);
    if (name === 'Away') await postgres!.halt();
    return contender;
  }

  async serverCpuMicros(): Promise<number> {
    return this.#pool === undefined || this.name === 'Away' ? 0 : postgresCpuMicros(this.#pool);
  }

  /** @returns violations */
  async finish(): Promise<number> {
    if (this.name === 'Away') await this.postgres!.restart();
    await secondsToCatchUp(this.node);
    const { reserved } = await callNode<{ reserved: number }>(
      this.node,
      'GET',
      `/v1/admin/products/${PRODUCT}/stock`,
    );
    return (await auditNode(this.node)) + Math.abs(reserved - this.answers);
  }

  async stop(): Promise<void> {
    await this.node.stop();
    await this.#pool?.end();
    await this.postgres?.stop();
  }
}

async function run({ seconds, connections = CONNECTIONS, say }: ScenarioOptions): Promise<ScenarioResult> {
  const contenders: Contender[] = [];
  const load = new Forked('./load.ts');
  try {
    for (const name of ['Embedded', 'Server', 'Away'] as const) contenders.push(await Contender.start(name));
    const turns = Math.max(1, Math.round(seconds / contenders.length / TURN_SECONDS));
    const turnMs = (seconds * 1_000) / contenders.length / turns;
    const [lanes] = connections as [number, ...number[]];
    const perSecond = Math.min(REQUESTS_PER_SECOND_MAX, lanes * REQUESTS_PER_SECOND_OF_CONNECTION_MAX);
    let customers = 0;
    for (let turn = 0; turn <= turns; turn++) {
      const measureMs = turn === 0 ? Math.min(turnMs, 2 * WARM_UP_MS_MAX) : turnMs;
      const count = Math.ceil(((measureMs + Math.min(WARM_UP_MS_MAX, measureMs)) / 1_000) * perSecond);
      const preparation = { productId: PRODUCT, secret: SECRET, from: customers, count };
      customers += count;
      await load.ask({ kind: 'prepare', ...preparation } satisfies Preparation);
      for (const contender of contenders) {
        await turnOf(contender, load, lanes, measureMs, turn > 0);
        if (turn > 0)
          say(`  turn ${turn} of ${turns}, ${contender.name}: ${rate(contender.side)} purchases/s so far`);
      }
    }
    let violations = 0;
    for (const contender of contenders) violations += await contender.finish();
    const away = contenders.find(({ name }) => name === 'Away')!;
    const ratios = contenders
      .filter((contender) => contender !== away)
      .map(({ name, side }) => [`ratio${name}`, round(rate(side) / rate(away.side))] as const);
    return {
      ratio: Math.min(...ratios.map(([, ratio]) => ratio)),
      ...Object.fromEntries(ratios),
      ...Object.assign({}, ...contenders.map(figuresOf)),
      otherAnswers: contenders.reduce((sum, contender) => sum + contender.side.others, 0),
      violations,
    };
  } finally {
    await load.stop();
    for (const contender of contenders) await contender.stop();
  }
}

async function turnOf(
  contender: Contender,
  load: Forked,
  connections: number,
  measureMs: number,
  isCounted: boolean,
): Promise<void> {
  const { node, side } = contender;
  const rush: Rush = {
    kind: 'rush',
    port: Number(new URL(node.url).port),
    connections,
    warmUpMs: Math.min(WARM_UP_MS_MAX, measureMs),
    measureMs,
    status: 201,
    text: '"reserved"',
    repeat: false,
  };
  const serverBefore = await contender.serverCpuMicros();
  const before = total(cpuTimeOf(node.pid));
  const report = await load.ask<RushReport>(rush);
  const sold = total(cpuTimeOf(node.pid));
  const catchUpSeconds = contender.name === 'Away' ? 0 : await secondsToCatchUp(node);
  const after = total(cpuTimeOf(node.pid));
  const serverMicros = (await contender.serverCpuMicros()) - serverBefore;
  contender.answers += report.all;
  side.others += Object.values(report.others).reduce((sum, count) => sum + count, 0);
  if (!isCounted) return;
  side.counted += report.counted;
  side.elapsedMs += report.elapsedMs;
  side.all += report.all;
  for (const micros of report.latencies) side.latencies.push(micros);
  side.cpu = new Map([['all', total(side.cpu) + after - before]]);
  contender.sellingMicros += sold - before;
  contender.serverMicros += serverMicros;
  contender.catchUpSeconds += catchUpSeconds;
}

function figuresOf(contender: Contender): Record<string, number> {
  const { name, side, sellingMicros, serverMicros, catchUpSeconds } = contender;
  return {
    [`purchasesPerSecond${name}`]: rate(side),
    [`p50Ms${name}`]: percentileMs(side, 0.5),
    [`p99Ms${name}`]: percentileMs(side, 0.99),
    [`cpuMicrosSelling${name}`]: round(sellingMicros / side.all),
    [`cpuMicros${name}`]: round(total(side.cpu) / side.all),
    [`serverCpuMicros${name}`]: round(serverMicros / side.all),
    [`secondsToCatchUp${name}`]: round(catchUpSeconds),
  };
}

function urlOf({ connection: { host, port, database, user } }: PostgresServer): string {
  return `postgres://${user}@${host}:${port}/${database}`;
}
