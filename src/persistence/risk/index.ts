// Risk control's part of Postgres: customers' statuses, decisions on payments, and what these rest on.

export {
  CustomerStatuses,
  STATUS_CHANGES_MAX,
  type KnownStatus,
  type StatusChange,
  type StatusesSaved,
  type StatusMark,
  type StatusPage,
} from './customer-statuses.ts';
export {
  BY_RULES,
  DECISIONS_PER_PAGE_MAX,
  OPEN_REVIEWS_COUNTED_MAX,
  RECORDED_MAX,
  RiskDecisions,
  type DecisionPage,
  type NewDecision,
  type OpenReview,
  type PersonsDecision,
  type RecordedPayment,
  type ReviewNoted,
  type ReviewPage,
  type RiskDecision,
} from './risk-decisions.ts';
export { RiskFactReads } from './risk-facts.ts';
export { RISK_JUDGE_LIMITS, RiskJudge } from './risk-judge.ts';
