// What anybody may see of products: the state of each, and the same as it changes.

import type { Hono } from 'hono';
import type { Reply } from '../actors/index.ts';
import type { HttpContext } from './context.ts';
import { EventStreams } from './event-streams.ts';
import { invalid, Problem, problemResponse } from './problem.ts';
import { productView } from './product-view.ts';
import { parse } from './request.ts';
import { ProductId } from './schemas.ts';

export const PRODUCTS_PER_STREAM_MAX = 50;

export function productRoutes(app: Hono, context: HttpContext): void {
  const streams = new EventStreams(context);
  const show = (productId: string): Promise<Reply> =>
    context.router.request({ kind: 'showProduct', productId });

  app.get('/v1/products/:id', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    const reply = await show(productId);
    if (reply.outcome === 'refused') return problemResponse(reply.refusal);
    if (reply.outcome !== 'product') throw new Error(`a product was answered with ${reply.outcome}`);
    c.header('Cache-Control', 'no-store');
    c.header('ETag', `"${reply.product.revision}"`);
    return c.json(productView(reply.product));
  });

  app.get('/v1/products/:id/events', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    const reply = await show(productId);
    if (reply.outcome === 'refused') return problemResponse(reply.refusal);
    return streams.open(c, [productId]);
  });

  // A browser allows six connections to a host: one stream for all the products of a page.
  app.get('/v1/events', async (c) => {
    const productIds = [...new Set(c.req.queries('product') ?? [])];
    if (productIds.length === 0 || productIds.length > PRODUCTS_PER_STREAM_MAX) {
      throw invalid('product', `name 1 to ${PRODUCTS_PER_STREAM_MAX} products, as ?product=a&product=b`);
    }
    for (const productId of productIds) parse(ProductId, productId, 'product');
    // A watched product is asked for four times a second: nobody may have made-up ones watched.
    const replies = await Promise.all(productIds.map(show));
    const unknown = productIds.filter((_, at) => isNotFound(replies[at]!));
    if (unknown.length > 0)
      throw new Problem('not_found', { detail: `There is no product ${unknown.join(', ')}.` });
    return streams.open(c, productIds);
  });
}

const isNotFound = (reply: Reply): boolean => reply.outcome === 'refused' && reply.refusal === 'not_found';
