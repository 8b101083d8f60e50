// hot-product: everybody wants the same thing. Batches of 64 commands come from another thread to one actor, whose answers
// leave after the fsync. Distinct customers and keys; only acceptances count; limits, keys and holds are all kept. The ratio
// is that to the journal alone, given the very same records.
//
// With `--journal jetstream` SQLite, one NATS server and three of them take turns, and the ratios are those to SQLite.

import type { BenchJournal, JournalPlace } from './bench-journal.ts';
import { SQLITE } from './bench-journal.ts';
import { EMBEDDED_MODE, JETSTREAM_MODE } from './environment.ts';
import { inTurns, withNatsPlaces } from './journal-turns.ts';
import { Owner } from './owner.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const PRODUCT = 'hot';
/** Only to choose how many orders make a run of the wanted length. */
const ORDERS_PER_SECOND_EXPECTED = 250_000;
const ORDERS_PER_SECOND_IN_TURNS = 100_000;

export const hotProduct: Scenario = {
  modes: { sqlite: EMBEDDED_MODE, jetstream: JETSTREAM_MODE },
  run: (options) => (options.journal === 'jetstream' ? runInTurns(options) : runEmbedded(options)),
};

async function runEmbedded({ seconds, orders: wanted }: ScenarioOptions): Promise<ScenarioResult> {
  const sum = emptySum();
  await rush(SQLITE, wanted ?? Math.ceil(seconds * ORDERS_PER_SECOND_EXPECTED), sum);
  const { ordersPerSecond, journalOrdersPerSecond, ...figures } = figuresOf(sum);
  return {
    ratio: round(ordersPerSecond / journalOrdersPerSecond),
    orders: sum.orders,
    ordersPerSecond,
    journalOrdersPerSecond,
    ...figures,
    violations: sum.violations,
  };
}

async function runInTurns({ seconds, orders: wanted, say }: ScenarioOptions): Promise<ScenarioResult> {
  return withNatsPlaces(say, async (places, versions) => {
    const sums = new Map(places.map((place) => [place.name, emptySum()]));
    await inTurns(
      { places, seconds, orders: wanted, ordersPerSecond: ORDERS_PER_SECOND_IN_TURNS, say },
      async (place, orders, isCounted) => {
        const sum = isCounted ? sums.get(place.name)! : emptySum();
        await rush(place, orders, sum);
        return `${figuresOf(sum).ordersPerSecond} orders/s`;
      },
    );
    const rateOf = (name: JournalPlace['name']): number => figuresOf(sums.get(name)!).ordersPerSecond;
    const [ratioR1, ratioR3] = [rateOf('R1') / rateOf('Sqlite'), rateOf('R3') / rateOf('Sqlite')];
    const figures: Record<string, number> = {};
    for (const [name, sum] of sums)
      for (const [figure, value] of Object.entries(figuresOf(sum))) figures[`${figure}${name}`] = value;
    return {
      // The worse of them: whoever promises a ratio has to keep it in either mode.
      ratio: round(Math.min(ratioR1, ratioR3)),
      ratioR1: round(ratioR1),
      ratioR3: round(ratioR3),
      ...figures,
      natsServer: versions,
      violations: [...sums.values()].reduce((all, { violations }) => all + violations, 0),
    };
  });
}

/** Of all turns of one place. */
interface Sum {
  orders: number;
  elapsedMs: number;
  journalMs: number;
  appends: number;
  bytesPerOrder: number;
  ownerCpuMicros: number;
  serverCpuMicros: number;
  p50Ms: number[];
  p99Ms: number[];
  violations: number;
}

const emptySum = (): Sum => ({
  orders: 0,
  elapsedMs: 0,
  journalMs: 0,
  appends: 0,
  bytesPerOrder: 0,
  ownerCpuMicros: 0,
  serverCpuMicros: 0,
  p50Ms: [],
  p99Ms: [],
  violations: 0,
});

function figuresOf(sum: Sum) {
  const { orders, elapsedMs, journalMs, appends, bytesPerOrder, ownerCpuMicros, serverCpuMicros } = sum;
  return {
    ordersPerSecond: Math.round(orders / (elapsedMs / 1_000)),
    journalOrdersPerSecond: Math.round(orders / (journalMs / 1_000)),
    ordersPerAppend: round(orders / appends),
    msPerAppend: round(elapsedMs / appends),
    journalMsPerAppend: round(journalMs / appends),
    ownerCpuMicrosPerOrder: round(ownerCpuMicros / orders),
    serverCpuMicrosPerOrder: round(serverCpuMicros / orders),
    bytesPerOrder: round(bytesPerOrder),
    p50Ms: round(medianOf(sum.p50Ms)),
    p99Ms: round(medianOf(sum.p99Ms)),
  };
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1]!;

async function rush(place: JournalPlace, orders: number, sum: Sum): Promise<void> {
  const owner = await Owner.start(1, { place });
  try {
    const serverCpuBefore = place.serverCpuMicros();
    const report = await owner.rush([PRODUCT], orders);
    sum.serverCpuMicros += place.serverCpuMicros() - serverCpuBefore;
    const product = owner.shards.get(0)!.durableProducts()?.get(PRODUCT);
    if (product !== undefined) sum.bytesPerOrder = product.orders.bytes / report.reserved;
    const { orders: journaled, appends, violations } = await owner.finish();
    sum.orders += report.reserved;
    sum.elapsedMs += report.elapsedMs;
    sum.appends += appends;
    sum.ownerCpuMicros += report.ownerCpuMicros;
    sum.p50Ms.push(report.p50Ms);
    sum.p99Ms.push(report.p99Ms);
    sum.violations += violations + report.others + Math.abs(journaled - report.reserved);
    sum.journalMs += await msOfJournalAlone(owner, place);
  } finally {
    await owner.remove();
  }
}

/** The reference: the same records once more, one after the other, and nobody who decides anything. */
async function msOfJournalAlone(owner: Owner, place: JournalPlace): Promise<number> {
  const records: Uint8Array<ArrayBuffer>[] = [];
  for await (const { bytes } of owner.records()) records.push(Uint8Array.from(bytes));
  const raw = await place.make(owner.folder, 1);
  try {
    return await msOfAppends(raw, records);
  } finally {
    await raw.finish();
    await raw.remove();
  }
}

async function msOfAppends(
  { journal }: BenchJournal,
  records: readonly Uint8Array<ArrayBuffer>[],
): Promise<number> {
  const startedAt = performance.now();
  let head = 0;
  for (const bytes of records) {
    const result = await journal.append(0, bytes, head);
    if (result.kind !== 'appended') throw new Error(`an append to a journal of its own was ${result.kind}`);
    head = result.sequence;
  }
  return performance.now() - startedAt;
}
