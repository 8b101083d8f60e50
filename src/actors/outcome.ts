// Everything that can become of a command. Outcomes are values, never exceptions: an exception is a bug.
// Each says whether trying again can help, so that no caller has to guess.

/** `same_key`: repeat with the same idempotency key. `later`: the world may change. `never`: change the request first. */
export type Retry = 'same_key' | 'later' | 'never';

export const REFUSALS = {
  sold_out: 'later', // a hold that runs out gives its units back
  insufficient_stock: 'never',
  limit_reached: 'later',
  sale_not_started: 'later',
  sale_ended: 'never',
  sale_paused: 'later',
  ticket_required: 'never', // get one first: POST /v1/tickets
  ticket_invalid: 'never', // as above; an accepted key is answered all the same
  too_many_holds: 'later', // open holds, a cool-down, or unpaid orders
  not_found: 'never',
  not_eligible: 'never',
  idempotency_key_reused: 'never',
  order_state_conflict: 'never',
  price_locked: 'later', // price and currency change before the start or while paused
  version_conflict: 'later',
  overloaded: 'same_key', // surely not accepted
  outcome_unknown: 'same_key', // accepted or not: the repetition finds out
} as const satisfies Record<string, Retry>;

export type Refusal = keyof typeof REFUSALS;

export const retryOf = (refusal: Refusal): Retry => REFUSALS[refusal];
