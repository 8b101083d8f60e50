// Everything that the projection has written, as of one moment, for whoever compares it with the journal.
//
// It reads in one transaction, in pages, and never holds more than one page. On the embedded Postgres, which has one session for
// all, everybody else waits meanwhile: the visitor should not dawdle.

import type { Pool, PoolClient } from 'pg';
import type { ProjectedMovement, ProjectedOrder, ProjectedProduct } from '../actors/index.ts';
import type { Sequence } from '../runtime/ports.ts';

export interface ProjectedPosition {
  readonly shard: number;
  /** The last record that is in the rows, 0 for none. */
  readonly sequence: Sequence;
  /** Epoch milliseconds; null when no record was applied yet. */
  readonly recordAt: number | null;
}

/** Where a row comes from, beyond what it says. */
interface Origin {
  readonly shard: number;
  /** Journal sequence of the last record that changed it. */
  readonly version: Sequence;
}

export interface OrderRowProjected extends ProjectedOrder, Origin {}
export interface ProductRowProjected extends ProjectedProduct, Origin {}

/** Called page by page, in this order; orders come by id, products by id, movements by product and request. */
export interface ProjectedRowsVisitor {
  positions(rows: readonly ProjectedPosition[]): void | Promise<void>;
  orders(rows: readonly OrderRowProjected[]): void | Promise<void>;
  products(rows: readonly ProductRowProjected[]): void | Promise<void>;
  stockMovements(rows: readonly ProjectedMovement[]): void | Promise<void>;
}

const ROWS_PER_PAGE = 10_000;

const milliseconds = (column: string, name: string): string =>
  `floor(extract(epoch FROM ${column}) * 1000)::float8 AS "${name}"`;

const POSITIONS = `SELECT shard, sequence::float8 AS sequence, ${milliseconds('record_at', 'recordAt')}
  FROM doorbuster.positions ORDER BY shard`;

const ORDERS = `SELECT id, product_id AS "productId", customer_id AS "customerId", idempotency_key AS "idempotencyKey",
    quantity, unit_amount::float8 AS "unitAmount", currency, status, ${milliseconds('created_at', 'createdAt')},
    ${milliseconds('hold_expires_at', 'holdExpiresAt')}, version::float8 AS version, shard
  FROM doorbuster.orders WHERE id > $2 ORDER BY id LIMIT $1`;

const PRODUCTS = `SELECT id, name, description, ${milliseconds('starts_at', 'startsAt')},
    ${milliseconds('ends_at', 'endsAt')}, unit_amount::float8 AS "unitAmount", currency,
    per_customer_limit AS "perCustomerLimit", hold_seconds AS "holdSeconds", paused,
    ${milliseconds('retired_at', 'retiredAt')}, revision,
    version::float8 AS version, shard
  FROM doorbuster.products WHERE id > $2 ORDER BY id LIMIT $1`;

const MOVEMENTS = `SELECT product_id AS "productId", request_id AS "requestId", kind, quantity::float8 AS quantity,
    ${milliseconds('at', 'at')}, version::float8 AS version
  FROM doorbuster.stock_movements WHERE (product_id, request_id) > ($2, $3) ORDER BY product_id, request_id LIMIT $1`;

export async function readProjected(pool: Pool, visitor: ProjectedRowsVisitor): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // A visitor may read the whole journal between two pages.
    await client.query("SET LOCAL idle_in_transaction_session_timeout = '1h'");
    const { rows: positions } = await client.query<ProjectedPosition>(POSITIONS);
    await visitor.positions(positions);
    await visitPages<OrderRowProjected>(
      client,
      ORDERS,
      [''],
      ({ id }) => [id],
      (rows) => visitor.orders(rows),
    );
    await visitPages<ProductRowProjected>(
      client,
      PRODUCTS,
      [''],
      ({ id }) => [id],
      (rows) => visitor.products(rows),
    );
    await visitPages<ProjectedMovement>(
      client,
      MOVEMENTS,
      ['', ''],
      ({ productId, requestId }) => [productId, requestId],
      (rows) => visitor.stockMovements(rows),
    );
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** Each page begins behind the key of the last row before it; ids are never empty. */
async function visitPages<Row extends object>(
  client: PoolClient,
  text: string,
  first: readonly string[],
  keyOf: (row: Row) => readonly string[],
  visit: (rows: readonly Row[]) => void | Promise<void>,
): Promise<void> {
  for (let key = first; ;) {
    const { rows } = await client.query<Row>(text, [ROWS_PER_PAGE, ...key]);
    if (rows.length > 0) await visit(rows);
    if (rows.length < ROWS_PER_PAGE) return;
    key = keyOf(rows.at(-1)!);
  }
}
