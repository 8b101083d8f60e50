// Shoppers' orders: buy, look, ask by key, pay, cancel. Every call goes to the order's actor, which costs less than any cache.
// Only the list, and orders of products that are retired, come from elsewhere.

import type { Context, Hono } from 'hono';
import {
  orderIdKey,
  requestKeyOf,
  type Key,
  type Order,
  type OrderStatus,
  type Reply,
} from '../actors/index.ts';
import { orderCursorText, ORDERS_PER_PAGE_MAX, parseOrderCursor } from '../persistence/index.ts';
import { responseOf } from './answer.ts';
import type { Shopper } from './auth.ts';
import { callerOf } from './caller.ts';
import type { HttpContext } from './context.ts';
import { instant } from './instant.ts';
import { orderBody } from './order-body.ts';
import { invalid, Problem, problemResponse } from './problem.ts';
import { PURCHASE_PATH, type Purchase } from './purchase.ts';
import { parse, readBytes, readJson } from './request.ts';
import type { RetiredOrders } from './retired-orders.ts';
import { IdempotencyKey, PayOrder, ProductId } from './schemas.ts';

export function orderRoutes(
  app: Hono,
  context: HttpContext,
  retired: RetiredOrders,
  purchase: Purchase,
): void {
  const { auth, router, limits } = context;

  app.post(PURCHASE_PATH, async (c) => {
    const caller = callerOf(c);
    const idempotencyKey = c.req.header('idempotency-key');
    const body = new Uint8Array(await readBytes(c, limits.orderBytesMax));
    return new Promise<Response>((resolve) => {
      purchase({ caller, idempotencyKey, body }, (answer) => resolve(responseOf(answer)));
    });
  });

  app.get('/v1/orders', async (c) => {
    const shopper = await auth.shopper(c);
    const productId = c.req.query('productId');
    const key = c.req.query('idempotencyKey');
    if (productId === undefined && key === undefined) return list(c, context, shopper);
    parse(ProductId, productId, 'productId');
    parse(IdempotencyKey, key, 'idempotencyKey');
    const requestKey = requestKeyOf(productId!, shopper.customerId, key!);
    const reply = await router.request({ kind: 'findOrder', productId: productId!, requestKey });
    const isRetired = reply.outcome === 'retired';
    return present(c, isRetired ? await retired.found(productId!, shopper.customerId, key!) : reply, shopper);
  });

  app.get('/v1/orders/:id', async (c) => {
    const shopper = await auth.shopper(c);
    const { customerKey } = shopper;
    const orderId = orderIdOf(c);
    const reply = await router.request({ kind: 'showOrder', orderId, customerKey });
    return present(c, await elsewhere(reply, orderId, shopper), shopper);
  });

  app.delete('/v1/orders/:id', async (c) => {
    const shopper = await auth.shopper(c);
    const orderId = orderIdOf(c);
    if (context.node.phase === 'stopping') throw new Problem('shutting_down');
    const { customerKey } = shopper;
    const reply = await router.request({ kind: 'cancel', orderId, customerKey });
    return present(c, await elsewhere(reply, orderId, shopper, 'cancelled'), shopper);
  });

  app.post('/v1/orders/:id/payment', async (c) => {
    const shopper = await auth.shopper(c);
    const orderId = orderIdOf(c);
    const { token } = await readJson(c, PayOrder, limits.orderBytesMax);
    if (context.node.phase === 'stopping') throw new Problem('shutting_down');
    const { customerKey } = shopper;
    // Whose order it is comes first: a stranger learns nothing, not even how a payment would go.
    const shown = await router.request({ kind: 'showOrder', orderId, customerKey });
    if (shown.outcome === 'retired')
      return present(c, await elsewhere(shown, orderId, shopper, 'paid'), shopper);
    if (shown.outcome !== 'order' || shown.order.status === 'paid') return present(c, shown, shopper);
    const settlement = settle(context, token);
    const reply = await router.request({ kind: 'pay', orderId, customerKey, settlement });
    return present(c, await elsewhere(reply, orderId, shopper, 'paid'), shopper);
  });

  /** What its actor has let go is asked of the cache and of Postgres. */
  async function elsewhere(
    reply: Reply,
    orderId: Key,
    { customerId }: Shopper,
    wanted?: OrderStatus,
  ): Promise<Reply> {
    if (reply.outcome !== 'retired') return reply;
    return retired.order(reply.productId, orderId, customerId, wanted);
  }
}

/** The demo's payment provider. @throws Problem payment_declined */
function settle({ demo }: HttpContext, token: string): 'paid' | 'payment_pending' | 'in_review' {
  if (!demo)
    throw new Problem('payment_declined', {
      detail: 'No payment provider is configured; nothing was charged.',
    });
  if (token === 'decline') throw new Problem('payment_declined');
  if (token === 'pending') return 'payment_pending';
  return token === 'review' ? 'in_review' : 'paid';
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

async function list(c: Context, { orders, node }: HttpContext, shopper: Shopper): Promise<Response> {
  const before = c.req.query('before');
  const cursor = before === undefined ? undefined : parseOrderCursor(before);
  if (before !== undefined && cursor === undefined)
    throw invalid('before', 'must be `next` of the page before');
  // Read first: what is projected while the list is on its way is then in it or after it, never claimed and missing.
  const asOf = node.projectedUpTo;
  const page = await orders.ofCustomer(shopper.customerId, { limit: ORDERS_PER_PAGE_MAX, before: cursor });
  c.header('Cache-Control', 'no-store');
  return c.json({
    orders: page.orders.map(({ createdAt, holdExpiresAt, ...order }) => ({
      ...order,
      createdAt: instant(createdAt),
      holdExpiresAt: holdExpiresAt === null ? null : instant(holdExpiresAt),
    })),
    next: page.next === undefined ? null : orderCursorText(page.next),
    asOf: instant(asOf),
  });
}
