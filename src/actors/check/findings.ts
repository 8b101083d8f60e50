// What the checker has looked at and what it has found, counted by invariant.

export const INVARIANTS = {
  1: 'never oversold: loaded = available + reserved + sold + withdrawn at every journal prefix',
  2: 'never undersold: units that nobody holds are available',
  3: 'every acknowledged order is in Postgres exactly once, and no row is without a journal event',
  4: 'one customer, product and key: at most one order',
  5: 'the per-customer limit holds',
  6: 'epochs rise, and nobody but the owner writes',
  7: 'the live state is the replayed state',
  8: 'no reservation outside the window; whole units and whole minor units',
  9: 'an unknown outcome is never answered as a success or a failure',
  10: 'what was answered rests on durable events',
  11: 'one capture for each order that was paid; what cannot be fulfilled goes back; nothing captured is kept',
} as const;

export type InvariantNumber = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: InvariantNumber;
  readonly what: string;
}

const VIOLATIONS_KEPT = 100;

export class Findings {
  /** The first hundred. */
  readonly violations: Violation[] = [];
  readonly #checks = new Map<InvariantNumber, number>();
  readonly #broken = new Map<InvariantNumber, number>();

  /** @param what says, only when it is asked, what is wrong */
  check(invariant: InvariantNumber, holds: boolean, what: () => string): boolean {
    this.#checks.set(invariant, this.checksOf(invariant) + 1);
    if (holds) return true;
    this.#broken.set(invariant, this.brokenOf(invariant) + 1);
    if (this.violations.length < VIOLATIONS_KEPT) this.violations.push({ invariant, what: what() });
    return false;
  }

  broken(invariant: InvariantNumber, what: string): void {
    this.check(invariant, false, () => what);
  }

  get isClean(): boolean {
    return this.#broken.size === 0;
  }

  checksOf(invariant: InvariantNumber): number {
    return this.#checks.get(invariant) ?? 0;
  }

  brokenOf(invariant: InvariantNumber): number {
    return this.#broken.get(invariant) ?? 0;
  }
}
