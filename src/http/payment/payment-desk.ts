// Where money is taken for orders. The order of things is what makes a crash harmless: the shop's judgement is kept, then the ledger's
// row, then the journal says `payment_pending`, and only then the provider is asked. docs/payments.md goes through it point by point.

import {
  orderIdText,
  refuse,
  type Key,
  type Money,
  type Order,
  type OrderCommand,
  type Reply,
} from '../../actors/index.ts';
import {
  PaymentCourse,
  type BegunPayment,
  type Known,
  type PaymentCoursePorts,
  type PaymentRow,
  type Pursued,
} from '../../persistence/index.ts';
import { ProviderUnavailable, readWebhook, WebhookRefused } from '../../payments/index.ts';
import type { PaymentQuestion, RiskControl, RiskOutcome, Verdict } from '../../risk/index.ts';
import type { Shopper } from '../auth.ts';
import { invalid, Problem } from '../problem.ts';
import { orderBody } from '../order-body.ts';
import type { Payments, PaymentWish, ReviewSettled } from './payments.ts';

/** After the time for one answer the provider has surely been asked, and the keeper may look. */
const FIRST_LOOK_SPARE_MS = 5_000;
/** Of a hold that was extended while nobody can judge. */
const EXTENDED_SPARE_MS = 1_000;

export interface PaymentPorts extends PaymentCoursePorts {
  readonly risk: RiskControl;
  /** `whsec_…` */
  readonly webhookSecret: string;
  /** For one answer of the provider. */
  readonly timeoutMs: number;
  readonly hashOf: (address: string) => string;
  readonly count: (what: string) => void;
  /** Once for each trouble that a person should hear of. */
  readonly onTrouble: (what: string, error?: unknown) => void;
}

export class PaymentDesk implements Payments {
  readonly #ports: PaymentPorts;
  readonly #course: PaymentCourse;

  constructor(ports: PaymentPorts) {
    this.#ports = ports;
    this.#course = new PaymentCourse(ports);
  }

  async pay(order: Order, shopper: Shopper, wish: PaymentWish): Promise<Reply> {
    switch (order.status) {
      case 'paid':
      case 'in_review':
        return { outcome: 'order', order };
      case 'cancelled':
      case 'refund_due':
      case 'refunded':
        return conflictOf(order);
      case 'payment_pending':
        return (await this.#repeated(order, shopper, wish)) ?? this.#judged(order, shopper, wish);
      case 'expired':
        return (await this.#hasUnits(order)) ? this.#judged(order, shopper, wish) : conflictOf(order);
      case 'reserved':
        return this.#judged(order, shopper, wish);
    }
  }

  async approve(orderId: Key, by: string): Promise<ReviewSettled> {
    const { row, order } = await this.#reviewed(orderId);
    if (row === undefined || order === undefined) return { outcome: 'gone', order };
    if (order.status !== 'in_review') return settledOf(order, row.approvedBy !== undefined);
    const approved = await orUnavailable(() => this.#ports.ledger.approve(row.orderId, by));
    if (approved === undefined) return { outcome: 'gone', order };
    this.#ports.count('approved');
    const { order: now = order } = await this.#pursue(approved, { order });
    return settledOf(now, true);
  }

  async reject(orderId: Key, _by: string): Promise<ReviewSettled> {
    const { row, order } = await this.#reviewed(orderId);
    if (row === undefined || order === undefined) return { outcome: 'gone', order };
    if (order.status === 'cancelled') return { outcome: 'denied', order };
    if (order.status !== 'in_review') return { outcome: 'gone', order };
    const denied = await this.#request({ kind: 'deny', orderId });
    this.#ports.count('denied');
    if (denied.status !== 'cancelled') return { outcome: 'gone', order: denied };
    // Whatever becomes of this, the keeper voids what may be left at the provider.
    await this.#pursue(row, { order: denied }).catch(() => undefined);
    return { outcome: 'denied', order: denied };
  }

  async webhook(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<void> {
    const { ledger, webhookSecret, onTrouble, count } = this.#ports;
    const told = readSigned(webhookSecret, body, headers);
    const { orderId, amount, state } = told.data;
    const row = await orUnavailable(() => this.#rowOf(orderId));
    if (row === undefined)
      throw new Problem('not_found', { detail: `Nobody here knows the order ${orderId}.` });
    const isCaptured = state === 'captured';
    if ((isCaptured || state === 'refunded') && !isSame(amount, row.amount)) {
      onTrouble(
        `the provider says ${amount.amount} ${amount.currency} for order ${orderId}, which is ${row.amount.amount} ${row.amount.currency}`,
      );
      throw invalid('data.amount', `must be ${row.amount.amount} ${row.amount.currency}, as the order is`);
    }
    count('webhooks');
    if (row.isClosed) {
      if (!isCaptured || row.state !== 'voided') return;
      onTrouble(`the provider took money for order ${orderId} after it had voided its payment`);
      await orUnavailable(() => ledger.reopen(orderId));
    }
    // News may be old. That money was taken stays true; anything else is asked.
    const payment = isCaptured ? { ...told.data, declined: told.data.declined ?? undefined } : undefined;
    const { refusal } = await this.#pursue(row, { payment });
    if (refusal !== undefined) throw new Problem(refusal.refusal);
  }

  /** A repetition of what is under way. @returns undefined when it is another try */
  async #repeated(order: Order, { customerId }: Shopper, { token }: PaymentWish): Promise<Reply | undefined> {
    const row = await orUnavailable(() => this.#ports.ledger.find(orderIdText(order.orderId)));
    if (row === undefined || row.isClosed || row.token !== token) return undefined;
    return this.#replyTo(await this.#pursue(row, { order }), order, customerId);
  }

  async #judged(order: Order, shopper: Shopper, wish: PaymentWish): Promise<Reply> {
    const question = await this.#question(order, shopper, wish);
    const verdict: Verdict =
      question === undefined
        ? { outcome: 'unavailable', ...this.#whenUnavailable }
        : await this.#ports.risk.judge(question);
    const outcome =
      verdict.outcome === 'unavailable' ? await this.#extended(order, verdict) : verdict.outcome;
    this.#ports.count(outcome);
    const asked = question ?? this.#bareQuestion(order, shopper, wish);
    switch (outcome) {
      case 'deny':
        return this.#deny(order, shopper);
      case 'review':
        return this.#review(order, shopper, wish, asked);
      case 'allow':
        return this.#take(order, shopper, wish, asked);
    }
  }

  async #take(order: Order, shopper: Shopper, wish: PaymentWish, question: PaymentQuestion): Promise<Reply> {
    const { engine, provider } = this.#ports;
    const { orderId } = order;
    const { customerKey } = shopper;
    if (question.amount.amount === 0)
      return engine.request({ kind: 'pay', orderId, customerKey, settlement: 'paid' });
    const row = await this.#begin(order, wish, question, true);
    if (row.isClosed) return conflictOf(order);
    let shown = order;
    if (order.status !== 'expired') {
      const reply = await engine.request({
        kind: 'pay',
        orderId,
        customerKey,
        settlement: 'payment_pending',
      });
      if (reply.outcome !== 'order') return reply;
      shown = reply.order;
      // Somebody else was quicker, or a person decides first.
      if (shown.status !== 'payment_pending') return reply;
    }
    let payment: Known['payment'];
    try {
      payment = await provider.capture({ ...row, token: wish.token, method: wish.method });
    } catch (error) {
      if (!(error instanceof ProviderUnavailable)) throw error;
      payment = 'unavailable';
    }
    return this.#replyTo(
      await this.#pursue(row, { order: shown, payment, hasTried: true }),
      shown,
      shopper.customerId,
    );
  }

  async #review(
    order: Order,
    { customerKey }: Shopper,
    wish: PaymentWish,
    question: PaymentQuestion,
  ): Promise<Reply> {
    // Nobody holds its units, so there is nothing that could wait for a person.
    if (order.status === 'expired') return conflictOf(order);
    const row = await this.#begin(order, wish, question, false);
    if (row.isClosed) return conflictOf(order);
    const { orderId } = order;
    return this.#ports.engine.request({ kind: 'pay', orderId, customerKey, settlement: 'in_review' });
  }

  async #deny(order: Order, { customerId }: Shopper): Promise<never> {
    const shown =
      order.status === 'expired' ? order : await this.#request({ kind: 'deny', orderId: order.orderId });
    throw new Problem('payment_declined', {
      detail: 'The shop does not sell to this customer now. Nothing was charged, and the units went back.',
      retry: 'never',
      order: orderBody(shown, { customerId }),
    });
  }

  /** @throws Problem unavailable, after the hold was extended */
  async #begin(
    order: Order,
    wish: PaymentWish,
    question: PaymentQuestion,
    asks: boolean,
  ): Promise<PaymentRow> {
    const { ledger, clock, timeoutMs } = this.#ports;
    const payment: BegunPayment = {
      ...question,
      ...wish,
      address: question.address,
      asks,
      firstLookMs: timeoutMs + FIRST_LOOK_SPARE_MS,
      now: clock.now(),
    };
    try {
      return await ledger.begin(payment);
    } catch (error) {
      this.#ports.onTrouble('a payment could not be written down, so the provider was not asked', error);
      await this.#extend(order, this.#whenUnavailable);
      throw unavailable();
    }
  }

  /** @returns what holds when the hold may not be extended further @throws Problem unavailable: the hold goes on */
  async #extended(order: Order, verdict: Extract<Verdict, { outcome: 'unavailable' }>): Promise<RiskOutcome> {
    const { clock } = this.#ports;
    const shown = await this.#extend(order, verdict);
    const wanted = clock.now() + verdict.extendMs - EXTENDED_SPARE_MS;
    if (shown?.holdExpiresAt == null || shown.holdExpiresAt >= wanted) throw unavailable();
    this.#ports.count('judged_blindly');
    return verdict.then;
  }

  /** @returns the order, where it still holds its units */
  async #extend(
    { orderId }: Order,
    { extendMs: byMs, mostMs }: { readonly extendMs: number; readonly mostMs: number },
  ): Promise<Order | undefined> {
    const reply = await this.#ports.engine.request({ kind: 'extendHold', orderId, byMs, mostMs });
    return reply.outcome === 'order' ? reply.order : undefined;
  }

  get #whenUnavailable(): { extendMs: number; mostMs: number; then: RiskOutcome } {
    const { holdExtensionMs, whenUnavailable } = this.#ports;
    const extendMs = Math.min(60_000, holdExtensionMs);
    return { extendMs, mostMs: holdExtensionMs, then: whenUnavailable === 'review' ? 'review' : 'deny' };
  }

  /** @returns undefined when the provider cannot say which card it is */
  async #question(order: Order, shopper: Shopper, wish: PaymentWish): Promise<PaymentQuestion | undefined> {
    try {
      const fingerprint = await this.#ports.provider.fingerprint(wish.method, wish.token);
      return { ...this.#bareQuestion(order, shopper, wish), fingerprint };
    } catch (error) {
      if (error instanceof ProviderUnavailable) return undefined;
      throw error;
    }
  }

  #bareQuestion(order: Order, { customerId }: Shopper, { method, address }: PaymentWish): PaymentQuestion {
    const { orderId, productId, quantity, unitPrice } = order;
    return {
      orderId: orderIdText(orderId),
      productId,
      customerId,
      quantity,
      amount: { amount: unitPrice.amount * quantity, currency: unitPrice.currency },
      method,
      fingerprint: undefined,
      address: this.#ports.hashOf(address),
    };
  }

  /** To take money that surely has to go back would help nobody. */
  async #hasUnits({ productId, quantity }: Order): Promise<boolean> {
    const reply = await this.#ports.engine.request({ kind: 'showStock', productId });
    return reply.outcome !== 'stock' || reply.stock.available >= quantity;
  }

  /** Goes on as far as it goes now, and says when somebody is to look again. */
  async #pursue(row: PaymentRow, known: Known): Promise<Pursued> {
    const { ledger, onTrouble } = this.#ports;
    return orUnavailable(async () => {
      const pursued = await this.#course.pursue(row, known);
      const { isClosed, lookInMs, trouble } = pursued;
      if (trouble !== undefined) onTrouble(`the payment of order ${row.orderId}: ${trouble}`);
      if (!isClosed) await ledger.lookAgain(row.orderId, lookInMs, trouble, undefined);
      return pursued;
    });
  }

  /** @throws Problem payment_declined */
  #replyTo({ order, payment, refusal }: Pursued, before: Order, customerId: string): Reply {
    if (refusal !== undefined) return refusal;
    const shown = order ?? before;
    switch (shown.status) {
      case 'paid':
      case 'payment_pending':
      case 'in_review':
      case 'refund_due':
      case 'refunded':
        return { outcome: 'order', order: shown };
      case 'reserved':
        throw declined(shown, customerId);
      case 'expired':
        if (typeof payment === 'object' && payment.declined !== undefined) throw declined(shown, customerId);
        return conflictOf(shown);
      case 'cancelled':
        return conflictOf(shown);
    }
  }

  async #rowOf(orderId: string): Promise<PaymentRow | undefined> {
    const { ledger } = this.#ports;
    const row = await ledger.find(orderId);
    if (row !== undefined) return row;
    const order = await ledger.order(orderId);
    if (order === undefined) return undefined;
    await ledger.restore(orderId, order);
    return ledger.find(orderId);
  }

  async #reviewed(orderId: Key): Promise<{ row: PaymentRow | undefined; order: Order | undefined }> {
    const row = await orUnavailable(() => this.#ports.ledger.find(orderIdText(orderId)));
    if (row === undefined) return { row, order: undefined };
    const customerKey = customerKeyOf(row.customerId);
    const reply = await this.#ports.engine.request({ kind: 'showOrder', orderId, customerKey });
    if (reply.outcome === 'order') return { row, order: reply.order };
    if (reply.outcome === 'refused' && reply.refusal !== 'not_found') throw new Problem(reply.refusal);
    return { row, order: undefined };
  }

  /** @returns the order as it is then, also where it could not be done @throws Problem */
  async #request(command: OrderCommand): Promise<Order> {
    const reply = await this.#ports.engine.request(command);
    if (reply.outcome === 'order' || reply.outcome === 'conflict') return reply.order;
    throw new Problem(reply.outcome === 'refused' ? reply.refusal : 'order_state_conflict');
  }
}

const isSame = (one: Money, other: Money): boolean =>
  one.amount === other.amount && one.currency === other.currency;

const conflictOf = (order: Order): Reply => ({ outcome: 'conflict', refusal: 'order_state_conflict', order });

const declined = (order: Order, customerId: string): Problem =>
  new Problem('payment_declined', { order: orderBody(order, { customerId }) });

function unavailable(): Problem {
  return new Problem('unavailable', {
    detail:
      'The payment cannot be taken just now. Nothing was charged, and the hold was extended as far as it may be. Try again in a moment.',
  });
}

/** @throws Problem unavailable for whatever Postgres throws */
async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('unavailable', undefined, { cause: error });
  }
}

function readSigned(
  ...[secret, body, headers]: Parameters<typeof readWebhook>
): ReturnType<typeof readWebhook> {
  try {
    return readWebhook(secret, body, headers);
  } catch (error) {
    if (!(error instanceof WebhookRefused)) throw error;
    if (error.kind === 'malformed') throw new Problem('invalid_request', { detail: error.message });
    throw new Problem('unauthenticated', {
      detail: `This is no webhook of the payment provider: ${error.message}. Sign it with PAYMENT_WEBHOOK_SECRET.`,
    });
  }
}

function settledOf(order: Order, wasApproved: boolean): ReviewSettled {
  switch (order.status) {
    case 'paid':
      return { outcome: 'paid', order };
    case 'in_review':
    case 'payment_pending':
      return wasApproved ? { outcome: 'pending', order } : { outcome: 'gone', order };
    case 'reserved':
    case 'cancelled':
      return wasApproved ? { outcome: 'declined', order } : { outcome: 'gone', order };
    default:
      return { outcome: 'gone', order };
  }
}
