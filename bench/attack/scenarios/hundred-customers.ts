// A hundred customers from one address: accounts that somebody keeps on one machine. Some say by forged headers that they come from
// elsewhere, and some take another address of their IPv6 network for each request.

import { allowance } from '../limits.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const CUSTOMERS = 100;
const CLICKS = 10;
const FARM = '203.0.113.66';
const FARM_NETWORK = '2001:db8:bad:1';

export const hundredCustomers: Scenario = {
  name: 'hundred-customers',
  tries:
    'buys as a hundred customers from one address, from one IPv6 network, and behind made-up forwarded addresses',
  ground: 'node',
  async run(stage) {
    const productId = await stage.sale();
    await stage.beside({ productId, shoppers: stage.sized(60, 5) }, async () => {
      await farm(stage, productId, 'one address', () => FARM);
      // The proxy adds the address that it sees behind what the client made up.
      await farm(stage, productId, 'made-up addresses', (n) => `10.9.${n & 255}.${n >> 8}, 203.0.113.77`);
      await farm(stage, productId, 'one IPv6 network', (n) => `${FARM_NETWORK}::${n.toString(16)}`);
    });
  },
};

async function farm(
  stage: Stage,
  productId: string,
  what: string,
  addressOf: (request: number) => string,
): Promise<void> {
  let passed = 0;
  let requests = 0;
  const since = performance.now();
  const customers = Array.from({ length: stage.sized(CUSTOMERS, 40) }, () => stage.shopper('farmed'));
  await Promise.all(
    customers.map(async ({ id, token }) => {
      for (let at = 0; at < CLICKS; at++) {
        const from = addressOf(++requests);
        const body = { productId, quantity: 1 };
        const call = { method: 'POST', path: '/v1/orders', token, from, key: `${id}-${at}`, body };
        const answer = stage.tally.count(await stage.client.send(call), `orders from ${what}`);
        if (answer.code !== 'rate_limited') passed++;
      }
    }),
  );
  const seconds = (performance.now() - since) / 1_000;
  stage.tally.atMost(
    passed,
    allowance('purchase', 'address', seconds),
    `requests from ${what} that passed the limit`,
  );
}
