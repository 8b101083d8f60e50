// What a payment desk asks before money is taken, and what it is told. Whoever judges is made elsewhere (src/http/payment asks).

import type { Money } from '../actors/index.ts';

export const CUSTOMER_STATUSES = ['active', 'new', 'restricted', 'blocked'] as const;
export type CustomerStatus = (typeof CUSTOMER_STATUSES)[number];

export const OUTCOMES = ['allow', 'review', 'deny'] as const;
export type RiskOutcome = (typeof OUTCOMES)[number];

export interface PaymentQuestion {
  /** As shoppers see it. */
  readonly orderId: string;
  readonly productId: string;
  readonly customerId: string;
  readonly quantity: number;
  /** Of all units. */
  readonly amount: Money;
  readonly method: string;
  /** Alike for tokens of one card; undefined: the provider knows none. */
  readonly fingerprint: string | undefined;
  /** A keyed hash of the network address that the payment came from. */
  readonly address: string;
}

export type Verdict =
  | { readonly outcome: RiskOutcome }
  /** A source of facts cannot be asked. The hold is extended by so much, and when it may not be extended further, `then` holds. */
  | {
      readonly outcome: 'unavailable';
      readonly extendMs: number;
      readonly mostMs: number;
      readonly then: RiskOutcome;
    };

export interface RiskControl {
  /** Never throws: whatever goes wrong is `unavailable`. Each decision is kept with its reasons before it is told. */
  judge(question: PaymentQuestion): Promise<Verdict>;
}
