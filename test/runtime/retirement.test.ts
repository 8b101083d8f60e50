// A shard over the end of its sales: who is retired when, in which append, and what a claim finds afterwards.

import { describe, expect, test } from 'vitest';
import {
  customerKeyOf,
  decodeRecord,
  digest,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  type Event,
} from '../../src/actors/index.ts';
import { DEFAULT_LIMITS } from '../../src/runtime/limits.ts';
import { ShardState } from '../../src/runtime/shard-state.ts';
import { SNAPSHOT_POLICY, SnapshotMaker } from '../../src/runtime/snapshot-maker.ts';
import { END, outcomeOf, PRODUCT, ShardInHand, START, turns } from './harness.ts';

const DAY_MS = DEFAULT_LIMITS.ordersKeptMs;

const eventsOf = ({ journal }: ShardInHand): Event[] =>
  journal.log.records.flatMap(({ bytes }) => decodeRecord(bytes).events);
const retirements = (hand: ShardInHand): string[] =>
  eventsOf(hand).flatMap(({ kind, productId }) => (kind === 'retired' ? [productId] : []));

async function told<T>(answer: T): Promise<T> {
  await turns();
  return answer;
}

/** Ada has paid, and bob has cancelled. */
async function sold(): Promise<ShardInHand> {
  const hand = await ShardInHand.selling(5);
  for (const customer of ['ada', 'bob']) {
    const { reply } = await told(hand.reserve(customer));
    if (reply?.outcome !== 'reserved') throw new Error(`not reserved: ${JSON.stringify(reply)}`);
    const named = { orderId: reply.order.orderId, customerKey: customerKeyOf(customer) };
    if (customer === 'ada') hand.offer({ kind: 'pay', ...named, settlement: 'paid' });
    else hand.offer({ kind: 'cancel', ...named });
  }
  await turns();
  return hand;
}

const passTo = async ({ time }: ShardInHand, at: number): Promise<void> => {
  await time.jump(at - time.now() - 1);
  await time.pass(1);
};

describe('a sale that is over', () => {
  test('is kept for a day, then journaled as retired; keys are answered as retired, behind the append', async () => {
    const hand = await sold();
    await passTo(hand, END + DAY_MS - 10_000);
    expect((await told(hand.reserve('ada'))).reply).toMatchObject({ outcome: 'reserved', replayed: true });
    await hand.time.pass(9_999);
    expect(retirements(hand)).toEqual([]);
    hand.journal.letThrough = false;
    await hand.time.pass(1);
    expect(hand.journal.held).toHaveLength(1);
    const requestKey = requestKeyOf(PRODUCT, 'ada', 'k');
    const found = await told(hand.offer({ kind: 'findOrder', productId: PRODUCT, requestKey }));
    const bought = await told(hand.reserve('ada'));
    expect([found.reply, bought.reply]).toEqual([undefined, undefined]);
    await hand.journal.held[0]!.settle(true);
    expect([found.reply, bought.reply]).toEqual(
      Array.from({ length: 2 }, () => ({ outcome: 'retired', productId: PRODUCT })),
    );
    expect(retirements(hand)).toEqual([PRODUCT]);
    expect(hand.shard.durableProducts()!.get(PRODUCT)!.orders.size).toBe(0);
  });

  test('waits for its last open order, whoever ends it', async () => {
    const hand = await sold();
    const { reply } = await told(hand.reserve('cyd'));
    if (reply?.outcome !== 'reserved') throw new Error('not reserved');
    const named = { orderId: reply.order.orderId, customerKey: customerKeyOf('cyd') };
    hand.offer({ kind: 'pay', ...named, settlement: 'in_review' });
    await turns();
    await passTo(hand, END + 3 * DAY_MS);
    await hand.time.pass(60_000);
    expect(retirements(hand)).toEqual([]);
    hand.offer({ kind: 'pay', ...named, settlement: 'paid' });
    await hand.time.pass(100);
    expect(retirements(hand)).toEqual([PRODUCT]);
  });

  test('is retired with the last hold that ends, in one append', async () => {
    const hand = await sold();
    await passTo(hand, END - 30_000);
    hand.reserve('cyd');
    await turns();
    await hand.time.jump(END + DAY_MS - hand.time.now());
    const { events } = decodeRecord(hand.journal.log.records.at(-1)!.bytes);
    expect(events.map(({ kind }) => kind)).toEqual(['expired', 'retired']);
  });

  test('is found retired by the next owner, from the journal and from a snapshot alike', async () => {
    const hand = await sold();
    await passTo(hand, END + DAY_MS);
    const { journal, snapshots, time } = hand;
    const replayed = new ShardState(0);
    for (const stored of journal.log.of(0)) replayed.replay(stored);
    const sum = digest(replayed.products.get(PRODUCT)!);
    expect(digest(hand.shard.durableProducts()!.get(PRODUCT)!)).toBe(sum);
    const policy = { ...SNAPSHOT_POLICY, tailBytesMin: 1 };
    const maker = new SnapshotMaker({ journal, snapshots, timers: time, clock: time }, policy, {
      made: () => undefined,
      failed: (_, error) => {
        throw error;
      },
    });
    expect(await maker.step()).toBe(true);
    const [name] = await snapshots.list(0);
    expect(name!.bytes).toBeLessThan(300);
    for (const after of [new ShardInHand(journal, {}, 2), new ShardInHand(journal, {}, 3, snapshots)]) {
      await after.shard.open();
      expect(digest(after.shard.durableProducts()!.get(PRODUCT)!)).toBe(sum);
      expect((await told(after.reserve('ada'))).reply).toMatchObject({ outcome: 'retired' });
    }
  });

  test('is retired at the next start when nobody ran in the meantime, and not in its first moments', async () => {
    const before = await sold();
    const hand = new ShardInHand(before.journal);
    await hand.time.jump(END + 9 * DAY_MS - START);
    await hand.shard.open();
    await hand.time.pass(9_000);
    expect(retirements(hand)).toEqual([]);
    await hand.time.pass(1_001);
    expect(retirements(hand)).toEqual([PRODUCT]);
  });
});

test('a wave of retirements goes in several appends, and shoppers are answered in between', async () => {
  const hand = await ShardInHand.selling(5, { flushCommandsMax: 8 });
  const { configuration } = hand.shard.durableProducts()!.get(PRODUCT)!;
  const productIds = Array.from({ length: 30 }, (_, number) => `old-${number}`);
  for (const productId of productIds) {
    hand.offer({
      kind: 'configure',
      productId,
      configuration: { ...configuration, startsAt: START - 2, endsAt: START - 1 },
      expectedRevision: undefined,
    });
    await turns();
  }
  await passTo(hand, START + DAY_MS - 2);
  expect(retirements(hand)).toEqual([]);
  hand.journal.letThrough = false;
  const earlier = hand.journal.log.records.length;
  await hand.time.pass(1);
  const shown = hand.show();
  hand.journal.letThrough = true;
  await hand.journal.held[0]!.settle(true);
  expect(outcomeOf(await told(shown))).toBe('stock');
  await hand.time.pass(100);
  expect(retirements(hand).sort()).toEqual([...productIds].sort());
  const sizes = hand.journal.log.records.slice(earlier).map(({ bytes }) => decodeRecord(bytes).events.length);
  expect(sizes).toEqual([8, 8, 8, 6]);
});

test('of two products with one tag an unknown order is looked for behind the last one that is retired', () => {
  // Found by trying: the first four bytes of the SHA-256 of both are the same.
  const [one, other] = ['sku-38943', 'sku-57161'] as const;
  const tag = productTagOf(one);
  expect(productTagOf(other)).toBe(tag);
  const state = new ShardState(0);
  const sale = { name: '', description: '', startsAt: START, endsAt: START + 1, amount: 1, currency: 'EUR' };
  const configuration = { ...sale, perCustomerLimit: 1, holdSeconds: 0 };
  for (const productId of [one, other]) {
    state.evolve({ kind: 'configured', productId, at: START, configuration, revision: 1 });
  }
  const show = (): unknown => {
    const orderId = orderKeyOf(tag, START / 1_000, 'whatever');
    return state.decide({ kind: 'showOrder', orderId, customerKey: customerKeyOf('ada') }, START).reply;
  };
  expect(show()).toMatchObject({ refusal: 'not_found' });
  state.evolve({ kind: 'retired', productId: other, at: START + 5 });
  expect(show()).toEqual({ outcome: 'retired', productId: other });
  state.evolve({ kind: 'retired', productId: one, at: START + 6 });
  expect(show()).toEqual({ outcome: 'retired', productId: one });
});
