// One ticket sent to two nodes at once, under many keys; and one solved challenge sent to both, for more tickets than one.

import { ticketOf } from '../honest.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { solve, type Challenge } from '../work.ts';
import { bodyOf } from '../client.ts';
import { ticketFor } from './ticket-sharing.ts';

const OWNERS = 20;
const TIMES = 10;

export const ticketReplay: Scenario = {
  name: 'ticket-replay',
  tries: 'sends one ticket, and one solved challenge, to two nodes at the same moment, again and again',
  ground: 'cluster',
  async run(stage) {
    // Nothing but the ticket stands in the way of a second order.
    const gate = { openHoldsMax: 100, attemptsMax: 1_000 };
    const productId = await stage.sale({ perCustomerLimit: 100, gate });
    await stage.beside({ productId, shoppers: stage.sized(40, 5) }, async () => {
      const owners = Array.from({ length: stage.sized(OWNERS, 2) });
      await Promise.all([
        ...owners.map(() => replayTicket(stage, productId)),
        ...(stage.gates.has('work') && stage.gates.has('tickets')
          ? owners.map(() => replaySolution(stage, productId))
          : []),
      ]);
    });
  },
};

async function replayTicket(stage: Stage, productId: string): Promise<void> {
  const owner = stage.shopper('replayer');
  const ticket = await ticketFor(stage, productId, owner);
  const orders = await orderAll(
    stage,
    productId,
    owner,
    Array.from({ length: TIMES }, () => ticket),
  );
  stage.tally.atMost(orders, 1, 'orders for one ticket');
  if (orders === 0) stage.tally.breach('a good ticket bought nothing');
}

async function replaySolution(stage: Stage, productId: string): Promise<void> {
  const { client, tally } = stage;
  const owner = stage.shopper('solver');
  const { token, address: from } = owner;
  const ask = { method: 'POST', path: '/v1/tickets', token, from };
  const asked = await client.send({ ...ask, body: { productId } });
  if (asked.code !== 'challenge_required')
    return tally.breach(`a ticket without work: ${asked.status} ${asked.text}`);
  const solution = await solve(bodyOf(asked)['challenge'] as Challenge);
  const answers = await Promise.all(
    Array.from({ length: TIMES }, (_, node) => client.send({ ...ask, node, body: { productId, solution } })),
  );
  const tickets = answers.flatMap((answer) => {
    tally.count(answer, 'tickets, and the same ones again');
    return answer.code === undefined ? [ticketOf(answer)] : [];
  });
  const orders = await orderAll(stage, productId, owner, tickets);
  tally.atMost(orders, 1, 'orders for one solved challenge');
}

/** Each at the other node than the one before, all at the same moment. @returns how many were accepted */
async function orderAll(
  stage: Stage,
  productId: string,
  { id, token, address: from }: { id: string; token: string; address: string },
  tickets: readonly (string | undefined)[],
): Promise<number> {
  const body = { productId, quantity: 1 };
  const answers = await Promise.all(
    tickets.map((ticket, node) =>
      stage.client.send({
        method: 'POST',
        path: '/v1/orders',
        token,
        from,
        ticket,
        node,
        key: `${id}-${node}`,
        body,
      }),
    ),
  );
  for (const answer of answers) stage.tally.count(answer, 'orders, one for each ticket');
  return answers.filter(({ code }) => code === undefined).length;
}
