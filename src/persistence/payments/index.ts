// The public door of payments as Postgres keeps them, and of what goes on with them.

export { readLedger, type LedgerRead } from './ledger-rows.ts';
export { LOST_PAYMENTS_LIMITS } from './lost-payments.ts';
export { PaymentCourse, type Known, type PaymentCoursePorts, type Pursued } from './payment-course.ts';
export { KEEPER_LIMITS, PaymentKeeper, type PaymentKeeperOptions } from './payment-keeper.ts';
export {
  LEDGER_LIMITS,
  PaymentLedger,
  type BegunPayment,
  type OpenPaymentsCounted,
  type OrderOfPayment,
} from './payment-ledger.ts';
export type { LedgerState, PaymentRow } from './payment-row.ts';
export { nextStep, PAYMENT_COURSE_LIMITS, type Situation, type Step } from './payment-step.ts';
