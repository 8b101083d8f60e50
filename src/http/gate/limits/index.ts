// Rate limits: the public door. docs/gate.md says what each stops and costs.

export { AcceptedAnswers, ACCEPTED_ANSWERS_MAX } from './accepted-answers.ts';
export { BucketTable, BUCKETS_MAX } from './bucket-table.ts';
export {
  EXCHANGE_STATES,
  LimitExchange,
  type ExchangeFigures,
  type SharedSpending,
  type Spending,
} from './limit-exchange.ts';
export { limitGuard } from './limit-guard.ts';
export * from './limit-policy.ts';
export { RATE_LIMIT, RATE_LIMIT_POLICY, tooMany, withLimit } from './limited-answer.ts';
export { PurchaseLimit } from './purchase-limit.ts';
export { RateLimits, type Verdict } from './rate-limits.ts';
