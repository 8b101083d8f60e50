// The sample campaign of demo mode, made through the node's own API as a shop would make it.

import { sampleCampaign } from './http/index.ts';
import type { RunningNode } from './main.ts';

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
    if (created.status === 412 && (await hasEnded(node, id))) await expectOk(await admin('PUT', '', product));
    else if (created.status !== 412) await expectOk(created);
    await expectOk(await admin('POST', '/stock', { quantity }, { 'Idempotency-Key': requestId }));
  }
  return sampleCampaign.map(({ id }) => id);
}

async function hasEnded(node: RunningNode, id: string): Promise<boolean> {
  const product = (await (await fetch(`${node.url}/v1/products/${id}`)).json()) as { sale: { state: string } };
  return product.sale.state === 'ended';
}

async function expectOk(response: Response): Promise<void> {
  if (!response.ok) throw new Error(`the sample campaign could not be loaded: ${await response.text()}`);
}
