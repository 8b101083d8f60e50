// Tokens that are not good, each with every call that a thief would make, beside honest shoppers. The victim's order is as before.

import { bodyOf } from '../client.ts';
import type { Stage } from '../stage.ts';
import { callsOfAThief } from './calls-of-a-thief.ts';

const SHOPPERS = 40;

/** @param forge tokens in the name of this customer, by what is wrong with each @param good of that customer */
export async function tokenAttack(
  stage: Stage,
  rounds: number,
  forge: (customerId: string, good: string) => Readonly<Record<string, string>>,
): Promise<void> {
  const productId = await stage.sale();
  const victim = stage.shopper('victim');
  const { orderId } = await stage.honest(victim).visit({
    productId,
    needsTicket: stage.gates.has('tickets'),
  });
  if (orderId === undefined) throw new Error('the victim could not buy');
  const look = async (): Promise<unknown> => {
    const { token, address: from } = victim;
    return bodyOf(await stage.client.send({ method: 'GET', path: `/v1/orders/${orderId}`, token, from }));
  };
  const before = JSON.stringify(await look());
  await stage.beside({ productId, shoppers: stage.sized(SHOPPERS, 5) }, async () => {
    for (let round = 0; round < rounds; round++) {
      const tokens = Object.entries(forge(victim.id, victim.token));
      await Promise.all(
        tokens.flatMap(([what, token]) =>
          callsOfAThief(productId, orderId, token).map(async (call) => {
            const answer = await stage.client.send({ ...call, from: stage.shopper('thief').address });
            stage.tally.mustBlock(answer, `${call.method} ${call.path}, ${what}`, [
              'unauthenticated',
              'rate_limited',
            ]);
          }),
        ),
      );
    }
  });
  const after = JSON.stringify(await look());
  if (before !== after) stage.tally.breach(`the victim’s order was ${before} and is ${after}`);
}
