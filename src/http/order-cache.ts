// Orders of products that are retired, from the cache: they stand in Postgres alone, and change no more. Whatever is wrong with
// an entry, also what no order of such a product can be, it is a miss. Orders that an actor has are never asked for here: a
// question to the actor costs less than one to Redis, and is never out of date.

import * as z from 'zod';
import { isHeld, ORDER_STATUSES } from '../actors/index.ts';
import type { Cache, OrderRow } from '../persistence/index.ts';
import { CustomerId, Money, ProductId, UNITS_PER_ORDER_MAX, YEAR_10000 } from './schemas.ts';

const EpochMs = z.int().min(0).lt(YEAR_10000);
const Remembered = z.object({
  productId: ProductId,
  customerId: CustomerId,
  quantity: z.int().min(1).max(UNITS_PER_ORDER_MAX),
  unitPrice: Money,
  // A product is retired when none of its orders waits for anything.
  status: z.enum(ORDER_STATUSES).refine((status) => !isHeld(status) && status !== 'refund_due'),
  createdAt: EpochMs,
  holdExpiresAt: EpochMs.nullable(),
});

interface CachedOrderName {
  readonly id: string;
  readonly productId: string;
  readonly customerId: string;
}

export class OrderCache {
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  /** @returns undefined also for another product's or customer's: Postgres says what is to be said of that */
  async find({ id, productId, customerId }: CachedOrderName): Promise<OrderRow | undefined> {
    const found = await this.#cache.get('order', id);
    if (found === undefined) return undefined;
    const { success, data } = Remembered.safeParse(found);
    if (!success || data.productId !== productId || data.customerId !== customerId) return undefined;
    return { id, ...data };
  }

  /**
   * Nobody waits for it.
   * @param version of its row: the journal sequence of the record that changed it last
   */
  remember({ id, ...order }: OrderRow, version: number): void {
    const entry: z.output<typeof Remembered> = order;
    void this.#cache.put('order', id, version, entry);
  }
}
