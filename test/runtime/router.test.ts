import { describe, expect, test } from 'vitest';
import type { Reply } from '../../src/actors/index.ts';
import { DEFAULT_LIMITS } from '../../src/runtime/limits.ts';
import type { Message } from '../../src/runtime/ports.ts';
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
