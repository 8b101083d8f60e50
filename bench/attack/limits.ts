// The rate limits of attacked nodes: narrower than those of a shop, so that one machine goes beyond them within seconds.

export const LIMITS = {
  purchase: { customer: 20, address: 200, anonymous: 100 },
  ticket: { customer: 20, address: 200, anonymous: 100 },
  read: { customer: 100, address: 500, anonymous: 100 },
  page: { customer: 40, address: 500, anonymous: 60 },
} as const;

/** Long, so that a slow machine goes beyond them, too: what flows in meanwhile is little. */
const WINDOW_SECONDS = 60;

export type LimitedClass = keyof typeof LIMITS;
export type LimitSubject = 'customer' | 'address' | 'anonymous';

/** As the node's settings have them. */
export function limitSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(LIMITS).map(([kind, limits]) => [
      `LIMIT_${kind.toUpperCase()}`,
      Object.entries(limits)
        .map(([subject, count]) => `${subject} ${count}/${WINDOW_SECONDS}s`)
        .join(', '),
    ]),
  );
}

/** Requests that a limit lets through in so long a time, from a full bucket on: what is in it, and what flows in meanwhile. */
export function allowance(kind: LimitedClass, subject: LimitSubject, seconds: number): number {
  const count = LIMITS[kind][subject];
  return Math.ceil(count + (count * seconds) / WINDOW_SECONDS);
}
