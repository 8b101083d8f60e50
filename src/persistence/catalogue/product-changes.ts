// Adding, saving, moving and removing products. What is saved of a published campaign is on its way to the engine with it.

import type { Campaign } from './campaign.ts';
import { holdCampaign } from './campaign-rows.ts';
import type { CatalogueProduct, ProductDraft } from './catalogue-product.ts';
import { CANCELLED } from './campaign-changes.ts';
import { isError, NOT_FOUND, refused, refusedFor, saved, type Change } from './desk.ts';
import { productFaults, tidyProduct } from './draft-check.ts';
import { CATALOGUE_LIMITS } from './limits.ts';
import type { Finding, ProductSaved, SaveOutcome } from './outcome.ts';
import { productId } from './product-id.ts';
import {
  campaignOfProduct,
  holdProduct,
  knownImages,
  readProduct,
  readProducts,
  writeImages,
  writeProduct,
  type KeptProduct,
} from './product-rows.ts';
import { checkProduct } from './publish-check.ts';
import { readOnSale, sendProduct } from './selling.ts';
import { productChanges, writeTrail } from './trail.ts';
import type { Statements } from './transaction.ts';

export async function addProduct(
  change: Change,
  campaignId: string,
  draft: ProductDraft,
): Promise<ProductSaved> {
  const campaign = await holdCampaign(change.client, campaignId);
  if (campaign === undefined) return NOT_FOUND;
  if (campaign.status === 'cancelled') return refusedFor('status', CANCELLED);
  const products = await readProducts(change.client, campaignId);
  return addTo(change, campaign, products, draft);
}

/** @param products all of the campaign, which is held */
export async function addTo(
  change: Change,
  campaign: Campaign,
  products: readonly KeptProduct[],
  draft: ProductDraft,
): Promise<ProductSaved> {
  const { editor, now } = change;
  if (products.length >= CATALOGUE_LIMITS.productsPerCampaign)
    return refusedFor('products', `A campaign has ${CATALOGUE_LIMITS.productsPerCampaign} products at most.`);
  const tidy = tidyProduct(draft);
  return write(change, campaign, products, undefined, {
    ...tidy,
    id: productId(tidy.name, change.random),
    campaignId: campaign.id,
    position: Math.max(0, ...products.map(({ position }) => position)) + 1,
    version: 1,
    updatedAt: now,
    updatedBy: editor.name,
    dataFile: undefined,
    sentVersion: undefined,
    confirmedVersion: undefined,
    engine: { waiting: 0, confirmedAt: undefined, isCurrent: false, refusal: undefined },
  });
}

export async function saveProduct(
  change: Change,
  id: string,
  version: number,
  draft: ProductDraft,
): Promise<ProductSaved> {
  const held = await holdWithCampaign(change.client, id);
  if (held === undefined) return NOT_FOUND;
  if (held.product.version !== version) return { outcome: 'conflict', current: held.product };
  if (held.campaign.status === 'cancelled') return refusedFor('status', CANCELLED, id);
  const products = await readProducts(change.client, held.campaign.id);
  return saveIn(change, held.campaign, products, held.product, draft);
}

/** @param products all of the campaign, which is held, as is the product */
export async function saveIn(
  change: Change,
  campaign: Campaign,
  products: readonly KeptProduct[],
  old: KeptProduct,
  draft: ProductDraft,
): Promise<ProductSaved> {
  const { editor, now } = change;
  const isSent = old.sentVersion !== undefined;
  const tidy = tidyProduct(draft);
  const product: KeptProduct = {
    ...old,
    ...tidy,
    quantity: isSent ? (tidy.quantity ?? old.quantity) : tidy.quantity,
    version: old.version + 1,
    updatedAt: now,
    updatedBy: editor.name,
  };
  const faults = isSent ? sentFaults(campaign, old, product, now) : [];
  if (faults.length > 0) return refused(faults);
  return write(change, campaign, products, old, product);
}

async function write(
  change: Change,
  campaign: Campaign,
  products: readonly KeptProduct[],
  old: KeptProduct | undefined,
  product: KeptProduct,
): Promise<ProductSaved> {
  const { client, editor, now } = change;
  const isOnSale = campaign.status !== 'draft';
  const faults = isOnSale
    ? checkProduct(campaign, product, products, await readOnSale(client, campaign.id, [product.sku])).filter(
        isError,
      )
    : productFaults(product, campaign, product.id);
  faults.push(...(await imageFaults(client, product)));
  if (faults.length > 0) return refused(faults.map((fault) => ({ ...fault, productId: old?.id })));
  const written = isOnSale
    ? await sendProduct(change, campaign, old, product)
    : (await writeProduct(client, product), product);
  await writeImages(client, product.id, product.images);
  await writeTrail(client, editor, now, {
    campaignId: campaign.id,
    productId: product.id,
    action: old === undefined ? 'product_added' : 'product_saved',
    changes: productChanges(old ?? {}, product),
  });
  return saved((await readProduct(client, written.id))!);
}

async function imageFaults(client: Statements, { id, images }: KeptProduct): Promise<Finding[]> {
  const known = await knownImages(
    client,
    images.map(({ imageId }) => imageId),
  );
  if (images.every(({ imageId }) => known.has(imageId))) return [];
  const message = 'An image is not there any more: upload it again.';
  return [{ productId: id, field: 'images', message, severity: 'error' }];
}

/** What the engine would refuse, told before it is asked. */
function sentFaults(campaign: Campaign, old: KeptProduct, product: KeptProduct, now: number): Finding[] {
  const faults: Finding[] = [];
  const tell = (field: string, message: string): number =>
    faults.push({ productId: old.id, field, message, severity: 'error' });
  if (product.quantity !== old.quantity)
    tell('quantity', `It is on sale with ${old.quantity} units: add or withdraw units under its stock.`);
  const changesPrice = product.amount !== old.amount || product.currency !== old.currency;
  if (changesPrice && campaign.status === 'published' && old.startsAt !== undefined && now >= old.startsAt)
    tell('amount', 'The sale has begun: pause the campaign first, then change the price.');
  return faults;
}

/** The campaign first, then the product. */
export async function holdWithCampaign(
  client: Statements,
  id: string,
): Promise<{ campaign: Campaign; product: KeptProduct } | undefined> {
  const campaignId = await campaignOfProduct(client, id);
  const campaign = campaignId === undefined ? undefined : await holdCampaign(client, campaignId);
  if (campaign === undefined) return undefined;
  await holdProduct(client, id);
  const product = await readProduct(client, id);
  return product && { campaign, product };
}

export async function removeProduct(
  change: Change,
  id: string,
  version: number,
): Promise<SaveOutcome<undefined>> {
  const { client, editor, now } = change;
  const held = await holdWithCampaign(client, id);
  if (held === undefined) return NOT_FOUND;
  const { campaign, product } = held;
  if (product.version !== version) return { outcome: 'conflict', current: undefined };
  if (product.sentVersion !== undefined)
    return refusedFor(
      'status',
      `"${product.name}" is on sale and stays with its campaign. Withdraw its units to sell no more.`,
      id,
    );
  await client.query('DELETE FROM doorbuster_catalogue.products WHERE id = $1', [id]);
  await writeTrail(client, editor, now, {
    campaignId: campaign.id,
    productId: id,
    action: 'product_removed',
    changes: [{ field: 'name', from: product.name, to: '' }],
  });
  return saved(undefined);
}

/** One place up or down; at the end of the list nothing changes. */
export async function moveProduct(change: Change, id: string, by: 1 | -1): Promise<ProductSaved> {
  const { client, editor, now } = change;
  const held = await holdWithCampaign(client, id);
  if (held === undefined) return NOT_FOUND;
  const order: CatalogueProduct[] = await readProducts(client, held.campaign.id);
  const at = order.findIndex((product) => product.id === id);
  const other = order[at + by];
  if (other === undefined) return saved(held.product);
  [order[at], order[at + by]] = [other, order[at]!];
  await client.query(
    `UPDATE doorbuster_catalogue.products AS p SET position = place
     FROM unnest($1::text[]) WITH ORDINALITY AS placed (id, place) WHERE p.id = placed.id`,
    [order.map((product) => product.id)],
  );
  await writeTrail(client, editor, now, {
    campaignId: held.campaign.id,
    productId: id,
    action: 'product_moved',
    changes: [{ field: 'position', from: String(at + 1), to: String(at + by + 1) }],
  });
  return saved((await readProduct(client, id))!);
}
