// What is sold, second by second, as the main thread gathers it from the threads that serve HTTP: counts of their answers, and the
// stock of the products that were sold or watched. Whoever made it starts and stops it. A sale needs none of it: a thread that does
// not answer is left out, and what it counted comes with its next answer.

import type { ProductReading } from './actors/index.ts';
import type { SaleQuestion, SaleTold, SaleWatched } from './http/index.ts';
import { mergeCounts, mergeSeries } from './http/index.ts';
import type { Clock, Timers } from './runtime/index.ts';
import { HISTORY_SECONDS, SaleHistory } from './sale-history.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Rates are of so many seconds. */
export const RATE_SECONDS = 5;
/** From then on a reading is none. */
const READING_MS_MAX = 5_000;
/** Behind a full second. */
const AFTER_MS = 5;
/** Clocks of nodes differ, and a second of theirs may come a little late: it is told again. */
const OVERLAP_SECONDS = 3;

/** Asks the other nodes of a cluster. */
export type AskOthers = (
  question: SaleQuestion,
) => Promise<{ readonly told: readonly SaleTold[]; readonly silent: readonly string[] }>;

export interface SaleSamplerPorts {
  readonly workers: Pick<WorkerPool, 'traffic' | 'readings'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly timers: Timers;
}

export class SaleSampler {
  readonly #ports: SaleSamplerPorts;
  readonly #history = new SaleHistory();
  /** Of the products that are remembered. */
  readonly #readings = new Map<string, { readonly reading: ProductReading; readonly at: number }>();
  /** The last second that is told. */
  #to: number;
  #cancel = (): void => undefined;
  #isStopped = false;

  constructor(ports: SaleSamplerPorts) {
    this.#ports = ports;
    this.#to = secondOf(ports.clock.now()) - 1;
  }

  start(): void {
    if (this.#isStopped) return;
    const { clock, timers } = this.#ports;
    this.#cancel = timers.after(1_000 - (clock.now() % 1_000) + AFTER_MS, () => {
      const second = secondOf(clock.now()) - 1;
      void this.#sample(second).finally(() => this.start());
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** What this node's gateways counted. */
  tell({ productIds, plottedIds, from }: SaleQuestion): SaleTold {
    for (const productId of productIds) this.#history.watch(productId);
    return {
      series: this.#history.series(plottedIds, from, this.#to),
      counts: this.#history.counts(productIds, this.#to - RATE_SECONDS + 1, this.#to),
    };
  }

  async watch(question: SaleQuestion, askOthers: AskOthers): Promise<SaleWatched> {
    const { productIds, plottedIds } = question;
    const from = Math.max(question.from - OVERLAP_SECONDS, this.#to - HISTORY_SECONDS + 1);
    const asked = { productIds, plottedIds, from };
    const own = this.tell(asked);
    const unread = productIds.filter((productId) => this.#readingOf(productId) === undefined);
    const [{ told, silent }] = await Promise.all([askOthers(asked), this.#read(unread)]);
    const all = [own, ...told];
    const seconds = Math.max(...all.map(({ series }) => series.from + series.seconds)) - from;
    return {
      series: mergeSeries(
        all.map(({ series }) => series),
        from,
        Math.min(Math.max(seconds, 0), HISTORY_SECONDS),
      ),
      counts: [...mergeCounts(all.map(({ counts }) => counts)).values()],
      countedSeconds: RATE_SECONDS,
      readings: productIds.flatMap((productId) => this.#readingOf(productId) ?? []),
      silent,
    };
  }

  async #sample(second: number): Promise<void> {
    for (const products of await this.#ports.workers.traffic()) {
      for (const [productId, columns] of products) this.#history.count(productId, second, columns);
    }
    // All that are remembered, also those that nobody buys: a sum over products needs each of them.
    const { productIds } = this.#history;
    const present = new Set(productIds);
    for (const productId of this.#readings.keys())
      if (!present.has(productId)) this.#readings.delete(productId);
    for (const { productId, stock } of await this.#read(productIds))
      this.#history.stock(productId, second, stock);
    this.#history.carry(second);
    this.#to = Math.max(this.#to, second);
  }

  /** Those that answer in time. */
  async #read(productIds: readonly string[]): Promise<readonly ProductReading[]> {
    if (productIds.length === 0) return [];
    const readings = await this.#ports.workers.readings(productIds).catch((): ProductReading[] => []);
    const at = this.#ports.clock.now();
    for (const reading of readings) this.#readings.set(reading.productId, { reading, at });
    return readings;
  }

  /** In a rush an actor may miss a second; an older reading would be taken for the present. */
  #readingOf(productId: string): ProductReading | undefined {
    const read = this.#readings.get(productId);
    return read !== undefined && this.#ports.clock.now() - read.at <= READING_MS_MAX
      ? read.reading
      : undefined;
  }
}

const secondOf = (epochMs: number): number => Math.floor(epochMs / 1_000);
