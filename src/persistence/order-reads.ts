// Orders from the projection: as their customers list them, and one by one when the product is retired. A list answers from
// what Postgres has; how far that goes the pump's `asOf` says. Whoever opened the pool ends it.

import type { Pool } from 'pg';
import type { Money, OrderStatus } from '../actors/index.ts';

export interface OrderRow {
  readonly id: string;
  readonly productId: string;
  readonly customerId: string;
  readonly quantity: number;
  readonly unitPrice: Money;
  readonly status: OrderStatus;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds; null when the order was sold at once. */
  readonly holdExpiresAt: number | null;
}

/** The last order of a page: the next page begins behind it. */
export interface OrderCursor {
  readonly createdAt: number;
  readonly id: string;
}

export interface OrderPage {
  /** Newest first. */
  readonly orders: readonly OrderRow[];
  /** Undefined when there are no more. */
  readonly next: OrderCursor | undefined;
}

/** An order of a retired product and of this customer, by its id or by its key. */
export type RetiredOrderName = {
  readonly productId: string;
  readonly customerId: string;
} & ({ readonly id: string } | { readonly idempotencyKey: string });

/** What Postgres says of it; the version is the journal sequence of the record that changed the row last. */
export type RetiredOrder =
  | { readonly order: OrderRow; readonly version: number }
  | { readonly order: undefined };

export const ORDERS_PER_PAGE_MAX = 100;

const COLUMNS = `id, product_id, customer_id, quantity, unit_amount::float8 AS unit_amount, currency, status,
  floor(extract(epoch FROM created_at) * 1000)::float8 AS created_at,
  floor(extract(epoch FROM hold_expires_at) * 1000)::float8 AS hold_expires_at`;

interface Row {
  id: string;
  product_id: string;
  customer_id: string;
  quantity: number;
  unit_amount: number;
  currency: string;
  status: OrderStatus;
  created_at: number;
  hold_expires_at: number | null;
}

interface RetiredRow extends Row {
  version: number;
}

/** The product is there, and the order is not. */
interface NoRow {
  id: null;
}

export class OrderReads {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** @param limit 1 to 100 orders */
  async ofCustomer(
    customerId: string,
    { limit, before }: { readonly limit: number; readonly before?: OrderCursor | undefined },
  ): Promise<OrderPage> {
    const count = Math.max(1, Math.min(limit, ORDERS_PER_PAGE_MAX));
    const behind = before === undefined ? '' : 'AND (created_at, id) < (to_timestamp($3::float8 / 1000), $4)';
    // One more than asked for tells whether another page follows.
    const { rows } = await this.#pool.query<Row>(
      `SELECT ${COLUMNS} FROM doorbuster.orders WHERE customer_id = $1 ${behind}
       ORDER BY created_at DESC, id DESC LIMIT $2`,
      [customerId, count + 1, ...(before === undefined ? [] : [before.createdAt, before.id])],
    );
    const orders = rows.slice(0, count).map(orderOf);
    const last = orders.at(-1);
    const next =
      rows.length > count && last !== undefined ? { createdAt: last.createdAt, id: last.id } : undefined;
    return { orders, next };
  }

  /**
   * The retirement is a record like any other: a row that has it has all that came before.
   * @returns undefined when Postgres has not come to the retirement yet, and so cannot say
   */
  async ofRetired(name: RetiredOrderName): Promise<RetiredOrder | undefined> {
    const byKey = 'idempotencyKey' in name;
    // An id leads to its order even if two products of a shard share their tag.
    const condition = byKey ? 'product_id = $1 AND idempotency_key = $3' : 'id = $3';
    const { rows } = await this.#pool.query<RetiredRow | NoRow>(
      `SELECT placed.* FROM doorbuster.products LEFT JOIN
         (SELECT ${COLUMNS}, version::float8 AS version
          FROM doorbuster.orders WHERE customer_id = $2 AND ${condition}) AS placed ON true
       WHERE products.id = $1 AND products.retired_at IS NOT NULL`,
      [name.productId, name.customerId, byKey ? name.idempotencyKey : name.id],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    return row.id === null ? { order: undefined } : { order: orderOf(row), version: row.version };
  }
}

/** A cursor as a word in an address. */
export const orderCursorText = ({ createdAt, id }: OrderCursor): string => `${createdAt}-${id}`;

/** The cursor again, or undefined when the text is not one. */
export function parseOrderCursor(text: string): OrderCursor | undefined {
  const parts = /^(\d{1,15})-([0-9a-hjkmnp-tv-z]{26})$/.exec(text);
  return parts === null ? undefined : { createdAt: Number(parts[1]), id: parts[2]! };
}

function orderOf(row: Row): OrderRow {
  return {
    id: row.id,
    productId: row.product_id,
    customerId: row.customer_id,
    quantity: row.quantity,
    unitPrice: { amount: row.unit_amount, currency: row.currency },
    status: row.status,
    createdAt: row.created_at,
    holdExpiresAt: row.hold_expires_at,
  };
}
