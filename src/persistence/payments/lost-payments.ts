// An embedded Postgres may lose its last rows with the power; the provider does not lose payments. At the start of a node every payment
// that the provider has is held against the ledger, and what has no row gets one again, so that it is followed.

import type { PaymentProvider } from '../../payments/index.ts';
import type { Timers } from '../../runtime/ports.ts';
import { Backoff } from '../backoff.ts';
import type { Logger } from '../projection-health.ts';
import type { PaymentLedger } from './payment-ledger.ts';

export const LOST_PAYMENTS_LIMITS = {
  /** Looks at all of them, while some are of orders that the projection does not have yet. */
  looksMax: 10,
  againFirstMs: 1_000,
  againMostMs: 60_000,
} as const;

export interface LostPaymentsPorts {
  readonly provider: Pick<PaymentProvider, 'list'>;
  readonly ledger: PaymentLedger;
  readonly timers: Timers;
  readonly logger: Logger;
}

export class LostPayments {
  readonly #ports: LostPaymentsPorts;
  readonly #again = new Backoff(LOST_PAYMENTS_LIMITS.againFirstMs, LOST_PAYMENTS_LIMITS.againMostMs);
  #looks = 0;
  #cancel: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  #isStopped = false;

  constructor(ports: LostPaymentsPorts) {
    this.#ports = ports;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#looking = this.#look();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { logger } = this.#ports;
    let unknown: string[] | undefined;
    try {
      unknown = await this.#restoreAll();
      this.#looks++;
      if (unknown.length === 0) return;
    } catch {
      // The provider or Postgres is away: whoever needs them says so.
    }
    if (this.#isStopped) return;
    if (unknown !== undefined && this.#looks >= LOST_PAYMENTS_LIMITS.looksMax)
      return logger.warn(
        { payments: unknown.length, orderIds: unknown.slice(0, 10) },
        'the payment provider has payments of orders that nobody here knows: they are left alone',
      );
    this.#cancel = this.#ports.timers.after(this.#again.nextMs(), () => this.start());
  }

  /** @returns orders of payments that are neither in the ledger nor in the projection */
  async #restoreAll(): Promise<string[]> {
    const { provider, ledger } = this.#ports;
    const unknown: string[] = [];
    let after: string | undefined;
    do {
      // oxlint-disable-next-line no-await-in-loop -- a page names the next one
      const { payments, next } = await provider.list(after);
      // What is voided took nothing and never will.
      const ids = payments.filter(({ state }) => state !== 'voided').map(({ orderId }) => orderId);
      // oxlint-disable-next-line no-await-in-loop
      for (const orderId of ids.length === 0 ? [] : await ledger.without(ids)) {
        // oxlint-disable-next-line no-await-in-loop
        const order = await ledger.order(orderId);
        if (order === undefined) unknown.push(orderId);
        // oxlint-disable-next-line no-await-in-loop
        else await ledger.restore(orderId, order);
      }
      after = next;
    } while (after !== undefined && !this.#isStopped);
    return unknown;
  }
}
