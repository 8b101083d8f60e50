// Products as the storefront lists them, from the projection. Stock is not among it: only the product's actor knows that.

import type { Pool } from 'pg';
import type { Money } from '../actors/index.ts';
import { mayBeOfCatalogue, wasMadeByCatalogue } from './eligibility/lost-products.ts';

export interface ProductRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Epoch milliseconds. */
  readonly startsAt: number;
  /** Epoch milliseconds. */
  readonly endsAt: number;
  readonly unitPrice: Money;
  readonly perCustomerLimit: number;
  readonly holdSeconds: number;
  readonly paused: boolean;
  readonly revision: number;
}

/** The name in the cache of the list that the shop's page shows. */
export const SHOP_WINDOW = 'shop-window';

export const PRODUCTS_PER_LIST_MAX = 1_000;

interface Row {
  id: string;
  name: string;
  description: string;
  starts_at: number;
  ends_at: number;
  unit_amount: number;
  currency: string;
  per_customer_limit: number;
  hold_seconds: number;
  paused: boolean;
  revision: number;
}

/** The ids of a list, and how new it is. */
export interface ProductIdList {
  readonly ids: readonly string[];
  /** Of Postgres's transactions those below this number are in it: a change by a later one is not. */
  readonly version: number;
}

export class ProductReads {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The same products as `list`. One statement: the version and the ids are of one snapshot. */
  listIds(limit: number): Promise<ProductIdList> {
    return this.#ids(limit, 'true');
  }

  /**
   * Those in no campaign. The catalogue has a product before the engine hears of it, so that none is among them that a campaign has,
   * nor one that the catalogue has lost.
   */
  listIdsOutside(limit: number): Promise<ProductIdList> {
    return this.#ids(
      limit,
      `NOT EXISTS (SELECT FROM doorbuster_catalogue.products AS c WHERE c.id = products.id)
         AND NOT ${wasMadeByCatalogue('products.id')} AND NOT ${mayBeOfCatalogue('products.id')}`,
    );
  }

  async #ids(limit: number, condition: string): Promise<ProductIdList> {
    const { rows } = await this.#pool.query<{ ids: string[]; version: number }>(
      `SELECT pg_snapshot_xmin(pg_current_snapshot())::text::float8 AS version,
         ARRAY (SELECT id FROM doorbuster.products WHERE ${condition}
           ORDER BY products.starts_at DESC, id LIMIT $1) AS ids`,
      [Math.max(1, Math.min(limit, PRODUCTS_PER_LIST_MAX))],
    );
    return rows[0]!;
  }

  /** The sales that start last first; @param limit 1 to 1,000 products */
  async list(limit: number): Promise<ProductRow[]> {
    const { rows } = await this.#pool.query<Row>(
      `SELECT id, name, description, floor(extract(epoch FROM starts_at) * 1000)::float8 AS starts_at,
         floor(extract(epoch FROM ends_at) * 1000)::float8 AS ends_at, unit_amount::float8 AS unit_amount, currency,
         per_customer_limit, hold_seconds, paused, revision
       FROM doorbuster.products ORDER BY products.starts_at DESC, id LIMIT $1`,
      [Math.max(1, Math.min(limit, PRODUCTS_PER_LIST_MAX))],
    );
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      description: row.description,
      startsAt: row.starts_at,
      endsAt: row.ends_at,
      unitPrice: { amount: row.unit_amount, currency: row.currency },
      perCustomerLimit: row.per_customer_limit,
      holdSeconds: row.hold_seconds,
      paused: row.paused,
      revision: row.revision,
    }));
  }
}
