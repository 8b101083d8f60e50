// What a person decided about an order in review, carried out. Who asks again is told the same, and goes on with what a crash left.

import { customerKeyOf, orderIdText, type Key, type Order, type OrderCommand } from '../../actors/index.ts';
import type { PaymentRow } from '../../persistence/index.ts';
import { Problem } from '../problem.ts';
import type { ReviewSettled } from './payments.ts';
import type { Pursuit, PursuitPorts } from './pursuit.ts';

export class PaymentReviews {
  readonly #ports: PursuitPorts;
  readonly #pursuit: Pursuit;

  constructor(ports: PursuitPorts, pursuit: Pursuit) {
    this.#ports = ports;
    this.#pursuit = pursuit;
  }

  async approve(orderId: Key, by: string): Promise<ReviewSettled> {
    const { ledger, clock } = this.#ports;
    const row = await this.#find(orderId);
    if (row === undefined) return { outcome: 'gone', order: undefined };
    // It is kept before it is known how the order stands, which may come into review only now: whoever dies, the keeper carries it out.
    const approved = await this.#pursuit.orUnavailable(() => ledger.approve(row.orderId, by, clock.now()));
    const order = await this.#show(orderId, row);
    if (order?.status !== 'in_review' || approved === undefined)
      return order === undefined
        ? { outcome: 'gone', order }
        : settledOf(order, row.approvedBy !== undefined);
    const pursued = await this.#pursuit.pursue(approved, { order });
    return settledOf(pursued.order ?? order, true);
  }

  /** Also of an order whose row is lost, or closed: nothing else would ever end it. */
  async reject(orderId: Key): Promise<ReviewSettled> {
    const row = await this.#find(orderId);
    const order = await this.#deny(orderId);
    if (order?.status !== 'cancelled') return { outcome: 'gone', order };
    // What may be left at the provider the keeper voids, should it not work now.
    if (row?.isClosed === false) await this.#pursuit.pursue(row, { order }).catch(() => undefined);
    return { outcome: 'denied', order };
  }

  #find(orderId: Key): Promise<PaymentRow | undefined> {
    return this.#pursuit.orUnavailable(() => this.#ports.ledger.find(orderIdText(orderId)));
  }

  /** @returns undefined when its actor knows it no more @throws Problem when it cannot say */
  #show(orderId: Key, { customerId }: PaymentRow): Promise<Order | undefined> {
    return this.#ask({ kind: 'showOrder', orderId, customerKey: customerKeyOf(customerId) });
  }

  #deny(orderId: Key): Promise<Order | undefined> {
    return this.#ask({ kind: 'deny', orderId });
  }

  async #ask(command: OrderCommand): Promise<Order | undefined> {
    const reply = await this.#ports.engine.request(command);
    if (reply.outcome === 'order' || reply.outcome === 'conflict') return reply.order;
    if (reply.outcome === 'refused' && reply.refusal !== 'not_found') throw new Problem(reply.refusal);
    return undefined;
  }
}

function settledOf(order: Order, wasApproved: boolean): ReviewSettled {
  switch (order.status) {
    case 'paid':
      return { outcome: 'paid', order };
    case 'in_review':
      return { outcome: 'pending', order };
    case 'reserved':
    case 'cancelled':
      return { outcome: wasApproved ? 'declined' : 'gone', order };
    default:
      return { outcome: 'gone', order };
  }
}
