// The sample campaign of demo mode, made through the node's own API as a shop would make it.

import { sampleCampaign, type ProductView } from './http/index.ts';
import type { RunningNode } from './main.ts';
import { StartError } from './start-error.ts';

/** Loaded once: a second start finds it, and only reopens what has ended meanwhile. */
export async function loadSampleCampaign(node: RunningNode, adminToken: string): Promise<string[]> {
  const now = Date.now();
  for (const sample of sampleCampaign) {
    const { id, name, description, price, perCustomerLimit, holdSeconds, quantity, requestId } = sample;
    const window = {
      startsAt: new Date(now + sample.startsInSeconds * 1_000).toISOString(),
      endsAt: new Date(now + sample.endsInSeconds * 1_000).toISOString(),
    };
    const admin = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${node.url}/v1/admin/products/${id}${path}`, {
        method,
        body: JSON.stringify(body),
        headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json', ...headers },
      });
    const product = { name, description, price, perCustomerLimit, holdSeconds, ...window };
    const created = await admin('PUT', '', product, { 'If-None-Match': '*' });
    if (created.status !== 412) await expectOk(created);
    else await reopen(node, id, (present) => admin('PUT', '', { ...present, ...window }));
    await expectOk(await admin('POST', '/stock', { quantity }, { 'Idempotency-Key': requestId }));
  }
  return sampleCampaign.map(({ id }) => id);
}

/** Only the hours of a sale that has ended change: whatever else its shop made of the product stays. */
async function reopen(
  { url }: RunningNode,
  id: string,
  put: (present: object) => Promise<Response>,
): Promise<void> {
  const response = await fetch(`${url}/v1/products/${id}`);
  await expectOk(response);
  const product = (await response.json()) as ProductView;
  const { name, description, price, perCustomerLimit, holdSeconds, sale } = product;
  if (sale.state !== 'ended') return;
  await expectOk(await put({ name, description, price, perCustomerLimit, holdSeconds }));
}

async function expectOk(response: Response): Promise<void> {
  if (!response.ok) throw new StartError(`The sample campaign could not be loaded: ${await response.text()}`);
}
