// What a claim makes of snapshots: whole, damaged, foreign, older than the journal, and beyond it.

import { describe, expect, test } from 'vitest';
import { digest, encodeRecord, keyOf } from '../../src/actors/index.ts';
import { ShardState } from '../../src/runtime/shard-state.ts';
import { SnapshotMaker, type SnapshotPolicy } from '../../src/runtime/snapshot-maker.ts';
import { SimulatedSnapshots } from '../simulation/snapshots.ts';
import { HeldJournal, outcomeOf, PRODUCT, ShardInHand, turns } from './harness.ts';

const POLICY: SnapshotPolicy = {
  tailBytesMin: 1,
  tailShareMin: 0,
  stopTailBytesMin: 1,
  stopBytesMax: 1_000_000,
  keptBytesMax: 0,
  retryMs: 1,
  yieldMsMax: 0,
};

async function makeSnapshot({ journal, snapshots, time }: ShardInHand): Promise<void> {
  const failed = (_: number, error: unknown): never => {
    throw error;
  };
  const maker = new SnapshotMaker({ journal, snapshots, timers: time, clock: time }, POLICY, {
    made: () => undefined,
    failed,
  });
  if (!(await maker.step())) throw new Error('no snapshot was due');
}

/** Orders of `customers`, each followed by a snapshot. */
async function sold(...customers: readonly string[]): Promise<ShardInHand> {
  const hand = await ShardInHand.selling(10);
  for (const customer of customers) {
    hand.reserve(customer);
    await turns();
    await makeSnapshot(hand);
  }
  hand.reserve('last');
  await turns();
  return hand;
}

async function next({ journal, snapshots }: ShardInHand): Promise<ShardInHand> {
  const hand = new ShardInHand(journal, {}, 9, snapshots);
  journal.replayedFrom.length = 0;
  await hand.shard.open();
  return hand;
}

/** By the whole journal. */
function replayed({ journal }: ShardInHand): string {
  const state = new ShardState(0);
  for (const stored of journal.log.of(0)) state.replay(stored);
  return digest(state.products.get(PRODUCT)!);
}

const live = ({ shard }: ShardInHand): string => digest(shard.durableProducts()!.get(PRODUCT)!);

/** The lowest sequence that was read. */
const readFrom = ({ journal }: ShardInHand): number => Math.min(...journal.replayedFrom);

describe('a claim', () => {
  test('begins at the newest snapshot, reads only the tail, and comes to the state of a whole replay', async () => {
    const before = await sold('ada', 'bob');
    const [newest] = await before.snapshots.list(0);
    const after = await next(before);
    expect(readFrom(after)).toBe(newest!.sequence);
    expect(live(after)).toBe(replayed(before));
    expect(after.shard.status()).toMatchObject({ phase: 'open', epoch: 2 });
    expect((await told(after.reserve('ada'))).reply).toMatchObject({ replayed: true });
  });

  test('sets a damaged snapshot aside and takes the older one', async () => {
    const before = await sold('ada', 'bob');
    const [newest, older] = await before.snapshots.list(0);
    before.snapshots.damage(newest!, 200);
    const after = await next(before);
    expect(before.snapshots.setAsides).toMatchObject([{ name: newest }]);
    expect(readFrom(after)).toBe(older!.sequence);
    expect(live(after)).toBe(replayed(before));
  });

  test('with no snapshot that is whole reads the whole journal', async () => {
    const before = await sold('ada', 'bob');
    for (const name of await before.snapshots.list(0)) before.snapshots.damage(name, 300);
    const after = await next(before);
    expect(before.snapshots.setAsides).toHaveLength(2);
    expect(readFrom(after)).toBe(1);
    expect(live(after)).toBe(replayed(before));
  });

  test('whatever bit of a snapshot is flipped, the state is right', async () => {
    const before = await sold('ada');
    const [name] = await before.snapshots.list(0);
    const bytes = before.snapshots.kept.get(name!)!;
    for (let at = 0; at < bytes.length; at += 7) {
      const snapshots = new SimulatedSnapshots();
      snapshots.kept.set(name!, Uint8Array.from(bytes));
      snapshots.damage(name!, at);
      const after = new ShardInHand(before.journal, {}, at, snapshots);
      await after.shard.open();
      expect(after.shard.phase, `byte ${at}`).toBe('open');
      expect(live(after), `byte ${at}`).toBe(replayed(before));
      expect(snapshots.setAsides, `byte ${at}`).toHaveLength(1);
    }
  });

  test('does not take a snapshot of another journal', async () => {
    const other = new ShardInHand(new HeldJournal(), {}, 77);
    await other.shard.open();
    await makeSnapshot(other);
    const before = await ShardInHand.selling(10);
    const [[name, bytes]] = [...other.snapshots.kept] as [[never, Uint8Array]];
    before.snapshots.kept.set(name, bytes);
    const after = await next(before);
    expect(before.snapshots.setAsides[0]!.why).toMatch(/record 1 of this journal is not the one/);
    expect(live(after)).toBe(replayed(before));
  });

  test('refuses a shard whose journal ends before a whole snapshot, by name and without a claim', async () => {
    const before = await sold('ada');
    const { records } = before.journal.log;
    records.splice(2);
    const shortened = new HeldJournal();
    for (const { shard, bytes } of records)
      shortened.log.append(shard, bytes, shortened.log.of(0).at(-1)?.sequence ?? 0);
    const after = new ShardInHand(shortened, {}, 9, before.snapshots);
    await after.shard.open();
    expect(after.shard.status().phase).toBe('refused');
    expect(after.shard.status().reason).toMatch(
      /a snapshot holds shard 0 up to record 3, but the journal’s newest record of that shard is 2/,
    );
    expect(shortened.log.records).toHaveLength(2);
  });

  test('does not believe a damaged snapshot that the journal lost records', async () => {
    const before = await sold('ada');
    const [name] = await before.snapshots.list(0);
    const after = await ShardInHand.selling(10);
    after.snapshots.kept.set({ ...name!, sequence: 1_000 }, new Uint8Array(10));
    const again = await next(after);
    expect(again.shard.phase).toBe('open');
    expect(after.snapshots.setAsides).toHaveLength(1);
  });
});

describe('an unknown append that a snapshot has passed', () => {
  test('is answered as what it was', async () => {
    const hand = await ShardInHand.selling(1);
    hand.journal.letThrough = false;
    const bought = hand.reserve('ada');
    await turns();
    hand.journal.letThrough = true;
    await hand.journal.held[0]!.settle(true, { kind: 'unknown', cause: 'the answer is lost' });
    await makeSnapshot(hand);
    const [newest] = await hand.snapshots.list(0);
    expect(newest!.sequence).toBe(hand.journal.log.records.length);
    await hand.time.pass(1_000);
    // Not as a repetition of itself.
    expect(bought.reply).toMatchObject({ outcome: 'reserved', replayed: false });
    expect(hand.shard.status()).toMatchObject({ phase: 'open', epoch: 2 });
    expect(live(hand)).toBe(replayed(hand));
  });

  test('that never landed is decided again', async () => {
    const hand = await ShardInHand.selling(1);
    hand.journal.letThrough = false;
    const bought = hand.reserve('ada');
    await turns();
    hand.journal.letThrough = true;
    await makeSnapshot(hand);
    await hand.journal.held[0]!.settle(false);
    await hand.time.pass(1_000);
    expect(outcomeOf(bought)).toBe('reserved');
    const events = hand.journal.log.records.length;
    expect(events).toBe(4); // claim, product with stock, claim, order
  });
});

async function told<T>(answer: T): Promise<T> {
  await turns();
  return answer;
}

describe('a replay', () => {
  const at = 1_790_000_000_000;
  const terms = { amount: 1_999, currency: 'EUR', holdSeconds: 60 };
  const header = { shard: 0, epoch: 1, owner: keyOf('owner'), revision: 0, at };
  const configuration = {
    ...terms,
    name: 'Kettle',
    description: '',
    startsAt: 0,
    endsAt: 2 * at,
    perCustomerLimit: 1,
  };
  const reserved = (serial: number, late: number) =>
    ({
      kind: 'reserved',
      productId: 'sku',
      at: at + late,
      orderId: keyOf(`order ${serial}`),
      customerId: `customer ${serial}`,
      customerKey: keyOf(`customer ${serial}`),
      idempotencyKey: 'key',
      requestKey: keyOf(`request ${serial}`),
      quantity: 1,
      terms,
    }) as const;

  function sellingState(): ShardState {
    const state = new ShardState(0);
    state.replay({ sequence: 1, shard: 0, bytes: encodeRecord({ ...header, number: 0, previous: 0 }, []) });
    const events = [
      { kind: 'configured', productId: 'sku', at, configuration, revision: 1 },
      { kind: 'stockLoaded', productId: 'sku', at, requestId: 'all', quantity: 9 },
    ] as const;
    state.replay({
      sequence: 2,
      shard: 0,
      bytes: encodeRecord({ ...header, number: 1, previous: 1 }, events),
    });
    return state;
  }

  const replay = (state: ShardState, ...lates: number[]): void => {
    const { number, head } = state.position;
    const bytes = encodeRecord(
      { ...header, number: number + 1, previous: head },
      lates.map((late, place) => reserved(head * 10 + place, late)),
    );
    state.replay({ sequence: head + 1, shard: 0, bytes });
  };

  test('knows the latest time of a run', () => {
    const state = sellingState();
    replay(state, 5, 5, 7);
    expect(state.at).toBe(at + 7);
    expect(state.products.get('sku')!.orders.size).toBe(3);
  });

  test.each([
    ['inside a run', [5, 7, 6]],
    ['to before the record', [4, 9]],
  ])('stops at a time that runs back %s', (_, lates) => {
    const state = sellingState();
    replay(state, 5);
    expect(() => replay(state, ...lates)).toThrow('record 4 of shard 0 runs back in time');
  });
});
