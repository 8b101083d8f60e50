// How the sandbox behaves is chosen by the payment's token: `decline`, or `decline/card-7`, where what follows the slash names the card.
// Alike cards have alike fingerprints. Any other token is a `succeed`.

/** What each does, in the order in which docs/payments.md tells of them. */
export const BEHAVIOURS = {
  succeed: 'the money is taken',
  decline: 'the bank says no; another token may be tried',
  slow: 'the money is taken, and the answer comes after a while',
  'timeout-captured': 'the money is taken, and no answer ever comes',
  'timeout-nothing': 'nothing is done, and no answer ever comes',
  lost: 'the money is taken, and the connection breaks before the answer',
  unavailable: 'nothing is done, and the answer says so',
  pending: 'undecided, until another token is tried or the payment is voided',
  'pending-captured': 'undecided at first; then the money is taken',
  'pending-declined': 'undecided at first; then the bank says no',
  'webhook-twice': 'the money is taken, and its webhook comes twice',
  'webhook-late': 'the money is taken, and its webhook comes after a while',
  'webhook-first': 'the money is taken, and its webhook comes before the answer',
  'webhook-never': 'no answer comes and no webhook either, and the money is taken',
  review: 'as succeed; in demo mode a person has to decide first',
} as const;

export type Behaviour = keyof typeof BEHAVIOURS;

/** Of the token `review`. */
export const REVIEW_FINGERPRINT = 'sandbox-review';
