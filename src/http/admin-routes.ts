// The shop's own calls, with the admin token: products, stock, shards, audit, profiles.

import type { Context, Hono } from 'hono';
import type { Refusal, Reply, Stock } from '../actors/index.ts';
import type { HttpContext } from './context.ts';
import { invalid, Problem, problemResponse } from './problem.ts';
import { productView } from './product-view.ts';
import { idempotencyKey, parse, readJson } from './request.ts';
import { profileAnswer } from './profile-answer.ts';
import { ChangeStock, ProductId, PutProduct, TakeProfile } from './schemas.ts';

export function adminRoutes(app: Hono, context: HttpContext): void {
  const { auth, router, limits, node } = context;

  app.use('/v1/admin/*', async (c, next) => {
    auth.admin(c.req.header('authorization'));
    c.header('Cache-Control', 'no-store');
    await next();
  });

  app.put('/v1/admin/products/:id', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    const product = await readJson(c, PutProduct, limits.adminBytesMax);
    const reply = await router.request({
      kind: 'configure',
      productId,
      expectedRevision: expectedRevision(c),
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
    return answerProduct(c, reply);
  });

  for (const kind of ['pause', 'resume'] as const) {
    app.post(`/v1/admin/products/:id/${kind}`, async (c) => {
      const productId = parse(ProductId, c.req.param('id'), 'id');
      return answerProduct(c, await router.request({ kind, productId }));
    });
  }

  app.post('/v1/admin/products/:id/stock', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    const requestId = idempotencyKey(c.req.header('idempotency-key'));
    const { quantity } = await readJson(c, ChangeStock, limits.adminBytesMax);
    const kind = quantity > 0 ? 'loadStock' : 'withdrawStock';
    return answerStock(c, await router.request({ kind, productId, requestId, quantity: Math.abs(quantity) }));
  });

  app.get('/v1/admin/products/:id/stock', async (c) => {
    const productId = parse(ProductId, c.req.param('id'), 'id');
    return answerStock(c, await router.request({ kind: 'showStock', productId }));
  });

  app.get('/v1/admin/shards', async (c) => c.json({ shards: await node.shards() }));

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

const CLOSED_FOR_GOOD =
  'The sale ended more than 24 h ago (or what ORDERS_KEPT_SECONDS says) and is closed for good: nothing of it changes any ' +
  'more. Make a new product.';

/** A shop's change meets the end of a sale only when it is closed for good. */
const refused = (refusal: Refusal): Response =>
  refusal === 'sale_ended'
    ? problemResponse('sale_ended', { detail: CLOSED_FOR_GOOD })
    : problemResponse(refusal);

function answerProduct(c: Context, reply: Reply): Response {
  if (reply.outcome === 'refused') return refused(reply.refusal);
  if (reply.outcome !== 'configured' && reply.outcome !== 'product') {
    throw new Error(`a product's change was answered with ${reply.outcome}`);
  }
  const isNew = reply.outcome === 'configured' && reply.created;
  c.header('ETag', `"${reply.product.revision}"`);
  if (isNew) c.header('Location', `/v1/products/${reply.product.productId}`);
  return c.json(productView(reply.product), isNew ? 201 : 200);
}

function answerStock(c: Context, reply: Reply): Response {
  if (reply.outcome === 'refused') return refused(reply.refusal);
  if (reply.outcome !== 'stock') throw new Problem('invalid_request');
  const { loaded, available, reserved, sold, withdrawn }: Stock = reply.stock;
  const units = { loaded, available, reserved, sold, withdrawn };
  if (c.req.method === 'GET') return c.json({ productId: reply.productId, ...units });
  if (reply.duplicate) c.header('Idempotency-Replayed', 'true');
  return c.json({ productId: reply.productId, ...units, duplicate: reply.duplicate });
}
