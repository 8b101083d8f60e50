// Tickets that go from hand to hand: one is got by its owner, and used by friends, for another product, and by nobody's leave.

import { ticketOf, type Shopper } from '../honest.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const OWNERS = 20;
const FRIENDS = 10;
const BLOCKED = ['ticket_invalid', 'ticket_required', 'rate_limited'];

export const ticketSharing: Scenario = {
  name: 'ticket-sharing',
  tries: 'gives a ticket to other customers, and uses it for another product',
  ground: 'node',
  async run(stage) {
    const [productId, other] = [await stage.sale(), await stage.sale()];
    await stage.beside({ productId, shoppers: stage.sized(40, 5) }, async () => {
      const owners = Array.from({ length: stage.sized(OWNERS, 2) }, () => stage.shopper('owner'));
      await Promise.all(owners.map((owner) => share(stage, { productId, other, owner })));
    });
  },
};

interface Sharing {
  readonly productId: string;
  readonly other: string;
  readonly owner: Shopper;
}

async function share(stage: Stage, { productId, other, owner }: Sharing): Promise<void> {
  const { tally, client } = stage;
  const ticket = await ticketFor(stage, productId, owner);
  const order = (buyer: Shopper, product: string) =>
    client.send({
      method: 'POST',
      path: '/v1/orders',
      token: buyer.token,
      from: buyer.address,
      ticket,
      key: `shared-${buyer.id}-${product}`,
      body: { productId: product, quantity: 1 },
    });
  const friends = Array.from({ length: FRIENDS }, () => stage.shopper('friend'));
  await Promise.all(
    friends.map(async (friend) =>
      tally.mustBlock(await order(friend, productId), 'a friend’s order', BLOCKED),
    ),
  );
  tally.mustBlock(await order(owner, other), 'an order for another product', BLOCKED);
  // All that burned nothing: its owner buys with it.
  const bought = await order(owner, productId);
  if (bought.code === undefined) tally.got('orders of the tickets’ owners');
  else if (bought.code !== 'rate_limited') tally.breach(`a ticket’s owner was refused: ${bought.code}`);
  tally.mustBlock(await order(friends[0]!, productId), 'a friend’s order behind its owner’s', BLOCKED);
}

/** Undefined where that gate is left open. */
export async function ticketFor(
  stage: Stage,
  productId: string,
  shopper: Shopper,
): Promise<string | undefined> {
  if (!stage.gates.has('tickets')) return undefined;
  const asked = await stage.honest(shopper).ticket(productId);
  if (asked.code !== undefined) throw new Error(`no ticket for ${shopper.id}: ${asked.code}`);
  return ticketOf(asked);
}
