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
