// The node that owns the hot product stands still (SIGSTOP) for longer than its lease, with commands in its mailbox and an
// append on its way, and goes on (SIGCONT) when another node has sold what it was asked for. What it writes then is refused
// by the journal, and none of its answers is wrong.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterSale, expectSettled, ROUNDS } from './cluster-sale.ts';

const FENCED = 'doorbuster_fenced_appends_total';

let sale: ClusterSale;
beforeAll(async () => {
  sale = await ClusterSale.open();
});
afterAll(() => sale?.close());

test(
  'the owner of the hot product stands still and comes back: its writes are refused, its answers are true',
  async () => {
    const { cluster, crowd } = sale;
    let fenced = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const owner = await sale.owner();
      const node = cluster.node(owner);
      const before = (await node.metric(FENCED))!;
      const since = performance.now();
      await cluster.freeze(owner);
      await sale.again(since);
      expect(await sale.owner()).not.toBe(owner);
      const thawedAt = performance.now();
      cluster.thaw(owner);
      await sale.again(thawedAt);
      await cluster.waitUntil('the node is a member again, and knows who owns what', async () => {
        const rows = await cluster.shardsAt(owner);
        return rows.length === cluster.shards && (await node.call('GET', '/readyz')).status === 200;
      });
      fenced += (await node.metric(FENCED))! - before;
      await cluster.moveShard(sale.hotShard, owner);
    }
    expect(await expectSettled(sale)).toBeGreaterThan(0);
    expect(fenced, 'writes of the node that had stood still').toBeGreaterThan(0);
    console.log(`${fenced} appends refused; ${crowd.lateAnswers} answers came late, and none was wrong`);
  },
  120_000 * ROUNDS,
);
