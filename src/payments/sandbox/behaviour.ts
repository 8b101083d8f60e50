// How the sandbox behaves is chosen by the payment's token: `decline`, or `decline/card-7`, where what follows the slash names the card.
// Tokens of one card have one fingerprint. A token with any other name succeeds.

/** What each does. docs/payments.md tells of them in this order. */
export const BEHAVIOURS = {
  succeed: 'the money is taken',
  decline: 'the bank says no; another token may be tried',
  slow: 'the money is taken after a while, and then the answer comes',
  'timeout-captured': 'the money is taken, and no answer ever comes',
  'timeout-nothing': 'nothing is done, and no answer ever comes',
  lost: 'the money is taken, and the connection breaks before the answer',
  unavailable: 'nothing is done, and the answer is 503',
  pending: 'undecided for good, until another token is tried or the payment is voided',
  'pending-captured': 'undecided at first; after a while the money is taken',
  'pending-declined': 'undecided at first; after a while the bank says no',
  'webhook-twice': 'the money is taken, and its webhook comes twice',
  'webhook-late': 'the money is taken, and its webhook comes after a while',
  'webhook-first': 'the money is taken, and its webhook comes before the answer',
  'webhook-never': 'the money is taken, the connection breaks before the answer, and no webhook comes',
  review: 'as succeed; in demo mode a person has to decide first',
} as const;

export type Behaviour = keyof typeof BEHAVIOURS;

/** Of the token `review`. */
export const REVIEW_FINGERPRINT = 'sandbox-review';

export function behaviourOf(token: string): Behaviour {
  const name = token.split('/', 1)[0]!;
  return Object.hasOwn(BEHAVIOURS, name) ? (name as Behaviour) : 'succeed';
}

/** Undefined where the token names no card. */
export function cardOf(token: string): string | undefined {
  const slash = token.indexOf('/');
  return slash < 0 ? undefined : token.slice(slash + 1);
}
