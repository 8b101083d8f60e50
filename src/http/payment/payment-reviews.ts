// What a person decided about an order in review, carried out. Who asks again is told the same, and goes on with what a crash left.

import { customerKeyOf, orderIdText, type Key, type Order } from '../../actors/index.ts';
import type { PaymentRow } from '../../persistence/index.ts';
import { Problem } from '../problem.ts';
import type { ReviewSettled } from './payments.ts';
import type { Pursuit, PursuitPorts } from './pursuit.ts';

interface Reviewed {
  readonly row: PaymentRow | undefined;
  /** Undefined: its actor knows it no more. */
  readonly order: Order | undefined;
}

export class PaymentReviews {
  readonly #ports: PursuitPorts;
  readonly #pursuit: Pursuit;

  constructor(ports: PursuitPorts, pursuit: Pursuit) {
    this.#ports = ports;
    this.#pursuit = pursuit;
  }

  async approve(orderId: Key, by: string): Promise<ReviewSettled> {
    const { row, order } = await this.#find(orderId);
    if (row === undefined || order === undefined) return { outcome: 'gone', order };
    if (order.status !== 'in_review') return settledOf(order, row.approvedBy !== undefined);
    // From here on it is kept: whoever dies, the keeper carries it out.
    const approved = await this.#pursuit.orUnavailable(() => this.#ports.ledger.approve(row.orderId, by));
    if (approved === undefined) return { outcome: 'gone', order };
    const pursued = await this.#pursuit.pursue(approved, { order });
    return settledOf(pursued.order ?? order, true);
  }

  async reject(orderId: Key): Promise<ReviewSettled> {
    const { row, order } = await this.#find(orderId);
    if (row === undefined || order === undefined) return { outcome: 'gone', order };
    if (order.status === 'cancelled') return { outcome: 'denied', order };
    if (order.status !== 'in_review') return { outcome: 'gone', order };
    const denied = await this.#pursuit.tell({ kind: 'deny', orderId });
    if (denied.status !== 'cancelled') return { outcome: 'gone', order: denied };
    // What may be left at the provider the keeper voids, should it not work now.
    await this.#pursuit.pursue(row, { order: denied }).catch(() => undefined);
    return { outcome: 'denied', order: denied };
  }

  async #find(orderId: Key): Promise<Reviewed> {
    const { engine, ledger } = this.#ports;
    const row = await this.#pursuit.orUnavailable(() => ledger.find(orderIdText(orderId)));
    if (row === undefined) return { row, order: undefined };
    const customerKey = customerKeyOf(row.customerId);
    const reply = await engine.request({ kind: 'showOrder', orderId, customerKey });
    if (reply.outcome === 'order') return { row, order: reply.order };
    if (reply.outcome === 'refused' && reply.refusal !== 'not_found') throw new Problem(reply.refusal);
    return { row, order: undefined };
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
