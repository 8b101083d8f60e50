// What a shop's admin may have done, whichever way the wish came: over HTTP or over NATS. Both check the wish's shape first;
// here it becomes a command for the actor, and its reply plain data. An answer leaves only when it is durable.

import type * as z from 'zod';
import { gateOf, type Gate, type Reply, type Stock } from '../actors/index.ts';
import type { Router } from '../runtime/index.ts';
import { adminRefusal } from './admin-details.ts';
import type { ProductView } from './pages/index.ts';
import type { NodeControl, NodeShard } from './node-control.ts';
import { productView } from './product-view.ts';
import type { PutProduct } from './schemas.ts';
import { changeStocks, type StockResult } from './stock-batch.ts';
import type { StockBatch } from './stock-schemas.ts';

export interface ProductSaved {
  readonly product: ProductView & { readonly gate: Gate };
  readonly revision: number;
  readonly isNew: boolean;
}

type Units = Pick<Stock, 'loaded' | 'available' | 'reserved' | 'sold' | 'withdrawn'>;
export type StockCounted = Units & { readonly productId: string };
export type StockChanged = StockCounted & { readonly duplicate: boolean };

/** `quantity` is above 0 in both. */
export interface StockChange {
  readonly kind: 'loadStock' | 'withdrawStock';
  readonly productId: string;
  readonly requestId: string;
  readonly quantity: number;
}

export class AdminDesk {
  readonly #router: Router;
  readonly #node: Pick<NodeControl, 'shards'>;

  constructor(router: Router, node: Pick<NodeControl, 'shards'>) {
    this.#router = router;
    this.#node = node;
  }

  /** @param expectedRevision 0: only create; undefined: whatever there is @throws Problem */
  async putProduct(
    productId: string,
    product: z.output<typeof PutProduct>,
    expectedRevision: number | undefined,
  ): Promise<ProductSaved> {
    const reply = await this.#router.request({
      kind: 'configure',
      productId,
      expectedRevision,
      configuration: {
        name: product.name,
        description: product.description,
        startsAt: Date.parse(product.startsAt),
        endsAt: Date.parse(product.endsAt),
        amount: product.price.amount,
        currency: product.price.currency,
        perCustomerLimit: product.perCustomerLimit,
        holdSeconds: product.holdSeconds,
        gate: product.gate,
      },
    });
    return productSaved(reply);
  }

  /** @throws Problem */
  async switchSale(kind: 'pause' | 'resume', productId: string): Promise<ProductSaved> {
    return productSaved(await this.#router.request({ kind, productId }));
  }

  /** @throws Problem */
  async changeStock(change: StockChange): Promise<StockChanged> {
    const reply = stockOf(await this.#router.request(change));
    return { ...counted(reply), duplicate: reply.duplicate };
  }

  async changeStocks(batch: z.output<typeof StockBatch>): Promise<{ results: readonly StockResult[] }> {
    return { results: await changeStocks(this.#router, batch) };
  }

  /** @throws Problem */
  async showStock(productId: string): Promise<StockCounted> {
    return counted(stockOf(await this.#router.request({ kind: 'showStock', productId })));
  }

  async shards(): Promise<{ shards: readonly NodeShard[] }> {
    return { shards: await this.#node.shards() };
  }
}

function productSaved(reply: Reply): ProductSaved {
  if (reply.outcome === 'refused') throw adminRefusal(reply.refusal);
  if (reply.outcome !== 'configured' && reply.outcome !== 'product')
    throw new Error(`a product's change was answered with ${reply.outcome}`);
  const isNew = reply.outcome === 'configured' && reply.created;
  const product = { ...productView(reply.product, false), gate: gateOf(reply.product.configuration) };
  return { product, revision: reply.product.revision, isNew };
}

function stockOf(reply: Reply): Extract<Reply, { outcome: 'stock' }> {
  if (reply.outcome === 'refused') throw adminRefusal(reply.refusal);
  if (reply.outcome !== 'stock') throw new Error(`a question about stock was answered with ${reply.outcome}`);
  return reply;
}

function counted({ productId, stock }: Extract<Reply, { outcome: 'stock' }>): StockCounted {
  const { loaded, available, reserved, sold, withdrawn } = stock;
  return { productId, loaded, available, reserved, sold, withdrawn };
}
