// Shoppers' orders as the API has them: buy, look, ask by key, pay, cancel.

import type { Context, Hono } from 'hono';
import { orderIdKey, type Key, type Order, type Reply } from '../actors/index.ts';
import { responseOf } from './answer.ts';
import type { Shopper } from './auth.ts';
import { callerOf } from './caller.ts';
import type { HttpContext } from './context.ts';
import { instant } from './instant.ts';
import { orderBody } from './order-body.ts';
import type { OrderDesk } from './order-desk.ts';
import { Problem, problemResponse } from './problem.ts';
import { PURCHASE_PATH, TICKET_HEADER, type Purchase } from './purchase.ts';
import { parse, readBytes, readJson } from './request.ts';
import { IdempotencyKey, PayOrder, ProductId } from './schemas.ts';

export function orderRoutes(app: Hono, context: HttpContext, desk: OrderDesk, purchase: Purchase): void {
  const { auth, addresses, limits } = context;

  app.post(PURCHASE_PATH, async (c) => {
    const caller = callerOf(c);
    const idempotencyKey = c.req.header('idempotency-key');
    const ticket = c.req.header(TICKET_HEADER);
    const address = addresses.ofContext(c);
    const body = new Uint8Array(await readBytes(c, limits.orderBytesMax));
    return new Promise<Response>((resolve) => {
      purchase({ caller, idempotencyKey, ticket, address, body }, (answer) => resolve(responseOf(answer)));
    });
  });

  app.get('/v1/orders', async (c) => {
    const shopper = await auth.shopper(c);
    const productId = c.req.query('productId');
    const key = c.req.query('idempotencyKey');
    if (productId === undefined && key === undefined) return list(c, desk, shopper);
    parse(ProductId, productId, 'productId');
    parse(IdempotencyKey, key, 'idempotencyKey');
    return present(c, await desk.find(productId!, key!, shopper), shopper);
  });

  app.get('/v1/orders/:id', async (c) => {
    const shopper = await auth.shopper(c);
    return present(c, await desk.show(orderIdOf(c), shopper), shopper);
  });

  app.delete('/v1/orders/:id', async (c) => {
    const shopper = await auth.shopper(c);
    return present(c, await desk.cancel(orderIdOf(c), shopper), shopper);
  });

  app.post('/v1/orders/:id/payment', async (c) => {
    const shopper = await auth.shopper(c);
    const orderId = orderIdOf(c);
    const { method, token } = await readJson(c, PayOrder, limits.orderBytesMax);
    const address = addresses.ofContext(c);
    return present(c, await desk.pay(orderId, shopper, { method, token, address }), shopper);
  });
}

/** @throws Problem not_found, since what is no id belongs to nobody */
function orderIdOf(c: Context): Key {
  const orderId = orderIdKey(c.req.param('id') ?? '');
  if (orderId === undefined) throw new Problem('not_found');
  return orderId;
}

function present(c: Context, reply: Reply, shopper: Shopper): Response {
  switch (reply.outcome) {
    case 'refused':
      return problemResponse(reply.refusal);
    case 'conflict':
      return problemResponse(reply.refusal, { order: orderBody(reply.order, shopper) });
    case 'order':
      return answerOrder(c, reply.order, shopper);
    default:
      throw new Error(`a question for an order was answered with ${reply.outcome}`);
  }
}

function answerOrder(c: Context, order: Order, shopper: Shopper): Response {
  c.header('Cache-Control', 'no-store');
  if (order.status === 'refund_due' || order.status === 'refunded') {
    // Only a payment that came too late leads here when it was asked to pay; whoever only looks gets the order.
    if (c.req.method === 'POST') {
      const detail = 'The payment came after the units were gone. It will be given back.';
      return problemResponse('order_state_conflict', { detail, order: orderBody(order, shopper) });
    }
  }
  const isUndecided = order.status === 'payment_pending' || order.status === 'in_review';
  return c.json(orderBody(order, shopper), isUndecided && c.req.method === 'POST' ? 202 : 200);
}

async function list(c: Context, desk: OrderDesk, shopper: Shopper): Promise<Response> {
  const { orders, next, asOf } = await desk.list(shopper, c.req.query('before'));
  c.header('Cache-Control', 'no-store');
  return c.json({
    orders: orders.map(({ createdAt, holdExpiresAt, ...order }) => ({
      ...order,
      createdAt: instant(createdAt),
      holdExpiresAt: holdExpiresAt === null ? null : instant(holdExpiresAt),
    })),
    next: next ?? null,
    asOf: instant(asOf),
  });
}
