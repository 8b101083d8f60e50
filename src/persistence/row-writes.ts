// The statements that bring a batch's rows into Postgres: one a table, whatever the number of rows.
//
// They run inside the projection's transaction, on records whose turn it is. So each statement must hit exactly as many
// rows as it was given: a row more or less means that Postgres and the journal tell different stories.

import type { QueryResult } from 'pg';
import { arrayLiteral, quoted } from './array-literal.ts';
import type { RowFold } from './row-fold.ts';

/**
 * Rows in Postgres contradict the journal: somebody changed them, or the database belongs to another journal. Trying again
 * does not help, and nothing of the batch was written.
 */
export class ProjectionDiverged extends Error {
  override readonly name = 'ProjectionDiverged';

  constructor(found: string, options?: ErrorOptions) {
    super(
      `${found}. What Postgres holds is not what the journal says. If this database belongs to this journal, drop its ` +
        'schema "doorbuster" and start again: everything in it is projected again from the journal.',
      options,
    );
  }
}

export type RunStatement = (name: string, text: string, values: readonly unknown[]) => Promise<QueryResult>;

const INSERT_ORDERS = `
  INSERT INTO doorbuster.orders (id, product_id, customer_id, idempotency_key, quantity, unit_amount, currency, status,
    created_at, hold_expires_at, version, shard)
  SELECT id, product_id, customer_id, idempotency_key, quantity, unit_amount, currency, status,
    to_timestamp(created_at / 1000), to_timestamp(hold_expires_at / 1000), version, shard
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::text[], $8::text[],
    $9::float8[], $10::float8[], $11::bigint[], $12::int[])
    AS batch (id, product_id, customer_id, idempotency_key, quantity, unit_amount, currency, status,
      created_at, hold_expires_at, version, shard)
  ON CONFLICT (id) DO NOTHING`;

const UPDATE_ORDERS = `
  UPDATE doorbuster.orders SET status = coalesce(batch.status, orders.status),
    hold_expires_at = coalesce(to_timestamp(batch.hold_expires_at / 1000), orders.hold_expires_at), version = batch.version
  FROM unnest($1::text[], $2::text[], $3::float8[], $4::bigint[]) AS batch (id, status, hold_expires_at, version)
  WHERE orders.id = batch.id AND orders.version < batch.version`;

// A new configuration leaves the switch alone: a paused sale stays paused.
const UPSERT_PRODUCTS = `
  INSERT INTO doorbuster.products (id, name, description, starts_at, ends_at, unit_amount, currency,
    per_customer_limit, hold_seconds, revision, version, shard)
  SELECT id, name, description, to_timestamp(starts_at / 1000), to_timestamp(ends_at / 1000), unit_amount, currency,
    per_customer_limit, hold_seconds, revision, version, shard
  FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::bigint[], $7::text[], $8::int[],
    $9::int[], $10::int[], $11::bigint[], $12::int[])
    AS batch (id, name, description, starts_at, ends_at, unit_amount, currency,
      per_customer_limit, hold_seconds, revision, version, shard)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at, unit_amount = excluded.unit_amount,
    currency = excluded.currency, per_customer_limit = excluded.per_customer_limit,
    hold_seconds = excluded.hold_seconds, revision = excluded.revision, version = excluded.version
  WHERE products.version < excluded.version`;

const SWITCH_PRODUCTS = `
  UPDATE doorbuster.products SET paused = batch.paused, version = greatest(products.version, batch.version)
  FROM unnest($1::text[], $2::boolean[], $3::bigint[]) AS batch (id, paused, version)
  WHERE products.id = batch.id`;

const RETIRE_PRODUCTS = `
  UPDATE doorbuster.products SET retired_at = to_timestamp(batch.at / 1000), version = greatest(products.version, batch.version)
  FROM unnest($1::text[], $2::float8[], $3::bigint[]) AS batch (id, at, version)
  WHERE products.id = batch.id AND products.retired_at IS NULL`;

const INSERT_MOVEMENTS = `
  INSERT INTO doorbuster.stock_movements (product_id, request_id, kind, quantity, at, version)
  SELECT product_id, request_id, kind, quantity, to_timestamp(at / 1000), version
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::float8[], $6::bigint[])
    AS batch (product_id, request_id, kind, quantity, at, version)
  ON CONFLICT (product_id, request_id) DO NOTHING`;

/** @throws ProjectionDiverged when a row was there that should not be, or the other way round */
export async function writeRows(run: RunStatement, rows: RowFold): Promise<void> {
  await writeProducts(run, rows);
  await writeMovements(run, rows);
  await writeOrders(run, rows);
}

async function writeOrders(run: RunStatement, { orders, changes }: RowFold): Promise<void> {
  if (orders.ids.length > 0) {
    const columns = [
      orders.ids,
      orders.productIds,
      orders.customerIds,
      orders.idempotencyKeys,
      orders.quantities,
      orders.amounts,
      orders.currencies,
      orders.statuses,
      orders.createdAts,
      orders.holdExpiresAts,
      orders.versions,
      orders.shards,
    ];
    const result = await run('insert-orders', INSERT_ORDERS, columns.map(arrayLiteral));
    expectRows(result, orders.ids.length, 'new orders, of which some were already there');
  }
  if (changes.ids.length > 0) {
    const columns = [changes.ids, changes.statuses, changes.holdExpiresAts, changes.versions];
    const result = await run('update-orders', UPDATE_ORDERS, columns.map(arrayLiteral));
    expectRows(result, changes.ids.length, 'changed orders, of which some were missing or newer');
  }
}

async function writeProducts(
  run: RunStatement,
  { configurations, switches, retirements }: RowFold,
): Promise<void> {
  if (configurations.size > 0) {
    const rows = [...configurations.values()].map(({ event, version, shard }) => {
      const { name, description, startsAt, endsAt, amount, currency, perCustomerLimit, holdSeconds } =
        event.configuration;
      const sale = [startsAt, endsAt, amount, quoted(currency), perCustomerLimit, holdSeconds];
      return [
        quoted(event.productId),
        quoted(name),
        quoted(description),
        ...sale,
        event.revision,
        version,
        shard,
      ];
    });
    const result = await run('upsert-products', UPSERT_PRODUCTS, columnsOf(rows));
    expectRows(result, rows.length, 'configured products, of which some were newer');
  }
  if (switches.size > 0) {
    const rows = [...switches].map(([id, { paused, version }]) => [quoted(id), paused, version]);
    const result = await run('switch-products', SWITCH_PRODUCTS, columnsOf(rows));
    expectRows(result, rows.length, 'paused or resumed products, of which some were missing');
  }
  if (retirements.size > 0) {
    const rows = [...retirements].map(([id, { at, version }]) => [quoted(id), at, version]);
    const result = await run('retire-products', RETIRE_PRODUCTS, columnsOf(rows));
    expectRows(result, rows.length, 'retired products, of which some were missing or retired already');
  }
}

async function writeMovements(run: RunStatement, { movements }: RowFold): Promise<void> {
  if (movements.length === 0) return;
  const rows = movements.map(({ event, version }) => {
    const kind = event.kind === 'stockLoaded' ? 'loaded' : 'withdrawn';
    return [quoted(event.productId), quoted(event.requestId), kind, event.quantity, event.at, version];
  });
  const result = await run('insert-movements', INSERT_MOVEMENTS, columnsOf(rows));
  expectRows(result, rows.length, 'stock movements, of which some were already there');
}

/** Rows turned by a quarter: one array literal for each of their columns. */
function columnsOf(rows: readonly (readonly (string | number | boolean)[])[]): string[] {
  return rows[0]!.map((_, column) => arrayLiteral(rows.map((row) => row[column]!)));
}

function expectRows(result: QueryResult, count: number, what: string): void {
  if (result.rowCount !== count) throw new ProjectionDiverged(`${result.rowCount} rows for ${count} ${what}`);
}
