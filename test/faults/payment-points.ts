// The points at which a node can die on a payment, as docs/payments.md has them: in front of each thing that is done, and behind it.

export const CRASH_POINTS = [
  'before begin',
  'after begin',
  'before pay payment_pending',
  'after pay payment_pending',
  'before capture',
  'after capture',
  'before command decline',
  'after command decline',
  'before pay paid',
  'after pay paid',
  'before close',
  'after close',
];

/** Of an order that a person decides on: while it comes into review, and while the decision is carried out. */
export const REVIEW_POINTS = [
  'after begin',
  'before pay in_review',
  'after pay in_review',
  'before noteReview',
  'after noteReview',
  'before approve',
  'after approve',
  'before asked',
  'before capture',
  'after capture',
  'before pay paid',
  'after pay paid',
  'before close',
  'before command deny',
  'after command deny',
  'before settleReview',
  'after settleReview',
];
