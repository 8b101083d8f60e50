// Every node of a cluster is stopped in good order and started again, one after the other, in the middle of a rush, as when a
// new version is rolled out: the others take its shards first, and nobody is told anything wrong.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterSale, expectSettled, ROUNDS } from './cluster-sale.ts';

let sale: ClusterSale;
beforeAll(async () => {
  sale = await ClusterSale.open();
});
afterAll(() => sale?.close());

test(
  'each node in turn is stopped and started: the sale goes on, and every answer is true',
  async () => {
    const { cluster } = sale;
    for (let round = 0; round < ROUNDS; round++) {
      for (const { id } of cluster.nodes) {
        const since = performance.now();
        expect(await cluster.stop(id), `node ${id} ends`).toBe(0);
        await sale.again(since);
        await cluster.start(id);
      }
    }
    expect(await expectSettled(sale)).toBeGreaterThan(0);
  },
  120_000 * ROUNDS,
);
