// Carries out the lines of a stock file, many at once, each until it is known what became of it.
//
//   one lane for each product, and one for each line with a requestId of its own; a lane's lines go one after the other
//
// In a product's lane each line's name says which line of its product it is. When one of them was counted with another
// quantity before, the file was changed in a way that may have moved the names of those behind it, so they stay undone.

import { setTimeout as sleep } from 'node:timers/promises';
import type { StockChanged } from '../http/index.ts';
import { StockRefused, type StockDesk, type StockWish } from './stock-desk.ts';
import type { StockLine } from './stock-file.ts';

export interface BulkCounts {
  /** Counted now. */
  lines: number;
  units: number;
  /** By an earlier run, or an earlier line of the same requestId. */
  before: number;
}

export interface BulkOptions {
  readonly desk: StockDesk;
  readonly change: StockWish['change'];
  readonly lines: readonly StockLine[];
  readonly onBad: (line: StockLine, problem: string) => void;
  /** With the number of lines that are over. */
  readonly onProgress: (done: number) => void;
}

/** Nobody answers for so long that the rest would have the same fate. */
export class BulkStopped extends Error {
  override readonly name = 'BulkStopped';
}

const ATTEMPTS_MAX = 8;
const BACK_OFF_MS = 100;
const BACK_OFF_MS_MAX = 3_000;
const AGAIN = new Set(['overloaded', 'outcome_unknown', 'shutting_down', 'unavailable', 'no_answer']);
/** Wrong for every line. */
const HOPELESS = new Set(['unauthenticated', 'forbidden']);

/** @returns what was counted, and why it stopped if it did not come to the end */
export async function changeInBulk(
  options: BulkOptions,
): Promise<{ readonly counts: BulkCounts; readonly stopped: Error | undefined }> {
  const { desk, lines, onProgress } = options;
  const counts: BulkCounts = { lines: 0, units: 0, before: 0 };
  const lanes = lanesOf(lines);
  const run: { done: number; next: number; stopped: Error | undefined } = {
    done: 0,
    next: 0,
    stopped: undefined,
  };
  const work = async (): Promise<void> => {
    while (run.stopped === undefined && run.next < lanes.length) {
      const lane = lanes[run.next++]!;
      let mismatch: StockLine | undefined;
      for (const line of lane) {
        if (run.stopped !== undefined) return;
        // oxlint-disable-next-line no-await-in-loop -- the lines of a lane go one after the other
        const isMismatch = mismatch === undefined && (await carryOut(options, counts, line));
        if (mismatch !== undefined)
          options.onBad(
            line,
            `not carried out: line ${mismatch.line} of the same product was counted with another quantity before, so that ` +
              'this line may have been counted under another name. Look at the product’s stock, and name what is missing with a ' +
              'requestId of its own',
          );
        else if (isMismatch) mismatch = line;
        onProgress(++run.done);
      }
    }
  };
  const workers = Array.from({ length: desk.inFlightMax }, () =>
    work().catch((error: unknown) => (run.stopped ??= error as Error)),
  );
  await Promise.all(workers);
  return { counts, stopped: run.stopped };
}

/** The longest first, since it takes longest. */
function lanesOf(lines: readonly StockLine[]): StockLine[][] {
  const byProduct = Map.groupBy(
    lines.filter(({ isNamed }) => !isNamed),
    ({ productId }) => productId,
  );
  const named = lines.filter(({ isNamed }) => isNamed).map((line) => [line]);
  return [...[...byProduct.values()].toSorted((a, b) => b.length - a.length), ...named];
}

/** @returns whether it was counted with another quantity before @throws BulkStopped, or a CommandError */
async function carryOut(
  { desk, change, onBad }: BulkOptions,
  counts: BulkCounts,
  line: StockLine,
): Promise<boolean> {
  const { productId, quantity, requestId } = line;
  try {
    const { duplicate } = await untilKnown(() => desk.change({ change, productId, quantity, requestId }));
    if (duplicate) counts.before++;
    else {
      counts.lines++;
      counts.units += quantity;
    }
    return false;
  } catch (error) {
    if (!(error instanceof StockRefused) || HOPELESS.has(error.code)) throw error;
    if (AGAIN.has(error.code) && error.code !== 'overloaded')
      throw new BulkStopped(
        `${error.message} (line ${line.line}, after ${ATTEMPTS_MAX} attempts). Run it again with the same --batch when that ` +
          'is mended: what was counted is not counted again.',
        { cause: error },
      );
    const detail =
      error.code === 'not_found' ? `there is no product ${productId}; make it first` : error.detail;
    onBad(line, `${error.code}: ${detail} (requestId ${requestId})`);
    return error.code === 'idempotency_key_reused' && !line.isNamed;
  }
}

/** A repetition has the same requestId. @throws the last refusal */
async function untilKnown(change: () => Promise<StockChanged>): Promise<StockChanged> {
  for (let attempt = 1; ; attempt++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      return await change();
    } catch (error) {
      const mayHelp = error instanceof StockRefused && AGAIN.has(error.code);
      if (!mayHelp || attempt === ATTEMPTS_MAX) throw error;
      const longest = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS * 2 ** attempt);
      // oxlint-disable-next-line no-await-in-loop -- the pause between two attempts
      await sleep(longest * (0.5 + Math.random() / 2));
    }
  }
}
