// By which check an attacker was told "no", from the code of the answer.

const CHECKS: Readonly<Record<string, string>> = {
  rate_limited: 'rate limits',
  ticket_required: 'ticket',
  ticket_invalid: 'ticket',
  challenge_required: 'proof of work',
  too_many_holds: 'holds',
  limit_reached: 'limit per customer',
  sale_not_started: 'window',
  sale_ended: 'window',
  sale_paused: 'window',
  sold_out: 'stock',
  insufficient_stock: 'stock',
  idempotency_key_reused: 'key',
  idempotency_key_missing: 'input',
  invalid_request: 'input',
  payload_too_large: 'input',
  unauthenticated: 'token',
  forbidden: 'token',
  not_found: 'owner',
  not_eligible: 'owner',
  order_state_conflict: 'state of the order',
  payment_declined: 'payment',
  overloaded: 'bounds',
  outcome_unknown: 'bounds',
  closed: 'bounds of a connection',
  'status 400': 'input',
  'status 408': 'bounds of a connection',
  'status 413': 'input',
  'status 431': 'bounds of a connection',
};

export const checkOf = (code: string): string => CHECKS[code] ?? code;
