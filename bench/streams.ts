// streams: a rush of purchases beside open event streams of the product that is bought, and the same rush without them, in turn on
// one node. The readers share the machine: what they cost is told, too. Every stream must end with the stock as it is.

import { readFileSync } from 'node:fs';
import { callNode } from '../src/node-client.ts';
import { newSide, percentileMs, rate, type Side } from './duel-side.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { Forked } from './forked.ts';
import { openHotSale, secondsToCatchUp } from './hot-sale.ts';
import type { Preparation, Rush, RushReport } from './load.ts';
import { auditNode, startOwnNode, type OwnNode } from './own-node.ts';
import { cpuTimeOf, plus, since, total } from './process-cpu.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';
import type { AskReaders, CloseStreams, OpenStreams, ReadersReport } from './stream-readers.ts';

const PRODUCT = 'hot';
const SECRET = 'secret-of-the-benchmark';
const STREAMS = 2_000;
const CONNECTIONS = 64;
const UNITS = 10_000_000;
const TURN_SECONDS = 2.5;
const WARM_UP_MS_MAX = 1_000;
const REQUESTS_PER_SECOND_MAX = 60_000;
const REQUESTS_PER_SECOND_OF_CONNECTION_MAX = 5_000;
/** For the newest stock to be on all streams. */
const NEWEST_MS_MAX = 20_000;
const LOOK_MS = 100;

export const streams: Scenario = {
  modes: { sqlite: EMBEDDED_MODE },
  async run(options) {
    const node = await startOwnNode({ AUTH_SECRET: SECRET, STREAMS_MAX: '100000' });
    const [load, readers] = [new Forked('./load.ts'), new Forked('./stream-readers.ts')];
    try {
      await openHotSale(node, PRODUCT, UNITS);
      return await new StreamTurns(node, load, readers, options).run();
    } finally {
      await Promise.all([load.stop(), readers.stop()]);
      await node.stop();
    }
  },
};

class StreamTurns {
  readonly #node: OwnNode;
  readonly #load: Forked;
  readonly #readers: Forked;
  readonly #options: ScenarioOptions;
  readonly #streams: number;
  readonly #connections: number;
  #customers = 0;
  #stale = 0;
  #bytesOfStream: number | null = null;
  readonly #read = { events: 0, bytes: 0, cpuMicros: 0, elapsedMs: 0, agesMs: [] as number[] };

  constructor(node: OwnNode, load: Forked, readers: Forked, options: ScenarioOptions) {
    this.#node = node;
    this.#load = load;
    this.#readers = readers;
    this.#options = options;
    this.#streams = options.streams ?? STREAMS;
    this.#connections = options.connections?.[0] ?? CONNECTIONS;
  }

  async run(): Promise<ScenarioResult> {
    const { seconds, say } = this.#options;
    const turns = this.#options.turns ?? Math.max(1, Math.round(seconds / TURN_SECONDS));
    const turnMs = (seconds * 1_000) / turns;
    say('  one turn to warm up');
    await this.#turn(newSide(), turnMs);
    await this.#turnWithStreams(newSide(), turnMs);
    Object.assign(this.#read, { events: 0, bytes: 0, cpuMicros: 0, elapsedMs: 0, agesMs: [] });
    const [without, beside] = [newSide(), newSide()];
    const ratios: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const [one, other] = [newSide(), newSide()];
      await this.#turn(one, turnMs);
      await this.#turnWithStreams(other, turnMs);
      say(
        `  after turn ${turn + 1} of ${turns}: ${rate(one)} purchases/s alone, ${rate(other)} beside ${this.#streams} streams: ${round(rate(other) / rate(one))}`,
      );
      ratios.push(rate(other) / rate(one));
      add(without, one);
      add(beside, other);
    }
    const figures = this.#figures(without, beside, median(ratios));
    return { ...figures, violations: this.#stale + (await auditNode(this.#node)) } as ScenarioResult;
  }

  #figures(without: Side, beside: Side, ratio: number): Omit<ScenarioResult, 'violations'> {
    const { events, bytes, cpuMicros, elapsedMs, agesMs } = this.#read;
    const [aloneMicros, besideMicros] = [total(without.cpu) / without.all, total(beside.cpu) / beside.all];
    const ages = agesMs.toSorted((one, other) => one - other);
    return {
      // Of the turns, the one in the middle: others use the machine, too.
      ratio: round(ratio),
      streams: this.#streams,
      purchasesPerSecondAlone: rate(without),
      purchasesPerSecondBeside: rate(beside),
      p50MsAlone: percentileMs(without, 0.5),
      p50MsBeside: percentileMs(beside, 0.5),
      p99MsAlone: percentileMs(without, 0.99),
      p99MsBeside: percentileMs(beside, 0.99),
      p99Ratio: round(percentileMs(beside, 0.99) / percentileMs(without, 0.99)),
      cpuMicrosAlone: round(aloneMicros),
      cpuMicrosBeside: round(besideMicros),
      cpuRatio: round(besideMicros / aloneMicros),
      eventsPerSecondOfStream: round(events / this.#streams / (elapsedMs / 1_000)),
      bytesPerEvent: round(bytes / events),
      nodeCpuMicrosPerEvent: round(((besideMicros - aloneMicros) * beside.all) / events),
      readersCpuMicrosPerEvent: round(cpuMicros / events),
      ageP50Ms: ages[Math.floor(ages.length / 2)] ?? null,
      ageP99Ms: ages[Math.floor(ages.length * 0.99)] ?? null,
      memoryBytesPerStream: this.#bytesOfStream,
      stale: this.#stale,
    };
  }

  async #turnWithStreams(side: Side, measureMs: number): Promise<void> {
    const memoryBefore = memoryBytes(this.#node.pid);
    const open: OpenStreams = {
      kind: 'open',
      port: this.#port,
      path: `/v1/products/${PRODUCT}/events`,
      count: this.#streams,
    };
    await this.#readers.ask(open);
    this.#bytesOfStream ??= Math.round((memoryBytes(this.#node.pid) - memoryBefore) / this.#streams);
    await this.#ask(Number.NaN);
    const startedAt = performance.now();
    await this.#turn(side, measureMs, async () => {
      const { events, bytes, cpuMicros, agesMs } = await this.#ask(Number.NaN);
      this.#read.events += events;
      this.#read.bytes += bytes;
      this.#read.cpuMicros += cpuMicros;
      this.#read.elapsedMs += performance.now() - startedAt;
      this.#read.agesMs.push(...agesMs);
    });
    this.#stale += await this.#staleStreams();
    await this.#readers.ask({ kind: 'close' } satisfies CloseStreams);
    await this.#noStreams();
  }

  /** @param ended looks at what the rush left, before the node is given time to rest */
  async #turn(side: Side, measureMs: number, ended = async (): Promise<void> => undefined): Promise<void> {
    const warmUpMs = Math.min(WARM_UP_MS_MAX, measureMs);
    const perSecond = Math.min(
      REQUESTS_PER_SECOND_MAX,
      this.#connections * REQUESTS_PER_SECOND_OF_CONNECTION_MAX,
    );
    const count = Math.ceil(((warmUpMs + measureMs) / 1_000) * perSecond);
    const preparation: Preparation = {
      kind: 'prepare',
      productId: PRODUCT,
      secret: SECRET,
      from: this.#customers,
      count,
    };
    this.#customers += count;
    await this.#load.ask(preparation);
    const rush: Rush = {
      kind: 'rush',
      port: this.#port,
      connections: this.#connections,
      warmUpMs,
      measureMs,
      status: 201,
      text: '"reserved"',
      repeat: false,
    };
    const before = cpuTimeOf(this.#node.pid);
    const report = await this.#load.ask<RushReport>(rush);
    await ended();
    // The rows that the purchases left behind are part of their cost.
    await secondsToCatchUp(this.#node);
    side.cpu = since(before, cpuTimeOf(this.#node.pid));
    side.counted = report.counted;
    side.elapsedMs = report.elapsedMs;
    side.all = report.all;
    for (const micros of report.latencies) side.latencies.push(micros);
  }

  /** How many streams do not say what the actor says, though they had time to. */
  async #staleStreams(): Promise<number> {
    const { available } = await this.#stock();
    const startedAt = performance.now();
    for (;;) {
      const { stale } = await this.#ask(available);
      if (stale === 0 || performance.now() - startedAt > NEWEST_MS_MAX) return stale;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async #noStreams(): Promise<void> {
    for (;;) {
      const text = await (await fetch(`${this.#node.url}/metrics`)).text();
      if (/^doorbuster_event_streams 0$/m.test(text)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  #ask(available: number): Promise<ReadersReport> {
    return this.#readers.ask<ReadersReport>({ kind: 'report', available } satisfies AskReaders);
  }

  #stock(): Promise<{ available: number }> {
    return callNode<{ available: number }>(this.#node, 'GET', `/v1/admin/products/${PRODUCT}/stock`);
  }

  get #port(): number {
    return Number(new URL(this.#node.url).port);
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;

function add(sum: Side, side: Side): void {
  sum.counted += side.counted;
  sum.elapsedMs += side.elapsedMs;
  sum.all += side.all;
  sum.cpu = plus(sum.cpu, side.cpu);
  for (const micros of side.latencies) sum.latencies.push(micros);
}

/** Resident, of the whole process; NaN where there is no /proc. */
function memoryBytes(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];
  return Number(kibibytes) * 1024;
}
