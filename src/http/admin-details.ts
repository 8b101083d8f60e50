// What a problem says to admins who name their changes by requestId, where its own text speaks of a header.

import type { Refusal } from '../actors/index.ts';
import { Problem, PROBLEMS, type ProblemCode } from './problem.ts';

const DETAILS: Partial<Record<ProblemCode, string>> = {
  idempotency_key_reused:
    'This requestId was accepted with another quantity, or for a load instead of a withdrawal. Nothing was changed; use a ' +
    'new requestId for a new change.',
  version_conflict:
    'expectedRevision is not the present revision. Read it again, then repeat the change without or with the new one.',
  not_found: 'There is no such product. Make it first: admin.product.put, or PUT /v1/admin/products/{id}.',
  outcome_unknown: 'It may have been accepted or not. Repeat it with the same requestId.',
  overloaded:
    'This request was surely not accepted. Repeat it with the same requestId after a second. A product takes 100,000 changes ' +
    'of its stock at most.',
};

export function adminDetail({ code, extra }: Problem): string {
  const own = extra?.['detail'];
  return typeof own === 'string' ? own : (DETAILS[code] ?? PROBLEMS[code].detail);
}

const CLOSED_FOR_GOOD =
  'The sale ended more than 24 h ago (or what ORDERS_KEPT_SECONDS says) and is closed for good: nothing of it changes any ' +
  'more. Make a new product.';

/** A shop's change meets the end of a sale only when it is closed for good. */
export const adminRefusal = (refusal: Refusal): Problem =>
  refusal === 'sale_ended' ? new Problem('sale_ended', { detail: CLOSED_FOR_GOOD }) : new Problem(refusal);
