// recovery: a node comes back to a journal of a million orders of one product, 64 in a record. How long until the shard
// decides again, replaying from nothing. The ratio is that to reading and decoding the same records, with nobody who keeps
// what they say.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRecord } from '../src/actors/index.ts';
import {
  DEFAULT_LIMITS,
  readJournal,
  Shard,
  SqliteJournal,
  SqliteJournalHost,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  type ShardReply,
} from '../src/runtime/index.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { JournalFile } from './journal-file.ts';
import { checkJournal, JOURNAL_BYTES_MAX } from './owner.ts';
import { reserve } from './sale.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const PRODUCT = 'hot';
const ORDERS = 1_000_000;
const ORDERS_PER_RECORD = 64;
const DEADLINE_MS = 600_000;

export const recovery: Scenario = { mode: EMBEDDED_MODE, run };

async function run({ orders = ORDERS, say }: ScenarioOptions): Promise<ScenarioResult> {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  const path = join(folder, 'journal.sqlite');
  try {
    const file = new JournalFile({ path, products: [PRODUCT], ordersPerRecord: ORDERS_PER_RECORD });
    file.grow(orders);
    file.close();
    say(`  ${orders} orders are journaled`);
    const decodeSeconds = secondsOf(() => decodeAll(path));
    const replay = await recover(path, orders);
    const { orders: journaled, violations } = checkJournal(path);
    return {
      ratio: round(decodeSeconds / replay.secondsToOpen),
      orders,
      secondsToFirstDecision: round(replay.secondsToFirstDecision),
      eventsPerSecond: Math.round(orders / replay.secondsToOpen),
      decodedEventsPerSecond: Math.round(orders / decodeSeconds),
      violations: violations + Math.abs(journaled - (orders + 1)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Recovered {
  readonly secondsToOpen: number;
  /** From the opening of the file to the answer of a purchase, durable as ever. */
  readonly secondsToFirstDecision: number;
}

/** @param number of a customer who is not in the journal */
async function recover(path: string, number: number): Promise<Recovered> {
  const startedAt = performance.now();
  const host = await SqliteJournalHost.start(path, { shards: 1, bytesMax: JOURNAL_BYTES_MAX });
  const port = host.connect();
  const ports = { journal: new SqliteJournal(port), clock, timers, random };
  const shard = new Shard(0, ports, DEFAULT_LIMITS, 0);
  await shard.open();
  const openedAt = performance.now();
  const reply = await new Promise<ShardReply>((answer) => {
    shard.offer({ command: reserve(PRODUCT, number), deadline: clock.monotonic() + DEADLINE_MS, answer });
  });
  const decidedAt = performance.now();
  if (reply.outcome !== 'reserved') throw new Error(`the first decision was ${JSON.stringify(reply)}`);
  await shard.drain();
  await host.stop();
  port.close();
  return {
    secondsToOpen: (openedAt - startedAt) / 1_000,
    secondsToFirstDecision: (decidedAt - startedAt) / 1_000,
  };
}

function decodeAll(path: string): void {
  for (const { bytes } of readJournal(path)) decodeRecord(bytes);
}

function secondsOf(work: () => void): number {
  const startedAt = performance.now();
  work();
  return (performance.now() - startedAt) / 1_000;
}
