// What a shop's admin may have done, whichever way the wish came: over HTTP or over NATS. Both check the wish's shape first;
// here it becomes a command for the actor, and its reply plain data. An answer leaves only when it is durable.

import type * as z from 'zod';
import type { Refusal, Reply, Stock } from '../actors/index.ts';
import type { Router } from '../runtime/index.ts';
import type { ProductView } from './pages/index.ts';
import type { NodeControl, NodeShard } from './node-control.ts';
import { Problem } from './problem.ts';
import { productView } from './product-view.ts';
import type { PutProduct } from './schemas.ts';

export interface ProductSaved {
  readonly product: ProductView;
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

const CLOSED_FOR_GOOD =
  'The sale ended more than 24 h ago (or what ORDERS_KEPT_SECONDS says) and is closed for good: nothing of it changes any ' +
  'more. Make a new product.';

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

  /** @throws Problem */
  async showStock(productId: string): Promise<StockCounted> {
    return counted(stockOf(await this.#router.request({ kind: 'showStock', productId })));
  }

  async shards(): Promise<{ shards: readonly NodeShard[] }> {
    return { shards: await this.#node.shards() };
  }
}

/** A shop's change meets the end of a sale only when it is closed for good. */
const refused = (refusal: Refusal): Problem =>
  refusal === 'sale_ended' ? new Problem('sale_ended', { detail: CLOSED_FOR_GOOD }) : new Problem(refusal);

function productSaved(reply: Reply): ProductSaved {
  if (reply.outcome === 'refused') throw refused(reply.refusal);
  if (reply.outcome !== 'configured' && reply.outcome !== 'product')
    throw new Error(`a product's change was answered with ${reply.outcome}`);
  const isNew = reply.outcome === 'configured' && reply.created;
  return { product: productView(reply.product), revision: reply.product.revision, isNew };
}

function stockOf(reply: Reply): Extract<Reply, { outcome: 'stock' }> {
  if (reply.outcome === 'refused') throw refused(reply.refusal);
  if (reply.outcome !== 'stock') throw new Error(`a question about stock was answered with ${reply.outcome}`);
  return reply;
}

function counted({ productId, stock }: Extract<Reply, { outcome: 'stock' }>): StockCounted {
  const { loaded, available, reserved, sold, withdrawn } = stock;
  return { productId, loaded, available, reserved, sold, withdrawn };
}
