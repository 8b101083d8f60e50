// The Idempotency-Keys and order ids of others, used by customers with good tokens and tickets of their own. A key is known with its
// customer alone, so nobody learns of an order that is not theirs, not even that it exists.

import type { AttackAnswer, Call } from '../client.ts';
import { ticketOf, type Shopper } from '../honest.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { callsOfAThief } from './calls-of-a-thief.ts';

const VICTIMS = 20;
const THIEVES = 10;
const UNITS = 200;

interface Victim extends Shopper {
  readonly key: string;
  readonly orderId: string;
}

export const reusedKeys: Scenario = {
  name: 'reused-keys',
  tries: 'uses the Idempotency-Keys and order ids of others, to see, pay or cancel what is theirs',
  ground: 'node',
  async run(stage) {
    // More holds and orders than one: nothing but the key is to stand in the way.
    const gate = { openHoldsMax: 1_000, attemptsMax: 10_000, work: false };
    const productId = await stage.sale({ units: UNITS, perCustomerLimit: VICTIMS, gate });
    const victims = await Promise.all(
      Array.from({ length: stage.sized(VICTIMS, 3) }, () => victimOf(stage, productId)),
    );
    await stage.beside({ productId, shoppers: stage.sized(40, 5) }, async () => {
      const thieves = Array.from({ length: stage.sized(THIEVES, 2) }, () => stage.shopper('thief'));
      await Promise.all(thieves.map((thief) => robAll(stage, productId, thief, victims)));
    });
    for (const victim of victims) await isAsBefore(stage, victim);
  },
};

async function victimOf(stage: Stage, productId: string): Promise<Victim> {
  const shopper = stage.shopper('victim');
  const { orderId } = await stage.honest(shopper).visit({
    productId,
    needsTicket: stage.gates.has('tickets'),
  });
  if (orderId === undefined) throw new Error('a victim could not buy');
  return { ...shopper, key: `honest-${shopper.id}`, orderId };
}

async function robAll(
  stage: Stage,
  productId: string,
  thief: Shopper,
  victims: readonly Victim[],
): Promise<void> {
  const { tally, client } = stage;
  const { token, address: from } = thief;
  const leaksNothing = (answer: AttackAnswer, what: string): AttackAnswer => {
    const leak = victims.find(({ id, orderId }) => answer.text.includes(id) || answer.text.includes(orderId));
    if (leak !== undefined) tally.breach(`${what} told of somebody’s order: ${answer.text.slice(0, 200)}`);
    return answer;
  };
  const rob = async (call: Call, what: string): Promise<void> => {
    const answer = leaksNothing(await client.send({ ...call, token, from }), what);
    tally.mustBlock(answer, what, ['not_found', 'rate_limited']);
  };
  for (const { key, orderId } of victims) {
    const [look, list, pay, cancel] = callsOfAThief(productId, orderId);
    for (const call of [look!, pay!, cancel!]) await rob(call, `${call.method} of somebody’s order`);
    const query = new URLSearchParams({ productId, idempotencyKey: key }).toString();
    await rob({ method: 'GET', path: `/v1/orders?${query}` }, 'a question by somebody’s key');
    const listed = await client.send({ ...list!, token, from });
    tally.count(leaksNothing(listed, 'the list of orders'), 'lists of their own orders');
  }
  // The same key, for another customer, is another key: an order of their own, and no other one.
  const { key } = victims[0]!;
  const asked = stage.gates.has('tickets') ? await stage.honest(thief).ticket(productId) : undefined;
  const ticket = asked === undefined || asked.code !== undefined ? undefined : ticketOf(asked);
  const body = { productId, quantity: 1 };
  const bought = await client.send({ method: 'POST', path: '/v1/orders', token, from, key, ticket, body });
  tally.count(
    leaksNothing(bought, 'a purchase under somebody’s key'),
    'orders of their own under the same key',
  );
  if (bought.headers['idempotency-replayed'] !== undefined)
    tally.breach('a purchase under somebody’s key was answered as a repetition');
  // And with another quantity it is refused, as is the owner's.
  const more = { productId, quantity: 2 };
  const again = await client.send({
    method: 'POST',
    path: '/v1/orders',
    token,
    from,
    key,
    ticket,
    body: more,
  });
  tally.mustBlock(
    leaksNothing(again, 'the same key for another quantity'),
    'the same key for another quantity',
  );
}

async function isAsBefore({ client, tally }: Stage, victim: Victim): Promise<void> {
  const { token, address: from, orderId } = victim;
  const { text } = await client.send({ method: 'GET', path: `/v1/orders/${orderId}`, token, from });
  if (!text.includes('"status":"paid"')) tally.breach(`a victim’s paid order is ${text.slice(0, 200)}`);
}
