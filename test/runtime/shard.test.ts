import { describe, expect, test } from 'vitest';
import { decodeRecord } from '../../src/actors/index.ts';
import { HeldJournal, outcomeOf, ShardInHand, turns } from './harness.ts';

describe('an answer', () => {
  test('leaves only when its append is durable', async () => {
    const hand = await ShardInHand.selling(2);
    hand.journal.letThrough = false;
    const bought = hand.reserve('ada');
    await turns();
    expect(bought.reply).toBeUndefined();
    await hand.journal.held[0]!.settle(true);
    expect(outcomeOf(bought)).toBe('reserved');
  });

  test('that needs no append waits for the append in flight that it saw', async () => {
    const hand = await ShardInHand.selling(1);
    hand.journal.letThrough = false;
    hand.reserve('ada');
    await turns();
    const refused = hand.reserve('bob');
    const shown = hand.show();
    const replayed = hand.reserve('ada');
    await turns();
    expect([refused.reply, shown.reply, replayed.reply]).toEqual([undefined, undefined, undefined]);
    await hand.journal.held[0]!.settle(true);
    expect([refused, shown, replayed].map(outcomeOf)).toEqual(['sold_out', 'stock', 'reserved']);
    expect(hand.journal.held).toHaveLength(1);
  });

  test('that saw the next batch waits for that batch, not for the one before', async () => {
    const hand = await ShardInHand.selling(5);
    hand.journal.letThrough = false;
    hand.reserve('ada');
    await turns();
    const before = hand.show();
    const second = hand.reserve('bob');
    const after = hand.show();
    await turns();
    await hand.journal.held[0]!.settle(true);
    expect([before, second, after].map(outcomeOf)).toEqual(['stock', undefined, undefined]);
    await hand.journal.held[1]!.settle(true);
    expect(after.reply).toMatchObject({ outcome: 'stock', stock: { available: 3, reserved: 2 } });
  });

  test('without an append in flight comes at once', async () => {
    const hand = await ShardInHand.selling(1);
    hand.journal.letThrough = false;
    const shown = hand.show();
    await turns();
    expect(outcomeOf(shown)).toBe('stock');
  });
});

async function soldOut(): Promise<ShardInHand> {
  const hand = await ShardInHand.selling(1);
  hand.reserve('first');
  await turns();
  return hand;
}

describe('without a lease', () => {
  test('an answer that needs no append waits for one without events', async () => {
    const hand = await soldOut();
    hand.journal.letThrough = false;
    hand.ownership.isHeld = false;
    const answers = [hand.reserve('ada'), hand.show()];
    await turns();
    expect(answers.map(outcomeOf)).toEqual([undefined, undefined]);
    expect(decodeRecord(hand.journal.held[0]!.bytes).events).toEqual([]);
    await hand.journal.held[0]!.settle(true);
    expect(answers.map(outcomeOf)).toEqual(['sold_out', 'stock']);
    expect(hand.journal.held).toHaveLength(1);
  });

  test('it waits for the append that others need anyway', async () => {
    const hand = await ShardInHand.selling(1);
    hand.journal.letThrough = false;
    hand.ownership.isHeld = false;
    const answers = [hand.show(), hand.reserve('ada')];
    await turns();
    await hand.journal.held[0]!.settle(true);
    expect(answers.map(outcomeOf)).toEqual(['stock', 'reserved']);
    expect(hand.journal.held).toHaveLength(1);
  });

  test('nothing is answered when somebody else owns the shard by now, and the append is counted', async () => {
    const hand = await soldOut();
    const other = new ShardInHand(hand.journal, {}, 2);
    await other.shard.open();
    const [refused, shown] = [hand.reserve('ada'), hand.show()];
    await turns();
    // Under a lease they leave at once; nobody else would have claimed it.
    expect([refused, shown].map(outcomeOf)).toEqual(['sold_out', 'stock']);
    hand.ownership.isHeld = false;
    const late = [hand.reserve('bob'), hand.show()];
    await turns();
    expect(late.map(outcomeOf)).toEqual(['moved', 'moved']);
    expect(hand.shard.fenced).toBe(1);
    expect(hand.shard.phase).toBe('lost');
  });

  test('it stops when its answers have left', async () => {
    const hand = await soldOut();
    hand.journal.letThrough = false;
    hand.ownership.isHeld = false;
    const shown = hand.show();
    const drained = hand.shard.drain();
    await turns();
    await hand.journal.held[0]!.settle(true);
    await drained;
    expect(outcomeOf(shown)).toBe('stock');
  });
});

describe('group commit', () => {
  test('what comes while an append is in flight goes into the next one, together', async () => {
    const hand = await ShardInHand.selling(50);
    hand.journal.letThrough = false;
    hand.reserve('first');
    await turns();
    const rest = Array.from({ length: 20 }, (_, number) => hand.reserve(`customer-${number}`));
    await turns();
    expect(hand.journal.held).toHaveLength(1);
    await hand.journal.held[0]!.settle(true);
    expect(hand.journal.held).toHaveLength(2);
    expect(decodeRecord(hand.journal.held[1]!.bytes).events).toHaveLength(20);
    await hand.journal.held[1]!.settle(true);
    expect(rest.map(outcomeOf)).toEqual(rest.map(() => 'reserved'));
  });

  test('a rush that comes while an append is in flight is decided in pieces, and goes into one append', async () => {
    const hand = await ShardInHand.selling(2_000);
    hand.journal.letThrough = false;
    hand.reserve('first');
    await turns();
    const rest = Array.from({ length: 1_200 }, (_, number) => hand.reserve(`customer-${number}`));
    const depths: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      await new Promise((resolve) => void setImmediate(resolve));
      depths.push(hand.shard.status().mailboxDepth);
    }
    expect(depths).toEqual([700, 200, 0, 0]);
    await hand.journal.held[0]!.settle(true);
    expect(decodeRecord(hand.journal.held[1]!.bytes).events).toHaveLength(1_200);
    await hand.journal.held[1]!.settle(true);
    expect(rest.map(outcomeOf)).toEqual(rest.map(() => 'reserved'));
  });

  test('an append holds no more than its budget of commands, and the rest follows', async () => {
    const hand = await ShardInHand.selling(50, { flushCommandsMax: 8 });
    const all = Array.from({ length: 30 }, (_, number) => hand.reserve(`customer-${number}`));
    await turns();
    await turns();
    expect(all.map(outcomeOf)).toEqual(all.map(() => 'reserved'));
    const sizes = hand.journal.log.records.map(({ bytes }) => decodeRecord(bytes).events.length);
    expect(Math.max(...sizes)).toBe(8);
  });

  test('an append holds no more than its budget of bytes', async () => {
    const hand = await ShardInHand.selling(1_000, { flushBytesMax: 32 * 1024 });
    for (let number = 0; number < 400; number++) hand.reserve(`customer-${number}-${'x'.repeat(100)}`);
    for (let round = 0; round < 10; round++) await turns();
    const sizes = hand.journal.log.records.map(({ bytes }) => bytes.length);
    expect(sizes.length).toBeGreaterThan(5);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(32 * 1024);
  });
});

describe('an unknown append', () => {
  test('that landed is answered as what it was, after a claim and a reading back', async () => {
    const hand = await ShardInHand.selling(1);
    hand.journal.letThrough = false;
    const bought = hand.reserve('ada');
    await turns();
    hand.journal.letThrough = true;
    await hand.journal.held[0]!.settle(true, { kind: 'unknown', cause: 'the answer is lost' });
    expect(bought.reply).toBeUndefined();
    expect(hand.shard.phase).toBe('recovering');
    await hand.time.pass(1_000);
    expect(outcomeOf(bought)).toBe('reserved');
    expect(hand.shard.status()).toMatchObject({ phase: 'open', epoch: 2 });
  });

  test('that did not land is decided again', async () => {
    const hand = await ShardInHand.selling(1);
    hand.journal.letThrough = false;
    const bought = hand.reserve('ada');
    await turns();
    const waiting = hand.reserve('bob');
    hand.journal.letThrough = true;
    await hand.journal.held[0]!.settle(false);
    await hand.time.pass(1_000);
    expect([bought, waiting].map(outcomeOf)).toEqual(['reserved', 'sold_out']);
    const events = hand.journal.log.records.flatMap(({ bytes }) => decodeRecord(bytes).events);
    expect(events.filter(({ kind }) => kind === 'reserved')).toHaveLength(1);
  });

  test('past its deadline and surely not landed is told as not accepted', async () => {
    const hand = await ShardInHand.selling(1);
    hand.journal.letThrough = false;
    const bought = hand.reserve('ada', 'k', 10);
    await turns();
    hand.journal.letThrough = true;
    await hand.journal.held[0]!.settle(false);
    await hand.time.pass(1_000);
    expect(outcomeOf(bought)).toBe('overloaded');
    expect(hand.show().reply ?? (await turns())).toBeUndefined();
  });
});

describe('an unknown append of an owner that loses the shard', () => {
  test('is told as unknown: it landed, and neither `not accepted` nor `moved` would be true', async () => {
    const hand = await ShardInHand.selling(1);
    hand.journal.letThrough = false;
    const bought = hand.reserve('ada');
    await turns();
    const waiting = hand.reserve('bob');
    await hand.journal.held[0]!.settle(true, { kind: 'unknown', cause: 'the answer is lost' });
    await hand.time.pass(100);
    expect(hand.journal.held).toHaveLength(2);
    hand.journal.letThrough = true;
    const rival = new ShardInHand(hand.journal, {}, 2);
    await rival.shard.open();
    await hand.journal.held[1]!.settle(true);
    expect(hand.shard.phase).toBe('lost');
    expect([bought, waiting].map(outcomeOf)).toEqual(['outcome_unknown', 'moved']);
    expect(outcomeOf(await told(rival.reserve('ada')))).toBe('reserved');
  });
});

async function told<T>(answer: T): Promise<T> {
  await turns();
  return answer;
}

describe('a fenced append', () => {
  test('ends the ownership, and nothing that waited was decided', async () => {
    const hand = await ShardInHand.selling(5);
    hand.journal.letThrough = false;
    const inFlight = hand.reserve('ada');
    await turns();
    const gathered = hand.reserve('bob');
    await turns();
    const rival = new ShardInHand(hand.journal, {}, 2);
    hand.journal.letThrough = true;
    await rival.shard.open();
    await hand.journal.held[0]!.settle(true);
    expect([inFlight, gathered].map(outcomeOf)).toEqual(['moved', 'moved']);
    expect(hand.shard.phase).toBe('lost');
    expect(outcomeOf(hand.reserve('cyd'))).toBe('moved');
    expect(rival.shard.status()).toMatchObject({ phase: 'open', epoch: 2 });
  });

  test('two that claim at once: one owns, the other has lost', async () => {
    const journal = new HeldJournal();
    const rivals = [new ShardInHand(journal, {}, 1), new ShardInHand(journal, {}, 2)];
    await Promise.all(rivals.map(({ shard }) => shard.open()));
    expect(rivals.map(({ shard }) => shard.phase).sort()).toEqual(['lost', 'open']);
  });
});

describe('bounds', () => {
  test('a full mailbox is overloaded at once', async () => {
    const hand = await ShardInHand.selling(5, { mailboxEntriesMax: 3, flushCommandsMax: 1 });
    hand.journal.letThrough = false;
    hand.reserve('first');
    await turns();
    hand.reserve('gathered');
    await turns();
    const waiting = ['a', 'b', 'c', 'd'].map((customer) => hand.reserve(customer));
    expect(waiting.map(outcomeOf)).toEqual([undefined, undefined, undefined, 'overloaded']);
  });

  test('a command whose time is up before it is decided was surely not accepted', async () => {
    const hand = await ShardInHand.selling(5, { flushCommandsMax: 1 });
    hand.journal.letThrough = false;
    hand.reserve('first');
    await turns();
    hand.reserve('gathered');
    await turns();
    const late = hand.reserve('late', 'k', 300);
    await hand.time.pass(1_000);
    expect(outcomeOf(late)).toBe('overloaded');
    hand.journal.letThrough = true;
    await hand.journal.held[0]!.settle(true);
    await turns();
    const events = hand.journal.log.records.flatMap(({ bytes }) => decodeRecord(bytes).events);
    expect(events.filter((event) => event.kind === 'reserved').map(({ customerId }) => customerId)).toEqual([
      'first',
      'gathered',
    ]);
  });
});

describe('holds', () => {
  test('end when their time is up, journaled, and the units are sold again', async () => {
    const hand = await ShardInHand.selling(1);
    hand.reserve('ada');
    await turns();
    await hand.time.pass(59_000);
    expect(outcomeOf(await told(hand.reserve('bob')))).toBe('sold_out');
    await hand.time.pass(2_000);
    expect(outcomeOf(await told(hand.reserve('bob', 'again')))).toBe('reserved');
  });

  test('do not end in the first moments after a recovery', async () => {
    const hand = await ShardInHand.selling(1);
    hand.reserve('ada');
    await turns();
    await hand.time.pass(1);
    const next = new ShardInHand(hand.journal);
    await next.time.pass(65_000);
    await next.shard.open();
    await next.time.pass(9_000);
    expect((await told(next.show())).reply).toMatchObject({ stock: { reserved: 1 } });
    await next.time.pass(2_000);
    expect((await told(next.show())).reply).toMatchObject({ stock: { reserved: 0, available: 1 } });
  });
});

describe('time', () => {
  test('of an owner with a wrong clock that sold nothing does not outlive it', async () => {
    const hand = await ShardInHand.selling(1);
    const ahead = new ShardInHand(hand.journal);
    await ahead.time.pass(3_600_000);
    await ahead.shard.open();
    const next = new ShardInHand(hand.journal, {}, 3);
    await next.shard.open();
    expect(next.shard.status().aheadMs).toBe(0);
  });

  test('of the journal that is ahead of the clock is told', async () => {
    const hand = await ShardInHand.selling(1);
    await hand.time.pass(3_600_000);
    hand.reserve('ada');
    await turns();
    const next = new ShardInHand(hand.journal, {}, 3);
    await next.shard.open();
    expect(next.shard.status().aheadMs).toBe(3_600_000);
  });
});

describe('a damaged journal', () => {
  test('is refused by name, and answers nothing', async () => {
    const hand = await ShardInHand.selling(1);
    hand.reserve('ada');
    await turns();
    hand.journal.log.records.splice(1, 1);
    const next = new ShardInHand(hand.journal);
    await next.shard.open();
    expect(next.shard.status()).toMatchObject({ phase: 'refused' });
    expect(next.shard.status().reason).toMatch(/record \d+ of shard 0 follows/);
    expect(outcomeOf(next.reserve('bob'))).toBe('overloaded');
  });
});

describe('draining', () => {
  test('takes nothing more, decides what waits, and ends when all of it is durable and answered', async () => {
    const hand = await ShardInHand.selling(5);
    hand.journal.letThrough = false;
    const inFlight = hand.reserve('ada');
    await turns();
    const gathered = hand.reserve('bob');
    let isDrained = false;
    const drained = hand.shard.drain().then(() => (isDrained = true));
    expect(outcomeOf(hand.reserve('late'))).toBe('moved');
    await hand.journal.held[0]!.settle(true);
    expect(isDrained).toBe(false);
    await hand.journal.held[1]!.settle(true);
    await drained;
    expect([inFlight, gathered].map(outcomeOf)).toEqual(['reserved', 'reserved']);
  });

  test('ends when somebody else owns the shard', async () => {
    const hand = await ShardInHand.selling(5);
    hand.journal.letThrough = false;
    const inFlight = hand.reserve('ada');
    await turns();
    const drained = hand.shard.drain();
    await hand.journal.held[0]!.settle(false, { kind: 'fenced' });
    await drained;
    expect(outcomeOf(inFlight)).toBe('moved');
    expect(hand.shard.phase).toBe('lost');
  });
});

describe('a claim', () => {
  test('is always made under the placement that gave the shard to its owner', async () => {
    const hand = new ShardInHand();
    hand.ownership.revision = 3;
    await hand.shard.open();
    hand.journal.letThrough = false;
    hand.offer({ kind: 'configure', productId: 'p', configuration, expectedRevision: undefined });
    await turns();
    // A newer one that may have given it to somebody else.
    hand.ownership.revision = 4;
    hand.journal.letThrough = true;
    await hand.journal.held[0]!.settle(false);
    await hand.time.pass(5_000);
    const claims = hand.journal.log.of(0).map(({ bytes }) => decodeRecord(bytes));
    expect(claims.filter(({ number }) => number === 0).map(({ revision }) => revision)).toEqual([3, 3]);
  });

  test('over a newer placement’s is none', async () => {
    const journal = new HeldJournal();
    const newer = new ShardInHand(journal, {}, 1);
    newer.ownership.revision = 4;
    await newer.shard.open();
    const older = new ShardInHand(journal, {}, 2);
    older.ownership.revision = 3;
    await older.shard.open();
    expect([newer.shard.phase, older.shard.phase]).toEqual(['open', 'lost']);
    expect(journal.log.of(0)).toHaveLength(1);
  });
});

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
