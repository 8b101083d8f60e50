// handover: the hot product's shard goes to and fro while a steady crowd buys over HTTP. Embedded: between two worker threads of
// one node. On JetStream: between two nodes of a cluster, with three NATS servers, Postgres, and gateways on both nodes.
//
// A pause is what the clients see: the longest time from one acceptance to the next that touches the move, from the request to
// move until the shard is open in its new home. The same is measured while nothing moves, for as long: `undisturbed…`. `ratio` is
// the median pause to the median of those.

import { writeFileSync } from 'node:fs';
import type { Stock } from '../src/actors/index.ts';
import { callNode, type NodeAddress } from '../src/node-client.ts';
import { shardOfProduct } from '../src/runtime/placement.ts';
import { EMBEDDED_MODE, HANDOVER_CLUSTER_MODE } from './environment.ts';
import { Forked } from './forked.ts';
import { startHandoverNodes, type HandoverNodes } from './handover-nodes.ts';
import { openHotSale } from './hot-sale.ts';
import { pauseChart } from './pause-chart.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';
import { sharedNow, type SteadyReport, type SteadyStart, type SteadyTruth } from './steady-load.ts';

const PRODUCT = 'hot';
const SECRET = 'secret-of-the-benchmark';
const MOVES = 50;
const PURCHASES_PER_SECOND = 1_000;
const UNITS = 10_000_000;
/** More than anybody wants: a second order for one key would show. */
const LIMIT = 10;
const WARM_UP_MS = 2_000;
/** Between two moves, at least. */
const REST_MS = 250;
const POLL_MS = 10;
const MOVE_MS_MAX = 60_000;
const PLACEMENT = '/v1/admin/placement';

export const handover: Scenario = {
  modes: { sqlite: EMBEDDED_MODE, jetstream: HANDOVER_CLUSTER_MODE },
  run,
};

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const { journal, moves = MOVES, rate: perSecond = PURCHASES_PER_SECOND, chart, say } = options;
  const nodes = await startHandoverNodes(journal, { AUTH_SECRET: SECRET }, say);
  const load = new Forked('./steady-load.ts');
  try {
    const [node] = nodes.nodes;
    await openHotSale(node!, PRODUCT, UNITS, LIMIT);
    const urls = nodes.nodes.map(({ url }) => url);
    const order: SteadyStart = { kind: 'start', urls, productId: PRODUCT, secret: SECRET, perSecond };
    await load.ask(order);
    say(`  ${perSecond} purchases/s, ${nodes.what}`);
    // Wherever it lives: from the first home on it is known.
    await move(nodes, 0);
    await rest(WARM_UP_MS);
    const { epoch: before } = await hotShard(node!);
    const moved = await moveToAndFro(nodes, moves, say);
    const { epoch: after } = await hotShard(node!);
    const report = await load.ask<SteadyReport>({ kind: 'stop' });
    say(`  ${report.purchases} purchases have their answer; each is asked for again`);
    const { lost } = await load.ask<SteadyTruth>({ kind: 'verify' });
    say('  the journal is held against Postgres, which has to catch up first');
    const found = await nodes.audit();
    const pauses = moved.map(({ from, to }) => longestGapMs(report.acceptedAt, from, to));
    const calm = moved.map(({ to, calmUntil }) => longestGapMs(between(report.acceptedAt, to, calmUntil)));
    if (chart !== undefined) {
      const about = `${perSecond} purchases/s over HTTP, ${nodes.what}`;
      writeFileSync(chart, pauseChart({ pausesMs: pauses, undisturbedMs: percentileOf(calm, 0.5), about }));
      say(`  a chart of the pauses: ${chart}`);
    }
    return await resultOf(nodes, { moved, claims: after! - before!, pauses, calm, report, lost, found });
  } finally {
    await load.stop();
    await nodes.stop();
  }
}

interface Moved {
  readonly from: number;
  readonly to: number;
  /** Nothing moves from `to` until then. */
  readonly calmUntil: number;
}

interface Status {
  readonly revision: number;
  readonly running: boolean;
  readonly failures: readonly { readonly shard: number; readonly why: string }[];
}

async function moveToAndFro(
  nodes: HandoverNodes,
  count: number,
  say: (text: string) => void,
): Promise<Moved[]> {
  const moved: Moved[] = [];
  for (let number = 1; number <= count; number++) {
    const from = sharedNow();
    await move(nodes, number % nodes.homes.length);
    const to = sharedNow();
    await rest(Math.max(REST_MS, to - from));
    moved.push({ from, to, calmUntil: sharedNow() });
    if (number % 10 === 0) say(`  ${number} of ${count} moves, the last one in ${Math.round(to - from)} ms`);
  }
  return moved;
}

/** Resolves when the shard is open where it was to go. */
async function move({ nodes, homes }: HandoverNodes, to: number): Promise<void> {
  const node = nodes[0]!;
  const home = homes[to]!;
  const file = JSON.stringify({ strategy: 'rendezvous', pins: [{ product: PRODUCT, ...home }] });
  await apply(node, file);
  const since = performance.now();
  for (;;) {
    const { running, failures } = await callNode<Status>(node, 'GET', PLACEMENT);
    if (failures.length > 0) throw new Error(`the shard did not move: ${JSON.stringify(failures)}`);
    // A cluster counts a shard as moved when it is named to its new home, which has yet to open it.
    const found = running ? undefined : await hotShard(node);
    if (found !== undefined && isAt(found, home)) return;
    if (performance.now() - since > MOVE_MS_MAX)
      throw new Error(`the shard did not move within ${MOVE_MS_MAX / 1_000} s: ${JSON.stringify(found)}`);
    await rest(POLL_MS);
  }
}

/** An answer that leaves it open is followed by a look whether the file is the applied one, and by another try. */
async function apply(node: NodeAddress, file: string): Promise<void> {
  const { revision } = await callNode<Status>(node, 'GET', PLACEMENT);
  const since = performance.now();
  for (;;) {
    try {
      await callNode<Status>(node, 'POST', PLACEMENT, { body: { file, revision } });
      return;
    } catch (error) {
      if (performance.now() - since > MOVE_MS_MAX) throw error;
      if ((await callNode<Status>(node, 'GET', PLACEMENT)).revision > revision) return;
      await rest(POLL_MS);
    }
  }
}

interface Row {
  readonly node: string;
  readonly worker: number;
  readonly phase: string;
  readonly epoch: number | null;
}

async function hotShard(node: NodeAddress): Promise<Row> {
  const { shards } = await callNode<{ shards: readonly Row[] }>(node, 'GET', '/v1/admin/shards');
  return shards[shardOfProduct(PRODUCT, shards.length)]!;
}

const isAt = (found: Row, home: HandoverNodes['homes'][number]): boolean =>
  found.phase === 'open' &&
  found.node === home.node &&
  (home.worker === undefined || found.worker === home.worker);

interface Observed {
  readonly moved: readonly Moved[];
  /** By which owners took the shard; at least one for each move. */
  readonly claims: number;
  readonly pauses: readonly number[];
  readonly calm: readonly number[];
  readonly report: SteadyReport;
  readonly lost: number;
  /** Violations that the audit finds. */
  readonly found: number;
}

async function resultOf(
  nodes: HandoverNodes,
  { moved, claims, pauses, calm, report, lost, found }: Observed,
): Promise<ScenarioResult> {
  const stock = await callNode<Stock>(nodes.nodes[0]!, 'GET', `/v1/admin/products/${PRODUCT}/stock`);
  const acknowledged = report.acceptedAt.length;
  const doubled = Math.max(0, stock.reserved - acknowledged);
  const clientErrors = sumOf(report.refused);
  const seconds = (report.acceptedAt.at(-1)! - report.acceptedAt[0]!) / 1_000;
  return {
    ratio: round(percentileOf(pauses, 0.5) / percentileOf(calm, 0.5)),
    moves: moved.length,
    claims,
    lost: lost + Math.max(0, acknowledged - stock.reserved),
    doubled,
    clientErrors,
    pauseP50Ms: round(percentileOf(pauses, 0.5)),
    pauseP99Ms: round(percentileOf(pauses, 0.99)),
    pauseMaxMs: round(Math.max(...pauses)),
    undisturbedP50Ms: round(percentileOf(calm, 0.5)),
    undisturbedP99Ms: round(percentileOf(calm, 0.99)),
    moveP50Ms: round(
      percentileOf(
        moved.map(({ from, to }) => to - from),
        0.5,
      ),
    ),
    purchases: report.purchases,
    purchasesPerSecond: Math.round(acknowledged / seconds),
    repeated: sumOf(report.repeated),
    ...Object.fromEntries(
      Object.entries({ ...report.repeated, ...report.refused }).map(([code, count]) => [
        `answers ${code}`,
        count,
      ]),
    ),
    violations: found + lost + Math.abs(stock.reserved - acknowledged) + clientErrors,
  };
}

const sumOf = (tally: Readonly<Record<string, number>>): number =>
  Object.values(tally).reduce((sum, count) => sum + count, 0);

const between = (times: Float64Array, from: number, to: number): Float64Array =>
  times.filter((time) => time >= from && time <= to);

/** From one time to the next, of those pairs that are not both before `from` or both after `to`. */
function longestGapMs(times: Float64Array, from = -Infinity, to = Infinity): number {
  let longest = 0;
  for (let at = 1; at < times.length && times[at - 1]! <= to; at++)
    if (times[at]! >= from) longest = Math.max(longest, times[at]! - times[at - 1]!);
  return longest;
}

function percentileOf(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
