// Rules that can never decide, since an earlier one takes all that they would: by implication of conditions, so that what is told is
// surely so. What several earlier rules take together is not looked for.

import { quoted, type FileMistakes } from '../runtime/index.ts';
import { WINDOWS } from './facts.ts';
import type { Condition } from './rules.ts';
import type { RiskOutcome } from './verdict.ts';

export interface PlacedCondition {
  readonly line: number;
  readonly condition: Condition;
}

export interface PlacedRule {
  readonly line: number;
  readonly name: string;
  readonly when: readonly PlacedCondition[];
  readonly outcome: RiskOutcome;
}

export function tellUnreachable(rules: readonly PlacedRule[], mistakes: FileMistakes): void {
  for (const [index, rule] of rules.entries()) {
    const taker = rules.slice(0, index).find((earlier) => takesAllOf(earlier, rule));
    if (taker !== undefined)
      mistakes.tell(
        rule.line,
        `the rule ${quoted(rule.name)} can never decide: whatever it holds for, ${quoted(taker.name)} (line ${taker.line}) decides before it`,
      );
  }
}

/** One whose conditions could not be read takes nothing. */
const takesAllOf = (earlier: PlacedRule, { when }: PlacedRule): boolean =>
  earlier.when.length > 0 &&
  earlier.when.every(({ condition }) =>
    isImplied(
      condition,
      when.map((placed) => placed.condition),
    ),
  );

function isImplied(wanted: Condition, given: readonly Condition[]): boolean {
  if (wanted.fact === 'status')
    return given.some(
      (condition) =>
        condition.fact === 'status' && condition.is.every((status) => wanted.is.includes(status)),
    );
  const alike = given.filter(
    (condition): condition is Exclude<Condition, { fact: 'status' }> => condition.fact === wanted.fact,
  );
  const isLower = wanted.atLeast === 0 || alike.some((each) => hasLower(each, wanted));
  const isUpper = wanted.below === Infinity || alike.some((each) => hasUpper(each, wanted));
  return isLower && isUpper && (wanted.fact !== 'amount' || alike.some((each) => isSameMoney(each, wanted)));
}

type Ranged = Exclude<Condition, { fact: 'status' }>;

/** What is counted in a longer time is no less. */
const hasLower = (given: Ranged, wanted: Ranged): boolean =>
  isSameMoney(given, wanted) && secondsOf(given) <= secondsOf(wanted) && given.atLeast >= wanted.atLeast;

const hasUpper = (given: Ranged, wanted: Ranged): boolean =>
  isSameMoney(given, wanted) && secondsOf(given) >= secondsOf(wanted) && given.below <= wanted.below;

const secondsOf = (condition: Ranged): number => ('within' in condition ? WINDOWS[condition.within] : 0);

const isSameMoney = (one: Ranged, other: Ranged): boolean =>
  one.fact !== 'amount' || other.fact !== 'amount' || one.currency === other.currency;
