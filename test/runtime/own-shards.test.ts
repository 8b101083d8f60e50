import { describe, expect, test } from 'vitest';
import { encodeRecord } from '../../src/actors/index.ts';
import { DEFAULT_LIMITS } from '../../src/runtime/limits.ts';
import { OwnShards } from '../../src/runtime/own-shards.ts';
import type { StoredRecord } from '../../src/runtime/ports.ts';
import { Shard } from '../../src/runtime/shard.ts';
import { Dice, SimulatedRandom } from '../simulation/world.ts';
import { HeldJournal, ManualTime, turns } from './harness.ts';

/** The dead owner's last append lands between the look at the head and the claim, as often as the test likes. */
class RacingJournal extends HeldJournal {
  races = 0;

  override async head(shard: number): Promise<StoredRecord | undefined> {
    const head = await super.head(shard);
    if (this.races-- > 0) this.intrude(shard);
    return head;
  }

  /** Somebody else claims. */
  intrude(shard: number): void {
    const previous = this.log.of(shard).at(-1)?.sequence ?? 0;
    const epoch = this.log.of(shard).length + 1;
    const header = {
      shard,
      epoch,
      owner: `intruder-${epoch}`.padEnd(16),
      number: 0,
      previous,
      revision: 0,
      at: 1,
    };
    this.log.append(shard, encodeRecord(header, []), previous);
  }
}

function threadOf(owners: number[], since: number[] = owners.map(() => 0)) {
  const time = new ManualTime();
  const journal = new RacingJournal();
  const random = new SimulatedRandom(new Dice(1));
  const ownership = {
    get revision() {
      return Math.max(...since);
    },
    holds: () => true,
  };
  const shards = new OwnShards({
    self: 0,
    shards: owners.length,
    ownerOf: (shard) => owners[shard]!,
    sinceOf: (shard) => since[shard]!,
    timers: time,
    make: (number, onPhase) =>
      new Shard(number, { journal, clock: time, timers: time, random, ownership }, DEFAULT_LIMITS, onPhase),
  });
  const phases = () => Object.fromEntries(shards.status().map(({ shard, phase }) => [shard, phase]));
  return { time, journal, shards, phases };
}

describe('the shards of a thread', () => {
  test('are those that placement gives it, also later', async () => {
    const owners = [0, 1, 0, 1];
    const { shards, phases } = threadOf(owners);
    await shards.adopt();
    expect(phases()).toEqual({ 0: 'open', 2: 'open' });
    owners[1] = 0;
    await shards.adopt();
    expect(phases()).toEqual({ 0: 'open', 1: 'open', 2: 'open' });
  });

  test('are claimed anew when they were somebody else’s in between, without this thread’s notice', async () => {
    const since = [1, 1];
    const { journal, shards, phases } = threadOf([0, 0], since);
    await shards.adopt();
    const claims = journal.log.records.length;
    await shards.adopt();
    expect(journal.log.records).toHaveLength(claims);
    since[1] = 3;
    await shards.adopt();
    expect(journal.log.records).toHaveLength(claims + 1);
    expect(phases()).toEqual({ 0: 'open', 1: 'open' });
    expect(shards.byNumber.get(1)!.claimedUnder).toBe(3);
  });

  test('are there for commands at once, before they are open', () => {
    const { shards, phases } = threadOf([0]);
    void shards.adopt();
    expect(phases()).toEqual({ 0: 'opening' });
  });

  test('are claimed again when the last append of a dead owner came first', async () => {
    const { time, journal, shards, phases } = threadOf([0]);
    journal.races = 5;
    const adopted = shards.adopt();
    await time.pass(5_000);
    await adopted;
    expect(phases()).toEqual({ 0: 'open' });
  });

  test('are claimed again when they were open and somebody wrote to them, unless they moved', async () => {
    const owners = [0, 0];
    const { time, journal, shards, phases } = threadOf(owners);
    await shards.adopt();
    for (const shard of [0, 1]) {
      journal.intrude(shard);
      offer(shards, shard);
    }
    owners[1] = 1;
    await turns();
    expect(phases()).toEqual({ 0: 'lost', 1: 'lost' });
    await time.pass(5_000);
    expect(phases()).toEqual({ 0: 'open', 1: 'lost' });
  });

  test('are not claimed again while the node stops', async () => {
    const { time, journal, shards, phases } = threadOf([0]);
    journal.races = Infinity;
    void shards.adopt();
    await time.pass(100);
    await shards.drain();
    journal.races = 0;
    await time.pass(5_000);
    expect(phases()).toEqual({ 0: 'lost' });
  });
});

describe('shards that come and go', () => {
  test('are not given up for somebody who knows an older placement', async () => {
    const { shards, phases } = threadOf([0]);
    await shards.adopt();
    await expect(shards.release(0)).rejects.toThrow(/lives here/);
    expect(phases()).toEqual({ 0: 'open' });
  });

  test('are opened again when they come back while they are stopped', async () => {
    const owners = [0];
    const { time, journal, shards, phases } = threadOf(owners);
    await shards.adopt();
    journal.letThrough = false;
    offer(shards, 0);
    await turns();
    owners[0] = 1;
    const released = shards.releaseOthers();
    owners[0] = 0;
    const adopted = shards.adopt();
    journal.letThrough = true;
    await journal.held.at(-1)!.settle(true);
    await released;
    await time.pass(100);
    await adopted;
    expect(phases()).toEqual({ 0: 'open' });
    // The one that was stopped answers nothing more.
    expect(shards.byNumber.get(0)!.status().epoch).toBe(2);
  });

  test('are prepared only when what they were here before is stopped', async () => {
    const owners = [0];
    const { journal, shards, phases } = threadOf(owners);
    await shards.adopt();
    journal.letThrough = false;
    offer(shards, 0);
    await turns();
    owners[0] = 1;
    let isPrepared = false;
    const prepared = shards.prepare(0).then(() => (isPrepared = true));
    await turns();
    expect(isPrepared).toBe(false);
    await journal.held.at(-1)!.settle(true);
    await prepared;
    expect(phases()).toEqual({ 0: 'opening' });
  });

  test('that were lost are left alone when they are on their way here', async () => {
    const owners = [0];
    const { time, journal, shards, phases } = threadOf(owners);
    await shards.adopt();
    journal.intrude(0);
    offer(shards, 0);
    owners[0] = 1;
    await turns();
    expect(phases()).toEqual({ 0: 'lost' });
    await shards.prepare(0);
    owners[0] = 0;
    await time.pass(5_000);
    expect(phases()).toEqual({ 0: 'opening' });
    await shards.take([0]);
    expect(phases()).toEqual({ 0: 'open' });
  });
});

/** Anything that needs an append. */
function offer(shards: OwnShards, shard: number): void {
  const command = { kind: 'configure', productId: 'p', configuration, expectedRevision: undefined } as const;
  shards.byNumber.get(shard)!.offer({ command, deadline: Infinity, answer: () => undefined });
}

const configuration = {
  name: 'Kettle',
  description: '',
  startsAt: 1,
  endsAt: 2,
  amount: 1_999,
  currency: 'EUR',
  perCustomerLimit: 2,
  holdSeconds: 60,
};
