// kill -9 of the NATS server that leads the journal's stream, in the middle of a rush: another one leads it, the sale goes on,
// and the dead one comes back with what it has.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterSale, expectSettled, ROUNDS } from './cluster-sale.ts';

let sale: ClusterSale;
beforeAll(async () => {
  sale = await ClusterSale.open();
});
afterAll(() => sale?.close());

test(
  'the leader of the journal is killed: the sale goes on, and every answer is true',
  async () => {
    const { cluster } = sale;
    for (let round = 0; round < ROUNDS; round++) {
      const since = performance.now();
      const leader = await cluster.killNatsLeader();
      await sale.again(since);
      expect((await cluster.nats.leaderOf(cluster.names.journalStream)).name).not.toBe(leader.name);
      leader.start();
      await cluster.nats.whenReady();
    }
    for (const { id, isRunning } of cluster.nodes) expect(isRunning, `node ${id} runs`).toBe(true);
    expect(await expectSettled(sale)).toBeGreaterThan(0);
  },
  120_000 * ROUNDS,
);
