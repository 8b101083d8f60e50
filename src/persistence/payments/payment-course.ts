// Goes on with an order's payment from wherever it stands, step by step, until it is closed or there is nothing to do but wait. Each step
// can be repeated, by whoever: the order is the payment's identity at the provider, and the actor knows its order's state. So it does
// not matter at which point somebody died, nor whether two go on with one payment at once.

import {
  customerKeyOf,
  orderIdKey,
  type Key,
  type Order,
  type OrderCommand,
  type Reply,
} from '../../actors/index.ts';
import { ProviderUnavailable, type PaymentProvider, type ProviderPayment } from '../../payments/index.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { Engine } from '../catalogue/delivery.ts';
import type { OrderReads } from '../order-reads.ts';
import type { PaymentLedger } from './payment-ledger.ts';
import type { PaymentRow } from './payment-row.ts';
import { nextStep, PAYMENT_COURSE_LIMITS, type Situation, type Step } from './payment-step.ts';

export interface PaymentCoursePorts {
  readonly engine: Engine;
  readonly provider: PaymentProvider;
  readonly ledger: PaymentLedger;
  readonly orders: Pick<OrderReads, 'ofRetired'>;
  readonly clock: Clock;
  readonly holdExtensionMs: number;
  readonly whenUnavailable: 'expire' | 'review';
  /** Of each step that was made, for metrics. */
  readonly onStep?: (step: Step['kind']) => void;
}

/** What is known already; whatever is not is asked. */
export interface Known {
  readonly order?: Order | undefined;
  readonly payment?: ProviderPayment | 'unavailable' | undefined;
  /** The row's token was tried a moment ago. */
  readonly hasTried?: boolean;
}

export interface Pursued {
  /** As it was last told; undefined when nobody could say. */
  readonly order: Order | undefined;
  /** As it was last told, where the provider was asked. */
  readonly payment: ProviderPayment | 'unavailable' | undefined;
  /** Why it could not be gone on with. */
  readonly refusal: Extract<Reply, { outcome: 'refused' }> | undefined;
  readonly isClosed: boolean;
  /** When to look again; 0 when it is closed. */
  readonly lookInMs: number;
  /** What a person should know. */
  readonly trouble: string | undefined;
}

const REFUSED_AGAIN_MS = 1_000;

interface Progress {
  order: Order | undefined;
  isLetGo: boolean;
  isUnknown: boolean;
  payment: Situation['payment'];
  hasTried: boolean;
  hasExtended: boolean;
  refusal: Extract<Reply, { outcome: 'refused' }> | undefined;
  trouble: string | undefined;
}

export class PaymentCourse {
  readonly #ports: PaymentCoursePorts;

  constructor(ports: PaymentCoursePorts) {
    this.#ports = ports;
  }

  /** @throws whatever Postgres throws: nothing is lost by it, and somebody goes on later */
  async pursue(row: PaymentRow, known: Known = {}): Promise<Pursued> {
    const { clock, whenUnavailable, onStep } = this.#ports;
    const at: Progress = {
      order: known.order,
      isLetGo: false,
      isUnknown: false,
      payment: known.payment ?? 'unasked',
      hasTried: known.hasTried ?? false,
      hasExtended: false,
      refusal: undefined,
      trouble: undefined,
    };
    if (at.order === undefined) await this.#show(row, at);
    let last: Step['kind'] | undefined;
    for (let steps = 0; steps < PAYMENT_COURSE_LIMITS.stepsMax && at.refusal === undefined; steps++) {
      const step = nextStep({
        row,
        status: at.isUnknown || at.order === undefined ? 'unknown' : at.order.status,
        isLetGo: at.isLetGo,
        holdExpiresAt: at.order?.holdExpiresAt ?? null,
        payment: at.payment,
        hasTried: at.hasTried,
        hasExtended: at.hasExtended,
        whenUnavailable,
        now: clock.now(),
      });
      onStep?.(step.kind);
      if (step.kind === 'wait') return pursued(at, step.ms, step.why);
      // It is under way there, and is asked for again later.
      if (step.kind === last)
        return pursued(at, PAYMENT_COURSE_LIMITS.lookMostMs, `${last} changed nothing yet`);
      last = step.kind;
      // oxlint-disable-next-line no-await-in-loop -- each step follows from what came of the one before
      await this.#make(step, row, at);
      if (step.kind === 'close') return { ...pursued(at, 0), isClosed: true };
    }
    return pursued(at, REFUSED_AGAIN_MS);
  }

  async #make(step: Exclude<Step, { kind: 'wait' }>, row: PaymentRow, at: Progress): Promise<void> {
    const { ledger, provider, clock, holdExtensionMs } = this.#ports;
    const { orderId } = row;
    const id = idOf(row);
    switch (step.kind) {
      case 'find':
        return this.#ask(at, async () => (await provider.find(orderId)) ?? 'unheard');
      case 'capture': {
        at.hasTried = true;
        const asked = await ledger.asked(orderId);
        // A person decides first, or somebody closed it: whoever looks next sees how it stands.
        if (asked?.token === undefined) return;
        const { amount, method, token } = asked;
        return this.#ask(at, () => provider.capture({ orderId, amount, method, token }));
      }
      case 'void':
        return this.#ask(at, () => provider.void(orderId));
      case 'refund':
        return this.#ask(at, () => provider.refund(orderId));
      case 'settle': {
        const customerKey = customerKeyOf(row.customerId);
        return this.#tell(row, at, { kind: 'pay', orderId: id, customerKey, settlement: 'paid' });
      }
      case 'decline':
        return this.#tell(row, at, { kind: 'decline', orderId: id });
      case 'cancel':
        return this.#tell(row, at, {
          kind: 'cancel',
          orderId: id,
          customerKey: customerKeyOf(row.customerId),
        });
      case 'refunded':
        return this.#tell(row, at, { kind: 'refund', orderId: id });
      case 'extend': {
        at.hasExtended = true;
        const { extendMs } = PAYMENT_COURSE_LIMITS;
        const byMs = Math.min(extendMs, holdExtensionMs);
        return this.#tell(row, at, { kind: 'extendHold', orderId: id, byMs, mostMs: holdExtensionMs });
      }
      case 'review': {
        await ledger.noteReview(
          row,
          'The payment provider cannot say whether the money was taken.',
          clock.now(),
        );
        const customerKey = customerKeyOf(row.customerId);
        return this.#tell(row, at, { kind: 'pay', orderId: id, customerKey, settlement: 'in_review' });
      }
      case 'close': {
        const providerId = typeof at.payment === 'object' ? at.payment.providerId : undefined;
        return ledger.close(orderId, step.state, providerId, clock.now());
      }
    }
  }

  async #ask(at: Progress, call: () => Promise<ProviderPayment | 'unheard'>): Promise<void> {
    try {
      at.payment = await call();
    } catch (error) {
      if (!(error instanceof ProviderUnavailable)) throw error;
      at.payment = 'unavailable';
      at.trouble = error.message;
    }
  }

  /** Whatever the actor says of the order is how it stands, also when it says no. */
  async #tell(row: PaymentRow, at: Progress, command: OrderCommand): Promise<void> {
    await this.#heard(row, at, await this.#ports.engine.request(command));
  }

  async #show(row: PaymentRow, at: Progress): Promise<void> {
    const command = {
      kind: 'showOrder',
      orderId: idOf(row),
      customerKey: customerKeyOf(row.customerId),
    } as const;
    await this.#heard(row, at, await this.#ports.engine.request(command));
  }

  async #heard(row: PaymentRow, at: Progress, reply: Reply): Promise<void> {
    if (reply.outcome === 'order' || reply.outcome === 'conflict') {
      at.order = reply.order;
      return;
    }
    if (reply.outcome === 'retired') return this.#lookUp(row, at);
    if (reply.outcome !== 'refused')
      throw new Error(`a question for an order was answered with ${reply.outcome}`);
    if (reply.refusal === 'not_found') at.isUnknown = true;
    else at.refusal = reply;
  }

  /** Its actor let it go: Postgres knows what became of it, and nothing changes it any more. */
  async #lookUp({ orderId, productId, customerId }: PaymentRow, at: Progress): Promise<void> {
    const found = await this.#ports.orders.ofRetired({ productId, customerId, id: orderId });
    at.isLetGo = true;
    if (found === undefined) at.refusal = { outcome: 'refused', refusal: 'outcome_unknown' };
    else if (found.order === undefined) at.isUnknown = true;
    else at.order = { ...found.order, orderId: orderIdKey(found.order.id)! };
  }
}

function idOf({ orderId }: PaymentRow): Key {
  const key = orderIdKey(orderId);
  if (key === undefined) throw new Error(`the ledger of payments has ${orderId}, which is no order's id`);
  return key;
}

const pursued = (at: Progress, lookInMs: number, why?: string): Pursued => ({
  order: at.order,
  payment: typeof at.payment === 'object' || at.payment === 'unavailable' ? at.payment : undefined,
  refusal: at.refusal,
  isClosed: false,
  lookInMs,
  trouble: why ?? at.trouble,
});
