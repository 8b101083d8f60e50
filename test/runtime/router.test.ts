import { describe, expect, test } from 'vitest';
import {
  customerKeyOf,
  keyOf,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  type Command,
  type Order,
  type ProductConfiguration,
  type Refusal,
  type Reply,
  type Reserve,
} from '../../src/actors/index.ts';
import { DEFAULT_LIMITS } from '../../src/runtime/limits.ts';
import type { Message, ShardReply } from '../../src/runtime/ports.ts';
import { shardOfProduct } from '../../src/runtime/placement.ts';
import { Router } from '../../src/runtime/router.ts';
import { Dice, SimulatedRandom } from '../simulation/world.ts';
import { ManualTime, turns } from './harness.ts';

/** A router whose only neighbour, 1, owns everything and answers what the test says. */
function routerOf(time: ManualTime, seed: number, limits = {}): { router: Router; sent: Message[] } {
  const sent: Message[] = [];
  const transport = { send: (_: number, message: Message) => void sent.push(message) };
  const ports = { clock: time, timers: time, transport, random: new SimulatedRandom(new Dice(seed)) };
  return { router: new Router(0, 16, () => 1, new Map(), ports, { ...DEFAULT_LIMITS, ...limits }), sent };
}

const show = (productId: string) => ({ kind: 'showProduct', productId }) as const;
const soldOut: Reply = { outcome: 'refused', refusal: 'sold_out' };

describe('a router', () => {
  test('sends the commands of one tick as one message', async () => {
    const { router, sent } = routerOf(new ManualTime(), 1);
    for (let number = 0; number < 50; number++) router.submit(show(`sku-${number}`), () => undefined);
    await turns();
    expect(sent).toHaveLength(1);
    expect(sent[0]!.commands).toHaveLength(50);
  });

  test('takes nothing from another node that names a wrong shard, or asks what only an owner asks of itself', async () => {
    const { router, sent } = routerOf(new ManualTime(), 1);
    const commandOf = (shard: number, command: Command): Message => ({
      from: 3,
      commands: [{ id: 1, shard, timeLeftMs: 100, command }],
      replies: [],
    });
    const right = shardOfProduct('sku-1', 16);
    expect(router.receiveFromAfar(commandOf(right, show('sku-1')))).toBe(true);
    expect(router.receiveFromAfar(commandOf((right + 1) % 16, show('sku-1')))).toBe(false);
    expect(router.receiveFromAfar(commandOf(right, { kind: 'retire', productId: 'sku-1', keptMs: 0 }))).toBe(
      false,
    );
    const reserve: Reserve = {
      kind: 'reserve',
      productId: 'sku-1',
      orderId: orderKeyOf(productTagOf('sku-1'), 1, '12345678'),
      customerId: 'ada',
      customerKey: customerKeyOf('ada'),
      idempotencyKey: 'k',
      requestKey: requestKeyOf('sku-1', 'ada', 'k'),
      quantity: 1,
    };
    const forged: Partial<Reserve>[] = [
      { customerKey: customerKeyOf('bob') },
      { requestKey: requestKeyOf('sku-1', 'bob', 'k') },
      { orderId: orderKeyOf(productTagOf('sku-2'), 1, '12345678') },
    ];
    for (const change of forged)
      expect(router.receiveFromAfar(commandOf(right, { ...reserve, ...change }))).toBe(false);
    await turns();
    expect(sent.flatMap(({ replies }) => replies)).toEqual([{ id: 1, reply: { outcome: 'moved' } }]);
    expect(router.receiveFromAfar(commandOf(right, reserve))).toBe(true);
  });

  test('looks up every so often in the middle of a long turn, and not while it does', () => {
    const time = new ManualTime();
    const random = new SimulatedRandom(new Dice(1));
    let looks = 0;
    const lookUp = (): void => {
      looks++;
      // An answer that comes meanwhile asks for more.
      if (looks === 1)
        for (let number = 0; number < 40; number++) router.submit(show('sku-1'), () => undefined);
    };
    const ports = { clock: time, timers: time, transport: { send: () => undefined }, random, lookUp };
    const router = new Router(0, 16, () => 1, new Map(), ports, DEFAULT_LIMITS);
    for (let number = 0; number < 15; number++) router.submit(show('sku-1'), () => undefined);
    expect(looks).toBe(0);
    router.submit(show('sku-1'), () => undefined);
    expect(looks).toBe(1);
    for (let number = 0; number < 32; number++) router.submit(show('sku-1'), () => undefined);
    expect(looks).toBe(3);
  });

  test('never takes a late reply to its earlier life for an answer', async () => {
    const time = new ManualTime();
    const before = routerOf(time, 1);
    const after = routerOf(time, 2);
    before.router.submit(show('sku-1'), () => undefined);
    const replies: Reply[] = [];
    after.router.submit(show('sku-2'), (reply) => replies.push(reply));
    await turns();
    const { id } = before.sent[0]!.commands[0]!;
    after.router.receive({ from: 1, commands: [], replies: [{ id, reply: soldOut }] });
    expect(replies).toEqual([]);
  });

  test('answers `outcome_unknown` at the deadline, and ignores what comes later', async () => {
    const time = new ManualTime();
    const { router, sent } = routerOf(time, 1);
    const replies: Reply[] = [];
    router.submit(show('sku-1'), (reply) => replies.push(reply));
    await time.pass(5_500);
    expect(replies).toEqual([{ outcome: 'refused', refusal: 'outcome_unknown' }]);
    const { id } = sent[0]!.commands[0]!;
    router.receive({ from: 1, commands: [], replies: [{ id, reply: soldOut }] });
    expect(replies).toHaveLength(1);
    expect(router.pending).toBe(0);
  });

  test('repeats a command to a shard that moved, with less time left, until its deadline', async () => {
    const time = new ManualTime();
    const { router, sent } = routerOf(time, 1);
    const replies: Reply[] = [];
    router.submit(show('sku-1'), (reply) => replies.push(reply));
    for (let round = 0; replies.length === 0 && round < 1_000; round++) {
      await turns();
      const { id } = sent.at(-1)!.commands[0]!;
      router.receive({ from: 1, commands: [], replies: [{ id, reply: { outcome: 'moved' } }] });
      await time.pass(30);
    }
    expect(sent.length).toBeGreaterThan(10);
    expect(sent.at(-1)!.commands[0]!.timeLeftMs).toBeLessThan(sent[0]!.commands[0]!.timeLeftMs);
    expect(replies).toEqual([{ outcome: 'refused', refusal: 'overloaded' }]);
  });

  test('sends a command at once to whom its shard was handed over meanwhile', async () => {
    const time = new ManualTime();
    const sent: [number, Message][] = [];
    let owner = 1;
    const transport = { send: (to: number, message: Message) => void sent.push([to, message]) };
    const ports = { clock: time, timers: time, transport, random: new SimulatedRandom(new Dice(1)) };
    const router = new Router(0, 16, () => owner, new Map(), ports, DEFAULT_LIMITS);
    router.submit(show('sku-1'), () => undefined);
    await turns();
    owner = 2;
    const { id } = sent[0]![1].commands[0]!;
    router.receive({ from: 1, commands: [], replies: [{ id, reply: { outcome: 'moved' } }] });
    await turns();
    expect(sent.map(([to, { commands }]) => [to, commands.length])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  test('is bounded in what it waits for', async () => {
    const { router } = routerOf(new ManualTime(), 1, { pendingMax: 2 });
    const replies: Reply[] = [];
    for (let number = 0; number < 3; number++) router.submit(show('sku-1'), (reply) => replies.push(reply));
    await turns();
    expect(replies).toEqual([{ outcome: 'refused', refusal: 'overloaded' }]);
  });

  test('answers a command for a shard that it does not own with `moved`', async () => {
    const { router, sent } = routerOf(new ManualTime(), 1);
    const command = { id: 7, shard: 3, timeLeftMs: 1_000, command: show('sku-1') };
    router.receive({ from: 1, commands: [command], replies: [] });
    await turns();
    expect(sent).toEqual([{ from: 0, commands: [], replies: [{ id: 7, reply: { outcome: 'moved' } }] }]);
  });
});

/** A router beside the owners 1 and 2; 1 owns everything until it dies. */
class Heirs {
  readonly time = new ManualTime();
  readonly sent: { readonly to: number; readonly message: Message }[] = [];
  readonly told: Reply[] = [];
  owner = 1;
  readonly router: Router;

  constructor() {
    const transport = { send: (to: number, message: Message) => void this.sent.push({ to, message }) };
    const random = new SimulatedRandom(new Dice(1));
    const ports = { clock: this.time, timers: this.time, transport, random };
    this.router = new Router(0, 16, () => this.owner, new Map(), ports, DEFAULT_LIMITS);
  }

  async submit(...commands: Command[]): Promise<void> {
    for (const command of commands) this.router.submit(command, (reply) => this.told.push(reply));
    await turns();
  }

  async ownerDies(): Promise<void> {
    this.owner = 2;
    this.router.ownerDied(1);
    await turns();
  }

  /** What the newest message to this owner carried. */
  newestTo(owner: number) {
    return this.sent.findLast(({ to }) => to === owner)?.message.commands ?? [];
  }

  async answer(from: number, reply: ShardReply): Promise<void> {
    const replies = this.newestTo(from).map(({ id }) => ({ id, reply }));
    this.router.receive({ from, commands: [], replies });
    await turns();
  }
}

const refused = (refusal: Refusal): Reply => ({ outcome: 'refused', refusal });
const customerKey = keyOf('ada');
const orderId = keyOf('order');
const reserve: Reserve = {
  kind: 'reserve',
  productId: 'sku-1',
  orderId,
  customerId: 'ada',
  customerKey,
  idempotencyKey: 'k',
  requestKey: keyOf('request'),
  quantity: 1,
};
const order: Order = {
  orderId,
  productId: 'sku-1',
  quantity: 1,
  unitPrice: { amount: 1_999, currency: 'EUR' },
  status: 'reserved',
  createdAt: 1,
  holdExpiresAt: 2,
};
const configuration: ProductConfiguration = {
  name: 'Kettle',
  description: '',
  startsAt: 1,
  endsAt: 2,
  amount: 1_999,
  currency: 'EUR',
  perCustomerLimit: 1,
  holdSeconds: 1,
};
const REPEATABLE: Command[] = [
  reserve,
  { kind: 'pay', orderId, customerKey, settlement: 'paid' },
  { kind: 'cancel', orderId, customerKey },
  { kind: 'loadStock', productId: 'sku-1', requestId: 'r', quantity: 1 },
  { kind: 'withdrawStock', productId: 'sku-1', requestId: 'r', quantity: 1 },
  show('sku-1'),
  { kind: 'showStock', productId: 'sku-1' },
  { kind: 'checkStock', productId: 'sku-1', change: 'loadStock', changes: [{ requestId: 'r', quantity: 1 }] },
  { kind: 'showOrder', orderId, customerKey },
  { kind: 'findOrder', productId: 'sku-1', requestKey: keyOf('request') },
];
const UNREPEATABLE: Command[] = [
  { kind: 'configure', productId: 'sku-1', expectedRevision: 1, configuration },
  { kind: 'configure', productId: 'sku-1', expectedRevision: undefined, configuration },
  { kind: 'pause', productId: 'sku-1' },
  { kind: 'resume', productId: 'sku-1' },
];

describe('when an owner died', () => {
  test.each(REPEATABLE)('$kind goes again to its heir, with the time that is left', async (command) => {
    const heirs = new Heirs();
    await heirs.submit(command);
    await heirs.time.pass(1_000);
    await heirs.ownerDies();
    expect(heirs.told).toEqual([]);
    expect(heirs.newestTo(2)).toMatchObject([{ command, timeLeftMs: 4_000 }]);
    expect(heirs.router.repeated).toBe(1);
    await heirs.answer(2, refused('not_found'));
    expect(heirs.told).toEqual([refused('not_found')]);
  });

  test.each(UNREPEATABLE)('$kind that had left is `outcome_unknown` at once', async (command) => {
    const heirs = new Heirs();
    await heirs.submit(command);
    await heirs.ownerDies();
    expect(heirs.told).toEqual([refused('outcome_unknown')]);
    expect(heirs.newestTo(2)).toEqual([]);
    expect(heirs.router.pending).toBe(0);
    expect(heirs.router.repeated).toBe(0);
  });

  test.each([...REPEATABLE, ...UNREPEATABLE])(
    '$kind that never left goes to its heir alone',
    async (command) => {
      const heirs = new Heirs();
      const submitted = heirs.submit(command);
      await heirs.ownerDies();
      await submitted;
      expect(heirs.sent.map(({ to }) => to)).toEqual([2]);
      expect(heirs.router.repeated).toBe(0);
      await heirs.answer(2, refused('overloaded'));
      expect(heirs.told, 'surely not decided by anybody').toEqual([refused('overloaded')]);
    },
  );

  test('the acceptance of a first copy that did land is told as what it was', async () => {
    const heirs = new Heirs();
    await heirs.submit(reserve);
    await heirs.ownerDies();
    await heirs.answer(2, { outcome: 'reserved', order, replayed: true });
    expect(heirs.told).toEqual([{ outcome: 'reserved', order, replayed: false }]);
  });

  test('the acceptance of an earlier request with this key is a replay', async () => {
    const heirs = new Heirs();
    await heirs.submit(reserve);
    await heirs.ownerDies();
    const earlier: Reply = {
      outcome: 'reserved',
      order: { ...order, orderId: keyOf('earlier') },
      replayed: true,
    };
    await heirs.answer(2, earlier);
    expect(heirs.told).toEqual([earlier]);
  });

  test('its late answer is no answer to the repetition', async () => {
    const heirs = new Heirs();
    await heirs.submit(reserve);
    await heirs.ownerDies();
    await heirs.answer(1, soldOut);
    expect(heirs.told).toEqual([]);
    await heirs.answer(2, { outcome: 'reserved', order, replayed: false });
    expect(heirs.told).toMatchObject([{ outcome: 'reserved' }]);
  });

  test.each<Reply>([
    refused('overloaded'),
    { outcome: 'conflict', refusal: 'order_state_conflict', order: { ...order, status: 'refund_due' } },
  ])('an answer of the heir that the first copy may belie is `outcome_unknown`: $outcome', async (reply) => {
    const heirs = new Heirs();
    await heirs.submit({ kind: 'cancel', orderId, customerKey });
    await heirs.ownerDies();
    await heirs.answer(2, reply);
    expect(heirs.told).toEqual([refused('outcome_unknown')]);
  });

  test('without an heir until the deadline, only what never left is `overloaded`', async () => {
    for (const hasLeft of [true, false]) {
      const heirs = new Heirs();
      const submitted = heirs.submit(reserve);
      if (hasLeft) await submitted;
      await heirs.ownerDies();
      for (let round = 0; heirs.told.length === 0 && round < 1_000; round++) {
        await heirs.answer(2, { outcome: 'moved' });
        await heirs.time.pass(30);
      }
      expect(heirs.told).toEqual([refused(hasLeft ? 'outcome_unknown' : 'overloaded')]);
    }
  });

  test('what waits for others, or for a shard that moved, is left alone', async () => {
    const heirs = new Heirs();
    await heirs.submit(show('sku-1'));
    await heirs.answer(1, { outcome: 'moved' });
    heirs.owner = 2;
    await heirs.submit({ kind: 'pause', productId: 'sku-1' });
    await heirs.ownerDies();
    expect(heirs.told).toEqual([]);
    await heirs.time.pass(30);
    expect(heirs.sent.map(({ to }) => to)).toEqual([1, 2, 2]);
    await heirs.answer(2, refused('overloaded'));
    expect(heirs.told, 'it was decided by nobody').toEqual([refused('overloaded')]);
  });

  test('deadlines are kept in their order', async () => {
    const heirs = new Heirs();
    await heirs.submit(reserve);
    await heirs.time.pass(1_000);
    heirs.owner = 2;
    await heirs.submit(show('sku-1'));
    await heirs.ownerDies();
    await heirs.time.pass(4_300);
    expect(heirs.told).toEqual([refused('outcome_unknown')]);
    expect(heirs.router.pending).toBe(1);
  });
});
