// hot-product: everybody wants the same thing. Batches of 64 commands come from another thread to one actor, whose answers
// leave after the fsync. Distinct customers and keys; only acceptances count; limits, keys and holds are all kept. The ratio
// is that to the journal's thread alone, given the very same records.

import { join } from 'node:path';
import { readJournal, SqliteJournal, SqliteJournalHost } from '../src/runtime/index.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { JOURNAL_BYTES_MAX, Owner } from './owner.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const PRODUCT = 'hot';
/** Only to choose how many orders make a run of the wanted length. */
const ORDERS_PER_SECOND_EXPECTED = 250_000;

export const hotProduct: Scenario = { mode: EMBEDDED_MODE, run };

async function run({ seconds, orders: wanted }: ScenarioOptions): Promise<ScenarioResult> {
  const orders = wanted ?? Math.ceil(seconds * ORDERS_PER_SECOND_EXPECTED);
  const owner = await Owner.start(1);
  try {
    const report = await owner.rush([PRODUCT], orders);
    const product = owner.shards.get(0)!.durableProducts()?.get(PRODUCT);
    const bytesPerOrder = product === undefined ? null : round(product.orders.bytes / report.reserved);
    const { orders: journaled, appends, violations } = await owner.finish();
    const ordersPerSecond = report.reserved / (report.elapsedMs / 1_000);
    const journalSeconds = await secondsOfJournalAlone(owner.journal, join(owner.folder, 'raw.sqlite'));
    const journalOrdersPerSecond = report.reserved / journalSeconds;
    return {
      ratio: round(ordersPerSecond / journalOrdersPerSecond),
      orders: report.reserved,
      ordersPerSecond: Math.round(ordersPerSecond),
      journalOrdersPerSecond: Math.round(journalOrdersPerSecond),
      ordersPerAppend: round(journaled / appends),
      ownerCpuMicrosPerOrder: round(report.ownerCpuMicros / report.reserved),
      bytesPerOrder,
      p50Ms: round(report.p50Ms),
      p99Ms: round(report.p99Ms),
      violations: violations + report.others,
    };
  } finally {
    owner.remove();
  }
}

/** The reference: the same records once more, one after the other, and nobody who decides anything. */
async function secondsOfJournalAlone(from: string, to: string): Promise<number> {
  const records = [...readJournal(from)].map(({ bytes }) => Uint8Array.from(bytes));
  const host = await SqliteJournalHost.start(to, { shards: 1, bytesMax: JOURNAL_BYTES_MAX });
  const port = host.connect();
  const journal = new SqliteJournal(port);
  const startedAt = performance.now();
  let head = 0;
  for (const bytes of records) {
    const result = await journal.append(0, bytes, head);
    if (result.kind !== 'appended') throw new Error(`an append to a journal of its own was ${result.kind}`);
    head = result.sequence;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  await host.stop();
  port.close();
  return seconds;
}
