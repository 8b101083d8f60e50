// Orders of products that are retired, from the cache: they stand in Postgres alone, and change no more. Whatever is wrong with
// an entry, it is a miss. Orders that an actor has are never asked for here: a question to the actor costs less than one to
// Redis, and is never out of date.

import * as z from 'zod';
import { ORDER_STATUSES } from '../actors/index.ts';
import type { Cache, OrderRow } from '../persistence/index.ts';

const Remembered = z.object({
  productId: z.string(),
  customerId: z.string(),
  quantity: z.number(),
  unitPrice: z.object({ amount: z.number(), currency: z.string() }),
  status: z.enum(ORDER_STATUSES),
  createdAt: z.number(),
  holdExpiresAt: z.number().nullable(),
});

export class OrderCache {
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  /** @returns undefined also for another customer's: Postgres says what is to be said of that */
  async find(id: string, customerId: string): Promise<OrderRow | undefined> {
    const found = await this.#cache.get('order', id);
    if (found === undefined) return undefined;
    const { success, data } = Remembered.safeParse(found);
    return success && data.customerId === customerId ? { id, ...data } : undefined;
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
