// Lists of customers as rows. A list counts from the moment that its row says so, and has all its parts by then.

import type { Pool } from 'pg';
import { KEY_BYTES } from '../../actors/index.ts';
import type { Statements } from '../transaction.ts';
import type { CustomerList } from './customer-list.ts';
import type { CustomerKeys } from './door.ts';

/** Of one statement that reads. */
const PARTS_PER_READ = 4;

export async function readCurrentList(
  client: Statements,
  campaignId: string,
): Promise<CustomerList | undefined> {
  const { rows } = await client.query<{ id: string; customers: number; made_at: number; made_by: string }>(
    `SELECT id, customers, (extract(epoch FROM made_at) * 1000)::float8 AS made_at, made_by
     FROM doorbuster_catalogue.customer_lists WHERE campaign_id = $1 AND is_current`,
    [campaignId],
  );
  const [row] = rows;
  return row && { id: row.id, customers: row.customers, madeAt: row.made_at, madeBy: row.made_by };
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
    // As bytes: their text is twice as long, and somebody would have to read it.
    const parts = await pool.query<{ keys: Buffer }>({
      text: `SELECT keys FROM doorbuster_catalogue.customer_list_parts
             WHERE list_id = $1 AND number >= $2 AND number < $3 ORDER BY number`,
      values: [listId, number, number + PARTS_PER_READ],
      binary: true,
    } as { text: string; values: unknown[] });
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
