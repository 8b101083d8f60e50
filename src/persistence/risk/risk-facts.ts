// What Postgres knows of a payment. A payment is noted before the facts of it are read: of two that come at once, one at least sees
// the other.
//
// Orders are those that the projection has written: in a rush it may be a second behind. What is counted is bounded, newest first.

import type { Pool } from 'pg';
import {
  COUNT_MAX,
  WINDOW_NAMES,
  WINDOWS,
  type Counts,
  type CustomerStatus,
  type PaymentQuestion,
  type RiskFacts,
} from '../../risk/index.ts';

/** Payments and orders that are looked at for one address, or one fingerprint. */
const ROWS_MAX = 5_000;
const SIGHTINGS_KEPT_DAYS = 8;
/** Of one statement that removes. */
const ROWS_PER_SWEEP = 5_000;

const LONGEST = Math.max(...Object.values(WINDOWS));

/** @param what an aggregate */
const countedIn = (prefix: string, what: string): string =>
  WINDOW_NAMES.map(
    (name) =>
      `${what} FILTER (WHERE at > moment.now - make_interval(secs => ${WINDOWS[name]}))::int AS "${prefix} ${name}"`,
  ).join(', ');

const recent = (table: string, condition: string): string =>
  `(SELECT customer_id, at FROM doorbuster_catalogue.${table}
    WHERE ${condition} AND at > (SELECT now FROM moment) - make_interval(secs => ${LONGEST}) ORDER BY at DESC LIMIT ${ROWS_MAX})`;

const OTHERS = 'count(DISTINCT customer_id)';

// The lists of one row each are joined; nothing of them depends on another.
const FACTS = `
  WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now),
  own AS (
    SELECT status, CASE status WHEN 'expired' THEN hold_expires_at ELSE created_at END AS at FROM doorbuster.orders
    WHERE customer_id = $1 AND id <> $2 AND created_at > (SELECT now FROM moment) - make_interval(secs => ${LONGEST})
    ORDER BY created_at DESC, id DESC LIMIT ${COUNT_MAX}),
  orders AS (SELECT ${countedIn('orders', 'count(*)')} FROM own, moment),
  abandoned AS (SELECT ${countedIn('abandoned', 'count(*)')} FROM own, moment WHERE status = 'expired'),
  address AS (
    SELECT ${countedIn('address', OTHERS)}
    FROM (${recent('risk_sightings', 'address = $3')} UNION ALL ${recent('order_origins', 'address = $3')}) AS seen, moment
    WHERE customer_id <> $1),
  fingerprint AS (
    SELECT ${countedIn('fingerprint', OTHERS)} FROM ${recent('risk_sightings', 'fingerprint = $4')} AS seen, moment
    WHERE customer_id <> $1)
  SELECT orders.*, abandoned.*, address.*, fingerprint.*,
    (SELECT status FROM doorbuster_catalogue.customer_statuses WHERE customer_id = $1) AS status,
    (SELECT extract(epoch FROM moment.now - account_created_at)::float8 FROM doorbuster_catalogue.customer_statuses
      WHERE customer_id = $1) AS age,
    EXISTS (SELECT FROM doorbuster_catalogue.risk_decisions WHERE order_id = $2 AND outcome = 'review' AND settled_at IS NULL)
      AS "isInReview",
    (SELECT decided_by FROM doorbuster_catalogue.risk_decisions WHERE order_id = $2 AND outcome = 'allow' AND decided_by <> 'rules'
      ORDER BY id DESC LIMIT 1) AS "approvedBy"
  FROM moment, orders, abandoned, address, fingerprint`;

type FactsRow = Readonly<Record<string, unknown>> & {
  readonly status: CustomerStatus | null;
  readonly age: number | null;
  readonly isInReview: boolean;
  readonly approvedBy: string | null;
};

export interface FoundFacts {
  readonly facts: RiskFacts;
  /** A person has not decided yet. */
  readonly isInReview: boolean;
  /** The person who let the order through, if one did. */
  readonly approvedBy: string | undefined;
}

export class RiskFactReads {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** From now on others see it. */
  async note({ orderId, customerId, address, fingerprint }: PaymentQuestion): Promise<void> {
    await this.#pool.query(
      `INSERT INTO doorbuster_catalogue.risk_sightings (order_id, customer_id, address, fingerprint, at)
       VALUES ($1, $2, $3, $4, clock_timestamp())
       ON CONFLICT (order_id, address, fingerprint) DO UPDATE SET at = excluded.at`,
      [orderId, customerId, address, fingerprint ?? ''],
    );
  }

  async find(question: PaymentQuestion): Promise<FoundFacts> {
    const { orderId, customerId, address, fingerprint, quantity, amount } = question;
    const { rows } = await this.#pool.query<FactsRow>(FACTS, [
      customerId,
      orderId,
      address,
      fingerprint ?? '',
    ]);
    const row = rows[0]!;
    return {
      facts: {
        status: row.status ?? 'active',
        accountAgeSeconds: row.age === null ? null : Math.max(0, Math.floor(row.age)),
        ordersOfCustomer: countsOf(row, 'orders', 1),
        abandonedHolds: countsOf(row, 'abandoned', 0),
        customersPerAddress: countsOf(row, 'address', 1),
        customersPerFingerprint: fingerprint === undefined ? null : countsOf(row, 'fingerprint', 1),
        quantity,
        amount,
      },
      isInReview: row.isInReview,
      approvedBy: row.approvedBy ?? undefined,
    };
  }

  /** What no window reaches any more. @returns whether there may be more */
  async sweep(): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `DELETE FROM doorbuster_catalogue.risk_sightings WHERE ctid = ANY (ARRAY (
         SELECT ctid FROM doorbuster_catalogue.risk_sightings
         WHERE at < clock_timestamp() - make_interval(days => $1) ORDER BY at LIMIT $2))`,
      [SIGHTINGS_KEPT_DAYS, ROWS_PER_SWEEP],
    );
    return rowCount === ROWS_PER_SWEEP;
  }
}

/** @param own what the payment itself counts for */
const countsOf = (row: FactsRow, prefix: string, own: number): Counts =>
  Object.fromEntries(
    WINDOW_NAMES.map((name) => [name, Math.min(COUNT_MAX, Number(row[`${prefix} ${name}`]) + own)]),
  ) as Record<(typeof WINDOW_NAMES)[number], number>;
