// `doorbuster stock`: stock of products, loaded, withdrawn and counted by their actors: one, or a file of them
// (stock-batch.ts).

import { randomUUID } from 'node:crypto';
import { InvalidArgumentError, type Command } from 'commander';
import type { StockCounted } from '../http/index.ts';
import { CommandError } from '../node-client.ts';
import { withStockDesk } from './open-stock-desk.ts';
import { reaching, type ReachOptions } from './reach.ts';
import { changeByFile, type BatchOptions } from './stock-batch.ts';
import type { Change } from './stock-desk.ts';

interface ChangeOptions extends BatchOptions {
  readonly requestId?: string;
  readonly file?: string;
}

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
      .option(
        '--batch <name>',
        `with --file: name of the batch; by default ${change === 'load' ? 'the file’s name' : 'withdraw- and the file’s name'}`,
      )
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
  await withStockDesk(options, async (desk) => {
    const answer = await desk.change(change, { productId, quantity, requestId });
    if (json) return console.log(JSON.stringify(answer));
    console.log(answer.duplicate ? `Counted before, as ${requestId}.` : `Done, as ${requestId}.`);
    printStock(answer);
  });
}

async function showStock(product: string, { json, ...options }: ReachOptions): Promise<void> {
  await withStockDesk(options, async (desk) => {
    const answer = await desk.show(product);
    if (json) console.log(JSON.stringify(answer));
    else printStock(answer);
  });
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
