// Decisions on payments, of the rules and of people, as rows: each with its reasons and with the facts that it rested on. A review is
// a decision that waits for a person; of each order one at most is open.

import type { Pool } from 'pg';
import type { OrderStatus } from '../../actors/index.ts';
import type { RiskFacts, RiskOutcome } from '../../risk/index.ts';

export interface NewDecision {
  readonly orderId: string;
  readonly productId: string;
  readonly customerId: string;
  readonly outcome: RiskOutcome;
  /** `rules`, or the name of a person. */
  readonly decidedBy: string;
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
  /** Of a review: when a person had decided and that was carried out. */
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

export const DECISIONS_PER_PAGE_MAX = 100;

export class RiskDecisions {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Those whose order may still be decided. */
  async openReviews(_page: {
    readonly limit: number;
    readonly after?: number | undefined;
  }): Promise<ReviewPage> {
    void this.#pool;
    return { reviews: [], next: undefined };
  }

  /** @returns undefined when none of this order waits */
  async openReview(_orderId: string): Promise<OpenReview | undefined> {
    return undefined;
  }

  /** How many wait, counted up to 1,000. */
  async countOpen(): Promise<number> {
    return 0;
  }

  async find(_of: {
    readonly orderId?: string | undefined;
    readonly customerId?: string | undefined;
    readonly limit: number;
    readonly before?: number | undefined;
  }): Promise<DecisionPage> {
    return { decisions: [], next: undefined };
  }
}
