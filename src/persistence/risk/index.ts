// Risk control's part of Postgres: customers' statuses, decisions on payments, and what these rest on.

export {
  CustomerStatuses,
  STATUS_CHANGES_MAX,
  type KnownStatus,
  type StatusChange,
  type StatusesSaved,
} from './customer-statuses.ts';
export {
  DECISIONS_PER_PAGE_MAX,
  RiskDecisions,
  type DecisionPage,
  type NewDecision,
  type OpenReview,
  type ReviewPage,
  type RiskDecision,
} from './risk-decisions.ts';
