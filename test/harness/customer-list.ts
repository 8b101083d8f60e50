// Lists of customers as the catalogue keeps them, for tests of who may enter; put into Postgres in one statement's time.

import type { Pool } from 'pg';
import { customerKeyOf, KEY_BYTES } from '../../src/actors/index.ts';
import type { CustomerKeys } from '../../src/persistence/index.ts';

let made = 0;

/** The keys of customers, in order. */
export function sortedKeys(customers: readonly string[]): Buffer {
  const keys = customers.map((customer) => Buffer.from(customerKeyOf(customer), 'latin1'));
  return Buffer.concat(keys.toSorted((one, other) => Buffer.compare(one, other)));
}

export function customerKeys(customers: readonly string[], listId = `list-${++made}`): CustomerKeys {
  const bytes = new SharedArrayBuffer(customers.length * KEY_BYTES);
  new Uint8Array(bytes).set(sortedKeys(customers));
  return { listId, customers: customers.length, bytes };
}

/** Takes the place of the list that is in force. @returns its id */
export async function putList(pool: Pool, campaignId: string, customers: readonly string[]): Promise<string> {
  const id = `${campaignId}-${process.pid}-${++made}`;
  const keys = sortedKeys(customers);
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('DELETE FROM doorbuster_catalogue.customer_lists WHERE campaign_id = $1', [
      campaignId,
    ]);
    await client.query(
      `INSERT INTO doorbuster_catalogue.customer_lists (id, campaign_id, customers, is_current, made_at, made_by)
       VALUES ($1, $2, $3, true, now(), 'Eda')`,
      [id, campaignId, customers.length],
    );
    await client.query(
      `INSERT INTO doorbuster_catalogue.customer_list_parts (list_id, number, first_key, keys) VALUES ($1, 0, $2, $3)`,
      [id, keys.subarray(0, KEY_BYTES), keys],
    );
    await client.query('COMMIT');
  } finally {
    client.release();
  }
  return id;
}
