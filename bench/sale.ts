// The commands of a benchmark's sale: products that are on sale, and purchases of distinct customers with distinct keys. What threads
// of benchmarks load, too, enters the engine by the file, not by its door: each thread loads everything anew.

import {
  customerKeyOf,
  orderKeyOf,
  productTagOf,
  requestKeyOf,
  type Command,
  type Configure,
} from '../src/actors/index.ts';
import { shardOfProduct } from '../src/runtime/placement.ts';
import { systemRandom } from '../src/runtime/system.ts';

const DAY_MS = 86_400_000;
export const HOLD_SECONDS = 3_600;
const RANDOM_CHARACTERS = 8;

const configuration: Configure['configuration'] = {
  name: 'Hot product',
  description: '',
  startsAt: 0,
  endsAt: Date.now() + DAY_MS,
  amount: 1_999,
  currency: 'EUR',
  perCustomerLimit: 1,
  holdSeconds: HOLD_SECONDS,
};

/** @param quantity in stock */
export const openSale = (productId: string, quantity: number): Command[] => [
  { kind: 'configure', productId, configuration, expectedRevision: undefined },
  { kind: 'loadStock', productId, requestId: 'all', quantity },
];

/** @param number of the customer, who buys one */
export function reserve(productId: string, number: number): Command {
  const customerId = `customer-${number}`;
  const idempotencyKey = `key-${number}`;
  const random = systemRandom.characters(RANDOM_CHARACTERS);
  return {
    kind: 'reserve',
    productId,
    orderId: orderKeyOf(productTagOf(productId), Date.now() / 1_000, random),
    customerId,
    customerKey: customerKeyOf(customerId),
    idempotencyKey,
    requestKey: requestKeyOf(productId, customerId, idempotencyKey),
    quantity: 1,
  };
}

/** Products whose shards are as good as drawn. */
export const someProducts = (count: number): string[] =>
  Array.from({ length: count }, (_, number) => `product-${number}`);

/** One product for each of the first shards. @param of shards in all */
export function productsOfShards(count: number, of: number): string[] {
  const products = new Map<number, string>();
  for (let number = 0; products.size < count; number++) {
    const productId = `product-${number}`;
    const shard = shardOfProduct(productId, of);
    if (shard < count && !products.has(shard)) products.set(shard, productId);
  }
  return [...products].sort(([one], [other]) => one - other).map(([, productId]) => productId);
}
