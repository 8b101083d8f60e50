// What is written down of an order's payment, from before the provider is first asked until nothing more can happen.

import type { Money } from '../../actors/index.ts';

/** `open`: something may still happen. Once it is one of the others and closed, nothing can. */
export type LedgerState = 'open' | 'captured' | 'refunded' | 'voided';

export interface PaymentRow {
  /** As shoppers see it. */
  readonly orderId: string;
  readonly productId: string;
  readonly customerId: string;
  /** Of all units. */
  readonly amount: Money;
  readonly method: string;
  /** Of the last try; undefined when it is settled, or was lost with the row. */
  readonly token: string | undefined;
  readonly state: LedgerState;
  /** Times that the provider may have been asked to take the money. */
  readonly attempts: number;
  /** Who decided, of an order in review, that it may be paid. */
  readonly approvedBy: string | undefined;
  /** Epoch milliseconds. */
  readonly begunAt: number;
  readonly isClosed: boolean;
}
