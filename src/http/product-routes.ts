// What shoppers may see of products: the state of each, and the same as it changes. A product behind a door that is closed to
// whoever asks is answered as one that never was, and the actor is asked all the same, so that both take as long.

import type { Context, Hono } from 'hono';
import type { Reply } from '../actors/index.ts';
import type { Visitor } from './auth.ts';
import type { HttpContext } from './context.ts';
import { EventStreams } from './event-streams.ts';
import { invalid, Problem, problemResponse } from './problem.ts';
import { productView } from './product-view.ts';
import { parse } from './request.ts';
import { ProductId } from './schemas.ts';

export const PRODUCTS_PER_STREAM_MAX = 50;

export function productRoutes(app: Hono, context: HttpContext): void {
  const { auth, clock, doors, router, tickets } = context;
  const streams = new EventStreams(context);
  const show = (productId: string): Promise<Reply> => router.request({ kind: 'showProduct', productId });

  app.get('/v1/products/:id', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    const visitor = await auth.visitor(c);
    const reply = await show(productId);
    if (reply.outcome === 'refused') return problemResponse(reply.refusal);
    if (!(await doors.openFor(productId, visitor))) return problemResponse('not_found');
    if (reply.outcome !== 'product') throw new Error(`a product was answered with ${reply.outcome}`);
    c.header('Cache-Control', 'no-store');
    c.header('ETag', `"${reply.product.revision}"`);
    return c.json(productView(reply.product, doors.isCancelled(productId), tickets));
  });

  app.get('/v1/products/:id/events', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    const visitor = await auth.visitor(c);
    const reply = await show(productId);
    if (reply.outcome === 'refused') return problemResponse(reply.refusal);
    if (!(await doors.openFor(productId, visitor))) return problemResponse('not_found');
    return watch(c, [productId], visitor);
  });

  // A browser allows six connections to a host: one stream for all the products of a page.
  app.get('/v1/events', async (c) => {
    const productIds = [...new Set(c.req.queries('product') ?? [])];
    if (productIds.length === 0 || productIds.length > PRODUCTS_PER_STREAM_MAX) {
      throw invalid('product', `name 1 to ${PRODUCTS_PER_STREAM_MAX} products, as ?product=a&product=b`);
    }
    for (const productId of productIds) parse(ProductId, productId, 'product');
    // A watched product is asked for four times a second: nobody may have made-up ones watched.
    const visitor = await auth.visitor(c);
    const replies = await Promise.all(productIds.map(show));
    const areThere = await Promise.all(
      productIds.map((productId, at) => isThere(productId, replies[at]!, visitor)),
    );
    const unknown = productIds.filter((_, at) => !areThere[at]);
    if (unknown.length > 0)
      throw new Problem('not_found', { detail: `There is no product ${unknown.join(', ')}.` });
    return watch(c, productIds, visitor);
  });

  let listens = false;
  /** Until the reader is signed in no more, or may no longer see one of them. */
  function watch(c: Context, productIds: readonly string[], visitor: Visitor): Response {
    if (!listens) doors.onChange(() => streams.lookAgain());
    listens = true;
    return streams.open(c, productIds, (productId) => {
      const isPast = visitor !== undefined && visitor.expiresAt <= clock.now();
      return doors.openFor(productId, isPast ? undefined : visitor);
    });
  }

  /** @throws Problem when the actor cannot say, which then is said of a hidden one as well */
  async function isThere(productId: string, reply: Reply, visitor: Visitor): Promise<boolean> {
    if (isNotFound(reply)) return false;
    if (await doors.openFor(productId, visitor)) return true;
    if (reply.outcome === 'refused') throw new Problem(reply.refusal);
    return false;
  }
}

const isNotFound = (reply: Reply): boolean => reply.outcome === 'refused' && reply.refusal === 'not_found';
