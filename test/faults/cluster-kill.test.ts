// kill -9 of the node that owns the hot product, in the middle of a rush at all three nodes: another one sells on, nothing is
// lost, doubled or told wrongly, and the dead one comes back as a member.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterSale, expectSettled, ROUNDS } from './cluster-sale.ts';

let sale: ClusterSale;
beforeAll(async () => {
  sale = await ClusterSale.open();
});
afterAll(() => sale?.close());

test(
  'the owner of the hot product is killed: others sell on, and every answer is true',
  async () => {
    const { cluster } = sale;
    for (let round = 0; round < ROUNDS; round++) {
      const owner = await sale.owner();
      const since = performance.now();
      await cluster.kill(owner);
      await sale.again(since);
      expect(await sale.owner()).not.toBe(owner);
      await cluster.start(owner);
      // The next round is to kill it where it was killed before, or wherever else it lives by then.
      await cluster.moveShard(sale.hotShard, owner);
    }
    expect(await expectSettled(sale)).toBeGreaterThan(0);
  },
  120_000 * ROUNDS,
);
