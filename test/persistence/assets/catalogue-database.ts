// A database with the catalogue's tables, empty, and a product in it that can show pictures.

import type { Pool } from 'pg';
import { migrateCatalogue, openPool, type PostgresConnection } from '../../../src/persistence/index.ts';

export async function openCatalogue(connection: PostgresConnection, max = 4): Promise<Pool> {
  const pool = openPool(connection, max, 'doorbuster test');
  await emptyCatalogue(pool);
  return pool;
}

export async function emptyCatalogue(pool: Pool): Promise<void> {
  await pool.query('DROP SCHEMA IF EXISTS doorbuster_catalogue CASCADE');
  await migrateCatalogue(pool);
}

export async function addProduct(pool: Pool, id: string): Promise<void> {
  await pool.query(
    `INSERT INTO doorbuster_catalogue.campaigns
       (id, slug, title, description, time_zone, entry, status, version, created_at, updated_at, updated_by)
     VALUES ('c', 'c', 'C', '', 'UTC', '{}', 'draft', 1, now(), now(), 'Ada')
     ON CONFLICT DO NOTHING`,
  );
  await pool.query(
    `INSERT INTO doorbuster_catalogue.products
       (id, campaign_id, position, name, description, sku, currency, per_customer_limit, hold_seconds, attributes, version, updated_at,
        updated_by)
     VALUES ($1, 'c', 0, 'Kettle', '', '', 'EUR', 1, 300, '[]', 1, now(), 'Ada')`,
    [id],
  );
}

/** Which pictures and which data a product has from now on. */
/** In one statement, as products are saved: nobody sees the pictures gone and the file still there. */
export async function setAssets(
  pool: Pool,
  productId: string,
  { imageIds = [], dataFile }: { imageIds?: readonly string[]; dataFile?: string },
): Promise<void> {
  await pool.query(
    `WITH gone AS (
       DELETE FROM doorbuster_catalogue.product_images WHERE product_id = $1 AND image_id <> ALL ($3)),
     shown AS (
       INSERT INTO doorbuster_catalogue.product_images
       SELECT $1, at - 1, image_id, 'A kettle' FROM unnest($3::text[]) WITH ORDINALITY AS i (image_id, at)
       ON CONFLICT DO NOTHING)
     UPDATE doorbuster_catalogue.products SET data_file = $2 WHERE id = $1`,
    [productId, dataFile, imageIds],
  );
}
