// Carries out the lines of a stock file: many in one request, many requests at once, each line until it is known what became
// of it. The lines of one product travel together, so that its shard appends them together.
//
//   file ──▶ lanes, one for each product ──▶ requests of up to BATCH_LINES_MAX lines ──▶ results, line by line
//
// A lane has lines in one request at a time. Every line is counted once by its requestId, however often it is sent.

import { setTimeout as sleep } from 'node:timers/promises';
import type { StockResult } from '../http/index.ts';
import { BATCH_LINES_MAX } from '../http/stock-schemas.ts';
import { CommandError } from '../node-client.ts';
import type { Change, StockDesk } from './stock-desk.ts';
import { AGAIN, ATTEMPTS_MAX, StockLane, type LaneReport } from './stock-lane.ts';
import type { StockLine } from './stock-line.ts';
import { StockRefused } from './stock-refused.ts';

export interface BulkCounts {
  /** Counted now. */
  lines: number;
  units: number;
  /** By an earlier run, an earlier line of the same requestId, or a request whose answer was lost. */
  before: number;
}

export interface BulkOptions {
  readonly desk: StockDesk;
  readonly change: Change;
  readonly lines: readonly StockLine[];
  readonly onBad: (line: StockLine, problem: string) => void;
  /** With the number of lines that are over. */
  readonly onProgress: (done: number) => void;
  /** Between two attempts; the clock's by default. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** Nobody answers for so long that the rest would have the same fate. */
export class BulkStopped extends Error {
  override readonly name = 'BulkStopped';
}

const BACK_OFF_MS = 100;
const BACK_OFF_MS_MAX = 3_000;

/** @returns what was counted, and why it stopped if it did not come to the end */
export async function changeInBulk(
  options: BulkOptions,
): Promise<{ readonly counts: BulkCounts; readonly stopped: Error | undefined }> {
  const run = new BulkRun(options);
  await run.toItsEnd();
  return run;
}

class BulkRun {
  readonly counts: BulkCounts = { lines: 0, units: 0, before: 0 };
  stopped: Error | undefined;
  readonly #options: BulkOptions;
  readonly #lanes: readonly StockLane[];
  readonly #report: LaneReport;
  #next = 0;
  #done = 0;

  constructor(options: BulkOptions) {
    this.#options = options;
    this.#lanes = lanesOf(options.lines);
    this.#report = {
      onCounted: ({ quantity }, isDuplicate) => {
        if (isDuplicate) this.counts.before++;
        else {
          this.counts.lines++;
          this.counts.units += quantity;
        }
        options.onProgress(++this.#done);
      },
      onBad: (line, problem) => {
        options.onBad(line, problem);
        options.onProgress(++this.#done);
      },
    };
  }

  async toItsEnd(): Promise<void> {
    const works = Array.from({ length: this.#options.desk.batchesInFlightMax }, () => this.#work());
    await Promise.all(works);
  }

  async #work(): Promise<void> {
    try {
      let lanes: StockLane[] = [];
      while (this.stopped === undefined) {
        const parts = this.#partsOf(lanes);
        if (parts.length === 0) return;
        // oxlint-disable-next-line no-await-in-loop -- one request after the other
        const attempts = await this.#carryOut(parts);
        lanes = lanes.filter((lane) => !lane.isOver);
        // oxlint-disable-next-line no-await-in-loop -- the pause between two attempts
        if (attempts > 0) await (this.#options.pause ?? sleep)(backOffMs(attempts));
      }
    } catch (error) {
      this.stopped ??= error as Error;
    }
  }

  /** The next lines of these lanes and, while there is room, of further ones, which join them. */
  #partsOf(lanes: StockLane[]): Part[] {
    const parts: Part[] = [];
    let room = BATCH_LINES_MAX;
    for (let at = 0; room > 0; at++) {
      const lane = lanes[at] ?? this.#nextLane(lanes[0]?.isOrdered);
      if (lane === undefined) break;
      if (at === lanes.length) lanes.push(lane);
      const lines = lane.take(room);
      room -= lines.length;
      parts.push({ lane, lines });
    }
    return parts;
  }

  /** @param isOrdered what it must be, if that matters: one request has lanes of one kind */
  #nextLane(isOrdered: boolean | undefined): StockLane | undefined {
    const lane = this.#lanes[this.#next];
    if (lane === undefined || (isOrdered ?? lane.isOrdered) !== lane.isOrdered) return undefined;
    this.#next++;
    return lane;
  }

  /** @returns attempts of lines of which nobody knows yet @throws BulkStopped, or a CommandError */
  async #carryOut(parts: readonly Part[]): Promise<number> {
    const { desk, change } = this.#options;
    const lines = parts.flatMap((part) => part.lines);
    let results: readonly StockResult[] | undefined;
    let failure: StockRefused | undefined;
    try {
      results = await desk.changeMany({ change, lines, stopAtReused: parts[0]!.lane.isOrdered });
    } catch (error) {
      if (!(error instanceof StockRefused && AGAIN.has(error.code))) throw error;
      failure = error;
    }
    // Whoever answered it was no node of this version; asking again would not help.
    if (results !== undefined && results.length !== lines.length)
      throw new CommandError(`${desk.name} gave ${results.length} results for ${lines.length} lines.`);
    let from = 0;
    for (const part of parts) {
      if (failure !== undefined) part.lane.failed(failure.message);
      else part.lane.settle(results!.slice(from, (from += part.lines.length)), this.#report);
    }
    for (const { lane } of parts) {
      if (lane.hopeless === undefined) continue;
      const { line, why } = lane.hopeless;
      throw new BulkStopped(
        `${why} (line ${line.line}, after ${ATTEMPTS_MAX} attempts). Run it again with the same --batch when that is mended: ` +
          'what was counted is not counted again.',
        { cause: failure },
      );
    }
    return Math.max(...parts.map(({ lane }) => lane.attempts));
  }
}

interface Part {
  readonly lane: StockLane;
  readonly lines: readonly StockLine[];
}

/** The longest first, since it takes longest; lines with names of their own behind the others. */
function lanesOf(lines: readonly StockLine[]): StockLane[] {
  const ofKind = (isNamed: boolean): StockLane[] => {
    const wanted = lines.filter((line) => line.isNamed === isNamed);
    const byProduct = Map.groupBy(wanted, ({ productId }) => productId);
    const longestFirst = [...byProduct.values()].toSorted((one, other) => other.length - one.length);
    return longestFirst.map((ofProduct) => new StockLane(ofProduct, !isNamed));
  };
  return [...ofKind(false), ...ofKind(true)];
}

function backOffMs(attempts: number): number {
  const longest = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS * 2 ** attempts);
  return longest * (0.5 + Math.random() / 2);
}
