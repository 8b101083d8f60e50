// What the rules say of a payment: pure. The first rule that holds decides; those behind it that hold as well are told, too, since
// whoever reviews wants to know all that is odd.

import type { RiskFacts } from './facts.ts';
import { reasonOf } from './reason.ts';
import type { Condition, Range, RiskRule, RiskRules } from './rules.ts';
import type { RiskOutcome } from './verdict.ts';

export interface RuledDecision {
  readonly outcome: RiskOutcome;
  /** The name of the rule that decided; undefined when none did. */
  readonly rule: string | undefined;
  /** In words: that of the rule that decided comes first. */
  readonly reasons: readonly string[];
}

export function decideRisk(rules: RiskRules, facts: RiskFacts): RuledDecision {
  const holding = rules.rules.filter((rule) => holds(rule, facts));
  const [first] = holding;
  if (first === undefined)
    return { outcome: rules.otherwise, rule: undefined, reasons: [`No rule speaks: ${rules.otherwise}.`] };
  return {
    outcome: first.outcome,
    rule: first.name,
    reasons: holding.map((rule) => reasonOf(rule, facts)),
  };
}

const holds = ({ when }: RiskRule, facts: RiskFacts): boolean =>
  when.every((condition) => isMet(condition, facts));

function isMet(condition: Condition, facts: RiskFacts): boolean {
  switch (condition.fact) {
    case 'status':
      return condition.is.includes(facts.status);
    case 'accountAge':
      return isIn(condition, facts.accountAgeSeconds);
    case 'quantity':
      return isIn(condition, facts.quantity);
    case 'amount':
      return condition.currency === facts.amount.currency && isIn(condition, facts.amount.amount);
    default:
      return isIn(condition, facts[condition.fact]?.[condition.within]);
  }
}

const isIn = ({ atLeast, below }: Range, value: number | null | undefined): boolean =>
  typeof value === 'number' && value >= atLeast && value < below;
