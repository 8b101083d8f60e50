// The shop's own calls, with the admin token: products, stock, shards, audit, profiles.

import type { Context, Hono } from 'hono';
import { AdminDesk, type ProductSaved } from './admin-desk.ts';
import type { HttpContext } from './context.ts';
import { invalid } from './problem.ts';
import { idempotencyKey, parse, readJson } from './request.ts';
import { profileAnswer } from './profile-answer.ts';
import { ChangeStock, ProductId, PutProduct, TakeProfile } from './schemas.ts';
import { StockBatch } from './stock-schemas.ts';

export function adminRoutes(app: Hono, context: HttpContext): void {
  const { auth, router, limits, node } = context;
  const desk = new AdminDesk(router, node);

  app.use('/v1/admin/*', async (c, next) => {
    auth.admin(c.req.header('authorization'));
    c.header('Cache-Control', 'no-store');
    await next();
  });

  app.put('/v1/admin/products/:id', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    const product = await readJson(c, PutProduct, limits.adminBytesMax);
    return answerProduct(c, await desk.putProduct(productId, product, expectedRevision(c)));
  });

  for (const kind of ['pause', 'resume'] as const) {
    app.post(`/v1/admin/products/:id/${kind}`, async (c) => {
      const productId = parse(ProductId, c.req.param('id'), 'id');
      return answerProduct(c, await desk.switchSale(kind, productId));
    });
  }

  app.post('/v1/admin/products/:id/stock', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    const requestId = idempotencyKey(c.req.header('idempotency-key'));
    const { quantity } = await readJson(c, ChangeStock, limits.adminBytesMax);
    const kind = quantity > 0 ? 'loadStock' : 'withdrawStock';
    const stock = await desk.changeStock({ kind, productId, requestId, quantity: Math.abs(quantity) });
    if (stock.duplicate) c.header('Idempotency-Replayed', 'true');
    return c.json(stock);
  });

  app.get('/v1/admin/products/:id/stock', async (c) =>
    c.json(await desk.showStock(parse(ProductId, c.req.param('id'), 'id'))),
  );

  app.post('/v1/admin/stock', async (c) =>
    c.json(await desk.changeStocks(await readJson(c, StockBatch, limits.adminBytesMax))),
  );

  app.get('/v1/admin/shards', async (c) => c.json(await desk.shards()));

  app.get('/v1/admin/audit', async (c) => c.json(await node.audit()));

  app.post('/v1/admin/profiles', async (c) => {
    const request = await readJson(c, TakeProfile, limits.adminBytesMax);
    return profileAnswer(await node.profile(request));
  });
}

/** @throws Problem invalid_request */
function expectedRevision(c: Context): number | undefined {
  const header = c.req.header('if-match');
  const unless = c.req.header('if-none-match');
  if (unless !== undefined && unless !== '*')
    throw invalid('If-None-Match', 'can only be *, which means: create');
  if (unless !== undefined && header !== undefined)
    throw invalid('If-None-Match', 'contradicts If-Match; send one of them');
  if (unless !== undefined) return 0;
  if (header === undefined) return undefined;
  const revision = /^"([1-9]\d{0,8})"$/.exec(header)?.[1];
  if (revision === undefined) throw invalid('If-Match', 'must be the ETag of the product, as "3"');
  return Number(revision);
}

function answerProduct(c: Context, { product, revision, isNew }: ProductSaved): Response {
  c.header('ETag', `"${revision}"`);
  if (isNew) c.header('Location', `/v1/products/${product.id}`);
  return c.json(product, isNew ? 201 : 200);
}
