// What is known of a payment when it is judged. Each decision keeps its facts, all of them and for all windows, so that other rules can
// be tried on it later. Facts are read by machines as JSON: their names never change.

import type { Money } from '../actors/index.ts';
import type { CustomerStatus } from './verdict.ts';

/** In seconds. Few and fixed: a count is kept for each. */
export const WINDOWS = { '10m': 600, '1h': 3_600, '1d': 86_400, '7d': 604_800 } as const;
export type WindowName = keyof typeof WINDOWS;
export const WINDOW_NAMES = Object.keys(WINDOWS) as readonly WindowName[];

/** How many, in the time up to the question. Counted up to COUNT_MAX. */
export type Counts = Readonly<Record<WindowName, number>>;
export const COUNT_MAX = 1_000;

export interface RiskFacts {
  readonly status: CustomerStatus;
  /** Null: no other system said when the account was made. */
  readonly accountAgeSeconds: number | null;
  /** Of the customer, whatever became of them; this one counts. */
  readonly ordersOfCustomer: Counts;
  /** Holds of the customer that ran out. */
  readonly abandonedHolds: Counts;
  /** Who ordered or paid from the address; this customer counts. */
  readonly customersPerAddress: Counts;
  /** Who paid by the same card or account; this customer counts. Null: the provider knows no fingerprints. */
  readonly customersPerFingerprint: Counts | null;
  readonly quantity: number;
  /** Of all units. */
  readonly amount: Money;
}
