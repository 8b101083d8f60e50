// Reviews of payments, for the admin API and the CMS: a person approves or denies, and the payment desk carries it out. What a person
// decided is kept before it is carried out; repeating it carries out what a crash left.

import { orderIdText, type Key, type Order } from '../../actors/index.ts';
import type { RiskDecisions } from '../../persistence/index.ts';
import type { Payments } from '../payment/index.ts';

export interface ReviewDecision {
  readonly decision: 'approve' | 'deny';
  /** For colleagues; may be empty. */
  readonly note: string;
  /** Who decides, for people. */
  readonly by: string;
}

export type ReviewDecided =
  /** Carried out. `pending`: approved, and the money is on its way. `declined`: approved, and the bank said no. */
  | { readonly outcome: 'paid' | 'pending' | 'declined' | 'denied'; readonly order: Order }
  /** The order ended by itself, as it is now; undefined: nobody knows it any more. */
  | { readonly outcome: 'gone'; readonly order: Order | undefined }
  /** Nothing of this order waits for a decision. */
  | { readonly outcome: 'no_review' }
  /** Somebody decided otherwise a moment ago, and that is being carried out. */
  | { readonly outcome: 'decided_otherwise'; readonly by: string };

export interface ReviewPorts {
  readonly decisions: Pick<RiskDecisions, 'noteReview' | 'settleReview'>;
  readonly payments: Pick<Payments, 'approve' | 'reject'>;
}

export class ReviewDesk {
  readonly #ports: ReviewPorts;

  constructor(ports: ReviewPorts) {
    this.#ports = ports;
  }

  /** @throws Problem unavailable when it cannot be carried out now: it is kept, and may be repeated */
  async decide(orderId: Key, { decision, note, by }: ReviewDecision): Promise<ReviewDecided> {
    const { decisions, payments } = this.#ports;
    const text = orderIdText(orderId);
    const outcome = decision === 'approve' ? 'allow' : 'deny';
    const noted = await decisions.noteReview(text, { outcome, by, note });
    if (noted.outcome !== 'kept') return noted;
    const settled = await (decision === 'approve'
      ? payments.approve(orderId, by)
      : payments.reject(orderId, by));
    // Of an order that cannot be found now nobody knows whether it ended. One whose money is on its way can still be denied.
    if (settled.order !== undefined && settled.outcome !== 'pending') await decisions.settleReview(text);
    return settled;
  }
}
