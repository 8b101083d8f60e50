// The public door of risk control: what is asked, the rules, and what they say. All of it is pure.

export { COUNT_MAX, WINDOW_NAMES, WINDOWS, type Counts, type RiskFacts, type WindowName } from './facts.ts';
export { CHANGES_TOLD_MAX, dryRun, type DryRun, type DryRunChange } from './dry-run.ts';
export { DEFAULT_RULES_TEXT, defaultRules } from './default-rules.ts';
export { decideRisk, type RuledDecision } from './decide.ts';
export type { RiskRules } from './rules.ts';
export { STATUSES_MAX, StatusTable } from './status-table.ts';
export { parseRiskRules, RULES_CHARACTERS_MAX, type RiskRulesFile } from './rules-file.ts';
export {
  CUSTOMER_STATUSES,
  OUTCOMES,
  type CustomerStatus,
  type PaymentQuestion,
  type RiskControl,
  type RiskOutcome,
  type Verdict,
} from './verdict.ts';
