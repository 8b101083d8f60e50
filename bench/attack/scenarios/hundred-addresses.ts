// One customer who comes from a hundred addresses at once: what one customer may do does not grow with the networks they rent.

import type { Scenario } from '../scenario.ts';
import { allowance } from '../limits.ts';

const ADDRESSES = 100;
const CLICKS = 10;

export const hundredAddresses: Scenario = {
  name: 'hundred-addresses',
  tries:
    'buys as one customer from a hundred addresses at once, and says by forged headers that it is a thousand',
  ground: 'node',
  async run(stage) {
    const productId = await stage.sale();
    const { token, id } = stage.shopper('nomad');
    let passed = 0;
    let orders = 0;
    const since = performance.now();
    const click = async (from: string, key: string): Promise<void> => {
      const body = { productId, quantity: 1 };
      const call = { method: 'POST', path: '/v1/orders', token, from, key: `${id}-${key}`, body };
      const answer = stage.tally.count(await stage.client.send(call), 'orders of that customer');
      if (answer.code !== 'rate_limited') passed++;
      if (answer.code === undefined) orders++;
    };
    await stage.beside({ productId, shoppers: stage.sized(60, 5) }, async () => {
      const clicks = Array.from({ length: stage.sized(ADDRESSES, 20) }, async (_, number) => {
        for (let at = 0; at < CLICKS; at++) await click(`192.0.2.${number + 1}`, `${number}-${at}`);
      });
      await Promise.all(clicks);
      const seconds = (performance.now() - since) / 1_000;
      stage.tally.atMost(
        passed,
        allowance('purchase', 'customer', seconds),
        'requests of one customer that passed the limit',
      );
    });
    stage.tally.atMost(orders, 1, 'orders of one customer');
  },
};
