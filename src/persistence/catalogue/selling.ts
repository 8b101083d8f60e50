// Putting on sale, pausing, going on, cancelling: each is the campaign's new status and the commands that bring the engine there,
// in one transaction.

import type { Campaign, CampaignStatus } from './campaign.ts';
import { hasCurrentList, holdCampaign, readCampaign, updateCampaign } from './campaign-rows.ts';
import { CANCELLED } from './campaign-changes.ts';
import type { CatalogueProduct } from './catalogue-product.ts';
import { isError, NOT_FOUND, refused, refusedFor, saved, type Change } from './desk.ts';
import { NeedsPublisher, type CampaignSaved, type Finding, type ProductSaved } from './outcome.ts';
import {
  cancelRequestId,
  configurationOf,
  configure,
  enqueue,
  initialRequestId,
  repeatInitialLoad,
  type EngineCommand,
  type Queued,
} from './outbox.ts';
import { productData } from './product-data.ts';
import {
  campaignOfProduct,
  holdProduct,
  holdProducts,
  readProduct,
  readProducts,
  writeProduct,
  type KeptProduct,
} from './product-rows.ts';
import { checkCampaign, type OnSale } from './publish-check.ts';
import { seenOf } from './seen.ts';
import { skuKey } from './sku.ts';
import { writeTrail } from './trail.ts';
import type { Statements } from '../transaction.ts';

/** Two campaigns that are published at once must see each other. The number only has to be nobody else's. */
const SALES_LOCK = 4_713_250_213;

export type Switch = 'publish' | 'pause' | 'resume' | 'cancel';

const FROM: Readonly<Record<Switch, readonly CampaignStatus[]>> = {
  publish: ['draft'],
  pause: ['published'],
  resume: ['paused'],
  cancel: ['draft', 'published', 'paused'],
};

const TO: Readonly<Record<Switch, CampaignStatus>> = {
  publish: 'published',
  pause: 'paused',
  resume: 'published',
  cancel: 'cancelled',
};

const ACTIONS: Readonly<Record<Switch, string>> = {
  publish: 'campaign_published',
  pause: 'campaign_paused',
  resume: 'campaign_resumed',
  cancel: 'campaign_cancelled',
};

const NOT_FROM: Readonly<Record<CampaignStatus, string>> = {
  draft: 'This campaign is a draft: publish it first.',
  published: 'This campaign is published already.',
  paused: 'This campaign is paused already.',
  cancelled: CANCELLED,
};

/** @param version undefined: whatever it is by now, as one pauses in a hurry */
export async function switchCampaign(
  change: Change,
  id: string,
  version: number | undefined,
  how: Switch,
  seen?: string,
): Promise<CampaignSaved> {
  const { client, editor, now } = change;
  if (editor.role !== 'publisher') throw new NeedsPublisher();
  const old = await holdCampaign(client, id, editor);
  if (old === undefined) return NOT_FOUND;
  if (!FROM[how].includes(old.status)) return refusedFor('status', NOT_FROM[old.status]);
  if (version !== undefined && old.version !== version) return { outcome: 'conflict', current: old };
  await holdProducts(client, id);
  const products = await readProducts(client, id);
  if (seen !== undefined && seenOf(products) !== seen) return { outcome: 'conflict', current: old };
  const faults =
    how === 'publish'
      ? await publishFaults(client, old, products, now)
      : how === 'resume'
        ? resumeFaults(products, now)
        : [];
  if (faults.length > 0) return refused(faults);
  if (how === 'publish') await markSent(change, products);
  const queue = products.filter((product) => how === 'publish' || product.sentVersion !== undefined);
  await enqueue(
    client,
    editor,
    now,
    queue.flatMap((product) =>
      commandsOf(how, old, product).map((command) => ({ productId: product.id, command })),
    ),
  );
  const campaign: Campaign = {
    ...old,
    status: TO[how],
    version: old.version + 1,
    updatedAt: now,
    updatedBy: editor.name,
  };
  await updateCampaign(client, campaign);
  await writeTrail(client, editor, now, {
    campaignId: id,
    action: ACTIONS[how],
    changes: [{ field: 'status', from: old.status, to: campaign.status }],
  });
  return saved(campaign);
}

function commandsOf(how: Switch, campaign: Campaign, product: KeptProduct): EngineCommand[] {
  switch (how) {
    case 'publish':
      return firstCommands(campaign, product);
    case 'pause':
    case 'resume':
      return [{ kind: how }];
    case 'cancel':
      // Paused for good; what a hold gives back later stays with a product that nobody can buy.
      return [{ kind: 'pause' }, { kind: 'withdrawAvailable', requestId: cancelRequestId(product.id) }];
  }
}

const firstCommands = (campaign: Campaign, product: KeptProduct): EngineCommand[] => [
  configure(campaign.gate, product),
  { kind: 'loadStock', requestId: initialRequestId(product.id), quantity: product.quantity! },
];

async function publishFaults(
  client: Statements,
  campaign: Campaign,
  products: readonly KeptProduct[],
  now: number,
): Promise<Finding[]> {
  const onSale = await readOnSale(client, campaign.id, products);
  const hasList = await hasCurrentList(client, campaign);
  return checkCampaign(campaign, products, onSale, hasList, now).filter(isError);
}

/** A sale that goes on under a configuration that was meant to change would sell at the old price; one that is over sells nothing. */
const resumeFaults = (products: readonly KeptProduct[], now: number): Finding[] =>
  products
    .filter(({ engine, endsAt }) => engine.refusal !== undefined && (endsAt === undefined || endsAt > now))
    .map(({ id, name, engine }) => ({
      productId: id,
      field: 'status',
      message: `"${name}" is not as it was saved: ${engine.refusal} Send it again, then go on.`,
      severity: 'error',
    }));

async function markSent(change: Change, products: readonly KeptProduct[]): Promise<void> {
  const files: (string | null)[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one connection, one statement at a time
  for (const product of products) files.push((await dataFileOf(change, product)) ?? null);
  await change.client.query(
    `UPDATE doorbuster_catalogue.products AS p SET sent_version = version, data_file = file
     FROM unnest($1::text[], $2::text[]) AS sent (id, file) WHERE p.id = sent.id`,
    [products.map(({ id }) => id), files],
  );
}

async function dataFileOf({ client, files }: Change, product: CatalogueProduct): Promise<string | undefined> {
  if (files === undefined) return undefined;
  const imageIds = product.images.map(({ imageId }) => imageId);
  return files.addDataFile(client, productData(product, await files.filesOf(client, imageIds)));
}

/**
 * Writes a product of a campaign that is published or paused, together with what the engine must learn of it.
 * @param old undefined for a new one
 */
export async function sendProduct(
  change: Change,
  campaign: Campaign,
  old: KeptProduct | undefined,
  product: KeptProduct,
): Promise<KeptProduct> {
  const { client, editor, now } = change;
  const dataFile = await dataFileOf(change, product);
  if (old !== undefined && old.engine.refusal === undefined && isEnforcedAlike(campaign, old, product)) {
    const isCurrent = old.confirmedVersion === old.version;
    const written = {
      ...product,
      dataFile,
      confirmedVersion: isCurrent ? product.version : old.confirmedVersion,
    };
    await writeProduct(client, written);
    return written;
  }
  const written = { ...product, dataFile, sentVersion: product.version };
  await writeProduct(client, written);
  const commands = old === undefined ? firstCommands(campaign, written) : [configure(campaign.gate, written)];
  if (old === undefined && campaign.status === 'paused') commands.splice(1, 0, { kind: 'pause' });
  await enqueue(client, editor, now, queued(written, commands));
  return written;
}

const queued = ({ id }: CatalogueProduct, commands: readonly EngineCommand[]): Queued[] =>
  commands.map((command) => ({ productId: id, command }));

const isEnforcedAlike = ({ gate }: Campaign, one: CatalogueProduct, other: CatalogueProduct): boolean =>
  JSON.stringify(configurationOf(one, gate)) === JSON.stringify(configurationOf(other, gate));

/** Over whatever the engine has of it, when somebody else changed it there. */
export async function sendAgain(change: Change, id: string): Promise<ProductSaved> {
  const { client, editor, now } = change;
  const campaignId = await campaignOfProduct(client, id);
  const campaign = campaignId === undefined ? undefined : await holdCampaign(client, campaignId, editor);
  if (campaign === undefined) return NOT_FOUND;
  await holdProduct(client, id);
  const product = await readProduct(client, id);
  if (product === undefined) return NOT_FOUND;
  if (campaign.status === 'cancelled') return refusedFor('status', CANCELLED, id);
  if (product.sentVersion === undefined) return refusedFor('status', NOT_FROM.draft, id);
  await client.query('UPDATE doorbuster_catalogue.products SET sent_version = version WHERE id = $1', [id]);
  await enqueue(client, editor, now, queued(product, [configure(campaign.gate, product, true)]));
  // A first load waits behind the pause: nothing of a paused campaign is sold in between.
  if (campaign.status === 'paused') await enqueue(client, editor, now, queued(product, [{ kind: 'pause' }]));
  await repeatInitialLoad(client, id);
  if (campaign.status === 'published')
    await enqueue(client, editor, now, queued(product, [{ kind: 'resume' }]));
  await writeTrail(client, editor, now, { campaignId, productId: id, action: 'product_sent_again' });
  return saved((await readProduct(client, id))!);
}

/** Products of other campaigns that these could clash with. From here on, until this transaction ends, nobody else puts anything on sale. */
export async function readOnSale(
  client: Statements,
  campaignId: string,
  products: readonly Sold[],
): Promise<OnSale[]> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [SALES_LOCK]);
  return peekOnSale(client, campaignId, products);
}

type Sold = Pick<CatalogueProduct, 'sku' | 'startsAt' | 'endsAt'>;

export async function peekOnSale(
  client: Statements,
  campaignId: string,
  products: readonly Sold[],
): Promise<OnSale[]> {
  const keys = new Set(products.map(({ sku }) => skuKey(sku)));
  const starts = products.flatMap(({ startsAt = [] }) => startsAt);
  const ends = products.flatMap(({ endsAt = [] }) => endsAt);
  if (starts.length === 0 || ends.length === 0) return [];
  const { rows } = await client.query<{
    id: string;
    name: string;
    title: string;
    sku: string;
    starts_at: number;
    ends_at: number;
  }>(
    `SELECT p.id, p.name, c.title, p.sku, floor(extract(epoch FROM p.starts_at) * 1000)::float8 AS starts_at,
       floor(extract(epoch FROM p.ends_at) * 1000)::float8 AS ends_at
     FROM doorbuster_catalogue.products AS p JOIN doorbuster_catalogue.campaigns AS c ON c.id = p.campaign_id
     WHERE c.id <> $1 AND c.status IN ('published', 'paused') AND p.sku <> ''
       AND p.starts_at < $3 AND p.ends_at > $2
     ORDER BY p.id`,
    [campaignId, new Date(Math.min(...starts)), new Date(Math.max(...ends))],
  );
  // Not by Postgres: what is one SKU to whoever reads it is decided in one place.
  const clashing = rows.filter(({ sku }) => keys.has(skuKey(sku)));
  return clashing.map((row) => ({
    productId: row.id,
    name: row.name,
    campaignTitle: row.title,
    sku: row.sku,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
  }));
}

/** The publish check, as of this moment. */
export async function checkNow(client: Statements, id: string, now: number): Promise<Finding[]> {
  const campaign = await readCampaign(client, id);
  if (campaign === undefined) return [];
  const products = await readProducts(client, id);
  const onSale = await peekOnSale(client, id, products);
  return checkCampaign(campaign, products, onSale, await hasCurrentList(client, campaign), now);
}
