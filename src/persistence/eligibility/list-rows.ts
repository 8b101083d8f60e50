// Lists of customers as rows. A list counts from the moment that its row says so, and has all its parts by then.

import type { Pool } from 'pg';
import { KEY_BYTES, type Key } from '../../actors/index.ts';
import type { Statements } from '../transaction.ts';
import type { CustomerList } from './customer-list.ts';
import type { CustomerKeys } from './door.ts';

/** Of one statement that reads. */
const PARTS_PER_READ = 2;
const PARTS_PER_REMOVAL = 16;

export async function readCurrentList(
  client: Statements,
  campaignId: string,
): Promise<CustomerList | undefined> {
  const { rows } = await client.query<{ id: string; customers: number; made_at: number; made_by: string }>(
    `SELECT id, customers, floor(extract(epoch FROM made_at) * 1000)::float8 AS made_at, made_by
     FROM doorbuster_catalogue.customer_lists WHERE campaign_id = $1 AND is_current`,
    [campaignId],
  );
  const [row] = rows;
  return row && { id: row.id, customers: row.customers, madeAt: row.made_at, madeBy: row.made_by };
}

/** A list that nobody is on yet and that does not count. */
export async function insertList(
  client: Statements,
  list: CustomerList & { readonly campaignId: string },
): Promise<void> {
  await client.query(
    `INSERT INTO doorbuster_catalogue.customer_lists (id, campaign_id, customers, made_at, made_by)
     VALUES ($1, $2, $3, $4, $5)`,
    [list.id, list.campaignId, list.customers, new Date(list.madeAt), list.madeBy],
  );
}

/** @returns whether the list is still there to be written */
export async function insertPart(
  client: Statements,
  listId: string,
  number: number,
  keys: Uint8Array,
): Promise<boolean> {
  const bytes = Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength);
  const { rowCount } = await client.query(
    `WITH living AS (
       UPDATE doorbuster_catalogue.customer_lists SET touched_at = clock_timestamp()
       WHERE id = $1 AND NOT is_current RETURNING id)
     INSERT INTO doorbuster_catalogue.customer_list_parts (list_id, number, first_key, keys)
     SELECT id, $2, $3, $4 FROM living`,
    [listId, number, bytes.subarray(0, KEY_BYTES), bytes],
  );
  return rowCount === 1;
}

/** Takes the place of the one in force. @returns whether all of it was there */
export async function putInForce(
  client: Statements,
  list: CustomerList,
  old: CustomerList | undefined,
): Promise<boolean> {
  // Held, so that no sweep takes its parts from now on.
  await client.query('SELECT FROM doorbuster_catalogue.customer_lists WHERE id = $1 FOR UPDATE', [list.id]);
  const { rows } = await client.query<{ bytes: number }>(
    `SELECT coalesce(sum(length(keys)), 0)::float8 AS bytes
     FROM doorbuster_catalogue.customer_list_parts WHERE list_id = $1`,
    [list.id],
  );
  if (rows[0]!.bytes !== list.customers * KEY_BYTES) return false;
  if (old !== undefined) await putOutOfForce(client, old.id);
  const { rowCount } = await client.query(
    `UPDATE doorbuster_catalogue.customer_lists SET is_current = true, made_at = $2 WHERE id = $1`,
    [list.id, new Date(list.madeAt)],
  );
  return rowCount === 1;
}

export async function putOutOfForce(client: Statements, listId: string): Promise<void> {
  await client.query(
    `UPDATE doorbuster_catalogue.customer_lists SET is_current = false, touched_at = clock_timestamp() WHERE id = $1`,
    [listId],
  );
}

/** A list that does not count, in steps: others use the embedded Postgres between them. */
export async function removeList(client: Statements, listId: string): Promise<void> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- in steps
    const { rowCount } = await client.query(
      `WITH dead AS (
         SELECT id FROM doorbuster_catalogue.customer_lists WHERE id = $1 AND NOT is_current FOR UPDATE)
       DELETE FROM doorbuster_catalogue.customer_list_parts
       WHERE list_id = (SELECT id FROM dead) AND number IN (
         SELECT number FROM doorbuster_catalogue.customer_list_parts WHERE list_id = $1 LIMIT ${PARTS_PER_REMOVAL})`,
      [listId],
    );
    if (rowCount === 0) break;
  }
  await client.query('DELETE FROM doorbuster_catalogue.customer_lists WHERE id = $1 AND NOT is_current', [
    listId,
  ]);
}

/** Lists that nobody writes any more and that do not count. */
export async function leftOverLists(client: Statements, afterMs: number): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM doorbuster_catalogue.customer_lists
     WHERE NOT is_current AND touched_at < clock_timestamp() - make_interval(secs => $1)`,
    [afterMs / 1_000],
  );
  return rows.map(({ id }) => id);
}

/** The part that the key would be in. */
export async function readPartOf(client: Statements, listId: string, key: Key): Promise<Buffer | undefined> {
  const { rows } = await client.query<{ keys: Buffer }>(
    `SELECT keys FROM doorbuster_catalogue.customer_list_parts
           WHERE list_id = $1 AND first_key <= $2 ORDER BY first_key DESC LIMIT 1`,
    [listId, Buffer.from(key, 'latin1')],
  );
  return rows[0]?.keys;
}

/** Its keys, in shared memory. @returns undefined when it is no more: another one has taken its place */
export async function readKeys(pool: Pool, listId: string): Promise<CustomerKeys | undefined> {
  const { rows } = await pool.query<{ customers: number }>(
    'SELECT customers FROM doorbuster_catalogue.customer_lists WHERE id = $1 AND is_current',
    [listId],
  );
  if (rows[0] === undefined) return undefined;
  const { customers } = rows[0];
  const bytes = new SharedArrayBuffer(customers * KEY_BYTES);
  const target = new Uint8Array(bytes);
  let at = 0;
  for (let number = 0; ; number += PARTS_PER_READ) {
    // oxlint-disable-next-line no-await-in-loop -- others use the embedded Postgres between two parts
    const parts = await pool.query<{ keys: Buffer }>(
      `SELECT keys FROM doorbuster_catalogue.customer_list_parts
       WHERE list_id = $1 AND number >= $2 AND number < $3 ORDER BY number`,
      [listId, number, number + PARTS_PER_READ],
    );
    if (parts.rows.length === 0) break;
    for (const { keys } of parts.rows) {
      if (at + keys.byteLength > target.byteLength) throw new Error(`the list ${listId} has too many keys`);
      target.set(keys, at);
      at += keys.byteLength;
    }
  }
  // Its parts are removed when it has been replaced: what is left of it is no list.
  return at === target.byteLength ? { listId, customers, bytes } : undefined;
}
