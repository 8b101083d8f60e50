// A few addresses load the product, the shop and their orders again and again, as fast as they can.

import { setTimeout as pause } from 'node:timers/promises';
import type { Call } from '../client.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const ADDRESSES = 8;
const LANES = 8;
const SECONDS = 6;

export const refreshStorm: Scenario = {
  name: 'refresh-storm',
  tries: 'loads product, shop and orders again and again from a few addresses, as fast as it can',
  ground: 'node',
  async run(stage) {
    const productId = await stage.sale();
    const seconds = Math.max(2, SECONDS * stage.scale);
    await stage.beside({ productId, shoppers: stage.sized(60, 5) }, async () => {
      const storms = Array.from({ length: stage.sized(ADDRESSES, 2) }, () =>
        storm(stage, productId, seconds),
      );
      await Promise.all(storms);
    });
  },
};

/** From one address, over several connections at once. */
async function storm(stage: Stage, productId: string, seconds: number): Promise<void> {
  const { token, address: from } = stage.shopper('storm');
  const calls: readonly Call[] = [
    { method: 'GET', path: `/v1/products/${productId}` },
    { method: 'GET', path: '/' },
    { method: 'GET', path: '/v1/orders', token },
    { method: 'GET', path: '/v1/time' },
  ];
  const endsAt = performance.now() + seconds * 1_000;
  const lane = async (at: number): Promise<void> => {
    for (let turn = at; performance.now() < endsAt; turn++) {
      const answer = await stage.client.send({ ...calls[turn % calls.length]!, from });
      stage.tally.count(answer, 'pages and readings');
      // A refusal costs the node next to nothing, and whoever attacks shares its processor.
      if (answer.code !== undefined) await pause(1);
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, at) => lane(at)));
}
