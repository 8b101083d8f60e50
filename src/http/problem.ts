// Errors as RFC 9457 problem details with a stable `code`. Each says what is wrong, what would be right, and whether
// trying again can help. Problems without details of their own are made once: in a sale they outnumber everything else.

import { retryOf, type Refusal, type Retry } from '../actors/index.ts';
import { responseOf, type Answer } from './answer.ts';

interface ProblemKind {
  readonly status: 400 | 401 | 402 | 403 | 404 | 405 | 409 | 412 | 413 | 422 | 429 | 503;
  readonly title: string;
  readonly detail: string;
  readonly retry: Retry;
  readonly retryAfterSeconds?: number;
}

const domain = (
  code: Refusal,
  status: ProblemKind['status'],
  title: string,
  detail: string,
  retryAfterSeconds?: number,
): ProblemKind => ({
  status,
  title,
  detail,
  retry: retryOf(code),
  ...(retryAfterSeconds && { retryAfterSeconds }),
});

export const PROBLEMS = {
  sold_out: domain('sold_out', 409, 'Sold out', 'No unit is free now. Units whose hold runs out come back.'),
  insufficient_stock: domain(
    'insufficient_stock',
    409,
    'Not enough stock',
    'Fewer units are available than were asked for. Ask for fewer.',
  ),
  limit_reached: domain(
    'limit_reached',
    409,
    'Limit reached',
    'With this order the customer would hold more units than one customer may.',
  ),
  sale_not_started: domain(
    'sale_not_started',
    409,
    'Not started',
    'The sale has not started yet; see startsAt of the product (GET /v1/products/…).',
  ),
  sale_ended: domain('sale_ended', 409, 'Ended', 'The sale is over.'),
  sale_paused: domain('sale_paused', 409, 'Paused', 'The sale is paused. Try again in a moment.'),
  ticket_required: domain(
    'ticket_required',
    403,
    'Ticket required',
    'This sale takes orders with a purchase ticket alone. Get one (POST /v1/tickets), then send it as Doorbuster-Ticket.',
  ),
  ticket_invalid: domain(
    'ticket_invalid',
    403,
    'Ticket not valid',
    'The purchase ticket was used, is out of date, or is not of this customer and product. Get another one (POST /v1/tickets), then send the order again with the same key.',
  ),
  too_many_holds: domain(
    'too_many_holds',
    403,
    'Too many holds',
    'This customer holds as much of this product unpaid as one may, let a hold of it run out a moment ago, or did not pay for it too often. Pay or cancel what is open (GET /v1/orders), or wait.',
    5,
  ),
  challenge_required: {
    status: 403,
    title: 'Proof of work required',
    detail:
      'A ticket of this sale costs a proof of work, or a wait: solve `challenge` and ask again with its `solution`, or ask again with the pass of `wait` when its time has come.',
    retry: 'never',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    detail:
      'This was not looked at, and says nothing about an order that may exist. Try again after Retry-After seconds.',
    retry: 'same_key',
    retryAfterSeconds: 1,
  },
  price_locked: domain(
    'price_locked',
    409,
    'Price is locked',
    'Price and currency change only before the sale starts or while it is paused. Pause it first.',
  ),
  order_state_conflict: domain(
    'order_state_conflict',
    409,
    'Not possible in this state',
    'The order has gone too far for this; its present state is in `order`.',
  ),
  not_found: domain('not_found', 404, 'Not found', 'There is nothing here for this caller.'),
  not_eligible: domain('not_eligible', 404, 'Not found', 'There is nothing here for this caller.'),
  idempotency_key_reused: domain(
    'idempotency_key_reused',
    422,
    'Key used for something else',
    'This Idempotency-Key was accepted with another quantity. Use a new key for a new request.',
  ),
  version_conflict: domain(
    'version_conflict',
    412,
    'Changed meanwhile',
    'If-Match does not name the present revision. Read it again (ETag), then repeat the change.',
  ),
  overloaded: domain(
    'overloaded',
    503,
    'Too busy',
    'This request was surely not accepted. Repeat it with the same key after Retry-After seconds.',
    1,
  ),
  outcome_unknown: domain(
    'outcome_unknown',
    503,
    'Outcome unknown',
    'It may have been accepted or not. Repeat it with the same key, or ask by key: GET /v1/orders?productId=…&idempotencyKey=…',
    1,
  ),
  unavailable: {
    status: 503,
    title: 'Unavailable',
    detail:
      'What this call reads cannot be read just now, most likely Postgres. Sales go on. Try again later.',
    retry: 'later',
    retryAfterSeconds: 2,
  },
  shutting_down: {
    status: 503,
    title: 'Shutting down',
    detail: 'This node is stopping and took nothing on. Repeat the request with the same key.',
    retry: 'same_key',
    retryAfterSeconds: 2,
  },
  not_carried_out: {
    status: 409,
    title: 'Not carried out',
    detail:
      'The requestId of a line of the same product before this one was counted with another quantity, so that ' +
      'lines may have moved. Nothing of this line was done.',
    retry: 'never',
  },
  idempotency_key_missing: {
    status: 400,
    title: 'Idempotency-Key missing',
    detail:
      'Send an Idempotency-Key header of 1 to 128 printable ASCII characters, a new one for each new purchase.',
    retry: 'never',
  },
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    detail: 'The request is not of the form that /openapi.json describes.',
    retry: 'never',
  },
  unauthenticated: {
    status: 401,
    title: 'Not signed in',
    detail: 'Send `Authorization: Bearer <token>` with a valid, unexpired token.',
    retry: 'never',
  },
  payment_declined: {
    status: 402,
    title: 'Payment declined',
    detail: 'Nothing was charged and the hold goes on. Try another way to pay.',
    retry: 'later',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    detail: 'This call needs the admin token, or, with a session, to come from a page of this server.',
    retry: 'never',
  },
  email_taken: {
    status: 409,
    title: 'E-mail taken',
    detail: 'Somebody has this e-mail already, perhaps disabled. Change that account, or use another e-mail.',
    retry: 'never',
  },
  too_many_users: {
    status: 409,
    title: 'Too many users',
    detail: 'No more people can be added. Use an account that is disabled for somebody else.',
    retry: 'never',
  },
  bad_lines: {
    status: 422,
    title: 'Bad lines',
    detail:
      'Lines of the file name no customer; see `badLines`. Nothing was changed. Mend them, or leave them out.',
    retry: 'never',
  },
  list_changed: {
    status: 409,
    title: 'Another list meanwhile',
    detail:
      'While this list arrived, somebody else put another one in force or removed it; see `current`. Nothing was changed. Look, ' +
      'then send it again.',
    retry: 'later',
  },
  profile_running: {
    status: 409,
    title: 'A profile is running',
    detail: 'A node takes one profile at a time. Ask again when it is over.',
    retry: 'later',
  },
  resharding_running: {
    status: 409,
    title: 'Shards are moving',
    detail:
      'A placement file is being carried out. Ask again when it is over; GET /v1/admin/placement tells how far it is.',
    retry: 'later',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'This address does not take this method; see Allow.',
    retry: 'never',
  },
  payload_too_large: {
    status: 413,
    title: 'Body too large',
    detail: 'The body is larger than this call takes.',
    retry: 'never',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A wrong field, in the terms of the request. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** Thrown by handlers off the hot path; the app turns it into a response. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  /** What the body says beyond the code's own text. */
  readonly extra: Record<string, unknown> | undefined;

  constructor(code: ProblemCode, extra?: Record<string, unknown>) {
    super(code);
    this.code = code;
    this.extra = extra;
  }
}

export const invalid = (field: string, message: string): Problem =>
  new Problem('invalid_request', { detail: `${field}: ${message}`, errors: [{ field, message }] });

const TYPE = 'application/problem+json';

const readyMade = new Map<ProblemCode, Answer>(
  (Object.keys(PROBLEMS) as ProblemCode[]).map((code) => {
    const body = problemBody(code);
    return [code, { status: PROBLEMS[code].status, headers: problemHeaders(code, body), body }];
  }),
);

export function problemBody(code: ProblemCode, extra: Record<string, unknown> = {}): string {
  const { status, title, detail, retry } = PROBLEMS[code];
  return JSON.stringify({ type: `/docs#${code}`, title, status, code, detail, retry, ...extra });
}

function problemHeaders(code: ProblemCode, body: string): Record<string, string> {
  const kind: ProblemKind = PROBLEMS[code];
  const headers: Record<string, string> = {
    'Content-Type': TYPE,
    'Cache-Control': 'no-store',
    'Content-Length': String(Buffer.byteLength(body)),
  };
  if (kind.retryAfterSeconds !== undefined) headers['Retry-After'] = String(kind.retryAfterSeconds);
  if (kind.status === 401) headers['WWW-Authenticate'] = 'Bearer';
  return headers;
}

export function problemAnswer(code: ProblemCode, extra?: Record<string, unknown>): Answer {
  if (extra === undefined) return readyMade.get(code)!;
  const body = problemBody(code, extra);
  return { status: PROBLEMS[code].status, headers: problemHeaders(code, body), body };
}

export const problemResponse = (code: ProblemCode, extra?: Record<string, unknown>): Response =>
  responseOf(problemAnswer(code, extra));
