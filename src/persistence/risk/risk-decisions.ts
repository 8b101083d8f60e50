// Decisions on payments, of the rules and of people, as rows: each with its reasons and with the facts that it rested on. A review is
// a decision that waits for a person; of each order one at most is open.

import type { Pool } from 'pg';
import type { OrderStatus } from '../../actors/index.ts';
import type { RiskFacts, RiskOutcome } from '../../risk/index.ts';
import { NO_RULES } from '../payments/noted-review.ts';
import { inTransaction } from '../transaction.ts';

export interface NewDecision {
  readonly orderId: string;
  readonly productId: string;
  readonly customerId: string;
  readonly outcome: RiskOutcome;
  /** Digest of the rules in force. */
  readonly rules: string;
  /** In words; the first one decided. */
  readonly reasons: readonly string[];
  readonly facts: RiskFacts;
}

export interface RiskDecision extends NewDecision {
  readonly id: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** BY_RULES, or the name of a person. */
  readonly decidedBy: string;
  /** Of a review: when what a person decided was carried out, or the order ended by itself. */
  readonly settledAt: number | undefined;
}

export interface OpenReview extends RiskDecision {
  /** As projected; undefined: it is not in Postgres yet. */
  readonly orderStatus: OrderStatus | undefined;
  /** What a person decided, while it is not carried out yet: whoever repeats it carries it out. */
  readonly decided: { readonly outcome: RiskOutcome; readonly by: string } | undefined;
}

export interface DecisionPage {
  /** Newest first. */
  readonly decisions: readonly RiskDecision[];
  /** `before` of the next page; undefined when there are no more. */
  readonly next: number | undefined;
}

export interface ReviewPage {
  /** The oldest first. */
  readonly reviews: readonly OpenReview[];
  /** `after` of the next page. */
  readonly next: number | undefined;
}

/** A person decides on the open review of an order. */
export interface PersonsDecision {
  readonly outcome: 'allow' | 'deny';
  readonly by: string;
  readonly note: string;
}

export type ReviewNoted =
  /** It is kept now, or was already. */
  | { readonly outcome: 'kept' }
  | { readonly outcome: 'no_review' }
  /** Another one did so a moment ago, and it may be on its way. */
  | { readonly outcome: 'decided_otherwise'; readonly by: string };

/** What the facts and the outcome of a recorded payment were. */
export interface RecordedPayment {
  readonly orderId: string;
  readonly customerId: string;
  readonly at: number;
  readonly facts: RiskFacts;
}

export const BY_RULES = 'rules';
export const DECISIONS_PER_PAGE_MAX = 100;
/** Counted so far; the page says “1000 or more” from there on. */
export const OPEN_REVIEWS_COUNTED_MAX = 1_000;
/** Of the latest payments, for a dry run. */
export const RECORDED_MAX = 10_000;
/** For a decision to be carried out before another person may decide otherwise. */
const DECIDING_SECONDS = 30;
const DECISIONS_KEPT_DAYS = 400;
/** Of one statement that removes or ends. */
const ROWS_PER_SWEEP = 5_000;

const COLUMNS = `d.id::float8 AS id, d.order_id, d.product_id, d.customer_id, floor(extract(epoch FROM d.at) * 1000)::float8 AS at,
  d.outcome, d.decided_by, d.rules, d.reasons, d.facts, floor(extract(epoch FROM d.settled_at) * 1000)::float8 AS settled_at`;

/** The projection may not have come to the order, and what it says may be a moment old. */
const MAY_BE_DECIDED = `(o.status IS NULL OR o.status IN ('reserved', 'payment_pending', 'in_review'))`;
const IS_OPEN = `d.outcome = 'review' AND d.settled_at IS NULL`;

const REVIEWS = `SELECT ${COLUMNS}, o.status AS order_status, p.outcome AS persons_outcome, p.decided_by AS person
  FROM doorbuster_catalogue.risk_decisions AS d
  LEFT JOIN doorbuster.orders AS o ON o.id = d.order_id
  LEFT JOIN LATERAL (
    SELECT outcome, decided_by FROM doorbuster_catalogue.risk_decisions AS later
    WHERE later.order_id = d.order_id AND later.id > d.id AND later.decided_by <> '${BY_RULES}' ORDER BY later.id DESC LIMIT 1) AS p
    ON true
  WHERE ${IS_OPEN}`;

interface DecisionRow {
  id: number;
  order_id: string;
  product_id: string;
  customer_id: string;
  at: number;
  outcome: RiskOutcome;
  decided_by: string;
  rules: string;
  reasons: string[];
  facts: RiskFacts;
  settled_at: number | null;
}

interface ReviewRow extends DecisionRow {
  order_status: OrderStatus | null;
  persons_outcome: RiskOutcome | null;
  person: string | null;
}

export class RiskDecisions {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** By the rules. A review of an order that has an open one adds nothing. */
  async keep({ orderId, productId, customerId, outcome, rules, reasons, facts }: NewDecision): Promise<void> {
    await this.#pool.query(
      `INSERT INTO doorbuster_catalogue.risk_decisions
         (order_id, product_id, customer_id, at, outcome, decided_by, rules, reasons, facts)
       VALUES ($1, $2, $3, clock_timestamp(), $4, '${BY_RULES}', $5, $6, $7)
       ON CONFLICT (order_id) WHERE outcome = 'review' AND settled_at IS NULL DO NOTHING`,
      [orderId, productId, customerId, outcome, rules, JSON.stringify(reasons), JSON.stringify(facts)],
    );
  }

  /** Those whose order may still be decided. @param page `limit` up to DECISIONS_PER_PAGE_MAX */
  async openReviews({
    limit,
    after = 0,
  }: {
    readonly limit: number;
    readonly after?: number | undefined;
  }): Promise<ReviewPage> {
    const count = Math.min(limit, DECISIONS_PER_PAGE_MAX);
    const { rows } = await this.#pool.query<ReviewRow>(
      `${REVIEWS} AND ${MAY_BE_DECIDED} AND d.id > $1 ORDER BY d.id LIMIT $2`,
      [after, count + 1],
    );
    const reviews = rows.slice(0, count).map(reviewOf);
    return { reviews, next: rows.length > count ? reviews.at(-1)?.id : undefined };
  }

  /** Also of an order that ended meanwhile. @returns undefined when none of this order waits */
  async openReview(orderId: string): Promise<OpenReview | undefined> {
    const { rows } = await this.#pool.query<ReviewRow>(`${REVIEWS} AND d.order_id = $1`, [orderId]);
    return rows[0] && reviewOf(rows[0]);
  }

  /** How many wait, counted up to OPEN_REVIEWS_COUNTED_MAX. */
  async countOpen(): Promise<number> {
    const { rows } = await this.#pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM (
         SELECT FROM doorbuster_catalogue.risk_decisions AS d LEFT JOIN doorbuster.orders AS o ON o.id = d.order_id
         WHERE ${IS_OPEN} AND ${MAY_BE_DECIDED} LIMIT ${OPEN_REVIEWS_COUNTED_MAX}) AS waiting`,
    );
    return rows[0]!.count;
  }

  /** By order, by customer, or all. @param of `limit` up to DECISIONS_PER_PAGE_MAX */
  async find({
    orderId,
    customerId,
    limit,
    before,
  }: {
    readonly orderId?: string | undefined;
    readonly customerId?: string | undefined;
    readonly limit: number;
    readonly before?: number | undefined;
  }): Promise<DecisionPage> {
    const count = Math.min(limit, DECISIONS_PER_PAGE_MAX);
    const wanted: string[] = [];
    const values: unknown[] = [count + 1];
    for (const [column, value] of [
      ['d.order_id =', orderId],
      ['d.customer_id =', customerId],
      ['d.id <', before],
    ] as const)
      if (value !== undefined) wanted.push(`${column} $${values.push(value)}`);
    const where = wanted.length === 0 ? '' : `WHERE ${wanted.join(' AND ')}`;
    const { rows } = await this.#pool.query<DecisionRow>(
      `SELECT ${COLUMNS} FROM doorbuster_catalogue.risk_decisions AS d ${where} ORDER BY d.id DESC LIMIT $1`,
      values,
    );
    const decisions = rows.slice(0, count).map(decisionOf);
    return { decisions, next: rows.length > count ? decisions.at(-1)?.id : undefined };
  }

  /** Payments that the rules judged, newest first. @param limit up to RECORDED_MAX */
  async recorded(limit: number): Promise<RecordedPayment[]> {
    const { rows } = await this.#pool.query<Pick<DecisionRow, 'order_id' | 'customer_id' | 'at' | 'facts'>>(
      `SELECT d.order_id, d.customer_id, floor(extract(epoch FROM d.at) * 1000)::float8 AS at, d.facts
       FROM doorbuster_catalogue.risk_decisions AS d WHERE d.decided_by = '${BY_RULES}' AND d.rules <> '${NO_RULES}' ORDER BY d.id DESC LIMIT $1`,
      [Math.min(limit, RECORDED_MAX)],
    );
    return rows.map(({ order_id, customer_id, at, facts }) => ({
      orderId: order_id,
      customerId: customer_id,
      at,
      facts,
    }));
  }

  /** Before it is carried out. The same of one or several people is kept once. */
  noteReview(orderId: string, { outcome, by, note }: PersonsDecision): Promise<ReviewNoted> {
    return inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `SELECT d.id FROM doorbuster_catalogue.risk_decisions AS d WHERE ${IS_OPEN} AND d.order_id = $1 FOR UPDATE`,
        [orderId],
      );
      const [review] = rows;
      if (review === undefined) return { outcome: 'no_review' };
      const before = await client.query<{ outcome: RiskOutcome; decided_by: string; is_recent: boolean }>(
        `SELECT outcome, decided_by, at > clock_timestamp() - make_interval(secs => $3) AS is_recent
         FROM doorbuster_catalogue.risk_decisions
         WHERE order_id = $1 AND id > $2 AND decided_by <> '${BY_RULES}' ORDER BY id DESC LIMIT 1`,
        [orderId, review.id, DECIDING_SECONDS],
      );
      const [last] = before.rows;
      if (last?.outcome === outcome) return { outcome: 'kept' };
      if (last?.is_recent === true) return { outcome: 'decided_otherwise', by: last.decided_by };
      await client.query(
        `INSERT INTO doorbuster_catalogue.risk_decisions
           (order_id, product_id, customer_id, at, outcome, decided_by, rules, reasons, facts)
         SELECT order_id, product_id, customer_id, clock_timestamp(), $2, $3, rules, $4, facts
         FROM doorbuster_catalogue.risk_decisions WHERE id = $1`,
        // Nobody's name is taken for the rules.
        [review.id, outcome, by === BY_RULES ? `“${by}”` : by, JSON.stringify(note === '' ? [] : [note])],
      );
      return { outcome: 'kept' };
    });
  }

  /** What was decided is carried out. */
  async settleReview(orderId: string): Promise<void> {
    await this.#pool.query(
      `UPDATE doorbuster_catalogue.risk_decisions AS d SET settled_at = clock_timestamp() WHERE ${IS_OPEN} AND d.order_id = $1`,
      [orderId],
    );
  }

  /** Reviews of orders that ended by themselves wait for nobody; and what is very old goes. @returns whether there may be more */
  async sweep(): Promise<boolean> {
    const ended = await this.#pool.query(
      `UPDATE doorbuster_catalogue.risk_decisions SET settled_at = clock_timestamp() WHERE id = ANY (ARRAY (
         SELECT d.id FROM doorbuster_catalogue.risk_decisions AS d JOIN doorbuster.orders AS o ON o.id = d.order_id
         WHERE ${IS_OPEN} AND NOT ${MAY_BE_DECIDED} LIMIT ${ROWS_PER_SWEEP}))`,
    );
    const removed = await this.#pool.query(
      `DELETE FROM doorbuster_catalogue.risk_decisions WHERE id = ANY (ARRAY (
         SELECT d.id FROM doorbuster_catalogue.risk_decisions AS d
         WHERE d.at < clock_timestamp() - make_interval(days => $1) AND NOT (${IS_OPEN}) ORDER BY d.at LIMIT ${ROWS_PER_SWEEP}))`,
      [DECISIONS_KEPT_DAYS],
    );
    return ended.rowCount === ROWS_PER_SWEEP || removed.rowCount === ROWS_PER_SWEEP;
  }
}

const decisionOf = (row: DecisionRow): RiskDecision => ({
  id: row.id,
  orderId: row.order_id,
  productId: row.product_id,
  customerId: row.customer_id,
  at: row.at,
  outcome: row.outcome,
  decidedBy: row.decided_by,
  rules: row.rules,
  reasons: row.reasons,
  facts: row.facts,
  settledAt: row.settled_at ?? undefined,
});

const reviewOf = (row: ReviewRow): OpenReview => ({
  ...decisionOf(row),
  orderStatus: row.order_status ?? undefined,
  decided:
    row.persons_outcome === null || row.person === null
      ? undefined
      : { outcome: row.persons_outcome, by: row.person },
});
