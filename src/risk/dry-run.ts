// What other rules would have said of payments that were judged: pure. Both sets of rules are held against the facts as they were
// kept, so nothing but the rules differs.

import { decideRisk } from './decide.ts';
import type { RiskFacts } from './facts.ts';
import type { RiskRules } from './rules.ts';
import { OUTCOMES, type RiskOutcome } from './verdict.ts';

export interface DryRun {
  readonly payments: number;
  /** By the rules in force. */
  readonly inForce: Readonly<Record<RiskOutcome, number>>;
  readonly tried: Readonly<Record<RiskOutcome, number>>;
  /** Those with another outcome, in the order given; the first CHANGES_TOLD_MAX. */
  readonly changes: readonly DryRunChange[];
  /** All of those with another outcome. */
  readonly changed: number;
}

export interface DryRunChange {
  readonly orderId: string;
  readonly customerId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly inForce: RiskOutcome;
  readonly tried: RiskOutcome;
  /** Of the other rules. */
  readonly reasons: readonly string[];
}

interface Recorded extends Pick<DryRunChange, 'orderId' | 'customerId' | 'at'> {
  readonly facts: RiskFacts;
}

export const CHANGES_TOLD_MAX = 100;

export function dryRun(
  rulesInForce: RiskRules,
  rulesTried: RiskRules,
  payments: readonly Recorded[],
): DryRun {
  const inForce = none();
  const tried = none();
  const changes: DryRunChange[] = [];
  let changed = 0;
  for (const { orderId, customerId, at, facts } of payments) {
    const { outcome: was } = decideRisk(rulesInForce, facts);
    const { outcome: becomes, reasons } = decideRisk(rulesTried, facts);
    inForce[was]++;
    tried[becomes]++;
    if (was === becomes) continue;
    changed++;
    if (changes.length < CHANGES_TOLD_MAX)
      changes.push({ orderId, customerId, at, inForce: was, tried: becomes, reasons });
  }
  return { payments: payments.length, inForce, tried, changes, changed };
}

const none = (): Record<RiskOutcome, number> =>
  Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<RiskOutcome, number>;
