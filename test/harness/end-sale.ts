// A sale that is over, of a node: with ORDERS_KEPT_SECONDS at 1 its product is retired a moment later.

import { ADMIN_TOKEN, type NodeApi } from './node-api.ts';

const OVER_FOR_MS = 60_000;

/** Its sale was over a minute ago. @throws when the node does not take that */
export async function endSale(node: NodeApi, productId: string): Promise<void> {
  const { body } = await node.call('GET', `/v1/products/${productId}`);
  const { name, description, price, perCustomerLimit, holdSeconds, startsAt } = body;
  const endsAt = Date.now() - OVER_FOR_MS;
  const product = {
    name,
    description,
    price,
    perCustomerLimit,
    holdSeconds,
    startsAt: new Date(Math.min(Date.parse(String(startsAt)), endsAt - OVER_FOR_MS)).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
  };
  const path = `/v1/admin/products/${productId}`;
  const answer = await node.call('PUT', path, { token: ADMIN_TOKEN, body: product });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
}
