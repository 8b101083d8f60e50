// The contract of the feed: the same tests for every adapter; and what a file alone can suffer.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  FeedProgress,
  SqliteFeed,
  SqliteJournal,
  SqliteJournalHost,
  systemClock,
  type Feed,
  type FeedRecord,
  type Journal,
  type StoredRecord,
} from '../../src/runtime/index.ts';
import { temporaryFolder } from '../harness/engine.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { recordOf } from '../harness/text-record.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { MemoryFeed } from '../persistence/memory-feed.ts';
import { ManualTime } from './harness.ts';

interface TestFeed extends Feed {
  close(): void | Promise<void>;
  rewind(floor: number): void | Promise<void>;
}

interface FeedOptions {
  readonly inFlightMax?: number;
  readonly ackWaitMs?: number;
}

interface Bench {
  journal(): Pick<Journal, 'append'>;
  openFeed(options?: FeedOptions): Promise<TestFeed>;
  /** Of the feed that was opened last, as far as anybody knows. */
  recordsBehind(): Promise<number>;
  /** Time passes, where the test has it in its hand. */
  pass(durationMs: number): Promise<void>;
  /** This process ends and starts anew, and what ends with it. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

async function openSqlite(): Promise<Bench & { readonly path: string }> {
  const time = new ManualTime();
  const folder = temporaryFolder();
  const path = join(folder, 'journal.sqlite');
  const start = (): Promise<SqliteJournalHost> =>
    SqliteJournalHost.start(path, { shards: 8, bytesMax: 2 ** 30 });
  let host = await start();
  let journal = new SqliteJournal(host.connect());
  let feed: SqliteFeed | undefined;
  return {
    path,
    journal: () => journal,
    async openFeed({ inFlightMax = 100, ackWaitMs = 25_000 } = {}) {
      feed = new SqliteFeed({
        path,
        name: 'test',
        clock: time,
        committed: host.committed,
        saveFloor: (name, floor) => host.saveFloor(name, floor),
        inFlightMax,
        ackWaitMs,
      });
      return feed;
    },
    recordsBehind: async () => feed?.recordsBehind ?? NaN,
    pass: (durationMs) => time.pass(durationMs),
    async restart() {
      await host.stop();
      host = await start();
      journal = new SqliteJournal(host.connect());
    },
    async close() {
      await host.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

const nats = new JetStreamBench();
afterAll(() => nats.stop());

async function openJetStream(): Promise<Bench> {
  const names = await nats.stream();
  let journal = await nats.journal(names);
  let progress: FeedProgress | undefined;
  return {
    journal: () => journal,
    openFeed: (options) => nats.feed(names, { workingMsMax: 0, ...options }),
    async recordsBehind() {
      progress ??= new FeedProgress(await nats.link(), names, 'projection', systemClock);
      await progress.workedOffUpTo();
      return progress.recordsBehind;
    },
    pass: () => Promise.resolve(),
    async restart() {
      await nats.closeLinks();
      journal = await nats.journal(names);
    },
    close: () => nats.closeLinks(),
  };
}

async function openMemory(): Promise<Bench> {
  const records: StoredRecord[] = [];
  let feed = new MemoryFeed();
  const append: Journal['append'] = async (shard, bytes) => {
    const record = { sequence: records.length + 1, shard, bytes };
    records.push(record);
    feed.add([record]);
    return { kind: 'appended', sequence: record.sequence };
  };
  return {
    journal: () => ({ append }),
    async openFeed({ inFlightMax = 100 } = {}) {
      feed = new MemoryFeed({ handedOutMax: inFlightMax });
      feed.add(records);
      return Object.assign(feed, { close: () => undefined, rewind: () => undefined });
    },
    recordsBehind: async () => feed.open,
    pass: () => Promise.resolve(),
    restart: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

const sequences = (records: readonly FeedRecord[]): number[] => records.map(({ sequence }) => sequence);

/** One pull need not bring all that is there. */
async function pulled(feed: Feed, count: number): Promise<FeedRecord[]> {
  const records: FeedRecord[] = [];
  await waitUntil(
    `${count} records`,
    async () => {
      records.push(...(await feed.pull(count - records.length)).records);
      return records.length >= count;
    },
    () => sequences(records),
  );
  return records;
}

/** Records of shard 1 unless told otherwise, in a journal that has no others of that shard. */
class Writer {
  readonly #bench: Bench;
  readonly #heads = new Map<number, number>();

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  async write(count: number, shard = 1): Promise<void> {
    for (let number = 0; number < count; number++) {
      const head = this.#heads.get(shard) ?? 0;
      const result = await this.#bench.journal().append(shard, recordOf(shard, 'record', head), head);
      if (result.kind !== 'appended') throw new Error(result.kind);
      this.#heads.set(shard, result.sequence);
    }
  }
}

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

describe.each<[string, () => Promise<Bench>]>([
  ['sqlite', openSqlite],
  ['jetstream', openJetStream],
])('the %s feed', (_, open) => {
  test('hands out records in journal order, a bounded number in all until they are acknowledged', async () => {
    bench = await open();
    await new Writer(bench).write(10);
    const feed = await bench.openFeed({ inFlightMax: 6 });
    expect(sequences(await pulled(feed, 4))).toEqual([1, 2, 3, 4]);
    expect(sequences(await pulled(feed, 2))).toEqual([5, 6]);
    expect(await feed.pull(4)).toEqual({ records: [], hasMore: true });
    feed.ack([2, 3]);
    expect(sequences(await pulled(feed, 2))).toEqual([7, 8]);
    expect(await feed.pull(4)).toEqual({ records: [], hasMore: true });
    await feed.close();
  });

  test('wakes who waits as soon as something is committed', async () => {
    bench = await open();
    const feed = await bench.openFeed();
    const waiting = feed.pull(4);
    await new Writer(bench).write(1);
    const { records: first } = await waiting;
    const records = first.length > 0 ? first : await pulled(feed, 1);
    expect(sequences(records)).toEqual([1]);
    await feed.close();
  });

  test('hands a record out again when it was given back', async () => {
    bench = await open();
    await new Writer(bench).write(3);
    const feed = await bench.openFeed();
    expect((await pulled(feed, 3)).map(({ deliveries }) => deliveries)).toEqual([1, 1, 1]);
    feed.ack([1]);
    feed.nak([3]);
    await bench.pass(200);
    expect(await pulled(feed, 1)).toMatchObject([{ sequence: 3, deliveries: 2 }]);
    await feed.close();
  });

  test('hands a record out again when it was not acknowledged in time', async () => {
    bench = await open();
    await new Writer(bench).write(3);
    const feed = await bench.openFeed({ ackWaitMs: 1_000 });
    expect(sequences(await pulled(feed, 3))).toContain(1);
    feed.ack([1]);
    await bench.pass(1_000);
    const again = new Set<number>();
    await waitUntil('they come again', async () => {
      for (const { sequence, deliveries } of (await feed.pull(3)).records)
        if (deliveries > 1) again.add(sequence);
      return again.has(2) && again.has(3);
    });
    await feed.close();
  });

  test('begins, after a stop, behind what was acknowledged without a gap', async () => {
    bench = await open();
    await new Writer(bench).write(5);
    const feed = await bench.openFeed();
    await pulled(feed, 5);
    feed.ack([1, 2, 4]);
    await feed.close();
    await bench.restart();
    const again = await bench.openFeed();
    // It may give 4 again, too. What was given back comes in no order.
    const [first, second] = sequences(await pulled(again, 2)).sort((one, other) => one - other);
    expect(first).toBe(3);
    expect(second).toBeOneOf([4, 5]);
    await again.close();
  });

  test('passes over a shard that was set aside, whatever number of its records there are', async () => {
    bench = await open();
    const writer = new Writer(bench);
    await writer.write(30);
    const feed = await bench.openFeed({ inFlightMax: 6 });
    expect(sequences(await pulled(feed, 4))).toEqual([1, 2, 3, 4]);
    feed.setAside(1, 3);
    await writer.write(1, 2);
    expect(sequences(await pulled(feed, 1))).toEqual([31]);
    feed.nak([1, 2, 31]);
    await bench.pass(200);
    expect(sequences(await pulled(feed, 3)).sort((one, other) => one - other)).toEqual([1, 2, 31]);
    feed.ack([1, 2, 31]);
    await writer.write(10);
    await bench.pass(30_000);
    expect(await feed.pull(9)).toEqual({ records: [], hasMore: false });
    await feed.close();
  });

  test('begins, after a stop, with the first record of a shard that was set aside', async () => {
    bench = await open();
    const writer = new Writer(bench);
    await writer.write(5);
    const feed = await bench.openFeed();
    await pulled(feed, 5);
    feed.setAside(1, 4);
    feed.setAside(1, 5);
    feed.ack([1, 2, 3, 4, 5]);
    // What is behind a record that was set aside is acknowledged after it.
    await writer.write(1, 2);
    feed.ack(sequences(await pulled(feed, 1)));
    await feed.close();
    await bench.restart();
    const again = await bench.openFeed();
    expect(sequences(await pulled(again, 2))).toEqual([4, 5]);
    await again.close();
  });

  test('is known by how many records it is behind', async () => {
    bench = await open();
    const writer = new Writer(bench);
    const behind = (count: number): Promise<true> =>
      waitUntil(`${count} behind`, async () => (await bench?.recordsBehind()) === count);
    const feed = await bench.openFeed({ inFlightMax: 4 });
    await behind(0);
    await writer.write(6);
    await behind(6);
    expect(sequences(await pulled(feed, 4))).toEqual([1, 2, 3, 4]);
    await behind(6);
    feed.ack([1, 2, 4]);
    await behind(3);
    await writer.write(2, 2);
    feed.setAside(1, 3);
    feed.ack(sequences(await pulled(feed, 2)));
    await behind(0);
    await feed.close();
  });

  test('can be sent back to the beginning', async () => {
    bench = await open();
    await new Writer(bench).write(3);
    const feed = await bench.openFeed();
    await pulled(feed, 3);
    feed.ack([1, 2, 3]);
    await feed.rewind(1);
    expect(sequences(await pulled(feed, 2))).toEqual([2, 3]);
    await feed.close();
  });
});

describe.each<[string, () => Promise<Bench>]>([
  ['sqlite', openSqlite],
  ['jetstream', openJetStream],
  ['memory', openMemory],
])('the %s feed', (_, open) => {
  test('says with what it brings whether others are there, also when its bound holds them back', async () => {
    bench = await open();
    const writer = new Writer(bench);
    await writer.write(10);
    const feed = await bench.openFeed({ inFlightMax: 6 });
    expect(await wrongAnswers(feed, { count: 6, behind: 4, recordsMax: 4 })).toEqual([]);
    feed.ack([1, 2, 3]);
    expect(await wrongAnswers(feed, { count: 3, behind: 1, recordsMax: 2 })).toEqual([]);
    feed.ack([4, 5, 6, 7, 8, 9]);
    expect(await wrongAnswers(feed, { count: 1, behind: 0, recordsMax: 4 })).toEqual([]);
    await writer.write(3);
    expect(await wrongAnswers(feed, { count: 3, behind: 0, recordsMax: 1 })).toEqual([]);
    await feed.close();
  });
});

interface Expected {
  /** May be out now. */
  readonly count: number;
  /** Others behind them. */
  readonly behind: number;
  readonly recordsMax: number;
}

async function wrongAnswers(feed: Feed, { count, behind, recordsMax }: Expected): Promise<object[]> {
  const wrong: object[] = [];
  let came = 0;
  await waitUntil(
    `${count} records`,
    async () => {
      const { records, hasMore } = await feed.pull(recordsMax);
      came += records.length;
      const isRight = hasMore === came < count + behind && came <= count;
      if (records.length > 0 && !isRight) wrong.push({ came, hasMore });
      return came >= count;
    },
    () => ({ came, wrong }),
  );
  return wrong;
}

test('the sqlite feed hands out a damaged record as damaged, again and again, and goes on behind it', async () => {
  const sqlite = await openSqlite();
  bench = sqlite;
  const writer = new Writer(sqlite);
  await writer.write(4);
  const database = new DatabaseSync(sqlite.path);
  database.exec("UPDATE records SET bytes = x'00' WHERE sequence IN (2, 4)");
  database.close();
  const feed = await sqlite.openFeed();
  const { records } = await feed.pull(9);
  expect(sequences(records)).toEqual([1, 2, 3, 4]);
  const second = 'record 2 of shard 1 is damaged';
  const fourth = 'record 4 of shard 1 is damaged';
  const damage = records.map(({ damage }) => damage?.slice(0, second.length));
  expect(damage).toEqual([undefined, second, undefined, fourth]);
  await writer.write(1);
  feed.nak([2]);
  await sqlite.pass(200);
  expect((await feed.pull(9)).records).toMatchObject([
    { sequence: 2, deliveries: 2, damage: expect.stringContaining(second) },
    { sequence: 5, deliveries: 1 },
  ]);
  await feed.close();
});
