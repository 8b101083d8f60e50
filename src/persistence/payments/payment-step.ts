// What is to be done next about an order's payment, from what the order is and what the provider says: one table, pure. Whoever died in
// between leaves an order and a payment; the table says how it goes on, whoever goes on with it. docs/payments.md shows it.
//
//   order ↓         provider → captured    pending   open, declined  open or none    voided     refunded   cannot be asked
//   reserved                   settle      wait      wait            wait            close      close      wait
//   payment_pending            settle      wait      decline         capture         decline    decline    extend, then wait or review
//   in_review                  settle      wait      wait            wait            cancel     cancel     wait
//    … approved                settle      wait³     capture¹³       capture¹³       cancel     cancel     wait
//   paid                       close       wait      wait            wait            wait       close      wait
//   expired                    settle²     wait³     wait³           wait³           close      close      wait
//   cancelled                  settle²     void      void            void            close      close      wait
//   refund_due                 refund      wait      wait            wait            wait       refunded   wait
//   refunded                   refund      close     close           close           close      close      wait
//
//   ¹ once; and when the bank says no, cancel   ² its actor says whether it is paid or refund_due   ³ void after LATE_MS_MAX
//
// An order that nobody knows, or that its actor let go, cannot be settled: what was captured for it is refunded.

import type { OrderStatus } from '../../actors/index.ts';
import type { ProviderPayment } from '../../payments/index.ts';
import type { PaymentRow } from './payment-row.ts';

export const PAYMENT_COURSE_LIMITS = {
  /** A try that is under way when the hold ends, or when a person approves, may still come about for so long; then it is voided. */
  lateMsMax: 15 * 60_000,
  /** From now on, each time that nobody can say; HOLD_EXTENSION_SECONDS bounds all of them together. */
  extendMs: 60_000,
  /** So long before the hold's end it is settled what becomes of an order whose payment nobody can tell. */
  lastChanceMs: 10_000,
  /** Between two looks at a payment: at first, and at most. */
  lookFirstMs: 1_000,
  lookMostMs: 60_000,
  /** While the provider cannot be asked. */
  unavailableMostMs: 15_000,
  /** Of one run. */
  stepsMax: 8,
} as const;

const { lateMsMax, lastChanceMs, lookFirstMs, lookMostMs, unavailableMostMs } = PAYMENT_COURSE_LIMITS;

export interface Situation {
  readonly row: Pick<PaymentRow, 'amount' | 'token' | 'attempts' | 'approvedBy' | 'begunAt'>;
  readonly status: OrderStatus | 'unknown';
  /** The order's actor decides nothing of it any more. */
  readonly isLetGo: boolean;
  /** Epoch milliseconds. */
  readonly holdExpiresAt: number | null;
  readonly payment: ProviderPayment | 'unasked' | 'unheard' | 'unavailable';
  /** In this run: the row's token, and the hold. */
  readonly hasTried: boolean;
  readonly hasExtended: boolean;
  readonly whenUnavailable: 'expire' | 'review';
  /** Epoch milliseconds. */
  readonly now: number;
}

export type Step =
  /** Ask the provider how it stands. */
  | { readonly kind: 'find' }
  /** Try the row's token, once more. */
  | { readonly kind: 'capture' }
  /** Tell the actor that the money is taken. */
  | { readonly kind: 'settle' }
  /** Tell the actor that surely nothing was taken: the order is the customer's to pay again. */
  | { readonly kind: 'decline' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'void' }
  | { readonly kind: 'refund' }
  /** Tell the actor that the money went back. */
  | { readonly kind: 'refunded' }
  | { readonly kind: 'extend' }
  /** A person decides. */
  | { readonly kind: 'review' }
  | { readonly kind: 'close'; readonly state: 'captured' | 'refunded' | 'voided' }
  | { readonly kind: 'wait'; readonly ms: number; readonly why?: string };

const step = (kind: Exclude<Step['kind'], 'close' | 'wait'>): Step => ({ kind });
const close = (state: 'captured' | 'refunded' | 'voided'): Step => ({ kind: 'close', state });

const PAID_FOR_NOTHING = 'the order is paid, and the provider has not taken its money';

export function nextStep(situation: Situation): Step {
  const { payment, status, row, isLetGo } = situation;
  // Nobody was asked, and nobody has decided.
  const asksNobody = row.attempts === 0 || row.amount.amount === 0;
  if (status === 'in_review' && row.approvedBy === undefined && asksNobody) return wait(situation);
  if (row.amount.amount === 0) return ofNothing(situation);
  if (payment === 'unasked') return step('find');
  if (payment === 'unavailable') return whileUnavailable(situation);
  const state = payment === 'unheard' ? 'open' : payment.state;
  if (state === 'captured') {
    const { amount, currency } = (payment as ProviderPayment).amount;
    if (amount !== row.amount.amount || currency !== row.amount.currency)
      return stuck(
        `the provider took ${amount} ${currency} in place of ${row.amount.amount} ${row.amount.currency}`,
      );
  }
  if (isLetGo || status === 'unknown') return withoutActor(situation, state);
  switch (status) {
    case 'reserved':
    case 'payment_pending':
    case 'in_review':
      return whileHeld(situation, state);
    case 'paid':
      if (state === 'captured' || state === 'refunded') return close(state);
      return stuck(PAID_FOR_NOTHING);
    case 'expired':
    case 'cancelled':
      return whenOver(situation, state);
    case 'refund_due':
      if (state === 'captured') return step('refund');
      if (state === 'refunded') return step('refunded');
      return stuck('money of the order is to go back, and the provider has taken none');
    case 'refunded':
      return state === 'captured' ? step('refund') : close('refunded');
  }
}

function whileHeld(situation: Situation, state: ProviderPayment['state']): Step {
  const { status, row, payment, hasTried, now } = situation;
  if (state === 'captured') return step('settle');
  const isGone = state === 'voided' || state === 'refunded';
  if (status === 'reserved') return isGone ? close(state) : wait(situation);
  if (status === 'in_review') {
    if (isGone) return step('cancel');
    if (row.approvedBy === undefined) return wait(situation);
    // No clock runs for the order: the bank has its time since the approval, and not for ever.
    if (now - row.begunAt >= lateMsMax) return step('void');
    if (state === 'pending') return wait(situation);
    if (row.token === undefined) return step('cancel');
    if (!hasTried) return step('capture');
    return isDeclined(payment) ? step('cancel') : wait(situation);
  }
  if (state === 'pending') return wait(situation);
  if (isGone || isDeclined(payment) || row.token === undefined) return step('decline');
  return hasTried ? wait(situation) : step('capture');
}

/** What costs nothing is settled without a provider. */
function ofNothing(situation: Situation): Step {
  switch (situation.status) {
    case 'reserved':
    case 'payment_pending':
      return wait(situation);
    case 'in_review':
      return step('settle');
    case 'refund_due':
      return step('refunded');
    case 'paid':
      return close('captured');
    default:
      return close('voided');
  }
}

/** Its units are somebody else's to buy. */
function whenOver(situation: Situation, state: ProviderPayment['state']): Step {
  const { status, holdExpiresAt, now } = situation;
  if (state === 'captured') return step('settle');
  if (state === 'voided' || state === 'refunded') return close(state);
  if (status === 'cancelled' || holdExpiresAt === null) return step('void');
  const leftMs = holdExpiresAt + lateMsMax - now;
  return leftMs <= 0 ? step('void') : wait(situation, leftMs);
}

function withoutActor({ status }: Situation, state: ProviderPayment['state']): Step {
  if (status === 'paid')
    return state === 'captured' || state === 'refunded' ? close(state) : stuck(PAID_FOR_NOTHING);
  if (state === 'captured') return step('refund');
  if (state === 'voided' || state === 'refunded') return close(state);
  return step('void');
}

function whileUnavailable(situation: Situation): Step {
  const { status, isLetGo, hasExtended, holdExpiresAt, now, whenUnavailable } = situation;
  if (status !== 'payment_pending' || isLetGo) return wait(situation);
  if (!hasExtended) return step('extend');
  const isLastChance = holdExpiresAt !== null && holdExpiresAt - now <= lastChanceMs;
  return isLastChance && whenUnavailable === 'review' ? step('review') : wait(situation);
}

const isDeclined = (payment: Situation['payment']): boolean =>
  typeof payment === 'object' && payment.declined !== undefined;

/** Only a person can put it right; it is looked at again all the same. */
const stuck = (why: string): Step => ({ kind: 'wait', ms: lookMostMs, why });

/** The older the payment, the longer; but not past the moment at which something ends. */
function wait({ row, status, payment, holdExpiresAt, now }: Situation, leftMs = Infinity): Step {
  const mostMs = payment === 'unavailable' ? unavailableMostMs : lookMostMs;
  const byAge = Math.min(mostMs, Math.max(lookFirstMs, (now - row.begunAt) / 4));
  const isIdle = status === 'reserved' && payment !== 'unavailable';
  const untilEnd = holdExpiresAt === null ? Infinity : holdExpiresAt - now;
  // A reserved order is paid again, or its hold ends: until then there is nothing to see.
  if (isIdle && untilEnd > 0 && untilEnd < Infinity) return { kind: 'wait', ms: untilEnd + lookFirstMs };
  const untilLastChance = status === 'payment_pending' ? untilEnd - lastChanceMs / 2 : Infinity;
  return { kind: 'wait', ms: Math.max(lookFirstMs / 2, Math.min(byAge, leftMs, untilLastChance)) };
}
