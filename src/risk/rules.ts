// The rules on payments, as rules-file.ts reads them: data, in the order of the file. The first rule of which all conditions hold
// decides; when none does, `otherwise`.

import type { WindowName } from './facts.ts';
import type { CustomerStatus, RiskOutcome } from './verdict.ts';

export interface RiskRules {
  readonly rules: readonly RiskRule[];
  readonly otherwise: RiskOutcome;
  readonly unavailable: Unavailable;
  /** Alike for rules that decide alike, wherever they stand in their file. */
  readonly digest: string;
}

/** What happens while facts cannot be read. */
export interface Unavailable {
  /** The hold is extended by so much at a time… */
  readonly extendMs: number;
  /** …and by so much in all; then `outcome` holds. */
  readonly mostMs: number;
  readonly outcome: RiskOutcome;
}

export interface RiskRule {
  readonly name: string;
  /** One at least; all must hold. */
  readonly when: readonly Condition[];
  readonly outcome: RiskOutcome;
}

export const COUNTED_FACTS = [
  'ordersOfCustomer',
  'abandonedHolds',
  'customersPerAddress',
  'customersPerFingerprint',
] as const;
export type CountedFact = (typeof COUNTED_FACTS)[number];

/** From `atLeast` on and below `below`; Infinity: without an end. What is not known is in no range. */
export interface Range {
  readonly atLeast: number;
  readonly below: number;
}

export type Condition =
  | { readonly fact: 'status'; readonly is: readonly CustomerStatus[] }
  | ({ readonly fact: CountedFact; readonly within: WindowName } & Range)
  /** In seconds. */
  | ({ readonly fact: 'accountAge' } & Range)
  | ({ readonly fact: 'quantity' } & Range)
  /** In minor units; an amount in another currency is in no range. */
  | ({ readonly fact: 'amount'; readonly currency: string } & Range);
