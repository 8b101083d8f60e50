// Shoppers' orders, for the API and for the pages: look, ask by key, pay, cancel. Every question goes to the order's actor, which costs
// less than any cache. Only the list, and orders of products that are retired, come from elsewhere.

import { requestKeyOf, type Key, type OrderStatus, type Reply } from '../actors/index.ts';
import {
  orderCursorText,
  ORDERS_PER_PAGE_MAX,
  parseOrderCursor,
  type OrderRow,
} from '../persistence/index.ts';
import type { Shopper } from './auth.ts';
import type { HttpContext } from './context.ts';
import type { PaymentWish } from './payment/index.ts';
import { invalid, Problem } from './problem.ts';
import type { RetiredOrders } from './retired-orders.ts';

export interface OrderList {
  /** Newest first. */
  readonly orders: readonly OrderRow[];
  /** Asks for the older ones; undefined when there are none. */
  readonly next: string | undefined;
  /** Epoch milliseconds. */
  readonly asOf: number;
}

export class OrderDesk {
  readonly #context: HttpContext;
  readonly #retired: RetiredOrders;

  constructor(context: HttpContext, retired: RetiredOrders) {
    this.#context = context;
    this.#retired = retired;
  }

  async show(orderId: Key, shopper: Shopper): Promise<Reply> {
    const { customerKey } = shopper;
    const reply = await this.#context.router.request({ kind: 'showOrder', orderId, customerKey });
    return this.#elsewhere(reply, orderId, shopper);
  }

  /** For whoever lost the answer. */
  async find(productId: string, idempotencyKey: string, { customerId }: Shopper): Promise<Reply> {
    const requestKey = requestKeyOf(productId, customerId, idempotencyKey);
    const reply = await this.#context.router.request({ kind: 'findOrder', productId, requestKey });
    return reply.outcome === 'retired' ? this.#retired.found(productId, customerId, idempotencyKey) : reply;
  }

  /** @throws Problem shutting_down */
  async cancel(orderId: Key, shopper: Shopper): Promise<Reply> {
    this.#refuseWhileStopping();
    const { customerKey } = shopper;
    const { router, payments } = this.#context;
    const reply = await router.request({ kind: 'cancel', orderId, customerKey });
    if (reply.outcome === 'order') payments.cancelled(orderId);
    return this.#elsewhere(reply, orderId, shopper, 'cancelled');
  }

  /** @throws Problem shutting_down, and as Payments.pay does */
  async pay(orderId: Key, shopper: Shopper, wish: PaymentWish): Promise<Reply> {
    this.#refuseWhileStopping();
    const { router, payments } = this.#context;
    const { customerKey } = shopper;
    // Whose order it is comes first: a stranger learns nothing, not even how a payment would go.
    const shown = await router.request({ kind: 'showOrder', orderId, customerKey });
    if (shown.outcome === 'retired') return this.#elsewhere(shown, orderId, shopper, 'paid');
    if (shown.outcome !== 'order' || shown.order.status === 'paid') return shown;
    return this.#elsewhere(await payments.pay(shown.order, shopper, wish), orderId, shopper, 'paid');
  }

  /** @param before `next` of the page before @throws Problem invalid_request */
  async list({ customerId }: Shopper, before: string | undefined): Promise<OrderList> {
    const { orders, node } = this.#context;
    const cursor = before === undefined ? undefined : parseOrderCursor(before);
    if (before !== undefined && cursor === undefined)
      throw invalid('before', 'must be `next` of the page before');
    // Read first: what is projected while the list is on its way is then in it or after it, never claimed and missing.
    const asOf = node.projectedUpTo;
    const page = await orders.ofCustomer(customerId, { limit: ORDERS_PER_PAGE_MAX, before: cursor });
    const next = page.next === undefined ? undefined : orderCursorText(page.next);
    return { orders: page.orders, next, asOf };
  }

  #refuseWhileStopping(): void {
    if (this.#context.node.phase === 'stopping') throw new Problem('shutting_down');
  }

  /** What its actor has let go is asked of the cache and of Postgres. */
  async #elsewhere(
    reply: Reply,
    orderId: Key,
    { customerId }: Shopper,
    wanted?: OrderStatus,
  ): Promise<Reply> {
    if (reply.outcome !== 'retired') return reply;
    return this.#retired.order(reply.productId, orderId, customerId, wanted);
  }
}
