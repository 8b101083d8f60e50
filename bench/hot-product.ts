// hot-product: everybody wants the same thing. Batches of 64 commands come from another thread to one actor, whose answers
// leave after the fsync. Distinct customers and keys; only acceptances count; limits, keys and holds are all kept. The ratio
// is that to the journal's thread alone, given the very same records.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Checker, decodeRecord } from '../src/actors/index.ts';
import {
  DEFAULT_LIMITS,
  readJournal,
  Router,
  Shard,
  SqliteJournal,
  SqliteJournalHost,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  ThreadTransport,
  type Message,
} from '../src/runtime/index.ts';
import { EMBEDDED_MODE } from './environment.ts';
import type { GatewayData, GatewayReport } from './hot-product-thread.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const PRODUCT = 'hot';
const BATCH = 64;
const WINDOW = 64;
/** Only to choose how many orders make a run of the wanted length. */
const ORDERS_PER_SECOND_EXPECTED = 250_000;

export const hotProduct: Scenario = { mode: EMBEDDED_MODE, run };

async function run({ seconds }: ScenarioOptions): Promise<ScenarioResult> {
  const orders = Math.ceil(seconds * ORDERS_PER_SECOND_EXPECTED);
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  const path = join(folder, 'journal.sqlite');
  const host = await SqliteJournalHost.start(path, { shards: 1, bytesMax: 2 ** 36 });
  const journal = new SqliteJournal(host.connect());
  const shard = new Shard(0, { journal, clock, timers, random }, DEFAULT_LIMITS, 0);
  await shard.open();
  const { port1, port2 } = new MessageChannel();
  const transport = new ThreadTransport(new Map([[1, port1]]));
  const router = new Router(
    0,
    1,
    () => 0,
    new Map([[0, shard]]),
    { clock, timers, transport, random },
    DEFAULT_LIMITS,
  );
  transport.onMessage((message: Message) => router.receive(message));
  const workerData: GatewayData = { port: port2, productId: PRODUCT, orders, batch: BATCH, window: WINDOW };
  const gateway = new Worker(new URL('./hot-product-thread.ts', import.meta.url), {
    workerData,
    transferList: [port2],
  });
  const report = await new Promise<GatewayReport>((resolve, reject) => {
    gateway.once('message', resolve);
    gateway.once('error', reject);
  });
  const product = shard.durableProducts()?.get(PRODUCT);
  const bytesPerOrder = product === undefined ? null : product.orders.bytes / report.reserved;
  await shard.drain();
  await host.stop();
  port1.close();

  const checker = new Checker();
  for (const { sequence, bytes } of readJournal(path)) checker.record(sequence, decodeRecord(bytes));
  const verdict = checker.report();
  const ordersPerSecond = report.reserved / (report.elapsedMs / 1_000);
  const journalOrdersPerSecond =
    report.reserved / (await secondsOfJournalAlone(path, join(folder, 'raw.sqlite')));
  rmSync(folder, { recursive: true });
  return {
    ratio: round(ordersPerSecond / journalOrdersPerSecond),
    orders: report.reserved,
    refused: report.others,
    ordersPerSecond: Math.round(ordersPerSecond),
    journalOrdersPerSecond: Math.round(journalOrdersPerSecond),
    ordersPerAppend: Math.round(verdict.figures.orders / verdict.figures.records),
    bytesPerOrder,
    violations: verdict.violations.length,
  };
}

/** The reference: the same records once more, one after the other, and nobody who decides anything. */
async function secondsOfJournalAlone(from: string, to: string): Promise<number> {
  const records = [...readJournal(from)].map(({ bytes }) => Uint8Array.from(bytes));
  const host = await SqliteJournalHost.start(to, { shards: 1, bytesMax: 2 ** 36 });
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
