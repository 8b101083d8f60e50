import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SqliteFeed, SqliteJournal, SqliteJournalHost, type FeedRecord } from '../../src/runtime/index.ts';
import { temporaryFolder } from '../harness/engine.ts';
import { ManualTime } from './harness.ts';

describe('the feed', () => {
  const time = new ManualTime();
  let folder: string;
  let host: SqliteJournalHost;
  let journal: SqliteJournal;
  let head = 0;

  const start = async (): Promise<void> => {
    host = await SqliteJournalHost.start(join(folder, 'journal.sqlite'), { shards: 8, bytesMax: 2 ** 30 });
    journal = new SqliteJournal(host.connect());
  };
  beforeEach(async () => {
    folder = temporaryFolder();
    head = 0;
    await start();
  });
  afterEach(async () => {
    await host.stop();
    rmSync(folder, { recursive: true });
  });

  const openFeed = (inFlightMax = 100): SqliteFeed =>
    new SqliteFeed({
      path: join(folder, 'journal.sqlite'),
      name: 'test',
      clock: time,
      committed: host.committed,
      saveFloor: (name, floor) => host.saveFloor(name, floor),
      inFlightMax,
      ackWaitMs: 25_000,
    });

  async function write(count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      const result = await journal.append(1, new TextEncoder().encode('record'), head);
      if (result.kind !== 'appended') throw new Error(result.kind);
      head = result.sequence;
    }
  }

  const sequences = (records: readonly FeedRecord[]): number[] => records.map(({ sequence }) => sequence);

  test('hands out records in journal order, a bounded number in all until they are acknowledged', async () => {
    await write(10);
    const feed = openFeed(6);
    expect(sequences(await feed.pull(4))).toEqual([1, 2, 3, 4]);
    expect(sequences(await feed.pull(4))).toEqual([5, 6]);
    expect(sequences(await feed.pull(4))).toEqual([]);
    feed.ack([2, 3]);
    expect(sequences(await feed.pull(4))).toEqual([7, 8]);
    feed.close();
  });

  test('wakes who waits as soon as something is committed', async () => {
    const feed = openFeed();
    const pulled = feed.pull(4);
    await write(1);
    const records = [...(await pulled), ...(await feed.pull(4))];
    expect(sequences(records)).toEqual([1]);
    feed.close();
  });

  test('hands a record out again when it was given back, or not acknowledged in time', async () => {
    await write(3);
    const feed = openFeed();
    await feed.pull(3);
    feed.ack([1]);
    feed.nak([3]);
    await time.pass(200);
    expect(await feed.pull(3)).toMatchObject([{ sequence: 3, deliveries: 2 }]);
    await time.pass(25_000);
    expect(await feed.pull(3)).toMatchObject([
      { sequence: 2, deliveries: 2 },
      { sequence: 3, deliveries: 3 },
    ]);
    feed.close();
  });

  test('begins, after a stop, behind what was acknowledged without a gap', async () => {
    await write(5);
    const feed = openFeed();
    await feed.pull(5);
    feed.ack([1, 2, 4]);
    feed.close();
    await host.stop();
    await start();
    const again = openFeed();
    expect(sequences(await again.pull(9))).toEqual([3, 4, 5]);
    again.close();
  });

  test('hands out a damaged record as damaged, again and again, and goes on behind it', async () => {
    await write(4);
    const database = new DatabaseSync(join(folder, 'journal.sqlite'));
    database.exec("UPDATE records SET bytes = x'00' WHERE sequence IN (2, 4)");
    database.close();
    const feed = openFeed();
    const records = await feed.pull(9);
    expect(sequences(records)).toEqual([1, 2, 3, 4]);
    const second = 'record 2 of shard 1 is damaged';
    const fourth = 'record 4 of shard 1 is damaged';
    const damage = records.map(({ damage }) => damage?.slice(0, second.length));
    expect(damage).toEqual([undefined, second, undefined, fourth]);
    await write(1);
    feed.nak([2]);
    await time.pass(200);
    expect(await feed.pull(9)).toMatchObject([
      { sequence: 2, deliveries: 2, damage: expect.stringContaining(second) },
      { sequence: 5, deliveries: 1 },
    ]);
    feed.close();
  });

  test('passes over a shard that was set aside, whatever number of its records there are', async () => {
    await write(30);
    const feed = openFeed(6);
    expect(sequences(await feed.pull(4))).toEqual([1, 2, 3, 4]);
    feed.setAside(1, 3);
    await journal.append(2, new TextEncoder().encode('of another shard'), 0);
    expect(sequences(await feed.pull(4))).toEqual([31]);
    await time.pass(30_000);
    expect(sequences(await feed.pull(9))).toEqual([1, 2, 31]);
    feed.ack([1, 2, 31]);
    await write(10);
    await time.pass(30_000);
    expect(sequences(await feed.pull(9))).toEqual([]);
    feed.close();
  });

  test('begins, after a stop, with the first record of a shard that was set aside', async () => {
    await write(5);
    const feed = openFeed();
    await feed.pull(5);
    feed.setAside(1, 4);
    feed.setAside(1, 5);
    feed.ack([1, 2, 3, 4, 5]);
    feed.close();
    await host.stop();
    await start();
    const again = openFeed();
    expect(sequences(await again.pull(9))).toEqual([4, 5]);
    again.close();
  });

  test('can be sent back to the beginning', async () => {
    await write(3);
    const feed = openFeed();
    await feed.pull(3);
    feed.ack([1, 2, 3]);
    feed.rewind(1);
    expect(sequences(await feed.pull(9))).toEqual([2, 3]);
    feed.close();
  });
});
