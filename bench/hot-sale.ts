// A sale of one product on a node that runs, and the wait until Postgres has all of it.

import { callNode, type NodeAddress } from '../src/node-client.ts';

const CAUGHT_UP_MAX_MS = 300_000;
const POLL_MS_MIN = 50;
const POLL_MS_MAX = 500;
/** Of what was waited before: the figure is as exact, and the node is not asked all the time. */
const POLL_SHARE = 0.05;
const DAY_MS = 86_400_000;

/** @param units in stock @param perCustomerLimit units */
export async function openHotSale(
  node: NodeAddress,
  productId: string,
  units: number,
  perCustomerLimit = 1,
): Promise<void> {
  const now = Date.now();
  const body = {
    name: 'Hot product',
    startsAt: new Date(now - DAY_MS).toISOString(),
    endsAt: new Date(now + DAY_MS).toISOString(),
    price: { amount: 4_900, currency: 'EUR' },
    perCustomerLimit,
    holdSeconds: 86_400,
  };
  const path = `/v1/admin/products/${productId}`;
  await callNode(node, 'PUT', path, { body });
  if (units > 0)
    await callNode(node, 'POST', `${path}/stock`, { body: { quantity: units }, idempotencyKey: 'all' });
}

/** Waits until Postgres has all that was journaled before now. */
export async function secondsToCatchUp(node: NodeAddress): Promise<number> {
  const startedAt = performance.now();
  const from = Date.now();
  while ((await projectedUpTo(node)) < from) {
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > CAUGHT_UP_MAX_MS)
      throw new Error(`Postgres did not catch up within ${CAUGHT_UP_MAX_MS / 1_000} s`);
    const pollMs = Math.min(POLL_MS_MAX, Math.max(POLL_MS_MIN, waitedMs * POLL_SHARE));
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return (performance.now() - startedAt) / 1_000;
}

/** Epoch milliseconds, at least. */
async function projectedUpTo(node: NodeAddress): Promise<number> {
  const now = Date.now();
  const text = await (await fetch(`${node.url}/metrics`)).text();
  const lag = /^doorbuster_projection_lag_seconds (\S+)$/m.exec(text)?.[1];
  if (lag === undefined) throw new Error('the node tells no doorbuster_projection_lag_seconds');
  return now - Number(lag) * 1_000;
}
