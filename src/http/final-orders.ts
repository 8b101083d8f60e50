// Orders of which nothing changes any more, from the cache. Only such orders are remembered, by the read that found them
// so; what it holds is shown to nobody but the customer that stands in it. Whatever is wrong with an entry, it is a miss.

import * as z from 'zod';
import { isFinal, orderIdText, ORDER_STATUSES, type Key, type Order } from '../actors/index.ts';
import { LAST_VERSION, type Cache } from '../persistence/index.ts';

const Remembered = z.strictObject({
  customerId: z.string(),
  productId: z.string(),
  quantity: z.number(),
  amount: z.number(),
  currency: z.string(),
  status: z.enum(ORDER_STATUSES),
  createdAt: z.number(),
  holdExpiresAt: z.number().nullable(),
});

export class FinalOrders {
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  /** @returns undefined also for another customer's: its actor says what is to be said of that */
  async find(orderId: Key, customerId: string): Promise<Order | undefined> {
    const found = await this.#cache.get('order', orderIdText(orderId));
    if (found === undefined) return undefined;
    const { success, data } = Remembered.safeParse(found);
    if (!success || data.customerId !== customerId) return undefined;
    const { productId, quantity, amount, currency, status, createdAt, holdExpiresAt } = data;
    const unitPrice = { amount, currency };
    return { orderId, productId, quantity, unitPrice, status, createdAt, holdExpiresAt };
  }

  /**
   * Nobody waits for it. The version needs no row of Postgres: there is one final state of an order, whoever tells it.
   * @param isRetired its product is retired: then every order is final
   */
  remember(order: Order, customerId: string, isRetired: boolean): void {
    if (!isRetired && !isFinal(order.status)) return;
    const { orderId, productId, quantity, unitPrice, status, createdAt, holdExpiresAt } = order;
    const { amount, currency } = unitPrice;
    const entry: z.output<typeof Remembered> = {
      customerId,
      productId,
      quantity,
      amount,
      currency,
      status,
      createdAt,
      holdExpiresAt,
    };
    void this.#cache.put('order', orderIdText(orderId), LAST_VERSION, entry);
  }
}
