// The domain's public door: one product's stock and orders, as pure functions over events.

export type * from './command.ts';
export { CUSTOMER_ID_CHARACTERS_MAX, isCustomerId } from './customer-id.ts';
export { decide } from './decide.ts';
export { ACTOR_LIMITS, refuse, type Decision, type Reply } from './decision.ts';
export { digest } from './digest.ts';
export { STATUS_AFTER } from './event.ts';
export type * from './event.ts';
export { evolve, evolveRun } from './evolve.ts';
export { BAD_TICKET, gateFields, gateFrom, gateOf, isSameGate, OPEN_GATE, type Gate } from './gate.ts';
export { invariant, InvariantViolation } from './invariant.ts';
export {
  customerKeyOf,
  KEY_BYTES,
  keyOf,
  ORDER_ID_LENGTH,
  orderIdKey,
  orderIdText,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  shardOfTag,
  tagOf,
  type Key,
} from './key.ts';
export {
  acceptedStatus,
  holdExpiresAt,
  isHeld,
  ORDER_STATUSES,
  type Money,
  type Order,
  type OrderStatus,
  type Terms,
} from './order.ts';
export { isPlainLines, isPlainText } from './plain-text.ts';
export { REFUSALS, retryOf, type Refusal, type Retry } from './outcome.ts';
export { Product, type ProductReading, type SaleState, type Stock } from './product.ts';
export {
  encodeRecord,
  eventBytesMax,
  RECORD_VERSION,
  type JournalRecord,
  type RecordHeader,
} from './record.ts';
export { decodeRecordHeader } from './record-header.ts';
export { decodeForReplay, decodeRecord } from './record-decoder.ts';
export { encodeSnapshot, SNAPSHOT_VERSION, type Snapshot, type SnapshotHead } from './snapshot.ts';
export { SnapshotDecoder } from './snapshot-decoder.ts';
export { Checker, type Answer, type Report } from './check/checker.ts';
export type { LedgersPayment, ProvidersPayment } from './check/payments-check.ts';
export { INVARIANTS, type InvariantNumber, type Violation } from './check/findings.ts';
export type * from './check/projected.ts';
