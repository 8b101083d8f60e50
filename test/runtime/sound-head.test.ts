// What a claim believes of a journal's newest record: a deposed leader may tell an older one, and somebody beside the journal
// may know more.

import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/runtime/limits.ts';
import type { StoredRecord, Witness } from '../../src/runtime/ports.ts';
import { Shard } from '../../src/runtime/shard.ts';
import { SimulatedSnapshots } from '../simulation/snapshots.ts';
import { Dice, SimulatedRandom } from '../simulation/world.ts';
import { HeldJournal, ManualTime, ShardInHand } from './harness.ts';

const STALE_MS = 24_000;

/** Asked for its newest record it tells the first one, so often; of several servers, or not. */
class StaleJournal extends HeldJournal {
  readonly headStaleMs?: number;
  looks = 0;
  #staleLooks = 0;

  constructor(headStaleMs?: number) {
    super();
    if (headStaleMs !== undefined) this.headStaleMs = headStaleMs;
  }

  beStale(looks: number): void {
    this.#staleLooks = looks;
    this.looks = 0;
  }

  override head(shard: number): Promise<StoredRecord | undefined> {
    return this.looks++ < this.#staleLooks ? Promise.resolve(this.log.of(shard)[0]) : super.head(shard);
  }
}

async function claimed(journal: StaleJournal, witness: () => Promise<Witness | undefined>) {
  const time = new ManualTime();
  const random = new SimulatedRandom(new Dice(7));
  const snapshots = new SimulatedSnapshots();
  const ports = { journal, snapshots, witness, clock: time, timers: time, random };
  const shard = new Shard(0, ports, DEFAULT_LIMITS);
  const opened = shard.open();
  await time.pass(STALE_MS);
  await opened;
  return { shard, time };
}

/** Three claims. */
async function written(headStaleMs?: number): Promise<StaleJournal> {
  const journal = new StaleJournal(headStaleMs);
  for (const seed of [1, 2, 3]) await new ShardInHand(journal, {}, seed).shard.open();
  return journal;
}

const knows = (sequence: number) => (): Promise<Witness> =>
  Promise.resolve({ what: 'Postgres has', sequence });

test.each([1, 2, 3])(
  'a leader that was deposed is asked again: %i old answers refuse nobody',
  async (looks) => {
    const journal = await written(STALE_MS);
    journal.beStale(looks);
    const { shard } = await claimed(journal, knows(3));
    expect(shard.status()).toMatchObject({ phase: 'open', epoch: 4, sequence: 4 });
    expect(journal.looks).toBe(looks + 1);
  },
);

test('a snapshot is no proof of a loss either until the leader was asked again', async () => {
  const journal = await written(STALE_MS);
  const hand = new ShardInHand(journal, {}, 9);
  await hand.snapshots.write({ shard: 0, sequence: 3, epoch: 3 }, [new Uint8Array(10)]);
  journal.beStale(2);
  const opened = hand.shard.open();
  await hand.time.pass(STALE_MS);
  await opened;
  expect(hand.shard.phase).toBe('open');
});

test('records that stay away are lost: the shard is refused by name and without a claim', async () => {
  const journal = await written(STALE_MS);
  journal.beStale(0);
  const { shard } = await claimed(journal, knows(5));
  expect(shard.status()).toMatchObject({ phase: 'refused', reason: expect.stringMatching(REASON) });
  expect(journal.looks).toBe(4);
  expect(journal.log.records).toHaveLength(3);
});

const REASON =
  /^Postgres has shard 0 up to record 5, but the journal’s newest record of that shard is 3: the journal lost records/;

test('a journal that always knows its newest record is asked once', async () => {
  const journal = await written();
  journal.beStale(0);
  const { shard, time } = await claimed(journal, knows(5));
  expect(shard.status()).toMatchObject({ phase: 'refused', reason: expect.stringMatching(REASON) });
  expect(journal.looks).toBe(1);
  expect(time.now()).toBe(new ManualTime().now() + STALE_MS);
});

test('a witness that knows as much, less or nothing holds nobody up', async () => {
  for (const witness of [knows(3), knows(1), () => Promise.resolve(undefined)]) {
    const journal = await written(STALE_MS);
    journal.beStale(0);
    const { shard } = await claimed(journal, witness);
    expect(shard.phase).toBe('open');
    expect(journal.looks).toBe(1);
  }
});
