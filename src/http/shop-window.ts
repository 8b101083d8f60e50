// Which products the shop's page shows, of those in no campaign, from the cache or Postgres. How they stand comes from their actors.

import * as z from 'zod';
import { SHOP_WINDOW, type Cache, type ProductReads } from '../persistence/index.ts';

const PRODUCTS_SHOWN = 24;

const Remembered = z.array(z.string()).max(PRODUCTS_SHOWN);

export class ShopWindow {
  readonly #products: Pick<ProductReads, 'listIdsOutside'>;
  readonly #cache: Cache;
  /** It stays full while Postgres is away. */
  #known: readonly string[] = [];

  constructor(products: Pick<ProductReads, 'listIdsOutside'>, cache: Cache) {
    this.#products = products;
    this.#cache = cache;
  }

  /** @throws when Postgres is away and nothing is known */
  async productIds(): Promise<readonly string[]> {
    const remembered = Remembered.safeParse(await this.#cache.get('products', SHOP_WINDOW));
    if (remembered.success) return (this.#known = remembered.data);
    try {
      const { ids, version } = await this.#products.listIdsOutside(PRODUCTS_SHOWN);
      void this.#cache.put('products', SHOP_WINDOW, version, ids);
      this.#known = ids;
    } catch (error) {
      if (this.#known.length === 0) throw error;
    }
    return this.#known;
  }
}
