// How long to wait before asking again: what the shop says, else longer with each time, never all shoppers at once.

const BACKOFF_FIRST_MS = 500;
const BACKOFF_LONGEST_MS = 10_000;
/** A later Retry-After is taken for this one. */
export const RETRY_AFTER_LONGEST_MS = 60_000;

/** Each fourth question has as long to be answered: the shop may be there, and slower than other calls wait. */
const SLOW_CALL_TIMEOUT_MS = 60_000;

export interface Waiter {
  /** From 0 up to 1, as Math.random. */
  random(): number;
  wait(ms: number): Promise<void>;
}

export function patienceMs(retryAfterMs: number, round: number, random: () => number): number {
  const backoffMs = Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(round, 10));
  return Math.max(retryAfterMs, backoffMs) * (1 + random() / 4);
}

export const timeoutMsOf = (round: number): number | undefined =>
  round % 4 === 3 ? SLOW_CALL_TIMEOUT_MS : undefined;
