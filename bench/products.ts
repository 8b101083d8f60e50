// products: the same number of purchases, spread over 1, 10, 100, 1,000 and 10,000 products, and over 200 products in as many
// shards. One owner thread, one gateway thread, no HTTP: what is seen is how group commit fares when batches get small. The
// ratio is that of 200 active shards to one.

import { EMBEDDED_MODE } from './environment.ts';
import { Owner } from './owner.ts';
import { productsOfShards, someProducts } from './sale.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const COUNTS = [1, 10, 100, 1_000, 10_000];
const SHARDS = 256;
const ACTIVE_SHARDS = 200;
/** Only to choose how many orders make a run of the wanted length. */
const ORDERS_PER_SECOND_EXPECTED = 150_000;

export const products: Scenario = { mode: EMBEDDED_MODE, run };

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const { seconds, orders = Math.ceil(seconds * ORDERS_PER_SECOND_EXPECTED), say } = options;
  const spreads = (options.products ?? COUNTS).map((count): [string, string[]] => [
    `${count}Products`,
    someProducts(count),
  ]);
  spreads.push([`${ACTIVE_SHARDS}Shards`, productsOfShards(ACTIVE_SHARDS, SHARDS)]);
  const figures: Record<string, number> = {};
  const rates: number[] = [];
  let violations = 0;
  for (const [name, chosen] of spreads) {
    const spread = await rush(chosen, orders);
    rates.push(spread.rate);
    violations += spread.violations;
    for (const [figure, value] of Object.entries(spread.figures)) figures[`${figure}${name}`] = value;
    say(`  ${name}: ${JSON.stringify(spread.figures)}`);
  }
  return { ratio: round(rates.at(-1)! / rates[0]!), orders, ...figures, violations };
}

async function rush(
  chosen: readonly string[],
  orders: number,
): Promise<{ rate: number; violations: number; figures: Record<string, number> }> {
  const owner = await Owner.start(SHARDS);
  try {
    const report = await owner.rush(chosen, orders);
    const verdict = await owner.finish();
    const rate = report.reserved / (report.elapsedMs / 1_000);
    const ordersPerAppend = verdict.orders / verdict.appends;
    const figures = {
      ordersPerSecond: Math.round(rate),
      appendsPerSecond: Math.round(rate / ordersPerAppend),
      ordersPerAppend: round(ordersPerAppend),
      p50Ms: round(report.p50Ms),
      p99Ms: round(report.p99Ms),
    };
    return { rate, violations: verdict.violations + report.others, figures };
  } finally {
    owner.remove();
  }
}
