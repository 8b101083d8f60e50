// Forgets what no product shows any more: pictures, then files. What is not used is marked first and forgotten some time after,
// since pages that were made meanwhile, and forms that are open, still name it. One that is used again meanwhile stays.

import type { Pool } from 'pg';

export interface SweepLimits {
  readonly unusedKeptMs: number;
  readonly storeKeptMs: number;
}

/** Forgotten in one statement. */
const FORGOTTEN_AT_ONCE_MAX = 1_000;

const IMAGE_IS_USED = `EXISTS (SELECT FROM doorbuster_catalogue.product_images AS p WHERE p.image_id = i.id)`;
const FILE_IS_USED = `(EXISTS (SELECT FROM doorbuster_catalogue.image_variants AS v WHERE v.file = f.name)
  OR EXISTS (SELECT FROM doorbuster_catalogue.products AS p WHERE p.data_file = f.name))`;

/** @returns names of the files that each store is to be freed of */
export async function sweepAssets(pool: Pool, now: number, limits: SweepLimits): Promise<string[]> {
  const at = new Date(now);
  const unusedBefore = new Date(now - limits.unusedKeptMs);
  await mark(pool, 'images AS i', IMAGE_IS_USED, at);
  // Their files go with them, but for those that other pictures have too.
  await pool.query(
    `WITH gone AS (
       DELETE FROM doorbuster_catalogue.images WHERE id IN (
         SELECT id FROM doorbuster_catalogue.images AS i WHERE unused_since <= $1 AND NOT ${IMAGE_IS_USED}
         LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id)
     UPDATE doorbuster_catalogue.files SET unused_since = $1 WHERE name IN (
       SELECT v.file FROM doorbuster_catalogue.image_variants AS v JOIN gone ON v.image_id = gone.id)`,
    [unusedBefore, FORGOTTEN_AT_ONCE_MAX],
  );
  await mark(pool, 'files AS f', FILE_IS_USED, at);
  // One statement: a file that is gone is from that moment on unwanted in every store.
  const { rows } = await pool.query<{ name: string }>(
    `WITH gone AS (
       DELETE FROM doorbuster_catalogue.files WHERE name IN (
         SELECT name FROM doorbuster_catalogue.files AS f WHERE unused_since <= $1 AND NOT ${FILE_IS_USED}
         LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING name),
     unwanted AS (
       UPDATE doorbuster_catalogue.uploads
       SET wanted = 'absent', uploaded_at = NULL, attempts = 0, last_error = NULL, next_try_at = $3
       WHERE name IN (SELECT name FROM gone))
     SELECT name FROM gone`,
    [unusedBefore, FORGOTTEN_AT_ONCE_MAX, at],
  );
  await pool.query('DELETE FROM doorbuster_catalogue.stores WHERE seen_at <= $1', [
    new Date(now - limits.storeKeptMs),
  ]);
  return rows.map(({ name }) => name);
}

async function mark(pool: Pool, table: string, isUsed: string, at: Date): Promise<void> {
  await pool.query(
    `UPDATE doorbuster_catalogue.${table} SET unused_since = NULL WHERE unused_since IS NOT NULL AND ${isUsed}`,
  );
  await pool.query(
    `UPDATE doorbuster_catalogue.${table} SET unused_since = $1 WHERE unused_since IS NULL AND NOT ${isUsed}`,
    [at],
  );
}
