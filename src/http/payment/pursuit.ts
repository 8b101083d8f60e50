// What everybody who goes on with a payment here shares: as far as it goes now, then a note of when to look again, and a Problem in place
// of whatever Postgres throws.

import type { Order, OrderCommand } from '../../actors/index.ts';
import {
  PaymentCourse,
  type Known,
  type PaymentCoursePorts,
  type PaymentRow,
  type Pursued,
} from '../../persistence/index.ts';
import { Problem } from '../problem.ts';

export interface PursuitPorts extends PaymentCoursePorts {
  /** For a person to hear of. */
  readonly onTrouble: (what: string, error?: unknown) => void;
}

export class Pursuit {
  readonly #ports: PursuitPorts;
  readonly #course: PaymentCourse;

  constructor(ports: PursuitPorts) {
    this.#ports = ports;
    this.#course = new PaymentCourse(ports);
  }

  /** @throws Problem unavailable: the keeper goes on later */
  pursue(row: PaymentRow, known: Known): Promise<Pursued> {
    return this.orUnavailable(async () => {
      const pursued = await this.#course.pursue(row, known);
      const { isClosed, lookInMs, trouble } = pursued;
      if (trouble !== undefined) this.#ports.onTrouble(`order ${row.orderId}: ${trouble}`);
      if (!isClosed) await this.#ports.ledger.lookAgain(row.orderId, lookInMs, trouble, undefined);
      return pursued;
    });
  }

  /** @returns the order as it is then, also where it could not be done @throws Problem */
  async tell(command: OrderCommand): Promise<Order> {
    const reply = await this.#ports.engine.request(command);
    if (reply.outcome === 'order' || reply.outcome === 'conflict') return reply.order;
    throw new Problem(reply.outcome === 'refused' ? reply.refusal : 'order_state_conflict');
  }

  /** @throws Problem unavailable for whatever Postgres throws */
  async orUnavailable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Problem) throw error;
      this.#ports.onTrouble('what Postgres keeps of payments cannot be reached', error);
      throw new Problem('unavailable');
    }
  }
}
