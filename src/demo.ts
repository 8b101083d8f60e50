// The sample campaign of demo mode, made through the node's own API as a shop would make it.

import { sampleCampaign, type ProductView, type SampleProduct } from './http/index.ts';
import { StartError } from './start-error.ts';

/** Loaded once: a second start finds it, and only reopens what has ended meanwhile. @returns the products' ids */
export async function loadSampleCampaign(url: string, adminToken: string): Promise<string[]> {
  const ids: string[] = [];
  for (const sample of sampleCampaign) ids.push(await loadSample(url, adminToken, sample));
  return ids;
}

/** What is closed for good comes again under another name: ember-kettle-2. */
async function loadSample(url: string, adminToken: string, sample: SampleProduct): Promise<string> {
  for (let edition = 1; ; edition++) {
    const id = edition === 1 ? sample.id : `${sample.id}-${edition}`;
    if (await offer(url, adminToken, id, sample)) return id;
  }
}

/** @returns false when its sale is closed for good */
async function offer(
  url: string,
  adminToken: string,
  id: string,
  { name, description, price, perCustomerLimit, holdSeconds, quantity, requestId, ...sale }: SampleProduct,
): Promise<boolean> {
  const now = Date.now();
  const window = {
    startsAt: new Date(now + sale.startsInSeconds * 1_000).toISOString(),
    endsAt: new Date(now + sale.endsInSeconds * 1_000).toISOString(),
  };
  const admin = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/admin/products/${id}${path}`, {
      method,
      body: JSON.stringify(body),
      headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json', ...headers },
    });
  const product = { name, description, price, perCustomerLimit, holdSeconds, ...window };
  const created = await admin('PUT', '', product, { 'If-None-Match': '*' });
  if (created.status === 409) return false;
  if (created.status !== 412) await expectOk(created);
  else await reopen(url, id, (present) => admin('PUT', '', { ...present, ...window }));
  await expectOk(await admin('POST', '/stock', { quantity }, { 'Idempotency-Key': requestId }));
  return true;
}

/** Only the hours of a sale that has ended change: whatever else its shop made of the product stays. */
async function reopen(url: string, id: string, put: (present: object) => Promise<Response>): Promise<void> {
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
