// Orders of products that are retired: their actors have let them go, and Postgres has them for good. It answers as the actor
// would have, and only when the rows have come to the retirement: anything less would be a guess. An order that was read once
// is in the cache, which is asked before Postgres when its id is known.

import {
  orderIdKey,
  orderIdText,
  refuse,
  type Key,
  type Order,
  type OrderStatus,
  type Reply,
  type Reserve,
} from '../actors/index.ts';
import type { OrderReads, OrderRow, RetiredOrderName } from '../persistence/index.ts';
import type { OrderCache } from './order-cache.ts';
import { Problem } from './problem.ts';

/** Questions under way, for a thread: the actor no longer bounds them. */
const READS_MAX = 100;

export class RetiredOrders {
  readonly #reads: OrderReads;
  readonly #cache: OrderCache;
  #reading = 0;

  constructor(reads: OrderReads, cache: OrderCache) {
    this.#reads = reads;
    this.#cache = cache;
  }

  /**
   * @param wanted what somebody tries to make of it: it may be just that already, and it changes no more
   * @throws Problem unavailable
   */
  async order(productId: string, orderId: Key, customerId: string, wanted?: OrderStatus): Promise<Reply> {
    const replyOf = (order: Order): Reply => {
      if (wanted === undefined || order.status === wanted) return { outcome: 'order', order };
      return { outcome: 'conflict', refusal: 'order_state_conflict', order };
    };
    const name = { productId, customerId, id: orderIdText(orderId) };
    const cached = await this.#cache.find(name);
    if (cached !== undefined) return replyOf(orderOf(cached));
    return this.#read(name, replyOf);
  }

  /** @throws Problem unavailable */
  async found(productId: string, customerId: string, idempotencyKey: string): Promise<Reply> {
    return this.#read({ productId, customerId, idempotencyKey }, (order) => ({ outcome: 'order', order }));
  }

  /** Who was accepted is told of it, however late the question comes. @throws Problem unavailable */
  async bought({ productId, customerId, idempotencyKey, quantity, orderId }: Reserve): Promise<Reply> {
    const accepted = (order: Order): Reply => {
      if (order.quantity !== quantity) return refuse('idempotency_key_reused').reply;
      const status = order.holdExpiresAt === null ? 'paid' : 'reserved';
      return { outcome: 'reserved', order: { ...order, status }, replayed: order.orderId !== orderId };
    };
    const none = refuse('sale_ended').reply;
    return this.#read({ productId, customerId, idempotencyKey }, accepted, none);
  }

  async #read(
    name: RetiredOrderName,
    replyOf: (order: Order) => Reply,
    none: Reply = refuse('not_found').reply,
  ): Promise<Reply> {
    if (this.#reading >= READS_MAX) return refuse('overloaded').reply;
    this.#reading++;
    try {
      const found = await this.#reads.ofRetired(name);
      if (found === undefined) throw new Problem('unavailable', { detail: NOT_THERE_YET });
      if (found.order === undefined) return none;
      this.#cache.remember(found.order, found.version);
      return replyOf(orderOf(found.order));
    } finally {
      this.#reading--;
    }
  }
}

const NOT_THERE_YET =
  'The orders of this sale are read from Postgres, which has not caught up with its end yet. Try again later.';

const orderOf = ({
  id,
  productId,
  quantity,
  unitPrice,
  status,
  createdAt,
  holdExpiresAt,
}: OrderRow): Order => ({
  orderId: orderIdKey(id)!,
  productId,
  quantity,
  unitPrice,
  status,
  createdAt,
  holdExpiresAt,
});
