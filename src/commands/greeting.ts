// What a demo node prints when it is ready: where everything is, and commands that work in another terminal as they are printed.

import { resolve } from 'node:path';
import type { DemoAccount } from '../demo-account.ts';
import type { SampleMade } from '../demo-campaigns.ts';
import { sampleCustomers } from '../http/index.ts';

export interface Greeting {
  readonly url: string;
  readonly adminToken: string;
  readonly dataDir: string;
  readonly products: readonly string[] | undefined;
  readonly campaigns: readonly SampleMade[] | undefined;
  readonly account: DemoAccount | undefined;
  readonly startedAt: number;
}

export function greeting({
  url,
  adminToken,
  dataDir,
  products = [],
  campaigns = [],
  account,
  startedAt,
}: Greeting): string {
  const folder = folderOption(dataDir);
  const [product = 'ember-kettle'] = products;
  const [campaign] = campaigns;
  const names = sampleCustomers.map(({ name }) => name);
  const addresses = [
    ['Shop', `${url}/`],
    campaign && ['Campaign', `${url}/c/${campaign.slug}`],
    ['Sign in', `${url}/sign-in   as ${names.join(', ')}, or under any name`],
    account && ['CMS', `${url}/cms   ${account.email}   ${account.password}`],
    ['API', `${url}/docs`],
    ['Admin token', adminToken],
  ].filter((line) => line !== undefined);
  return `
Doorbuster is ready, ${((performance.now() - startedAt) / 1_000).toFixed(1)} s after its start.

${addresses.map(([what = '', where]) => `  ${what.padEnd(14)}${where}`).join('\n')}

Buy one from another terminal:

  TOKEN=$(curl -s ${url}/v1/dev/tokens -d '{"customerId":"ada"}' | cut -d'"' -f4)
  curl -i ${url}/v1/orders -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $(date +%s)" \\
    -d '{"productId":"${product}","quantity":1}'

Then, from the same folder:

  npx doorbuster audit${folder}
  npm run stampede -- --url ${url}${folder}

Ctrl-C stops.
`;
}

/** Through it, commands of another terminal find the node and its admin token. */
function folderOption(dataDir: string): string {
  if (resolve(dataDir) === resolve('./data')) return '';
  return ` --data-dir ${/^[\w./-]+$/.test(dataDir) ? dataDir : `'${dataDir.replaceAll("'", String.raw`'\''`)}'`}`;
}
