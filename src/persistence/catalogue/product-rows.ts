// Products of the catalogue as rows, with their images, and with what the engine has said of them.

import type { Attribute, CatalogueProduct, ProductImage } from './catalogue-product.ts';
import type { Statements } from '../transaction.ts';

/** What is kept beside a product, for those who send it. */
export interface KeptProduct extends CatalogueProduct {
  /** The newest version whose configuration was sent; undefined: never. */
  readonly sentVersion: number | undefined;
  readonly confirmedVersion: number | undefined;
}

interface ProductRow {
  id: string;
  campaign_id: string;
  position: number;
  name: string;
  description: string;
  sku: string;
  starts_at: number | null;
  ends_at: number | null;
  list_amount: number | null;
  amount: number | null;
  currency: string;
  quantity: number | null;
  per_customer_limit: number;
  hold_seconds: number;
  attributes: Attribute[];
  images: ProductImage[];
  data_file: string | null;
  version: number;
  updated_at: number;
  updated_by: string;
  sent_version: number | null;
  confirmed_version: number | null;
  confirmed_at: number | null;
  refusal: string | null;
  waiting: number;
}

const milliseconds = (column: string): string =>
  `floor(extract(epoch FROM p.${column}) * 1000)::float8 AS ${column}`;

const SELECT = `SELECT p.id, p.campaign_id, p.position, p.name, p.description, p.sku, ${milliseconds('starts_at')},
    ${milliseconds('ends_at')}, p.list_amount::float8 AS list_amount, p.amount::float8 AS amount, p.currency,
    p.quantity::float8 AS quantity, p.per_customer_limit, p.hold_seconds, p.attributes, p.data_file, p.version,
    ${milliseconds('updated_at')}, p.updated_by, p.sent_version, p.confirmed_version, ${milliseconds('confirmed_at')},
    p.refusal,
    (SELECT count(*)::int FROM doorbuster_catalogue.outbox AS o
       WHERE o.product_id = p.id AND o.answered_at IS NULL) AS waiting,
    coalesce((SELECT jsonb_agg(jsonb_build_object('imageId', i.image_id, 'alt', i.alt) ORDER BY i.position)
       FROM doorbuster_catalogue.product_images AS i WHERE i.product_id = p.id), '[]') AS images
  FROM doorbuster_catalogue.products AS p`;

const productOf = (row: ProductRow): KeptProduct => ({
  id: row.id,
  campaignId: row.campaign_id,
  position: row.position,
  name: row.name,
  description: row.description,
  sku: row.sku,
  startsAt: row.starts_at ?? undefined,
  endsAt: row.ends_at ?? undefined,
  listAmount: row.list_amount ?? undefined,
  amount: row.amount ?? undefined,
  currency: row.currency,
  quantity: row.quantity ?? undefined,
  perCustomerLimit: row.per_customer_limit,
  holdSeconds: row.hold_seconds,
  attributes: row.attributes,
  images: row.images.map(({ imageId, alt }) => ({ imageId, alt })),
  dataFile: row.data_file ?? undefined,
  version: row.version,
  updatedAt: row.updated_at,
  updatedBy: row.updated_by,
  sentVersion: row.sent_version ?? undefined,
  confirmedVersion: row.confirmed_version ?? undefined,
  engine: {
    waiting: row.waiting,
    confirmedAt: row.confirmed_at ?? undefined,
    isCurrent: row.confirmed_version === row.version,
    refusal: row.refusal ?? undefined,
  },
});

export async function readProduct(client: Statements, id: string): Promise<KeptProduct | undefined> {
  const { rows } = await client.query<ProductRow>(`${SELECT} WHERE p.id = $1`, [id]);
  return rows[0] && productOf(rows[0]);
}

/** In the order in which shoppers see them. */
export interface ProductName {
  readonly name: string;
  /** False: it is sold without a campaign, or the catalogue has lost it. */
  readonly isInCatalogue: boolean;
}

export async function readProductNames(
  client: Statements,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ProductName>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<{ id: string; name: string; is_own: boolean }>(
    `SELECT wanted.id, coalesce(own.name, sold.name) AS name, own.id IS NOT NULL AS is_own
     FROM unnest($1::text[]) AS wanted (id)
     LEFT JOIN doorbuster_catalogue.products AS own ON own.id = wanted.id
     LEFT JOIN doorbuster.products AS sold ON sold.id = wanted.id
     WHERE coalesce(own.id, sold.id) IS NOT NULL`,
    [[...new Set(ids)]],
  );
  return new Map(rows.map(({ id, name, is_own }) => [id, { name, isInCatalogue: is_own }]));
}

export async function readProducts(client: Statements, campaignId: string): Promise<KeptProduct[]> {
  const { rows } = await client.query<ProductRow>(
    `${SELECT} WHERE p.campaign_id = $1 ORDER BY p.position, p.id`,
    [campaignId],
  );
  return rows.map(productOf);
}

/** Those who send and those who write down the engine's answers hold a product first: its commands keep their order. */
export async function holdProducts(client: Statements, campaignId: string): Promise<void> {
  await client.query(
    'SELECT FROM doorbuster_catalogue.products WHERE campaign_id = $1 ORDER BY id FOR UPDATE',
    [campaignId],
  );
}

export async function holdProduct(client: Statements, id: string): Promise<void> {
  await client.query('SELECT FROM doorbuster_catalogue.products WHERE id = $1 FOR UPDATE', [id]);
}

/** Known at once, so that a campaign is held before its product. */
export async function campaignOfProduct(client: Statements, id: string): Promise<string | undefined> {
  const { rows } = await client.query<{ campaign_id: string }>(
    'SELECT campaign_id FROM doorbuster_catalogue.products WHERE id = $1',
    [id],
  );
  return rows[0]?.campaign_id;
}

/** Writes what people wrote of it; the engine's part keeps as it is. */
export async function writeProduct(client: Statements, product: KeptProduct): Promise<void> {
  await client.query(
    `INSERT INTO doorbuster_catalogue.products AS p (id, campaign_id, position, name, description, sku, starts_at, ends_at,
       list_amount, amount, currency, quantity, per_customer_limit, hold_seconds, attributes, data_file, version, updated_at,
       updated_by, sent_version, confirmed_version)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
     ON CONFLICT (id) DO UPDATE SET position = $3, name = $4, description = $5, sku = $6, starts_at = $7, ends_at = $8,
       list_amount = $9, amount = $10, currency = $11, quantity = $12, per_customer_limit = $13, hold_seconds = $14,
       attributes = $15, data_file = $16, version = $17, updated_at = $18, updated_by = $19, sent_version = $20,
       confirmed_version = $21`,
    [
      product.id,
      product.campaignId,
      product.position,
      product.name,
      product.description,
      product.sku,
      product.startsAt === undefined ? null : new Date(product.startsAt),
      product.endsAt === undefined ? null : new Date(product.endsAt),
      product.listAmount ?? null,
      product.amount ?? null,
      product.currency,
      product.quantity ?? null,
      product.perCustomerLimit,
      product.holdSeconds,
      JSON.stringify(product.attributes),
      product.dataFile ?? null,
      product.version,
      new Date(product.updatedAt),
      product.updatedBy,
      product.sentVersion ?? null,
      product.confirmedVersion ?? null,
    ],
  );
}

export async function writeImages(
  client: Statements,
  productId: string,
  images: readonly ProductImage[],
): Promise<void> {
  await client.query('DELETE FROM doorbuster_catalogue.product_images WHERE product_id = $1', [productId]);
  if (images.length === 0) return;
  await client.query(
    `INSERT INTO doorbuster_catalogue.product_images (product_id, position, image_id, alt)
     SELECT $1, position, image_id, alt FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS i (image_id, alt, position)`,
    [productId, images.map(({ imageId }) => imageId), images.map(({ alt }) => alt)],
  );
}

/** @returns those of the ids that are in the library */
export async function knownImages(client: Statements, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const { rows } = await client.query<{ id: string }>(
    'SELECT id FROM doorbuster_catalogue.images WHERE id = ANY ($1::text[])',
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}
