// How much of each kind of request one customer, and one address, may make. Each limit is a bucket of `count` requests that fills
// again, evenly, in `windowMs`. Pure; what the settings say is read here.

/** Apart from each other: who reads too much can still buy. Admins' calls, health checks and files have no limit. */
export const REQUEST_CLASSES = [
  'purchase',
  'ticket',
  'payment',
  'read',
  'page',
  'stream',
  'sign-in',
] as const;
export type RequestClass = (typeof REQUEST_CLASSES)[number];

/** `address`: all who are signed in there, together. `anonymous`: all who are not, together. */
export const LIMIT_SUBJECTS = ['customer', 'address', 'anonymous'] as const;
export type LimitSubject = (typeof LIMIT_SUBJECTS)[number];

export interface Limit {
  readonly count: number;
  readonly windowMs: number;
}

/** Undefined: not limited. */
export type ClassLimits = Readonly<Record<LimitSubject, Limit | undefined>>;
export type LimitPolicy = Readonly<Record<RequestClass, ClassLimits>>;

export const LIMIT_COUNT_MAX = 100_000;
export const LIMIT_WINDOW_SECONDS_MAX = 600;
/** Finer ones the table does not tell apart. */
export const LIMIT_PER_SECOND_MAX = 100_000;

/** As the settings have them. */
export const DEFAULT_LIMITS_TEXT: Readonly<Record<RequestClass, string>> = {
  purchase: 'customer 20/10s, address 1000/10s, anonymous 100/10s',
  ticket: 'customer 20/10s, address 1000/10s, anonymous 100/10s',
  payment: 'customer 20/10s, address 1000/10s, anonymous 100/10s',
  read: 'customer 200/10s, address 5000/10s, anonymous 2000/10s',
  page: 'customer 100/10s, address 3000/10s, anonymous 2000/10s',
  stream: 'customer 20/10s, address 1000/10s, anonymous 1000/10s',
  'sign-in': 'customer 30/60s, address 1000/60s, anonymous 1000/60s',
};

/** For a demonstration: one machine runs a whole stampede from one address. */
export const WIDE_LIMITS_TEXT = 'customer 100000/1s, address 100000/1s, anonymous 100000/1s';

/** The name of a class's setting: `LIMIT_SIGN_IN`. */
export const limitSetting = (kind: RequestClass): string => `LIMIT_${kind.toUpperCase().replace('-', '_')}`;

/** Of a demonstration, where nothing else is set. */
export const DEMO_LIMITS: Readonly<Record<string, string>> = Object.fromEntries(
  REQUEST_CLASSES.map((kind) => [limitSetting(kind), WIDE_LIMITS_TEXT]),
);

export const LIMITS_WANTED =
  'must say how many requests in how many seconds: customer 20/10s, address 1000/10s, anonymous 100/10s. Each may be off, and what is ' +
  `left out keeps its default; 1 to ${LIMIT_COUNT_MAX} requests in 1 to ${LIMIT_WINDOW_SECONDS_MAX} s, ${LIMIT_PER_SECOND_MAX} a second at most`;

const PART = /^(customer|address|anonymous) (?:(off)|([1-9]\d{0,5})\/([1-9]\d{0,2})s)$/;

/** @returns what the text names; undefined when it is not such a text */
export function parseLimits(text: string): Partial<ClassLimits> | undefined {
  const limits: Partial<Record<LimitSubject, Limit | undefined>> = {};
  for (const part of text.split(',')) {
    const [, subject, off, count, seconds] = PART.exec(part.trim()) ?? [];
    if (subject === undefined || Object.hasOwn(limits, subject)) return undefined;
    const limit = off === undefined ? limitOf(Number(count), Number(seconds)) : 'off';
    if (limit === undefined) return undefined;
    limits[subject as LimitSubject] = limit === 'off' ? undefined : limit;
  }
  return limits;
}

function limitOf(count: number, seconds: number): Limit | undefined {
  const isWithin =
    count <= LIMIT_COUNT_MAX &&
    seconds <= LIMIT_WINDOW_SECONDS_MAX &&
    count / seconds <= LIMIT_PER_SECOND_MAX;
  return isWithin ? { count, windowMs: seconds * 1_000 } : undefined;
}

/** @param text as `parseLimits` takes it @param fallback of what it does not name */
export const limitsOf = (text: string, fallback: string): ClassLimits =>
  ({ ...parseLimits(fallback), ...parseLimits(text) }) as ClassLimits;
