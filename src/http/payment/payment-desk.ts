// Where money is taken for orders. The order of things is what makes a crash harmless: the shop's judgement is kept, then the ledger's
// row is written, then the journal says `payment_pending`, and only then the provider is asked. docs/payments.md goes through it.

import { orderIdText, type Key, type Order, type Reply } from '../../actors/index.ts';
import { PAYMENT_COURSE_LIMITS, type Known, type PaymentRow } from '../../persistence/index.ts';
import { ProviderUnavailable } from '../../payments/index.ts';
import type { PaymentQuestion, RiskControl, RiskOutcome, Verdict } from '../../risk/index.ts';
import type { Shopper } from '../auth.ts';
import { orderBody } from '../order-body.ts';
import { Problem } from '../problem.ts';
import { conflictOf, replyTo, triedTooOften, unavailable } from './payment-replies.ts';
import { PaymentReviews } from './payment-reviews.ts';
import type { Payments, PaymentWish, ReviewSettled } from './payments.ts';
import { ProviderNews } from './provider-news.ts';
import { Pursuit, type PursuitPorts } from './pursuit.ts';

/** Behind the time for one answer: by then the provider was surely asked, and the keeper may look. */
const FIRST_LOOK_SPARE_MS = 5_000;
/** Tries of one order to take its money: a hold is not for finding out which of many cards works. */
export const PAYMENT_TRIES_MAX = 50;
/** A hold that ends so much earlier than it was to be extended to is at its bound. */
const BOUND_SPARE_MS = 1_000;

export interface PaymentPorts extends PursuitPorts {
  readonly risk: RiskControl;
  /** `whsec_…` */
  readonly webhookSecret: string;
  /** For one answer of the provider. */
  readonly timeoutMs: number;
  readonly hashOf: (address: string) => string;
  /** For metrics: what was judged. */
  readonly onJudged: (outcome: RiskOutcome | 'unavailable') => void;
}

interface Wanted {
  readonly order: Order;
  readonly shopper: Shopper;
  readonly wish: PaymentWish;
  readonly question: PaymentQuestion;
}

type Unavailable = Extract<Verdict, { outcome: 'unavailable' }>;

export class PaymentDesk implements Payments {
  readonly #ports: PaymentPorts;
  readonly #pursuit: Pursuit;
  readonly #reviews: PaymentReviews;
  readonly #news: ProviderNews;

  constructor(ports: PaymentPorts) {
    this.#ports = ports;
    this.#pursuit = new Pursuit(ports);
    this.#reviews = new PaymentReviews(ports, this.#pursuit);
    this.#news = new ProviderNews(ports, this.#pursuit, ports.webhookSecret);
  }

  async pay(order: Order, shopper: Shopper, wish: PaymentWish): Promise<Reply> {
    switch (order.status) {
      case 'paid':
        return { outcome: 'order', order };
      case 'in_review':
        return (await this.#isUnderReview(order))
          ? { outcome: 'order', order }
          : this.#judge(order, shopper, wish);
      case 'cancelled':
      case 'refund_due':
      case 'refunded':
        return conflictOf(order);
      case 'payment_pending':
        return (await this.#repeated(order, shopper, wish)) ?? this.#judge(order, shopper, wish);
      case 'expired':
        return (await this.#hasUnits(order)) ? this.#judge(order, shopper, wish) : conflictOf(order);
      case 'reserved':
        return this.#judge(order, shopper, wish);
    }
  }

  cancelled(orderId: Key): void {
    // Of most there is no row, and the keeper comes to any other by itself, only later.
    this.#ports.ledger.lookAgain(orderIdText(orderId), 0, undefined, undefined).catch(() => undefined);
  }

  approve(orderId: Key, by: string): Promise<ReviewSettled> {
    return this.#reviews.approve(orderId, by);
  }

  reject(orderId: Key, _by: string): Promise<ReviewSettled> {
    return this.#reviews.reject(orderId);
  }

  webhook(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<void> {
    return this.#news.take(body, headers);
  }

  /** @returns false when what is to be paid by was lost with its row; while Postgres is away it counts as kept */
  async #isUnderReview({ orderId }: Order): Promise<boolean> {
    try {
      const row = await this.#ports.ledger.find(orderIdText(orderId));
      return row !== undefined && (row.token !== undefined || row.isClosed);
    } catch {
      return true;
    }
  }

  /** The same token again, while its try is under way. @returns undefined when it is another try */
  async #repeated(order: Order, shopper: Shopper, { token }: PaymentWish): Promise<Reply | undefined> {
    const { ledger } = this.#ports;
    const row = await this.#heldWhile(order, () => ledger.find(orderIdText(order.orderId)));
    if (row === undefined || row.isClosed || row.token !== token) return undefined;
    return replyTo(await this.#pursuit.pursue(row, { order }), order, shopper);
  }

  async #judge(order: Order, shopper: Shopper, wish: PaymentWish): Promise<Reply> {
    const { risk, provider, onJudged } = this.#ports;
    const bare = this.#questionOf(order, shopper, wish);
    let question: PaymentQuestion;
    try {
      const isFree = bare.amount.amount === 0;
      const fingerprint = isFree ? undefined : await provider.fingerprint(wish.method, wish.token);
      question = { ...bare, fingerprint };
    } catch (error) {
      if (!(error instanceof ProviderUnavailable)) throw error;
      onJudged('unavailable');
      return this.#withoutProvider({ order, shopper, wish, question: bare });
    }
    const verdict = await risk.judge(question);
    onJudged(verdict.outcome);
    const wanted = { order, shopper, wish, question };
    if (verdict.outcome !== 'unavailable') return this.#carryOut(verdict.outcome, wanted);
    if (await this.#isKept(order, verdict)) throw unavailable(order);
    return this.#carryOut(verdict.then, wanted);
  }

  #carryOut(outcome: RiskOutcome, wanted: Wanted): Promise<Reply> {
    switch (outcome) {
      case 'allow':
        return this.#take(wanted);
      case 'review':
        return this.#review(wanted);
      case 'deny':
        return this.#deny(wanted);
    }
  }

  /** Nothing was asked. The hold goes on for a while; then it ends, or a person decides when the provider is back. */
  async #withoutProvider(wanted: Wanted): Promise<Reply> {
    const { whenUnavailable, holdExtensionMs: mostMs, ledger, clock, risk, onJudged } = this.#ports;
    const extendMs = Math.min(PAYMENT_COURSE_LIMITS.extendMs, mostMs);
    const isKept = await this.#isKept(wanted.order, { extendMs, mostMs });
    if (isKept || whenUnavailable === 'expire' || wanted.order.status === 'expired')
      throw unavailable(wanted.order);
    // Whoever is refused whatever their card is gets no further; and a person sees what is known.
    const verdict = await risk.judge(wanted.question);
    onJudged(verdict.outcome);
    if ((verdict.outcome === 'unavailable' ? verdict.then : verdict.outcome) === 'deny')
      return this.#deny(wanted);
    await this.#pursuit.orUnavailable(() =>
      ledger.noteReview(wanted.question, 'The payment provider could not be asked.', clock.now()),
    );
    return this.#review(wanted);
  }

  async #take({ order, shopper, wish, question }: Wanted): Promise<Reply> {
    const { engine, provider } = this.#ports;
    const { orderId } = order;
    const { customerKey } = shopper;
    const settled = (settlement: 'paid' | 'payment_pending'): Promise<Reply> =>
      engine.request({ kind: 'pay', orderId, customerKey, settlement });
    // There is nothing to take.
    if (question.amount.amount === 0) return settled('paid');
    const row = await this.#begin({ order, shopper, wish, question }, true);
    if (row.isClosed) return this.#closed(order, shopper);
    if (row.attempts > PAYMENT_TRIES_MAX) throw triedTooOften(order, shopper);
    let shown = order;
    if (order.status !== 'expired') {
      const reply = await settled('payment_pending');
      // Somebody else was quicker, or it is over.
      if (reply.outcome !== 'order' || reply.order.status !== 'payment_pending') return reply;
      shown = reply.order;
    }
    let payment: Known['payment'];
    try {
      const { method, token } = wish;
      payment = await provider.capture({ orderId: row.orderId, amount: row.amount, method, token });
    } catch (error) {
      if (!(error instanceof ProviderUnavailable)) throw error;
      payment = 'unavailable';
    }
    return replyTo(
      await this.#pursuit.pursue(row, { order: shown, payment, hasTried: true }),
      shown,
      shopper,
    );
  }

  async #review(wanted: Wanted): Promise<Reply> {
    const { order, shopper } = wanted;
    // Nobody holds its units, so there is nothing that could wait for a person.
    if (order.status === 'expired') return conflictOf(order);
    const row = await this.#begin(wanted, false);
    if (row.isClosed) return this.#closed(order, shopper);
    const { orderId } = order;
    const { customerKey } = shopper;
    return this.#ports.engine.request({ kind: 'pay', orderId, customerKey, settlement: 'in_review' });
  }

  /** Nothing more can be paid by it: another call was quicker, or it is too late. */
  async #closed({ orderId }: Order, { customerKey }: Shopper): Promise<Reply> {
    const reply = await this.#ports.engine.request({ kind: 'showOrder', orderId, customerKey });
    return reply.outcome === 'order' && reply.order.status !== 'paid' ? conflictOf(reply.order) : reply;
  }

  async #deny({ order, shopper }: Wanted): Promise<never> {
    const { orderId, status } = order;
    const shown = status === 'expired' ? order : await this.#pursuit.tell({ kind: 'deny', orderId });
    // An earlier try may be under way.
    this.cancelled(orderId);
    throw new Problem('payment_declined', {
      detail:
        'The shop does not sell to this customer now. Nothing was charged by this try, and the units went back.',
      retry: 'never',
      order: orderBody(shown, shopper),
    });
  }

  /** @throws Problem unavailable, after the hold was extended: the provider was not asked */
  async #begin({ order, wish, question }: Wanted, asks: boolean): Promise<PaymentRow> {
    const { ledger, clock, timeoutMs } = this.#ports;
    const { method, token } = wish;
    const firstLookMs = timeoutMs + FIRST_LOOK_SPARE_MS;
    return this.#heldWhile(order, () =>
      ledger.begin({ ...question, method, token, asks, firstLookMs, now: clock.now() }),
    );
  }

  /** @throws Problem unavailable when Postgres cannot be asked: whoever tries keeps the hold as far as it may be */
  async #heldWhile<T>(order: Order, work: () => Promise<T>): Promise<T> {
    const { holdExtensionMs: mostMs, onTrouble } = this.#ports;
    try {
      return await work();
    } catch (error) {
      onTrouble('a payment cannot be written down, so the provider is not asked', error);
      await this.#isKept(order, { extendMs: Math.min(PAYMENT_COURSE_LIMITS.extendMs, mostMs), mostMs });
      throw unavailable(order);
    }
  }

  /** Extends the hold. @returns whether it may be extended further; else it is time to decide */
  async #isKept(
    { orderId }: Order,
    { extendMs, mostMs }: Pick<Unavailable, 'extendMs' | 'mostMs'>,
  ): Promise<boolean> {
    const { engine, clock } = this.#ports;
    const from = clock.now();
    const reply = await engine.request({ kind: 'extendHold', orderId, byMs: extendMs, mostMs });
    // Whoever cannot say is asked again.
    if (reply.outcome !== 'order') return true;
    const { holdExpiresAt } = reply.order;
    return holdExpiresAt === null || holdExpiresAt > from + extendMs - BOUND_SPARE_MS;
  }

  #questionOf(order: Order, { customerId }: Shopper, { method, address }: PaymentWish): PaymentQuestion {
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
}
