// `doorbuster stock`: stock of a product, loaded, withdrawn and counted by its actor.

import { randomUUID } from 'node:crypto';
import { InvalidArgumentError, type Command } from 'commander';
import type { Stock } from '../actors/index.ts';
import { callNode, requireNode } from '../node-client.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';

interface StockOptions extends ReachOptions {
  readonly requestId?: string;
}

export function addStock(program: Command): void {
  const stock = program.command('stock').description('stock of a product');
  for (const change of ['load', 'withdraw'] as const) {
    reaching(stock.command(`${change} <product> <quantity>`))
      .description(`${change} units; the same --request-id counts once`)
      .option('--request-id <id>', 'name of this change; made up when not given')
      .action((product: string, quantity: string, options: StockOptions) =>
        changeStock(change, product, wholeUnits(quantity), options),
      );
  }
  reaching(stock.command('show <product>')).description('count it, in its actor').action(showStock);
}

async function changeStock(
  change: 'load' | 'withdraw',
  product: string,
  quantity: number,
  { requestId = randomUUID(), json, ...options }: StockOptions,
): Promise<void> {
  const path = `/v1/admin/products/${encodeURIComponent(product)}/stock`;
  const body = { quantity: change === 'load' ? quantity : -quantity };
  const answer = await callNode<Stock & { duplicate: boolean }>(requireNode(reachOf(options)), 'POST', path, {
    body,
    idempotencyKey: requestId,
  });
  if (json) return console.log(JSON.stringify(answer));
  console.log(answer.duplicate ? `Counted before, as ${requestId}.` : `Done, as ${requestId}.`);
  printStock(product, answer);
}

async function showStock(product: string, { json, ...options }: ReachOptions): Promise<void> {
  const path = `/v1/admin/products/${encodeURIComponent(product)}/stock`;
  const answer = await callNode<Stock>(requireNode(reachOf(options)), 'GET', path);
  if (json) console.log(JSON.stringify(answer));
  else printStock(product, answer);
}

function printStock(product: string, { loaded, available, reserved, sold, withdrawn }: Stock): void {
  console.log(
    `${product}: ${available} available, ${reserved} reserved, ${sold} sold, ${withdrawn} withdrawn of ${loaded} loaded`,
  );
}

function wholeUnits(text: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`the quantity is a whole number above 0, not ${text}`);
}
