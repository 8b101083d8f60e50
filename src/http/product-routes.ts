// What anybody may see of products: the state of each, and the same as it changes.

import type { Context, Hono } from 'hono';
import type { HttpContext } from './context.ts';
import { invalid, Problem, problemResponse } from './problem.ts';
import { productView } from './product-view.ts';
import { parse } from './request.ts';
import { ProductId } from './schemas.ts';

const PRODUCTS_PER_STREAM_MAX = 50;
const HEARTBEAT_MS = 15_000;
/** A reader this far behind misses an event: the next one tells everything again. */
const STREAM_EVENTS_BUFFERED_MAX = 16;

const heartbeat = new TextEncoder().encode(': still here\n\n');
const opening = new TextEncoder().encode('retry: 2000\n\n');

export function productRoutes(app: Hono, context: HttpContext): void {
  app.get('/v1/products/:id', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    const reply = await context.router.request({ kind: 'showProduct', productId });
    if (reply.outcome === 'refused') return problemResponse(c, reply.refusal);
    if (reply.outcome !== 'product') throw new Error(`a product was answered with ${reply.outcome}`);
    c.header('Cache-Control', 'no-store');
    c.header('ETag', `"${reply.product.revision}"`);
    return c.json(productView(reply.product));
  });

  app.get('/v1/products/:id/events', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    const reply = await context.router.request({ kind: 'showProduct', productId });
    if (reply.outcome === 'refused') return problemResponse(c, reply.refusal);
    return stream(c, context, [productId]);
  });

  // A browser allows six connections to a host: one stream for all the products of a page.
  app.get('/v1/events', (c) => {
    const productIds = [...new Set(c.req.queries('product') ?? [])];
    if (productIds.length === 0 || productIds.length > PRODUCTS_PER_STREAM_MAX) {
      throw invalid('product', `name 1 to ${PRODUCTS_PER_STREAM_MAX} products, as ?product=a&product=b`);
    }
    for (const productId of productIds) parse(ProductId, productId, 'product');
    return stream(c, context, productIds);
  });
}

function stream(c: Context, { hub, counters, limits }: HttpContext, productIds: readonly string[]): Response {
  if (counters.streams >= limits.streamsMax) throw new Problem('overloaded');
  counters.streams++;
  let stop = (): void => undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (event: Uint8Array): void => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(event);
        };
        send(opening);
        const beat = setInterval(() => send(heartbeat), HEARTBEAT_MS);
        const unwatch = productIds.map((productId) => hub.watch(productId, send));
        stop = () => {
          stop = () => undefined;
          counters.streams--;
          clearInterval(beat);
          for (const end of unwatch) end();
        };
      },
      cancel: () => stop(),
    },
    { highWaterMark: STREAM_EVENTS_BUFFERED_MAX },
  );
  c.req.raw.signal.addEventListener('abort', () => stop());
  return c.body(body, 200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
}
