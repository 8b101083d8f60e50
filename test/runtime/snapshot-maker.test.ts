import { describe, expect, test } from 'vitest';
import { ReportedShards, type ShardReport } from '../../src/runtime/reported-shards.ts';
import {
  SNAPSHOT_POLICY,
  SnapshotMaker,
  type JournalFollower,
  type SnapshotPolicy,
} from '../../src/runtime/snapshot-maker.ts';
import { ShardInHand, turns } from './harness.ts';

interface Made {
  readonly maker: SnapshotMaker;
  readonly made: number[];
  readonly failed: unknown[];
}

function makerFor(
  { journal, snapshots, time }: Pick<ShardInHand, 'snapshots' | 'time'> & { journal: JournalFollower },
  change: Partial<SnapshotPolicy>,
  isRush = () => false,
): Made {
  const made: number[] = [];
  const failed: unknown[] = [];
  const policy = { ...SNAPSHOT_POLICY, tailBytesMin: 2_000, ...change };
  const maker = new SnapshotMaker({ journal, snapshots, timers: time, clock: time, isRush }, policy, {
    made: ({ sequence }) => void made.push(sequence),
    failed: (_, error) => void failed.push(error),
  });
  return { maker, made, failed };
}

async function sell(hand: ShardInHand, orders: number, prefix: string): Promise<void> {
  for (let number = 0; number < orders; number++) hand.reserve(`${prefix} ${number}`);
  await turns();
}

/** As long as there is one to make. */
async function all(maker: SnapshotMaker): Promise<number> {
  let made = 0;
  while (await maker.step()) made++;
  return made;
}

test('a short tail makes none, a long one makes one, and then a longer one is awaited', async () => {
  const hand = await ShardInHand.selling(1_000);
  const { maker, made } = makerFor(hand, {});
  expect(await all(maker)).toBe(0);
  await sell(hand, 100, 'first');
  expect(await all(maker)).toBe(1);
  const [newest] = await hand.snapshots.list(0);
  expect(newest!.sequence).toBe(hand.journal.log.records.length);
  expect(newest!.bytes).toBeGreaterThan(4_000);
  await sell(hand, 10, 'few');
  expect(await all(maker), 'less than half of the last snapshot').toBe(0);
  await sell(hand, 60, 'more');
  expect(await all(maker)).toBe(1);
  expect(made).toHaveLength(2);
});

test('a new maker knows what the one before it made', async () => {
  const hand = await ShardInHand.selling(1_000);
  await sell(hand, 100, 'first');
  expect(await all(makerFor(hand, {}).maker)).toBe(1);
  expect(await all(makerFor(hand, {}).maker)).toBe(0);
});

test.each([0, 1_000_000])(
  'the newest two are kept, whatever is kept in memory (%i bytes)',
  async (keptBytesMax) => {
    const hand = await ShardInHand.selling(1_000);
    const { maker, made } = makerFor(hand, { keptBytesMax, tailShareMin: 0 });
    for (const round of ['a', 'b', 'c', 'd']) {
      await sell(hand, 150, round);
      expect(await all(maker)).toBe(1);
    }
    const kept = await hand.snapshots.list(0);
    expect(kept.map(({ sequence }) => sequence)).toEqual(made.slice(-2).toReversed());
    const after = new ShardInHand(hand.journal, {}, 5, hand.snapshots);
    await after.shard.open();
    expect(hand.snapshots.setAsides).toEqual([]);
    expect(after.shard.durableProducts()!.get('sku-1')!.orders.size).toBe(600);
  },
);

test('one that fails is tried again after a rest, and nothing of it counts', async () => {
  const hand = await ShardInHand.selling(1_000);
  const { maker, made, failed } = makerFor(hand, { retryMs: 1_000 });
  await sell(hand, 100, 'first');
  hand.snapshots.beforeReadBack = () => Promise.reject(new Error('no room'));
  expect(await all(maker)).toBe(1);
  expect(failed).toMatchObject([{ message: 'no room' }]);
  expect(await hand.snapshots.list(0)).toEqual([]);
  hand.snapshots.beforeReadBack = () => Promise.resolve();
  expect(await all(maker), 'while it rests').toBe(0);
  await hand.time.pass(1_001);
  expect(await all(maker)).toBe(1);
  expect(made).toHaveLength(1);
});

test('in a rush it rests, for a bounded time, and then makes all that are due', async () => {
  const hand = await ShardInHand.selling(1_000);
  let isRush = false;
  const { maker, made } = makerFor(hand, { tailShareMin: 0, yieldMsMax: 10_000 }, () => isRush);
  expect(await all(maker)).toBe(0);
  isRush = true;
  await sell(hand, 100, 'first');
  expect(await all(maker)).toBe(0);
  await hand.time.pass(9_999);
  expect(await all(maker)).toBe(0);
  await hand.time.pass(1);
  expect(await all(maker)).toBe(1);
  await sell(hand, 100, 'second');
  expect(await all(maker), 'it rests anew').toBe(0);
  isRush = false;
  expect(await all(maker)).toBe(1);
  expect(made).toHaveLength(2);
});

test('a stop takes a shorter tail along, and begins nothing large', async () => {
  const hand = await ShardInHand.selling(1_000);
  await sell(hand, 20, 'few');
  const large = makerFor(hand, { tailBytesMin: 1_000_000, stopTailBytesMin: 500, stopBytesMax: 1_000 });
  expect(await large.maker.stepBeforeStop()).toBe(false);
  const short = makerFor(hand, { tailBytesMin: 1_000_000, stopTailBytesMin: 500 });
  expect(await short.maker.step()).toBe(false);
  expect(await short.maker.stepBeforeStop()).toBe(true);
  expect(await short.maker.stepBeforeStop()).toBe(false);
  expect(short.made).toHaveLength(1);
});

test('a look that fails counts nothing, and the next one counts what it left', async () => {
  const hand = await ShardInHand.selling(1_000);
  const { maker, made } = makerFor(hand, {});
  await sell(hand, 100, 'first');
  const list = hand.snapshots.list.bind(hand.snapshots);
  hand.snapshots.list = () => Promise.reject(new Error('no answer'));
  await expect(maker.step()).rejects.toThrow('no answer');
  hand.snapshots.list = list;
  expect(await all(maker)).toBe(1);
  expect(made).toHaveLength(1);
});

describe('of shards that are reported', () => {
  const reportOf = ({ shard }: ShardInHand): ShardReport => {
    const { epoch, sequence: head, bytes } = shard.status();
    return { shard: 0, epoch, head, bytes };
  };

  function reportedMaker(hand: ShardInHand): Made & { readonly reported: ReportedShards } {
    const reported = new ReportedShards(hand.time);
    const journal = reported.follow(hand.journal);
    const made = makerFor({ journal, snapshots: hand.snapshots, time: hand.time }, {});
    return { ...made, reported };
  }

  test('one is made when what was journaled since the last one has grown long', async () => {
    const hand = await ShardInHand.selling(1_000);
    const { maker, made, reported } = reportedMaker(hand);
    reported.report([reportOf(hand)]);
    expect(await all(maker)).toBe(0);
    await sell(hand, 100, 'first');
    expect(await all(maker), 'nobody has told').toBe(0);
    reported.report([reportOf(hand)]);
    expect(await all(maker)).toBe(1);
    expect(made).toEqual([hand.journal.log.records.length]);
    await sell(hand, 10, 'few');
    reported.report([reportOf(hand)]);
    reported.report([reportOf(hand)]);
    expect(await all(maker)).toBe(0);
    for (const round of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await sell(hand, 10, round);
      reported.report([reportOf(hand)]);
    }
    expect(await all(maker)).toBe(1);
  });

  test('a long tail that the owner found when it opened the shard counts', async () => {
    const before = await ShardInHand.selling(1_000);
    await sell(before, 100, 'first');
    const hand = new ShardInHand(before.journal, {}, 5, before.snapshots);
    await hand.shard.open();
    const { maker, made, reported } = reportedMaker(hand);
    reported.report([reportOf(hand)]);
    expect(await all(maker)).toBe(1);
    expect(made).toEqual([hand.shard.status().sequence]);
    const after = new ShardInHand(before.journal, {}, 6, before.snapshots);
    await after.shard.open();
    expect(after.shard.status().bytes).toBeLessThan(hand.shard.status().bytes / 10);
    reported.report([reportOf(after)]);
    expect(await all(maker)).toBe(0);
  });

  test('none is made of one that has moved away, and those of its new owner count when it comes back', async () => {
    const hand = await ShardInHand.selling(1_000);
    const { maker, made, reported } = reportedMaker(hand);
    reported.report([reportOf(hand)]);
    await maker.step();
    await sell(hand, 100, 'first');
    reported.report([reportOf(hand)]);
    reported.report([]);
    expect(await all(maker)).toBe(0);
    expect(await all(makerFor(hand, {}).maker), 'by the new owner').toBe(1);
    const back = new ShardInHand(hand.journal, {}, 5, hand.snapshots);
    await back.shard.open();
    reported.report([reportOf(back)]);
    expect(await all(maker)).toBe(0);
    expect(made).toEqual([]);
  });

  test('one that could not be made is not tried again when the shard has moved away', async () => {
    const hand = await ShardInHand.selling(1_000);
    const { maker, made, failed, reported } = reportedMaker(hand);
    await sell(hand, 100, 'first');
    reported.report([reportOf(hand)]);
    hand.snapshots.beforeReadBack = () => Promise.reject(new Error('no room'));
    expect(await all(maker)).toBe(1);
    expect(failed).toHaveLength(1);
    hand.snapshots.beforeReadBack = () => Promise.resolve();
    reported.report([]);
    await hand.time.pass(SNAPSHOT_POLICY.retryMs);
    expect(await all(maker)).toBe(0);
    expect(made).toEqual([]);
  });

  test('much between two reports is a rush', async () => {
    const { time } = await ShardInHand.selling(1);
    const reported = new ReportedShards(time);
    const report = async (bytes: number): Promise<boolean> => {
      await time.pass(1_000);
      reported.report([{ shard: 0, epoch: 1, head: bytes, bytes }]);
      return reported.isRush();
    };
    expect([await report(1_000), await report(101_000), await report(102_000)]).toEqual([false, true, false]);
  });
});
