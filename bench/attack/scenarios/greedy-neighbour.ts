// One customer who asks without a pause, and honest shoppers behind the same address, as in an office or behind a mobile network.
// What goes beyond a customer's own limit is not charged to their neighbours.

import type { Scenario } from '../scenario.ts';
import { allowance, LIMITS } from '../limits.ts';

const OFFICE = '203.0.113.5';
const LANES = 8;
const REQUESTS = 4_000;

export const greedyNeighbour: Scenario = {
  name: 'greedy-neighbour',
  tries: 'uses up with one account what an address may do, so that others behind it cannot buy',
  ground: 'node',
  async run(stage) {
    const productId = await stage.sale();
    const { id, token } = stage.shopper('greedy');
    const honest = Math.min(stage.sized(60, 5), LIMITS.purchase.address / 2);
    const options = { productId, shoppers: honest, stopsAfter: honest, address: OFFICE, everyMs: 80 };
    await stage.beside(options, async () => {
      const requests = stage.sized(REQUESTS, LIMITS.purchase.address * 2);
      let next = 0;
      let passed = 0;
      const since = performance.now();
      const lane = async (): Promise<void> => {
        for (let at = next++; at < requests; at = next++) {
          const body = { productId, quantity: 1 };
          const call = { method: 'POST', path: '/v1/orders', token, from: OFFICE, key: `${id}-${at}`, body };
          const answer = stage.tally.count(await stage.client.send(call), 'orders of the greedy one');
          if (answer.code !== 'rate_limited') passed++;
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      const most = allowance('purchase', 'customer', (performance.now() - since) / 1_000);
      stage.tally.atMost(passed, most, 'requests of the greedy one that passed the limit');
    });
    // Neither is a shopper turned away for good, nor made to wait by somebody else's greed.
    const waited = stage.waits.filter((code) => code === 'rate_limited').length;
    if (waited > 0) stage.tally.breach(`${waited} times an honest neighbour was told to wait`);
  },
};
