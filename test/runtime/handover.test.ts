// A shard goes from one living thread to another: what each of the two does. The whole of it, under load, is in
// test/faults/handover.test.ts.

import { beforeEach, describe, expect, test } from 'vitest';
import {
  customerKeyOf,
  keyOf,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  type Command,
} from '../../src/actors/index.ts';
import { DEFAULT_LIMITS } from '../../src/runtime/limits.ts';
import { OwnShards } from '../../src/runtime/own-shards.ts';
import type { ShardReply } from '../../src/runtime/ports.ts';
import { Shard } from '../../src/runtime/shard.ts';
import { Dice, SimulatedRandom } from '../simulation/world.ts';
import { END, HeldJournal, ManualTime, outcomeOf, PRODUCT, START, turns } from './harness.ts';

const SHARD = 0;
const [GIVER, TAKER] = [0, 1];

let journal: HeldJournal;
let time: ManualTime;
let owners: number[];
let giver: OwnShards;
let taker: OwnShards;

function threadOf(self: number): OwnShards {
  const random = new SimulatedRandom(new Dice(self + 1));
  return new OwnShards({
    self,
    shards: 1,
    ownerOf: (shard) => owners[shard]!,
    timers: time,
    make: (number, onPhase) =>
      new Shard(number, { journal, clock: time, timers: time, random }, DEFAULT_LIMITS, onPhase),
  });
}

function offer(thread: OwnShards, command: Command): { reply: ShardReply | undefined } {
  const told: { reply: ShardReply | undefined } = { reply: undefined };
  thread.byNumber.get(SHARD)!.offer({
    command,
    deadline: time.monotonic() + 5_000,
    answer: (reply) => {
      if (told.reply !== undefined) throw new Error('answered twice');
      told.reply = reply;
    },
  });
  return told;
}

function reserve(customerId: string): Command {
  return {
    kind: 'reserve',
    productId: PRODUCT,
    orderId: orderKeyOf(productTagOf(PRODUCT), START / 1_000, keyOf(customerId).slice(0, 8)),
    customerId,
    customerKey: customerKeyOf(customerId),
    idempotencyKey: 'k',
    requestKey: requestKeyOf(PRODUCT, customerId, 'k'),
    quantity: 1,
  };
}

const phaseOf = (thread: OwnShards): string | undefined => thread.byNumber.get(SHARD)?.phase;
const replayedOf = ({ reply }: { reply: ShardReply | undefined }): boolean | undefined =>
  reply?.outcome === 'reserved' ? reply.replayed : undefined;

beforeEach(async () => {
  journal = new HeldJournal();
  time = new ManualTime();
  owners = [GIVER];
  giver = threadOf(GIVER);
  taker = threadOf(TAKER);
  await giver.adopt();
  const configuration = {
    name: 'Kettle',
    description: '',
    startsAt: START,
    endsAt: END,
    amount: 1_999,
    currency: 'EUR',
    perCustomerLimit: 1,
    holdSeconds: 60,
  };
  offer(giver, { kind: 'configure', productId: PRODUCT, configuration, expectedRevision: undefined });
  offer(giver, { kind: 'loadStock', productId: PRODUCT, requestId: 'all', quantity: 3 });
  await turns();
});

describe('a shard that is handed over', () => {
  test('is decided by its giver to the end, and then by its taker, who knows all of it', async () => {
    const ada = offer(giver, reserve('ada'));
    await taker.prepare(SHARD);
    owners[SHARD] = TAKER;
    journal.letThrough = false;
    const bob = offer(giver, reserve('bob'));
    const released = giver.release(SHARD);
    const late = offer(giver, reserve('late'));
    const waiting = offer(taker, reserve('cleo'));
    const again = offer(taker, reserve('bob'));
    await turns();
    // Bob's append is under way: nobody knows yet.
    expect([outcomeOf(ada), outcomeOf(bob), outcomeOf(late)]).toEqual(['reserved', undefined, 'moved']);
    await journal.held[0]!.settle(true);
    await released;
    expect(outcomeOf(bob)).toBe('reserved');
    expect(phaseOf(giver)).toBeUndefined();
    expect(outcomeOf(waiting)).toBeUndefined();
    journal.letThrough = true;
    await taker.adopt();
    await turns();
    expect(phaseOf(taker)).toBe('open');
    expect([outcomeOf(waiting), outcomeOf(again)]).toEqual(['reserved', 'reserved']);
    expect([replayedOf(waiting), replayedOf(again)]).toEqual([false, true]);
    expect(outcomeOf(offer(taker, reserve('dan')))).toBeUndefined();
  });

  test('was read beforehand: behind the claim only the rest is', async () => {
    await taker.prepare(SHARD);
    const before = journal.log.of(SHARD).at(-1)!.sequence;
    offer(giver, reserve('ada'));
    await turns();
    owners[SHARD] = TAKER;
    await giver.release(SHARD);
    journal.replayedFrom.length = 0;
    await taker.adopt();
    expect(journal.replayedFrom).toEqual([before + 1]);
    const stock = offer(taker, { kind: 'showStock', productId: PRODUCT });
    await turns();
    expect(stock.reply).toMatchObject({ stock: { available: 2, reserved: 1 } });
  });

  test('is taken all the same when its giver does not let go, and the giver writes no more', async () => {
    await taker.prepare(SHARD);
    journal.letThrough = false;
    const stuck = offer(giver, reserve('ada'));
    await turns();
    owners[SHARD] = TAKER;
    void giver.release(SHARD);
    journal.letThrough = true;
    await taker.adopt();
    expect(phaseOf(taker)).toBe('open');
    // Its append comes too late.
    await journal.held[0]!.settle(true);
    await turns();
    expect(outcomeOf(stuck)).toBe('moved');
    await time.pass(2_000);
    expect(phaseOf(taker)).toBe('open');
    const [first, last] = [offer(taker, reserve('ada')), offer(taker, reserve('ada'))];
    await turns();
    expect([replayedOf(first), replayedOf(last)]).toEqual([false, true]);
  });

  test('stays where it is when the handover is called off', async () => {
    await taker.prepare(SHARD);
    taker.abandon(SHARD);
    expect(taker.byNumber.size).toBe(0);
    await taker.adopt();
    expect(taker.byNumber.size).toBe(0);
    const ada = offer(giver, reserve('ada'));
    await turns();
    expect(outcomeOf(ada)).toBe('reserved');
  });

  test('comes back as it went', async () => {
    const [ada] = [offer(giver, reserve('ada'))];
    await turns();
    expect(outcomeOf(ada)).toBe('reserved');
    for (const [from, to, self] of [
      [giver, taker, TAKER],
      [taker, giver, GIVER],
      [giver, taker, TAKER],
    ] as const) {
      await to.prepare(SHARD);
      owners[SHARD] = self;
      await from.release(SHARD);
      await to.adopt();
      expect([phaseOf(from), phaseOf(to)]).toEqual([undefined, 'open']);
    }
    const again = offer(taker, reserve('ada'));
    await turns();
    expect(replayedOf(again)).toBe(true);
  });
});
