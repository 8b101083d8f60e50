// Who holds units and lets them go: figures by customer and by network, of the orders whose origin was noted. Whoever opened the pool
// ends it.

import type { Pool } from 'pg';

export const ABANDONMENT_LIMITS = {
  hoursMax: 720,
  linesMax: 200,
  /** Of the window, the newest ones. */
  ordersMax: 200_000,
} as const;

/** Orders, each counted once. */
export interface AbandonmentCounts {
  readonly orders: number;
  /** Their hold ran out, and nobody had paid. */
  readonly expired: number;
  readonly cancelled: number;
  /** Given back later ones, too. */
  readonly paid: number;
  /** Held at this moment. */
  readonly open: number;
}

export interface CustomerAbandonment extends AbandonmentCounts {
  readonly customerId: string;
}

export interface NetworkAbandonment extends AbandonmentCounts {
  /** 203.0.113.0/24, 2001:db8:1::/48 */
  readonly network: string;
  readonly customers: number;
}

export interface Abandonment {
  readonly all: AbandonmentCounts;
  /** Those with most holds that ran out, first; none without. */
  readonly customers: readonly CustomerAbandonment[];
  readonly networks: readonly NetworkAbandonment[];
  /** False: there were more orders than are looked at, and the oldest are left out. */
  readonly isWhole: boolean;
}

export interface AbandonmentQuestion {
  /** 1 to 720. */
  readonly hours: number;
  /** Of customers, and of networks: 1 to 200. */
  readonly limit: number;
}

const COUNTS = `count(*)::int AS orders,
  count(*) FILTER (WHERE status = 'expired')::int AS expired,
  count(*) FILTER (WHERE status = 'cancelled')::int AS cancelled,
  count(*) FILTER (WHERE status IN ('paid', 'refund_due', 'refunded'))::int AS paid,
  count(*) FILTER (WHERE status IN ('reserved', 'payment_pending', 'in_review'))::int AS open`;

const MOST = `ORDER BY expired DESC, orders DESC`;

export class AbandonmentReads {
  readonly #pool: Pick<Pool, 'query'>;

  constructor(pool: Pick<Pool, 'query'>) {
    this.#pool = pool;
  }

  async read({ hours, limit }: AbandonmentQuestion): Promise<Abandonment> {
    const { hoursMax, linesMax, ordersMax } = ABANDONMENT_LIMITS;
    const within = (value: number, most: number): number => Math.max(1, Math.min(Math.floor(value), most));
    const { rows } = await this.#pool.query<{ told: Told }>(
      `WITH recent AS MATERIALIZED (
         SELECT order_id, customer_id, network FROM doorbuster_catalogue.order_origins
         WHERE at > clock_timestamp() - make_interval(hours => $1) ORDER BY at DESC LIMIT $2),
       known AS MATERIALIZED (
         SELECT recent.customer_id, recent.network, orders.status
         FROM (SELECT DISTINCT * FROM recent) AS recent JOIN doorbuster.orders AS orders ON orders.id = recent.order_id)
       SELECT json_build_object(
         'looked', (SELECT count(*) FROM recent),
         'all', (SELECT row_to_json(counted) FROM (SELECT ${COUNTS} FROM known) AS counted),
         'customers', (SELECT coalesce(json_agg(counted), '[]') FROM (
           SELECT customer_id AS "customerId", ${COUNTS} FROM known GROUP BY customer_id
           HAVING count(*) FILTER (WHERE status = 'expired') > 0 ${MOST}, customer_id LIMIT $3) AS counted),
         'networks', (SELECT coalesce(json_agg(counted), '[]') FROM (
           SELECT network, count(DISTINCT customer_id)::int AS customers, ${COUNTS} FROM known GROUP BY network
           HAVING count(*) FILTER (WHERE status = 'expired') > 0 ${MOST}, network LIMIT $3) AS counted)) AS told`,
      [within(hours, hoursMax), ordersMax, within(limit, linesMax)],
    );
    const { looked, all, customers, networks } = rows[0]!.told;
    return { all, customers, networks, isWhole: looked < ordersMax };
  }
}

interface Told extends Omit<Abandonment, 'isWhole'> {
  readonly looked: number;
}
