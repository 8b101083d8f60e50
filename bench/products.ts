// products: the same number of purchases, spread over 1, 10, 100, 1,000 and 10,000 products, and over 200 products in as many
// shards, or as many as `--shards` says. One owner thread, one gateway thread, no HTTP: what is seen is how group commit fares
// when batches get small. The ratio is that of 200 active shards to one.
//
// With `--journal jetstream` one product and 200 shards, on SQLite, one NATS server and three of them in turn.

import { SQLITE, type JournalPlace } from './bench-journal.ts';
import { EMBEDDED_MODE, JETSTREAM_MODE } from './environment.ts';
import { inTurns, withNatsPlaces } from './journal-turns.ts';
import { Owner } from './owner.ts';
import { productsOfShards, someProducts } from './sale.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const COUNTS = [1, 10, 100, 1_000, 10_000];
const ACTIVE_SHARDS = 200;
/** Of the owner, to each active one: 256 to 200. */
const SHARDS_SHARE = 1.28;
/** Only to choose how many orders make a run of the wanted length. */
const ORDERS_PER_SECOND_EXPECTED = 150_000;
const ORDERS_PER_SECOND_IN_TURNS = 40_000;

export const products: Scenario = {
  modes: { sqlite: EMBEDDED_MODE, jetstream: JETSTREAM_MODE },
  run: (options) => (options.journal === 'jetstream' ? runInTurns(options) : runEmbedded(options)),
};

interface Spread {
  readonly name: string;
  readonly products: readonly string[];
  /** Of the owner. */
  readonly shards: number;
}

const shardsFor = (active: number): number => Math.ceil(active * SHARDS_SHARE);
const spreadOf = (count: number, active: number): Spread => ({
  name: `${count}Products`,
  products: someProducts(count),
  shards: shardsFor(active),
});
const overShards = (active: number): Spread => ({
  name: `${active}Shards`,
  products: productsOfShards(active, shardsFor(active)),
  shards: shardsFor(active),
});

async function runEmbedded(options: ScenarioOptions): Promise<ScenarioResult> {
  const { seconds, orders = Math.ceil(seconds * ORDERS_PER_SECOND_EXPECTED), say } = options;
  const { products: counts = COUNTS, shards: active = ACTIVE_SHARDS } = options;
  const spreads = [...counts.map((count) => spreadOf(count, active)), overShards(active)];
  const figures: Record<string, number> = {};
  const rates: number[] = [];
  let violations = 0;
  for (const spread of spreads) {
    const { name } = spread;
    const rushed = await rush(SQLITE, spread, orders);
    rates.push(rateOf(rushed));
    violations += rushed.violations;
    const told = figuresOf(rushed);
    for (const [figure, value] of Object.entries(told)) figures[`${figure}${name}`] = value;
    say(`  ${name}: ${JSON.stringify(told)}`);
  }
  return { ratio: round(rates.at(-1)! / rates[0]!), orders, ...figures, violations };
}

async function runInTurns({
  seconds,
  orders: wanted,
  shards: active = ACTIVE_SHARDS,
  say,
}: ScenarioOptions): Promise<ScenarioResult> {
  return withNatsPlaces(say, async (places, version) => {
    const [one, all] = [spreadOf(1, active), overShards(active)];
    const turns = places.flatMap((place) =>
      [one, all].map((spread) => ({ name: place.name, place, spread })),
    );
    const sums = new Map<string, Rushed>();
    const nameOf = ({ name }: Spread, place: JournalPlace['name']): string => `${name}${place}`;
    await inTurns(
      { places: turns, seconds, orders: wanted, ordersPerSecond: ORDERS_PER_SECOND_IN_TURNS, say },
      async ({ place, spread }, orders, isCounted) => {
        const rushed = await rush(place, spread, orders);
        const key = nameOf(spread, place.name);
        if (isCounted) sums.set(key, plus(sums.get(key), rushed));
        return `${spread.name}: ${JSON.stringify(figuresOf(rushed))}`;
      },
    );
    const rate = (spread: Spread, place: JournalPlace['name']): number =>
      rateOf(sums.get(nameOf(spread, place))!);
    const ratios: Record<string, number> = {};
    for (const place of ['Sqlite', 'R1', 'R3'] as const)
      ratios[`ratio${place}`] = round(rate(all, place) / rate(one, place));
    for (const place of ['R1', 'R3'] as const)
      for (const spread of [one, all])
        ratios[`toSqlite${nameOf(spread, place)}`] = round(rate(spread, place) / rate(spread, 'Sqlite'));
    const figures: Record<string, number> = {};
    for (const [name, sum] of sums)
      for (const [figure, value] of Object.entries(figuresOf(sum))) figures[`${figure}${name}`] = value;
    return {
      ratio: Math.min(ratios['ratioR1']!, ratios['ratioR3']!),
      ...ratios,
      ...figures,
      natsServer: version,
      violations: [...sums.values()].reduce((sum, { violations }) => sum + violations, 0),
    };
  });
}

/** One turn, or several. */
interface Rushed {
  readonly orders: number;
  readonly elapsedMs: number;
  readonly appends: number;
  readonly ownerCpuMicros: number;
  readonly serverCpuMicros: number;
  /** The worst of the turns. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly violations: number;
}

const plus = (one: Rushed | undefined, other: Rushed): Rushed =>
  one === undefined
    ? other
    : {
        orders: one.orders + other.orders,
        elapsedMs: one.elapsedMs + other.elapsedMs,
        appends: one.appends + other.appends,
        ownerCpuMicros: one.ownerCpuMicros + other.ownerCpuMicros,
        serverCpuMicros: one.serverCpuMicros + other.serverCpuMicros,
        p50Ms: Math.max(one.p50Ms, other.p50Ms),
        p99Ms: Math.max(one.p99Ms, other.p99Ms),
        violations: one.violations + other.violations,
      };

const rateOf = ({ orders, elapsedMs }: Rushed): number => orders / (elapsedMs / 1_000);

function figuresOf(rushed: Rushed): Record<string, number> {
  const { orders, appends, ownerCpuMicros, serverCpuMicros, p50Ms, p99Ms } = rushed;
  const rate = rateOf(rushed);
  return {
    ordersPerSecond: Math.round(rate),
    appendsPerSecond: Math.round((rate * appends) / orders),
    ordersPerAppend: round(orders / appends),
    ownerCpuMicrosPerAppend: round(ownerCpuMicros / appends),
    serverCpuMicrosPerAppend: round(serverCpuMicros / appends),
    p50Ms: round(p50Ms),
    p99Ms: round(p99Ms),
  };
}

async function rush(
  place: JournalPlace,
  { products: chosen, shards }: Spread,
  orders: number,
): Promise<Rushed> {
  const owner = await Owner.start(shards, { place });
  try {
    const serverCpuBefore = place.serverCpuMicros();
    const report = await owner.rush(chosen, orders);
    const serverCpuMicros = place.serverCpuMicros() - serverCpuBefore;
    const { orders: journaled, appends, violations } = await owner.finish();
    return {
      orders: report.reserved,
      elapsedMs: report.elapsedMs,
      appends,
      ownerCpuMicros: report.ownerCpuMicros,
      serverCpuMicros,
      p50Ms: report.p50Ms,
      p99Ms: report.p99Ms,
      violations: violations + report.others + Math.abs(journaled - report.reserved),
    };
  } finally {
    await owner.remove();
  }
}
