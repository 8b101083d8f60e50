// An actor in the test's hand: it decides, evolves and remembers, on a clock that the test sets.

import {
  customerKeyOf,
  decide,
  evolve,
  keyOf,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  type Command,
  type Configure,
  type Event,
  type Key,
  type Order,
  type Product,
  type Reply,
} from '../../src/actors/index.ts';

export const START = 1_000_000;
export const END = START + 1_000_000;
export const PRODUCT = 'sku-1';
export const KEPT_MS = 86_400_000;

export class Actor {
  product: Product | undefined;
  now = START;
  readonly events: Event[] = [];
  #orders = 0;

  tell(command: Command): Reply {
    const { reply, event } = decide(this.product, command, this.now);
    if (event !== undefined) {
      this.product = evolve(this.product, event);
      this.events.push(event);
    }
    return reply;
  }

  configure(change: Partial<Configure['configuration']> = {}, expectedRevision?: number): Reply {
    const configuration = {
      name: 'Kettle',
      description: '',
      startsAt: START,
      endsAt: END,
      amount: 1_999,
      currency: 'EUR',
      perCustomerLimit: 2,
      holdSeconds: 60,
      ...change,
    };
    return this.tell({ kind: 'configure', productId: PRODUCT, configuration, expectedRevision });
  }

  load(quantity: number, requestId = `load-${quantity}`): Reply {
    return this.tell({ kind: 'loadStock', productId: PRODUCT, requestId, quantity });
  }

  reserve(customerId: string, idempotencyKey: string, quantity = 1, ticket?: Key): Reply {
    const random = keyOf(String(this.#orders++)).slice(0, 8);
    return this.tell({
      kind: 'reserve',
      productId: PRODUCT,
      orderId: orderKeyOf(productTagOf(PRODUCT), this.now / 1_000, random),
      customerId,
      customerKey: customerKeyOf(customerId),
      idempotencyKey,
      requestKey: requestKeyOf(PRODUCT, customerId, idempotencyKey),
      quantity,
      ticket,
    });
  }

  order(customerId: string, idempotencyKey: string, quantity = 1): Order {
    const reply = this.reserve(customerId, idempotencyKey, quantity);
    if (reply.outcome !== 'reserved') throw new Error(`not reserved: ${JSON.stringify(reply)}`);
    return reply.order;
  }

  pay(
    { orderId }: Order,
    customerId: string,
    settlement: 'paid' | 'payment_pending' | 'in_review' = 'paid',
  ): Reply {
    return this.tell({ kind: 'pay', orderId, customerKey: customerKeyOf(customerId), settlement });
  }

  decline({ orderId }: Order): Reply {
    return this.tell({ kind: 'decline', orderId });
  }

  deny({ orderId }: Order): Reply {
    return this.tell({ kind: 'deny', orderId });
  }

  extend({ orderId }: Order, byMs: number, mostMs = Infinity): Reply {
    return this.tell({ kind: 'extendHold', orderId, byMs, mostMs: Math.min(mostMs, 1e9) });
  }

  cancel({ orderId }: Order, customerId: string): Reply {
    return this.tell({ kind: 'cancel', orderId, customerKey: customerKeyOf(customerId) });
  }

  retire(): Reply {
    return this.tell({ kind: 'retire', productId: PRODUCT, keptMs: KEPT_MS });
  }

  expireDue(): number {
    const due = this.product!.dueHolds(this.now, 1_000);
    for (const orderId of due) this.tell({ kind: 'expire', orderId });
    return due.length;
  }
}

export function selling(units: number, change: Partial<Configure['configuration']> = {}): Actor {
  const actor = new Actor();
  actor.configure(change);
  actor.load(units);
  return actor;
}

export const refusal = (reply: Reply): string => ('refusal' in reply ? reply.refusal : reply.outcome);
export const statusOf = (reply: Reply): string => ('order' in reply ? reply.order.status : refusal(reply));
