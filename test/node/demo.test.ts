// The demonstration as a newcomer meets it: a node by itself, with its sample campaigns.

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { slugOf } from '../../src/persistence/index.ts';
import { dataFiles } from '../../src/runtime/index.ts';
import { sampleCampaigns } from '../../src/sample-campaigns.ts';
import { Engine, temporaryFolder } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { copyNodeTemplate } from '../servers/postgres-template.ts';

/** Fixed, so that no start makes them twice. */
const PRODUCT_IDS = sampleCampaigns.flatMap(({ offers }) =>
  offers.map(({ name }, index) => `${slugOf(name)}-${String(100 + index).padStart(10, '0')}`),
);
const env = { SAMPLE_CAMPAIGNS: 'true' };
const dataDir = temporaryFolder();
let engine: Engine;

beforeAll(async () => {
  copyNodeTemplate(dataDir);
  // The first start is killed while it makes them.
  engine = Engine.spawn({ dataDir, env });
  await waitUntil('the node serves', () => engine.hasEnded || existsSync(dataFiles(dataDir).nodeFile));
  await engine.kill();
  engine = await Engine.start({ dataDir, env });
  // What the first one had begun to send waits until its turn is over.
  await waitUntil('all is stocked', async () =>
    (await Promise.all(PRODUCT_IDS.map(loadedOf))).every(Boolean),
  );
}, 180_000);

afterAll(async () => {
  await engine?.remove();
});

async function loadedOf(productId: string): Promise<number> {
  const { status, body } = await engine.admin<{ loaded: number }>('GET', `/products/${productId}/stock`);
  return status === 200 ? body.loaded : 0;
}

async function productsOf(slug: string, token?: string): Promise<string[]> {
  const page = await engine.call<string>('GET', `/c/${slug}`, {
    headers: { Accept: 'text/html', ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
  });
  if (page.status !== 200) return [];
  return [...page.body.matchAll(/data-product="{&quot;id&quot;:&quot;([\w-]+)&quot;/g)].map(([, id]) => id!);
}

const tokenOf = async (customerId: string): Promise<string> => {
  const { body } = await engine.call<{ token: string }>('POST', '/v1/dev/tokens', { body: { customerId } });
  return body.token;
};

test('a start that was killed while it made samples is gone on with: each is there once, with its units', async () => {
  for (const { slug, offers } of sampleCampaigns.filter(({ entry }) => entry.kind === 'everyone'))
    expect(await productsOf(slug), slug).toHaveLength(offers.length);
  expect(await Promise.all(PRODUCT_IDS.map(loadedOf))).toEqual(
    sampleCampaigns.flatMap(({ offers }) => offers.map(({ quantity }) => quantity)),
  );
});

test('the campaign that is printed is there, and so is the sign-in', async () => {
  const [, address] = /Campaign\s+(\S+)/.exec(engine.output)!;
  const page = await fetch(address!, { headers: { Accept: 'text/html' } });
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('First light');
  const [, signIn] = /Sign in\s+(\S+)/.exec(engine.output)!;
  expect(await (await fetch(signIn!, { headers: { Accept: 'text/html' } })).text()).toContain('Grace');
});

test('campaigns for everyone have the whole gate: no order without a ticket, and no ticket without work', async () => {
  const token = await tokenOf('ada');
  const productId = PRODUCT_IDS[0]!;
  expect(await engine.buy(token, productId, 'k')).toMatchObject({
    status: 403,
    body: { code: 'ticket_required' },
  });
  expect(await engine.call('POST', '/v1/tickets', { token, body: { productId } })).toMatchObject({
    status: 403,
    body: { code: 'challenge_required', challenge: {}, wait: {} },
  });
});

test('the list lets in whoever is on it, the claim whoever has it, and nobody else', async () => {
  const seen = async (customerId: string): Promise<string[]> => {
    const token = await tokenOf(customerId);
    const slugs = sampleCampaigns.map(({ slug }) => slug);
    const found = await Promise.all(slugs.map((slug) => productsOf(slug, token)));
    return slugs.filter((_, index) => found[index]!.length > 0);
  };
  const open = ['first-light', 'ten-minutes-to-go'];
  // What a list or a campaign became, a node's threads hear a moment after the node is ready.
  await waitUntil('the invited are let in', async () =>
    (await Promise.all(['ada', 'grace'].map(seen))).every(({ length }) => length > open.length),
  );
  expect(await seen('ada')).toEqual([...open, 'friends-of-the-house']);
  expect(await seen('grace')).toEqual([...open, 'gold-hour']);
  expect(await seen('alan')).toEqual(open);
});

test('every campaign has its pictures after a while, and they are served', async () => {
  const pictureOf = async (): Promise<string | undefined> => {
    const { body } = await engine.call<string>('GET', '/c/first-light', { headers: { Accept: 'text/html' } });
    return /<img[^>]*\ssrc="(\/assets\/[^"]+)"/.exec(body)?.[1];
  };
  await waitUntil('the page has pictures', async () => (await pictureOf()) !== undefined);
  const picture = await fetch(engine.url + (await pictureOf())!);
  expect(picture.status).toBe(200);
  expect(picture.headers.get('content-type')).toMatch(/^image\//);
});
