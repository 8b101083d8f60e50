// Follows every payment that is not closed, whoever began it and whatever became of them: asks the provider, settles the order, voids and
// refunds. One of each node runs; leases keep two from the same row, and nothing but work is lost when a lease runs out.
//
// While Postgres is away it sees no rows; those that it saw last keep their holds, in the same bounds. Stopped by whoever started it,
// before the pool ends.

import { orderIdKey } from '../../actors/index.ts';
import type { Clock, Random, Timers } from '../../runtime/ports.ts';
import { Backoff } from '../backoff.ts';
import type { Logger } from '../projection-health.ts';
import { LostPayments } from './lost-payments.ts';
import { PaymentCourse, type PaymentCoursePorts } from './payment-course.ts';
import type { PaymentRow } from './payment-row.ts';
import { PAYMENT_COURSE_LIMITS } from './payment-step.ts';

export const KEEPER_LIMITS = {
  /** Payments of one claim, gone on with side by side. */
  rowsMax: 32,
  leaseMs: 30_000,
  /** Between two looks for payments that are due. */
  pollMs: 1_000,
  /** While Postgres does not answer; doubled each time. */
  retryFirstMs: 200,
  retryMostMs: 15_000,
  /** Payments whose holds go on while Postgres is away. */
  rememberedMax: 10_000,
  /** Somebody has closed what nobody looked at for so long. */
  rememberedMs: 180_000,
  /** Between two looks for orders in review whose rows were lost. */
  restoreEveryMs: 60_000,
} as const;

export interface PaymentKeeperOptions extends PaymentCoursePorts {
  readonly timers: Timers;
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Rows may be lost with this Postgres: at the start they are looked for at the provider. */
  readonly findsLost: boolean;
  readonly pollMs?: number;
}

export class PaymentKeeper {
  readonly #options: PaymentKeeperOptions;
  readonly #course: PaymentCourse;
  readonly #lost: LostPayments | undefined;
  readonly #retry = new Backoff(KEEPER_LIMITS.retryFirstMs, KEEPER_LIMITS.retryMostMs);
  /** Orders that were pending when they were last seen, and when that was, oldest first. */
  readonly #remembered = new Map<string, number>();
  #cancelPoll: (() => void) | undefined;
  #passing: Promise<void> | undefined;
  #restoredAt = -Infinity;
  #isStopped = false;
  #isInTrouble = false;

  constructor(options: PaymentKeeperOptions) {
    this.#options = options;
    this.#course = new PaymentCourse(options);
    this.#lost = options.findsLost ? new LostPayments(options) : undefined;
  }

  start(): void {
    this.#lost?.start();
    this.#pass();
  }

  /** What is under way is finished; nothing more begins. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelPoll?.();
    await Promise.all([this.#passing, this.#lost?.stop()]);
  }

  #pass(): void {
    if (this.#isStopped || this.#passing !== undefined) return;
    this.#passing = this.#lookAtAll().finally(() => (this.#passing = undefined));
  }

  async #lookAtAll(): Promise<void> {
    const { pollMs = KEEPER_LIMITS.pollMs } = this.#options;
    try {
      // oxlint-disable-next-line no-await-in-loop -- one claim after the other: together they would bound nothing
      while (!this.#isStopped && (await this.#lookAtSome()) === KEEPER_LIMITS.rowsMax);
      await this.#restoreReviewed();
      this.#retry.reset();
      this.#isInTrouble = false;
      this.#passAgain(pollMs);
    } catch (error) {
      this.#tellTrouble(error);
      await this.#keepHolds();
      this.#passAgain(this.#retry.nextMs());
    }
  }

  async #restoreReviewed(): Promise<void> {
    const { findsLost, ledger, clock } = this.#options;
    const now = clock.monotonic();
    if (!findsLost || now - this.#restoredAt < KEEPER_LIMITS.restoreEveryMs) return;
    await ledger.restoreReviewed();
    this.#restoredAt = now;
  }

  #passAgain(afterMs: number): void {
    if (this.#isStopped) return;
    this.#cancelPoll = this.#options.timers.after(afterMs, () => this.#pass());
  }

  /** @returns how many were due */
  async #lookAtSome(): Promise<number> {
    const { ledger, random } = this.#options;
    const { leaseMs, rowsMax } = KEEPER_LIMITS;
    const lease = Buffer.from(random.characters(16), 'latin1').toString('hex');
    const rows = await ledger.claim(lease, leaseMs, rowsMax);
    const looked = await Promise.allSettled(rows.map((row) => this.#look(row, lease)));
    // One that Postgres did not let go on is due again when its lease is over.
    for (const { status, ...result } of looked)
      if (status === 'rejected') throw (result as PromiseRejectedResult).reason;
    return rows.length;
  }

  async #look(row: PaymentRow, lease: string): Promise<void> {
    const { ledger, logger, clock } = this.#options;
    // Until it is known otherwise.
    this.#remember(row.orderId);
    const { isClosed, lookInMs, order, trouble } = await this.#course.pursue(row);
    if (order?.status !== 'payment_pending') this.#remembered.delete(row.orderId);
    // Where a review waits already, that one counts; one that was lost would leave the order in review for ever.
    if (order?.status === 'in_review' && row.approvedBy === undefined)
      await ledger.noteReview(row, 'The order waits for a person to decide.', clock.now());
    if (trouble !== undefined)
      logger.warn({ orderId: row.orderId, trouble }, 'a payment cannot be gone on with now; it is followed');
    if (!isClosed) await ledger.lookAgain(row.orderId, lookInMs, trouble, lease);
  }

  #remember(orderId: string): void {
    const now = this.#options.clock.monotonic();
    this.#remembered.delete(orderId);
    for (const [oldest, seenAt] of this.#remembered) {
      if (this.#remembered.size < KEEPER_LIMITS.rememberedMax && now - seenAt < KEEPER_LIMITS.rememberedMs)
        break;
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(orderId, now);
  }

  /** Nobody can say whether they are paid: their customers must not lose the units for it. */
  async #keepHolds(): Promise<void> {
    const { engine, holdExtensionMs: mostMs } = this.#options;
    const byMs = Math.min(PAYMENT_COURSE_LIMITS.extendMs, mostMs);
    for (const orderId of this.#remembered.keys()) {
      if (this.#isStopped) return;
      const command = { kind: 'extendHold', orderId: orderIdKey(orderId)!, byMs, mostMs } as const;
      // oxlint-disable-next-line no-await-in-loop -- a node in trouble is not helped by ten thousand commands at once
      const reply = await engine.request(command);
      if (reply.outcome === 'conflict') this.#remembered.delete(orderId);
    }
  }

  /** Once, until it works again. */
  #tellTrouble(error: unknown): void {
    if (this.#isInTrouble || this.#isStopped) return;
    this.#isInTrouble = true;
    this.#options.logger.warn({ err: error }, 'payments cannot be followed just now; they wait in Postgres');
  }
}
