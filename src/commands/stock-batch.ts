// A file of stock changes as one batch: checked as a whole, carried out with progress, and told with every bad line.

import { basename } from 'node:path';
import { CommandError } from '../node-client.ts';
import { BadLines } from './bad-lines.ts';
import { changeInBulk } from './bulk-stock.ts';
import { withStockDesk } from './open-stock-desk.ts';
import { Progress } from './progress.ts';
import type { ReachOptions } from './reach.ts';
import type { Change } from './stock-desk.ts';
import { readStockFile } from './stock-file.ts';

export interface BatchOptions extends ReachOptions {
  /** Its name, part of the names of lines without a requestId; by default the file's, with `withdraw-` before it to withdraw. */
  readonly batch?: string;
  readonly report?: string;
  readonly skipBad?: boolean;
}

const DONE = { load: 'Loaded', withdraw: 'Withdrew' } as const;
const PROGRESS_PERIOD_MS = 250;
/** Where there is no terminal. */
const PROGRESS_LINE_MS = 2_000;

export async function changeByFile(
  change: Change,
  path: string,
  { batch = nameOf(change, path), report, skipBad = false, json = false, ...reach }: BatchOptions,
): Promise<void> {
  const bad = new BadLines(report);
  const progress = new Progress(process.stderr, PROGRESS_LINE_MS);
  progress.show(`Checking ${path}`, 0);
  const lines = await readStockFile(path, batch, (line) => bad.add(line));
  progress.end();
  if (lines.length === 0 && bad.total === 0)
    throw new CommandError(`${path} has no lines below its header: nothing was changed.`);
  let result: Awaited<ReturnType<typeof changeInBulk>> | undefined;
  if (bad.total === 0 || skipBad)
    result = await withStockDesk(reach, (desk) =>
      withProgress(progress, DONE[change], lines.length, (onProgress) =>
        changeInBulk({
          desk,
          change,
          lines,
          onProgress,
          onBad: ({ line, productId, quantity }, problem) =>
            bad.add({ line, text: `${productId},${quantity}`, problem }),
        }),
      ),
    );
  bad.close();
  const counts = result?.counts ?? { lines: 0, units: 0, before: 0 };
  const stopped = result?.stopped?.message ?? null;
  if (json)
    console.log(JSON.stringify({ change, batch, ...counts, bad: bad.total, badLines: bad.first, stopped }));
  else {
    bad.print();
    if (result === undefined)
      console.error(`Nothing was changed: ${bad.total} bad lines. Mend them, or --skip-bad does the others.`);
    else
      console.log(
        `${DONE[change]} ${counts.lines} lines (${counts.units} units), counted before ${counts.before}, bad ${bad.total}.`,
      );
    if (stopped !== null) console.error(`Stopped: ${stopped}`);
  }
  if (bad.total > 0 || stopped !== null) process.exitCode = 1;
}

/** Loads and withdrawals of one file have names of their own. */
const nameOf = (change: Change, path: string): string =>
  change === 'load' ? basename(path) : `withdraw-${basename(path)}`;

async function withProgress<T>(
  progress: Progress,
  step: string,
  lines: number,
  work: (onProgress: (done: number) => void) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  let done = 0;
  const timer = setInterval(() => {
    const rate = Math.round((done * 1_000) / (performance.now() - startedAt));
    progress.show(`${step} ${done} of ${lines} lines, ${rate}/s`, done / lines);
  }, PROGRESS_PERIOD_MS);
  try {
    return await work((now) => (done = now));
  } finally {
    clearInterval(timer);
    progress.end();
  }
}
