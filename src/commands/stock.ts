// `doorbuster stock`: stock of products, loaded, withdrawn and counted by their actors: one, or a file of them. Over HTTP
// when a node is named, else over NATS when NATS_URL says where that is, else through the node of this machine.

import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import type { StockCounted } from '../http/index.ts';
import { CommandError, requireNode } from '../node-client.ts';
import { BadLines } from './bad-lines.ts';
import { changeInBulk } from './bulk-stock.ts';
import { HttpStockDesk } from './http-stock-desk.ts';
import { natsSettings } from './nats-settings.ts';
import { NatsStockDesk } from './nats-stock-desk.ts';
import { Progress } from './progress.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';
import type { StockDesk } from './stock-desk.ts';
import { readStockFile } from './stock-file.ts';

interface ChangeOptions extends ReachOptions {
  readonly requestId?: string;
  readonly file?: string;
  readonly batch?: string;
  readonly report?: string;
  readonly skipBad?: boolean;
}

type Change = 'load' | 'withdraw';

const DONE = { load: 'Loaded', withdraw: 'Withdrew' } as const;
const PROGRESS_PERIOD_MS = 250;

export function addStock(program: Command): void {
  const stock = program.command('stock').description('stock of products');
  for (const change of ['load', 'withdraw'] as const) {
    reaching(stock.command(`${change} [product] [quantity]`))
      .description(`${change} units; the same request id counts once`)
      .option('--request-id <id>', 'name of this change; made up when not given')
      .option(
        '--file <csv>',
        'many changes: productId,quantity[,requestId] with these names in its first line',
      )
      .option('--batch <name>', 'with --file: name of the batch; the file’s name by default')
      .option('--skip-bad', 'with --file: carry out the other lines when some are wrong')
      .option('--report <file>', 'with --file: write all bad lines there, as CSV')
      .action((product: string | undefined, quantity: string | undefined, options: ChangeOptions) =>
        runChange(change, product, quantity, options),
      );
  }
  reaching(stock.command('show <product>')).description('count it, in its actor').action(showStock);
}

async function runChange(
  change: Change,
  product: string | undefined,
  quantity: string | undefined,
  options: ChangeOptions,
): Promise<void> {
  if (options.file !== undefined) {
    if (product !== undefined || options.requestId !== undefined)
      throw new CommandError(
        '--file says what to change: leave out the product, the quantity and --request-id.',
      );
    return changeByFile(change, options.file, options);
  }
  if (product === undefined || quantity === undefined)
    throw new CommandError(`Say what to ${change}: a product and a quantity, or --file CSV.`);
  if (options.batch !== undefined || options.report !== undefined || options.skipBad)
    throw new CommandError('--batch, --report and --skip-bad go with --file.');
  await changeOne(change, product, wholeUnits(quantity), options);
}

async function changeOne(
  change: Change,
  productId: string,
  quantity: number,
  { requestId = randomUUID(), json, ...options }: ChangeOptions,
): Promise<void> {
  await withDesk(options, async (desk) => {
    const answer = await desk.change({ change, productId, quantity, requestId });
    if (json) return console.log(JSON.stringify(answer));
    console.log(answer.duplicate ? `Counted before, as ${requestId}.` : `Done, as ${requestId}.`);
    printStock(answer);
  });
}

async function showStock(product: string, { json, ...options }: ReachOptions): Promise<void> {
  await withDesk(options, async (desk) => {
    const answer = await desk.show(product);
    if (json) console.log(JSON.stringify(answer));
    else printStock(answer);
  });
}

async function changeByFile(
  change: Change,
  path: string,
  { batch = basename(path), report, skipBad = false, json = false, ...reach }: ChangeOptions,
): Promise<void> {
  const bad = new BadLines(report);
  const progress = new Progress(process.stderr);
  progress.show(`Checking ${path}`, 0);
  const lines = await readStockFile(path, batch, (line) => bad.add(line));
  progress.end();
  let result: Awaited<ReturnType<typeof changeInBulk>> | undefined;
  if (bad.total === 0 || skipBad)
    result = await withDesk(reach, (desk) =>
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

async function withDesk<T>(reach: ReachOptions, work: (desk: StockDesk) => Promise<T>): Promise<T> {
  const desk = await openDesk(reach);
  try {
    return await work(desk);
  } finally {
    await desk.close();
  }
}

async function openDesk(reach: ReachOptions): Promise<StockDesk> {
  const nats = reach.url === undefined ? natsSettings(process.env) : undefined;
  return nats === undefined ? new HttpStockDesk(requireNode(reachOf(reach))) : NatsStockDesk.open(nats);
}

function printStock({ productId, loaded, available, reserved, sold, withdrawn }: StockCounted): void {
  console.log(
    `${productId}: ${available} available, ${reserved} reserved, ${sold} sold, ${withdrawn} withdrawn of ${loaded} loaded`,
  );
}

function wholeUnits(text: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`the quantity is a whole number above 0, not ${text}`);
}
