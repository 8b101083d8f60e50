// A few addresses load the product, the shop and their orders again and again, as fast as they can.

import { setTimeout as pause } from 'node:timers/promises';
import type { Call } from '../client.ts';
import { allowance } from '../limits.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const ADDRESSES = 8;
const LANES = 8;
const REQUESTS_OF_ONE = 3_000;
const REQUESTS_OF_ONE_LEAST = 320;

export const refreshStorm: Scenario = {
  name: 'refresh-storm',
  tries: 'loads product, shop and orders again and again from a few addresses, as fast as it can',
  ground: 'node',
  async run(stage) {
    const productId = await stage.sale();
    const requests = stage.sized(REQUESTS_OF_ONE, REQUESTS_OF_ONE_LEAST);
    await stage.beside({ productId, shoppers: stage.sized(60, 5) }, async () => {
      const storms = Array.from({ length: stage.sized(ADDRESSES, 2) }, () =>
        storm(stage, productId, requests),
      );
      await Promise.all(storms);
    });
  },
};

/** From one address, over several connections at once. */
async function storm(stage: Stage, productId: string, requests: number): Promise<void> {
  const { token, address: from } = stage.shopper('storm');
  // The cheap ones mostly: who storms wants many.
  const calls: readonly Call[] = Array.from({ length: 16 }, (_, at): Call => {
    if (at === 7) return { method: 'GET', path: '/v1/orders', token };
    if (at === 15) return { method: 'GET', path: '/' };
    return { method: 'GET', path: at % 2 === 0 ? `/v1/products/${productId}` : '/v1/time' };
  });
  const since = performance.now();
  let next = 0;
  let readings = 0;
  const lane = async (): Promise<void> => {
    for (let turn = next++; turn < requests; turn = next++) {
      const call = calls[turn % calls.length]!;
      const answer = await stage.client.send({ ...call, from });
      stage.tally.count(answer, 'pages and readings');
      // A refusal costs the node next to nothing, and whoever attacks shares its processor.
      if (answer.code !== undefined) await pause(1);
      else if (call.path.startsWith('/v1/') && call.token === undefined) readings++;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const most = allowance('read', 'anonymous', (performance.now() - since) / 1_000);
  stage.tally.atMost(readings, most, 'readings from one address that passed the limit');
}
