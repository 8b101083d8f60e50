// The reference of the projection: rows made before the clock runs, and one statement for each transaction.

import type { Pool } from 'pg';
import { decodeRecord } from '../src/actors/index.ts';
import { RowFold } from '../src/persistence/row-fold.ts';
import { arrayLiteral } from '../src/persistence/array-literal.ts';

const MAKE_TABLE = 'CREATE TABLE doorbuster.raw_orders (LIKE doorbuster.orders INCLUDING ALL)';
const INSERT = `
  INSERT INTO doorbuster.raw_orders (id, product_id, customer_id, idempotency_key, quantity, unit_amount, currency, status,
    created_at, hold_expires_at, version, shard)
  SELECT id, product_id, customer_id, idempotency_key, quantity, unit_amount, currency, status,
    to_timestamp(created_at / 1000), to_timestamp(hold_expires_at / 1000), version, shard
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::text[], $8::text[],
    $9::float8[], $10::float8[], $11::bigint[], $12::int[])
    AS batch (id, product_id, customer_id, idempotency_key, quantity, unit_amount, currency, status,
      created_at, hold_expires_at, version, shard)
  ON CONFLICT DO NOTHING`;

/** Parameters of one statement: an array literal for each column. */
type RawBatch = readonly string[];

export class RawOrders {
  readonly #pool: Pool;

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Its name is no table's of the engine, and the database is the run's own. */
  static async make(pool: Pool): Promise<RawOrders> {
    await pool.query(MAKE_TABLE);
    return new RawOrders(pool);
  }

  static batchesOf(appends: readonly { bytes: Uint8Array }[], rowsPerTransaction: number): RawBatch[] {
    const batches: RawBatch[] = [];
    let fold = new RowFold();
    const end = (): void => {
      if (fold.orders.ids.length > 0)
        batches.push(Object.values(fold.orders).map((column) => arrayLiteral(column as string[])));
      fold = new RowFold();
    };
    for (const [number, { bytes }] of appends.entries()) {
      fold.add(number, decodeRecord(bytes));
      if (fold.orders.ids.length >= rowsPerTransaction) end();
    }
    end();
    return batches;
  }

  async insert(batches: readonly RawBatch[]): Promise<void> {
    const client = await this.#pool.connect();
    try {
      for (const values of batches) {
        await client.query('BEGIN');
        await client.query({ name: 'raw-orders', text: INSERT, values: [...values] });
        await client.query('COMMIT');
      }
    } finally {
      client.release();
    }
  }
}
