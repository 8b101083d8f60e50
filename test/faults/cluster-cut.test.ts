// The node that owns the hot product loses NATS, and nothing else: its connections end, or nothing arrives any more, which it
// has to find out by itself. Another node sells on; whoever asks the lonely one is told no falsehood; healed, it is a member
// again.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterSale, expectSettled, ROUNDS } from './cluster-sale.ts';

let sale: ClusterSale;
beforeAll(async () => {
  sale = await ClusterSale.open({ proxied: true });
});
afterAll(() => sale?.close());

test.each(['cut', 'stall'] as const)(
  'a node that lost NATS (%s) sells nothing; the others do; it comes back when it is healed',
  async (how) => {
    const { cluster } = sale;
    for (let round = 0; round < ROUNDS; round++) {
      const owner = await sale.owner();
      const since = performance.now();
      cluster[how](owner);
      await sale.again(since);
      await cluster.waitUntil('another node owns it', async () => {
        const rows = await cluster.shardsAt(sale.other(owner));
        const { node, phase } = rows[sale.hotShard]!;
        return node !== owner && phase === 'open';
      });
      cluster.heal(owner);
      await sale.again(performance.now());
      await cluster.moveShard(sale.hotShard, owner);
      expect(await sale.owner()).toBe(owner);
    }
  },
  120_000 * ROUNDS,
);

test('every answer was true', async () => {
  expect(await expectSettled(sale)).toBeGreaterThan(0);
}, 120_000);
