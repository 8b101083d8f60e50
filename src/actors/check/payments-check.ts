// Invariant 11: what the payment provider holds, held against the journal. The journal is read first, then the provider is asked, then
// the ledger, and then the journal is read on: what was settled in between is nobody's fault.
//
//   an order that was paid when the journal was first read    its money is taken
//   money that is taken                                       its order is paid, or the ledger says that somebody still goes on with it
//   an order whose money was to go back, or went back         it went back, or somebody still goes on with it

import type { Findings } from './findings.ts';
import type { ModelOrder } from './journal-model.ts';
import type { Money, OrderStatus } from '../order.ts';

/** As the provider tells of it. */
export interface ProvidersPayment {
  readonly orderId: string;
  readonly state: 'open' | 'pending' | 'captured' | 'refunded' | 'voided';
  readonly amount: Money;
}

/** As the ledger has it. */
export interface LedgersPayment {
  readonly orderId: string;
  /** Somebody still goes on with it. */
  readonly isOpen: boolean;
  readonly state: 'open' | 'captured' | 'refunded' | 'voided';
}

export interface PaymentFigures {
  readonly captured: number;
  readonly refunded: number;
  /** Captured, and not settled yet. */
  readonly underWay: number;
}

const isMoneysBusiness = (status: OrderStatus): boolean =>
  status === 'paid' || status === 'refund_due' || status === 'refunded';

export class PaymentsCheck {
  readonly #findings: Findings;
  readonly #orders: ReadonlyMap<string, ModelOrder>;
  readonly #isPartial: () => boolean;
  /** As the journal had it before the provider was asked. */
  readonly #before = new Map<string, OrderStatus>();
  readonly #held = new Map<string, ProvidersPayment>();

  /** @param isPartial whether some orders are not known, since archives are missing */
  constructor(findings: Findings, orders: ReadonlyMap<string, ModelOrder>, isPartial: () => boolean) {
    this.#findings = findings;
    this.#orders = orders;
    this.#isPartial = isPartial;
  }

  /** The journal has been read, and the provider is asked next. */
  begin(): void {
    for (const [id, { status }] of this.#orders)
      if (isMoneysBusiness(status.now)) this.#before.set(id, status.now);
  }

  payment(payment: ProvidersPayment): void {
    const isTwice = this.#held.has(payment.orderId);
    this.#findings.check(11, !isTwice, () => `the provider has two payments of order ${payment.orderId}`);
    this.#held.set(payment.orderId, payment);
  }

  /**
   * The journal was read on.
   * @param ledger all of its rows by order @param since the first payment of the ledger, epoch milliseconds: before it nobody was asked
   */
  settle(ledger: ReadonlyMap<string, LedgersPayment>, since: number): PaymentFigures {
    for (const [id, status] of this.#before) {
      const order = this.#orders.get(id)!;
      const row = ledger.get(id);
      // Of orders before payments were taken here nobody asks.
      if (row === undefined && !(order.event.at >= since)) continue;
      if (this.#isCharged(order)) this.#settledBefore(id, status, row);
    }
    const figures = { captured: 0, refunded: 0, underWay: 0 };
    for (const payment of this.#held.values()) {
      if (payment.state === 'captured') figures.captured++;
      if (payment.state === 'refunded') figures.refunded++;
      if (payment.state === 'captured' && this.#isUnderWay(payment, ledger.get(payment.orderId)))
        figures.underWay++;
    }
    return figures;
  }

  /** What was sold at once, or costs nothing, is paid without a provider. */
  #isCharged({ event: { terms } }: ModelOrder): boolean {
    return terms.holdSeconds > 0 && terms.amount > 0;
  }

  #settledBefore(id: string, status: OrderStatus, row: LedgersPayment | undefined): void {
    const state = this.#held.get(id)?.state ?? 'none';
    if (status === 'paid') {
      // Goods that came back later are the shop's own business, as long as it was not this engine that gave the money back.
      const isReturned = state === 'refunded' && row?.state === 'captured';
      this.#findings.check(
        11,
        state === 'captured' || isReturned,
        () => `order ${id} is paid, and the provider's payment is ${state}`,
      );
      return;
    }
    const isFollowed = status === 'refund_due' && row?.isOpen === true;
    this.#findings.check(
      11,
      state === 'refunded' || isFollowed,
      () => `order ${id} is ${status}, the provider's payment is ${state}, and nobody gives it back`,
    );
  }

  /** @returns whether somebody still goes on with it */
  #isUnderWay({ orderId, amount }: ProvidersPayment, row: LedgersPayment | undefined): boolean {
    const order = this.#orders.get(orderId);
    if (order === undefined) {
      const isFollowed = row?.isOpen === true;
      this.#findings.check(
        11,
        isFollowed || this.#isPartial(),
        () => `the provider took money for ${orderId}, which is no order of the journal`,
      );
      return isFollowed;
    }
    const { quantity, terms } = order.event;
    const owed = quantity * terms.amount;
    this.#findings.check(
      11,
      amount.amount === owed && amount.currency === terms.currency,
      () =>
        `order ${orderId} costs ${owed} ${terms.currency}, and the provider took ${amount.amount} ${amount.currency}`,
    );
    const status = order.status.now;
    if (status === 'paid') return false;
    return this.#findings.check(
      11,
      row?.isOpen === true,
      () => `the provider took money for order ${orderId}, which is ${status}, and nobody gives it back`,
    );
  }
}
