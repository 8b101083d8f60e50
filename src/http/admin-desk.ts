// What a shop's admin may have done, whichever way the wish came: over HTTP or over NATS. Both check the wish's shape first;
// here it becomes a command for the actor, and its reply plain data. An answer leaves only when it is durable.

import type * as z from 'zod';
import {
  retryOf,
  type CountedStock,
  type Refusal,
  type Reply,
  type Retry,
  type Stock,
} from '../actors/index.ts';
import type { Router } from '../runtime/index.ts';
import { adminDetail } from './admin-details.ts';
import type { ProductView } from './pages/index.ts';
import type { NodeControl, NodeShard } from './node-control.ts';
import { Problem } from './problem.ts';
import { productView } from './product-view.ts';
import type { PutProduct } from './schemas.ts';
import type { StockBatch } from './stock-schemas.ts';

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

/** What became of one line of a batch: it is counted, or this is why not. */
export type StockResult =
  | { readonly requestId: string; readonly duplicate: boolean }
  | { readonly requestId: string; readonly code: Refusal; readonly detail: string; readonly retry: Retry };

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

  /** All lines are on their way before the first is answered, so that those of one shard share its next append. */
  async changeStocks({ change, lines, inOrder }: z.output<typeof StockBatch>): Promise<{
    readonly results: readonly StockResult[];
  }> {
    const kind = change === 'load' ? 'loadStock' : 'withdrawStock';
    const latest = new Map<string, CountedStock>();
    const results = lines.map(async ({ productId, requestId, quantity }): Promise<StockResult> => {
      const after = inOrder ? latest.get(productId) : undefined;
      if (inOrder) latest.set(productId, { requestId, quantity });
      return resultOf(requestId, await this.#router.request({ kind, productId, requestId, quantity, after }));
    });
    return { results: await Promise.all(results) };
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
  return answered(reply);
}

function answered(reply: Reply): Extract<Reply, { outcome: 'stock' }> {
  if (reply.outcome === 'stock') return reply;
  throw new Error(`a question about stock was answered with ${reply.outcome}`);
}

function resultOf(requestId: string, reply: Reply): StockResult {
  if (reply.outcome !== 'refused') return { requestId, duplicate: answered(reply).duplicate };
  const code = reply.refusal;
  return { requestId, code, detail: adminDetail(refused(code)), retry: retryOf(code) };
}

function counted({ productId, stock }: Extract<Reply, { outcome: 'stock' }>): StockCounted {
  const { loaded, available, reserved, sold, withdrawn } = stock;
  return { productId, loaded, available, reserved, sold, withdrawn };
}
