// Where money is taken for orders. Nothing is asked of the provider that is not written down before; what a crash leaves open, the
// keeper follows.

import type { Key, Order, Reply } from '../../actors/index.ts';
import type { Router } from '../../runtime/index.ts';
import type { Shopper } from '../auth.ts';
import { Problem } from '../problem.ts';
import type { Payments, PaymentWish, ReviewSettled } from './payments.ts';

export interface PaymentPorts {
  readonly router: Pick<Router, 'request'>;
  readonly demo: boolean;
}

export class PaymentDesk implements Payments {
  readonly #ports: PaymentPorts;

  constructor(ports: PaymentPorts) {
    this.#ports = ports;
  }

  async pay(order: Order, { customerKey }: Shopper, { token }: PaymentWish): Promise<Reply> {
    const { router, demo } = this.#ports;
    if (!demo)
      throw new Problem('payment_declined', {
        detail: 'No payment provider is configured; nothing was charged.',
      });
    if (token === 'decline') throw new Problem('payment_declined');
    const settlement = token === 'pending' ? 'payment_pending' : token === 'review' ? 'in_review' : 'paid';
    return router.request({ kind: 'pay', orderId: order.orderId, customerKey, settlement });
  }

  async approve(_orderId: Key, _by: string): Promise<ReviewSettled> {
    throw new Problem('unavailable');
  }

  async reject(_orderId: Key, _by: string): Promise<ReviewSettled> {
    throw new Problem('unavailable');
  }

  async webhook(_body: Uint8Array, _headers: Readonly<Record<string, string>>): Promise<void> {
    throw new Problem('not_found');
  }
}
