// Where a feed begins at a node's start: what the database lacks comes again, and nothing else does.

import { afterAll, afterEach, expect, test } from 'vitest';
import { rewindFeed, type JetStreamFeed, type JetStreamNames, type Link } from '../../src/runtime/index.ts';
import { JetStreamBench, SHARDS } from '../harness/jetstream-bench.ts';
import { recordOf } from '../harness/text-record.ts';
import { waitUntil } from '../harness/wait-until.ts';

const nats = new JetStreamBench();
afterAll(() => nats.stop());
afterEach(() => nats.closeLinks());

/** A database, as far as a feed knows it. */
class Rows {
  positions = new Map<number, number>();
  readonly came: number[] = [];

  /** Works off what there is: commits, then acknowledges, as the projection does. */
  async workOff(feed: JetStreamFeed, upTo: number): Promise<void> {
    await waitUntil(
      `record ${upTo} is acknowledged`,
      async () => {
        const { records } = await feed.pull(20);
        for (const { shard, sequence } of records) {
          this.came.push(sequence);
          this.positions.set(shard, Math.max(sequence, this.positions.get(shard) ?? 0));
        }
        feed.ack(records.map(({ sequence }) => sequence));
        return (await feed.ackFloor()) >= upTo;
      },
      () => this.came,
    );
  }
}

/** One record of each of these shards, in this order. */
async function write(names: JetStreamNames, shards: readonly number[]): Promise<void> {
  const journal = await nats.journal(names);
  for (const shard of shards) {
    const head = (await journal.head(shard))?.sequence ?? 0;
    const result = await journal.append(shard, recordOf(shard, 'record', head), head);
    expect(result.kind).toBe('appended');
  }
}

async function worked(): Promise<{ names: JetStreamNames; link: Link; feed: JetStreamFeed; rows: Rows }> {
  const names = await nats.stream();
  await write(names, [1, 2, 3, 1, 2, 1]);
  const rows = new Rows();
  // A server may still send something to a feed that has just closed; it comes again after this.
  const feed = await nats.feed(names, { ackWaitMs: 1_000 });
  await rows.workOff(feed, 6);
  return { names, link: await nats.link(), feed, rows };
}

test('a database from an older state gets again what it lacks, and shards that are further do not count', async () => {
  const { names, link, feed, rows } = await worked();
  rows.positions = new Map([
    [1, 6],
    [2, 2],
    [3, 3],
  ]);
  rows.came.length = 0;
  const positions = () => Promise.resolve(rows.positions);
  expect(await rewindFeed({ feed, link, names, shards: SHARDS, positions })).toBe(2);
  await rows.workOff(feed, 6);
  expect(rows.came).toEqual([3, 4, 5, 6]);
  expect(await rewindFeed({ feed, link, names, shards: SHARDS, positions })).toBeUndefined();
  await feed.close();
});

test('a database that is new gets everything', async () => {
  const { names, link, feed, rows } = await worked();
  rows.positions = new Map();
  rows.came.length = 0;
  const positions = () => Promise.resolve(rows.positions);
  expect(await rewindFeed({ feed, link, names, shards: SHARDS, positions })).toBe(0);
  await rows.workOff(feed, 6);
  expect(rows.came).toEqual([1, 2, 3, 4, 5, 6]);
  await feed.close();
});

test('a new consumer, and one that is behind the database, are left alone', async () => {
  const { names, link, feed, rows } = await worked();
  await feed.close();
  const positions = () => Promise.resolve(rows.positions);
  const other = await nats.feed(names, { name: 'other' });
  expect(await rewindFeed({ feed: other, link, names, shards: SHARDS, positions })).toBeUndefined();
  await other.close();
});

test('a consumer on which another node is at work is left alone, whatever it works off meanwhile', async () => {
  const { names, link, feed: busy, rows } = await worked();
  const starting = await nats.feed(names, { ackWaitMs: 1_000 });
  await write(names, [3, 3, 2, 1, 5, 3]);
  /** The others commit and acknowledge between the two looks, and again behind them. */
  const positions = async () => {
    await rows.workOff(busy, 9);
    const read = new Map(rows.positions);
    await rows.workOff(busy, 12);
    return read;
  };
  // What it has from the server would have to come to the other one.
  await starting.close();
  const asking = { ackFloor: () => starting.ackFloor(), rewind: (floor: number) => starting.rewind(floor) };
  expect(await rewindFeed({ feed: asking, link, names, shards: SHARDS, positions })).toBeUndefined();
  expect(new Set(rows.came).size).toBe(12);
  await busy.close();
});
