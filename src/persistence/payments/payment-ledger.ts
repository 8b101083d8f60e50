// The ledger of payments in Postgres: a row stands before the provider is asked for money, and is closed when nothing more can happen to
// it. Whose turn a row is says its lease, by the clock of Postgres. Each call is one statement. Whoever opened the pool ends it.

import type { Pool } from 'pg';
import type { Money } from '../../actors/index.ts';
import { insertReview, type ReviewedPayment } from './noted-review.ts';
import type { PaymentRow, LedgerState } from './payment-row.ts';

export const LEDGER_LIMITS = {
  /** Of what a provider says when it cannot be asked. */
  errorCharactersMax: 500,
  /** Orders in review that get their lost rows again with one statement. */
  restoredMax: 1_000,
} as const;

export interface BegunPayment {
  readonly orderId: string;
  readonly productId: string;
  readonly customerId: string;
  readonly amount: Money;
  readonly method: string;
  readonly token: string;
  readonly fingerprint: string | undefined;
  readonly address: string;
  /** Whether the provider is asked next; else a person decides first. */
  readonly asks: boolean;
  /** Nobody else looks at it before. */
  readonly firstLookMs: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** An order as the projection has it: what a payment without a row is held against. */
export interface OrderOfPayment {
  readonly productId: string;
  readonly customerId: string;
  readonly amount: Money;
  readonly createdAt: number;
}

/** Payments that are not closed, as they are counted: so many or more. */
export const OPEN_PAYMENTS_COUNTED_MAX = 10_000;

export interface OpenPaymentsCounted {
  /** Wait for bank, customer, person, or the hold's end. */
  readonly followed: number;
  /** Could not be gone on with when they were last looked at. */
  readonly troubled: number;
}

const COLUMNS = `order_id, product_id, customer_id, amount::float8 AS amount, currency, method, token, state, attempts, approved_by,
  floor(extract(epoch FROM begun_at) * 1000)::float8 AS begun_at, closed_at IS NOT NULL AS is_closed`;

interface Row {
  order_id: string;
  product_id: string;
  customer_id: string;
  amount: number;
  currency: string;
  method: string;
  token: string | null;
  state: LedgerState;
  attempts: number;
  approved_by: string | null;
  begun_at: number;
  is_closed: boolean;
}

const TABLE = 'doorbuster_catalogue.payments';

export class PaymentLedger {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** @returns the row; closed and unchanged when nothing more can be paid by it */
  async begin(payment: BegunPayment): Promise<PaymentRow> {
    const { orderId, productId, customerId, amount, method, token, fingerprint, address } = payment;
    const { rows } = await this.#pool.query<Row>(
      `INSERT INTO ${TABLE} AS p (order_id, product_id, customer_id, amount, currency, method, token, fingerprint, address,
         state, attempts, begun_at, next_look_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, $11, clock_timestamp() + $12 * interval '1 ms')
       ON CONFLICT (order_id) DO UPDATE
       SET method = excluded.method, token = excluded.token, fingerprint = excluded.fingerprint, address = excluded.address,
         attempts = p.attempts + excluded.attempts, next_look_at = excluded.next_look_at
       WHERE p.closed_at IS NULL
       RETURNING ${COLUMNS}`,
      [
        orderId,
        productId,
        customerId,
        amount.amount,
        amount.currency,
        method,
        token,
        fingerprint ?? null,
        address,
        payment.asks ? 1 : 0,
        new Date(payment.now),
        payment.firstLookMs,
      ],
    );
    return rows[0] === undefined ? (await this.find(orderId))! : rowOf(rows[0]);
  }

  async find(orderId: string): Promise<PaymentRow | undefined> {
    const { rows } = await this.#pool.query<Row>(`SELECT ${COLUMNS} FROM ${TABLE} WHERE order_id = $1`, [
      orderId,
    ]);
    return rows[0] && rowOf(rows[0]);
  }

  /**
   * Before the provider is asked for the money once more.
   * @returns the row as it is by now, with the token of the last try; undefined when it is closed, or when a person decides first
   */
  async asked(orderId: string): Promise<PaymentRow | undefined> {
    const { rows } = await this.#pool.query<Row>(
      `UPDATE ${TABLE} SET attempts = attempts + 1
       WHERE order_id = $1 AND closed_at IS NULL AND (approved_by IS NOT NULL OR NOT EXISTS (
         SELECT FROM doorbuster_catalogue.risk_decisions AS d
         WHERE d.order_id = $1 AND d.outcome = 'review' AND d.settled_at IS NULL))
       RETURNING ${COLUMNS}`,
      [orderId],
    );
    return rows[0] && rowOf(rows[0]);
  }

  /**
   * From now on it may be paid, whoever carries it out. Its age counts from here: the bank has its time, and not for ever.
   * @returns the row, or undefined when it is closed
   */
  async approve(orderId: string, by: string, now: number): Promise<PaymentRow | undefined> {
    const { rows } = await this.#pool.query<Row>(
      `UPDATE ${TABLE} SET approved_by = coalesce(approved_by, $2), next_look_at = clock_timestamp(),
         begun_at = CASE WHEN approved_by IS NULL THEN $3 ELSE begun_at END
       WHERE order_id = $1 AND closed_at IS NULL RETURNING ${COLUMNS}`,
      [orderId, by, new Date(now)],
    );
    return rows[0] && rowOf(rows[0]);
  }

  /** Nothing more can happen to it, so the token goes. */
  async close(
    orderId: string,
    state: Exclude<LedgerState, 'open'>,
    providerId: string | undefined,
    now: number,
  ): Promise<void> {
    await this.#pool.query(
      `UPDATE ${TABLE} SET state = $2, provider_id = coalesce($3, provider_id), closed_at = $4, token = NULL, lease = NULL,
         leased_until = NULL
       WHERE order_id = $1 AND closed_at IS NULL`,
      [orderId, state, providerId ?? null, new Date(now)],
    );
  }

  /** The provider says what it could not have said: somebody has to look at it again. */
  async reopen(orderId: string): Promise<void> {
    await this.#pool.query(
      `UPDATE ${TABLE} SET state = 'open', closed_at = NULL, next_look_at = clock_timestamp() WHERE order_id = $1`,
      [orderId],
    );
  }

  /** @param lease of whoever looked at it; undefined: whoever has it keeps it */
  async lookAgain(
    orderId: string,
    inMs: number,
    why: string | undefined,
    lease: string | undefined,
  ): Promise<void> {
    await this.#pool.query(
      `UPDATE ${TABLE} SET next_look_at = clock_timestamp() + $2 * interval '1 ms', last_error = $3,
         lease = CASE WHEN lease = $4 THEN NULL ELSE lease END,
         leased_until = CASE WHEN lease = $4 THEN NULL ELSE leased_until END
       WHERE order_id = $1 AND closed_at IS NULL`,
      [orderId, Math.round(inMs), why?.slice(0, LEDGER_LIMITS.errorCharactersMax) ?? null, lease ?? null],
    );
  }

  /** Those that are due, for one holder. Nobody waits for rows that somebody else looks at. */
  async claim(lease: string, leaseMs: number, rowsMax: number): Promise<PaymentRow[]> {
    const { rows } = await this.#pool.query<Row>(
      `UPDATE ${TABLE} SET lease = $1, leased_until = clock_timestamp() + $2 * interval '1 ms'
       WHERE order_id = ANY (ARRAY (
         SELECT order_id FROM ${TABLE}
         WHERE closed_at IS NULL AND next_look_at <= clock_timestamp()
           AND (leased_until IS NULL OR leased_until <= clock_timestamp())
         ORDER BY next_look_at LIMIT $3 FOR UPDATE SKIP LOCKED))
       RETURNING ${COLUMNS}`,
      [lease, leaseMs, rowsMax],
    );
    return rows.map(rowOf);
  }

  /** Up to OPEN_PAYMENTS_COUNTED_MAX in all. */
  async countOpen(): Promise<OpenPaymentsCounted> {
    const { rows } = await this.#pool.query<OpenPaymentsCounted>(
      `SELECT count(*) FILTER (WHERE last_error IS NULL)::int AS followed,
         count(*) FILTER (WHERE last_error IS NOT NULL)::int AS troubled
       FROM (SELECT last_error FROM ${TABLE} WHERE closed_at IS NULL LIMIT ${OPEN_PAYMENTS_COUNTED_MAX}) AS open`,
    );
    return rows[0]!;
  }

  /** A payment whose row was lost with its Postgres. Whoever has a row keeps it. */
  async restore(orderId: string, order: OrderOfPayment): Promise<void> {
    const { productId, customerId, amount, createdAt } = order;
    await this.#pool.query(
      `INSERT INTO ${TABLE} (order_id, product_id, customer_id, amount, currency, method, state, attempts, begun_at, last_error)
       VALUES ($1, $2, $3, $4, $5, '-', 'open', 1, $6, 'found again at the provider') ON CONFLICT (order_id) DO NOTHING`,
      [orderId, productId, customerId, amount.amount, amount.currency, new Date(createdAt)],
    );
  }

  /** Orders in review of which the provider never heard, and whose rows were lost: without one nobody could decide. */
  async restoreReviewed(): Promise<void> {
    await this.#pool.query(
      `INSERT INTO ${TABLE} (order_id, product_id, customer_id, amount, currency, method, state, attempts, begun_at)
       SELECT id, product_id, customer_id, quantity * unit_amount, currency, '-', 'open', 1, created_at FROM doorbuster.orders AS o
       WHERE status = 'in_review' AND NOT EXISTS (SELECT FROM ${TABLE} WHERE order_id = o.id)
       LIMIT ${LEDGER_LIMITS.restoredMax} ON CONFLICT (order_id) DO NOTHING`,
    );
  }

  /** @returns those of these orders that have no row */
  async without(orderIds: readonly string[]): Promise<string[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `SELECT id FROM unnest($1::text[]) AS id WHERE NOT EXISTS (SELECT FROM ${TABLE} WHERE order_id = id COLLATE "C")`,
      [orderIds],
    );
    return rows.map(({ id }) => id);
  }

  /** As the projection has it; undefined when it has not come to the order yet, or there is none. */
  async order(orderId: string): Promise<OrderOfPayment | undefined> {
    const { rows } = await this.#pool.query<{
      product_id: string;
      customer_id: string;
      amount: number;
      currency: string;
      created_at: number;
    }>(
      `SELECT product_id, customer_id, (quantity * unit_amount)::float8 AS amount, currency,
         floor(extract(epoch FROM created_at) * 1000)::float8 AS created_at
       FROM doorbuster.orders WHERE id = $1`,
      [orderId],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    return {
      productId: row.product_id,
      customerId: row.customer_id,
      amount: { amount: row.amount, currency: row.currency },
      createdAt: row.created_at,
    };
  }

  /** A review that no rule asked for. Where one waits already, that one counts. */
  noteReview(payment: ReviewedPayment, reason: string, now: number): Promise<void> {
    return insertReview(this.#pool, payment, reason, now);
  }

  /** How many are followed, and how many of them have a trouble that is told. */
  async open(): Promise<{ open: number; troubled: number }> {
    const { rows } = await this.#pool.query<{ open: number; troubled: number }>(
      `SELECT count(*)::int AS open, count(last_error)::int AS troubled FROM ${TABLE} WHERE closed_at IS NULL`,
    );
    return rows[0]!;
  }
}

const rowOf = (row: Row): PaymentRow => ({
  orderId: row.order_id,
  productId: row.product_id,
  customerId: row.customer_id,
  amount: { amount: row.amount, currency: row.currency },
  method: row.method,
  token: row.token ?? undefined,
  state: row.state,
  attempts: row.attempts,
  approvedBy: row.approved_by ?? undefined,
  begunAt: row.begun_at,
  isClosed: row.is_closed,
});
