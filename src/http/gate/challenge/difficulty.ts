// How much work a ticket costs: more as more tickets are asked for at this thread, and more for whoever other systems doubt. Bounded, so
// that a slow phone needs seconds and not minutes: docs/tickets.md has what was measured.

/** What other systems say of a customer, as this thread knows it. */
export type RiskOf = (customerId: string) => 'active' | 'new' | 'restricted' | 'blocked';

export const DIFFICULTY = {
  /** Tries that the easiest work may take at the most; half of them on average. */
  triesMin: 512,
  /** And the hardest. */
  triesMax: 8_192,
  /** Up to so many challenges a second, made by one thread, work is the easiest; from there on it doubles as they do. */
  easyPerSecond: 50,
} as const;

const RISK_FACTOR: Readonly<Record<ReturnType<RiskOf>, number>> = {
  active: 1,
  new: 2,
  restricted: 4,
  blocked: 4,
};

export const riskFactor = (status: ReturnType<RiskOf>): number => RISK_FACTOR[status];

/** @param perSecond challenges made @returns tries at the most */
export function triesFor(perSecond: number, status: ReturnType<RiskOf>): number {
  const rush = Math.max(1, perSecond / DIFFICULTY.easyPerSecond);
  const load = 2 ** Math.floor(Math.log2(rush));
  return Math.min(DIFFICULTY.triesMax, DIFFICULTY.triesMin * load * riskFactor(status));
}
