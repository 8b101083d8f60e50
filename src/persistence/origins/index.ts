// Where orders came from, and what became of them.

export {
  ABANDONMENT_LIMITS,
  AbandonmentReads,
  type Abandonment,
  type AbandonmentCounts,
  type AbandonmentQuestion,
  type CustomerAbandonment,
  type NetworkAbandonment,
} from './abandonment-reads.ts';
export { ORIGIN_LIMITS, OrderOrigins, type Origin } from './order-origins.ts';
