// Every bound of the runtime, with its unit. What happens at each bound is told in docs/limits.md.

export interface RuntimeLimits {
  /** Commands waiting in front of one shard; one more is `overloaded`. */
  readonly mailboxEntriesMax: number;
  /** Commands whose answer one router waits for; one more is `overloaded`. */
  readonly pendingMax: number;
  /** How long a command may take from the gateway to its answer. Undecided by then: `overloaded`, else `outcome_unknown`. */
  readonly commandTimeoutMs: number;
  /** Commands in one append. */
  readonly flushCommandsMax: number;
  /** Bytes in one append. */
  readonly flushBytesMax: number;
  /** Nothing expires in the first moments after a recovery: a payment may be on its way. */
  readonly expiryGraceMs: number;
  /** How long orders, keys and requestIds stay in memory after the end of their sale; then it is closed for good. */
  readonly ordersKeptMs: number;
  /** A worker thread without progress for so long is ended. */
  readonly workerStallMs: number;
  /** A worker thread that gives no sign of life for so long after its start is ended. */
  readonly workerStartMs: number;
}

export const DEFAULT_LIMITS: RuntimeLimits = {
  mailboxEntriesMax: 20_000,
  pendingMax: 50_000,
  commandTimeoutMs: 5_000,
  flushCommandsMax: 2_000,
  flushBytesMax: 256 * 1024,
  expiryGraceMs: 10_000,
  ordersKeptMs: 24 * 60 * 60 * 1_000,
  workerStallMs: 5_000,
  workerStartMs: 30_000,
};
