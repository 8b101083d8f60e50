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
  holdProducts,
  knownImages,
  readProduct,
  readProducts,
  writeImages,
  writeProduct,
  type KeptProduct,
} from './product-rows.ts';
import { checkProduct, type OnSale } from './publish-check.ts';
import { readOnSale, sendProduct } from './selling.ts';
import { productChanges, writeTrail, type TrailLine } from './trail.ts';
import type { Statements } from '../transaction.ts';

/** As it was written; what the engine has said of it is not read again. */
type WrittenProduct = SaveOutcome<KeptProduct>;

export async function addProduct(
  change: Change,
  campaignId: string,
  draft: ProductDraft,
  ending: string | undefined,
): Promise<ProductSaved> {
  const campaign = await holdCampaign(change.client, campaignId, change.editor);
  if (campaign === undefined) return NOT_FOUND;
  if (campaign.status === 'cancelled') return refusedFor('status', CANCELLED);
  const products = await readProducts(change.client, campaignId);
  const present = ending === undefined ? undefined : products.find(({ id }) => id.endsWith(`-${ending}`));
  if (present !== undefined) return saved(present);
  const batch = await openBatch(change, campaign, [draft]);
  return closeBatch(change, batch, await addTo(change, campaign, products, draft, batch, ending));
}

/** What saving products of one campaign has in common: read before them, and written behind them. */
export interface Batch {
  /** Of other campaigns; undefined while nothing is put on sale. */
  readonly onSale: readonly OnSale[] | undefined;
  readonly trail: TrailLine[];
}

export async function openBatch(
  { client }: Change,
  campaign: Campaign,
  drafts: readonly ProductDraft[],
): Promise<Batch> {
  const isOnSale = campaign.status !== 'draft';
  return {
    onSale: isOnSale ? await readOnSale(client, campaign.id, drafts.map(tidyProduct)) : undefined,
    trail: [],
  };
}

async function closeBatch(
  { client, editor, now }: Change,
  { trail }: Batch,
  outcome: ProductSaved,
): Promise<ProductSaved> {
  if (outcome.outcome !== 'saved') return outcome;
  await writeTrail(client, editor, now, ...trail);
  return saved((await readProduct(client, outcome.value.id))!);
}

/** @param products all of the campaign, which is held */
export async function addTo(
  change: Change,
  campaign: Campaign,
  products: readonly KeptProduct[],
  draft: ProductDraft,
  batch: Batch,
  ending?: string,
): Promise<WrittenProduct> {
  const { editor, now } = change;
  if (products.length >= CATALOGUE_LIMITS.productsPerCampaign)
    return refusedFor('products', `A campaign has ${CATALOGUE_LIMITS.productsPerCampaign} products at most.`);
  const tidy = tidyProduct(draft);
  return write(change, campaign, products, batch, undefined, {
    ...tidy,
    id: productId(tidy.name, change.random, ending),
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
  const held = await holdWithCampaign(change, id);
  if (held === undefined) return NOT_FOUND;
  if (held.product.version !== version) return { outcome: 'conflict', current: held.product };
  if (held.campaign.status === 'cancelled') return refusedFor('status', CANCELLED, id);
  const products = await readProducts(change.client, held.campaign.id);
  const batch = await openBatch(change, held.campaign, [draft]);
  const written = await saveIn(change, held.campaign, products, held.product, draft, batch);
  return closeBatch(change, batch, written);
}

/** @param products all of the campaign, which is held, as is the product */
export async function saveIn(
  change: Change,
  campaign: Campaign,
  products: readonly KeptProduct[],
  old: KeptProduct,
  draft: ProductDraft,
  batch: Batch,
): Promise<WrittenProduct> {
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
  return write(change, campaign, products, batch, old, product);
}

async function write(
  change: Change,
  campaign: Campaign,
  products: readonly KeptProduct[],
  batch: Batch,
  old: KeptProduct | undefined,
  product: KeptProduct,
): Promise<WrittenProduct> {
  const { client, now } = change;
  const { onSale } = batch;
  const hasNewImages = JSON.stringify(old?.images ?? []) !== JSON.stringify(product.images);
  const faults =
    onSale === undefined
      ? productFaults(product, campaign, product.id)
      : checkProduct(campaign, product, products, onSale).filter(isError);
  // The engine closes for good what is over. One whose hours were over before stays as it is.
  const isOver = product.endsAt !== undefined && product.endsAt <= now && product.endsAt !== old?.endsAt;
  if (onSale !== undefined && isOver) {
    const message =
      'Its sale would be over already: its end must lie ahead. To sell no more of it now, withdraw its units.';
    faults.push({ productId: product.id, field: 'endsAt', message, severity: 'error' });
  }
  if (hasNewImages) faults.push(...(await imageFaults(client, product)));
  if (faults.length > 0) return refused(faults.map((fault) => ({ ...fault, productId: old?.id })));
  let written = product;
  if (onSale === undefined) await writeProduct(client, product);
  else written = await sendProduct(change, campaign, old, product);
  if (hasNewImages) await writeImages(client, product.id, product.images);
  batch.trail.push({
    campaignId: campaign.id,
    productId: product.id,
    action: old === undefined ? 'product_added' : 'product_saved',
    changes: productChanges(old ?? {}, product),
  });
  return saved(written);
}

async function imageFaults(client: Statements, { id, images }: KeptProduct): Promise<Finding[]> {
  const known = await knownImages(
    client,
    images.map(({ imageId }) => imageId),
  );
  if (images.every(({ imageId }) => known.has(imageId))) return [];
  const message = 'A picture is not there any more: upload it again.';
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
  { client, editor }: Change,
  id: string,
): Promise<{ campaign: Campaign; product: KeptProduct } | undefined> {
  const campaignId = await campaignOfProduct(client, id);
  const campaign = campaignId === undefined ? undefined : await holdCampaign(client, campaignId, editor);
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
  const held = await holdWithCampaign(change, id);
  if (held === undefined) return NOT_FOUND;
  const { campaign, product } = held;
  if (product.version !== version) return { outcome: 'conflict', current: undefined };
  if (campaign.status === 'cancelled') return refusedFor('status', CANCELLED, id);
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
  const campaignId = await campaignOfProduct(client, id);
  const campaign = campaignId === undefined ? undefined : await holdCampaign(client, campaignId, editor);
  if (campaign === undefined) return NOT_FOUND;
  if (campaign.status === 'cancelled') return refusedFor('status', CANCELLED, id);
  await holdProducts(client, campaign.id);
  const order: CatalogueProduct[] = await readProducts(client, campaign.id);
  const at = order.findIndex((product) => product.id === id);
  const product = order[at];
  if (product === undefined) return NOT_FOUND;
  const other = order[at + by];
  if (other === undefined) return saved(product);
  [order[at], order[at + by]] = [other, product];
  await client.query(
    `UPDATE doorbuster_catalogue.products AS p SET position = place
     FROM unnest($1::text[]) WITH ORDINALITY AS placed (id, place) WHERE p.id = placed.id`,
    [order.map((each) => each.id)],
  );
  await writeTrail(client, editor, now, {
    campaignId,
    productId: id,
    action: 'product_moved',
    changes: [{ field: 'position', from: String(at + 1), to: String(at + by + 1) }],
  });
  return saved((await readProduct(client, id))!);
}
