// A shopper's orders as pages, with forms that pay and cancel: they are all that somebody without scripts needs once they have ordered.
// Nobody's eligibility counts here: whoever has an order may always see it.

import type { Context, Hono } from 'hono';
import { orderIdKey, orderIdText, type Key, type Order, type Reply } from '../../actors/index.ts';
import type { Shopper } from '../auth.ts';
import type { HttpContext } from '../context.ts';
import type { OrderDesk } from '../order-desk.ts';
import { pageHeaders } from '../page-headers.ts';
import { campaignPath, orderPage, ordersPage, type OrderView, type Texts } from '../pages/index.ts';
import { BEHAVIOURS } from '../../payments/index.ts';
import { Problem, PROBLEMS, type ProblemCode } from '../problem.ts';
import { readShopperForm, type ShopperForm } from '../session/csrf.ts';
import { deedText } from './form-purchase.ts';
import { pageVisit, type PageVisit } from './page-visit.ts';
import type { ProductReadings } from './product-readings.ts';

/** Of the demo's payment provider. */
const SANDBOX = Object.keys(BEHAVIOURS);

interface SignedIn extends PageVisit {
  readonly visitor: Shopper;
  readonly shown: NonNullable<PageVisit['shown']>;
}

export function orderPageRoutes(
  app: Hono,
  context: HttpContext,
  { desk, readings }: { readonly desk: OrderDesk; readonly readings: ProductReadings },
): void {
  const { addresses, assets, clock, demo, doors } = context;

  app.get('/orders', (c) =>
    withShopper(c, '/orders', async (visit) => {
      const { orders, next, asOf } = await desk.list(visit.visitor, c.req.query('before'));
      await readings.refresh([...new Set(orders.map(({ productId }) => productId))]);
      const rows = orders.map((order): OrderView => ({ ...order, productName: nameOf(order.productId) }));
      const view = { orders: rows, next, asOf, visitor: visit.shown };
      pageHeaders(c.header.bind(c));
      return c.html(ordersPage(assets, view, visit.locale));
    }),
  );

  app.get('/orders/:id', (c) =>
    withShopper(c, c.req.path, async (visit) => show(c, visit, await desk.show(orderIdOf(c), visit.visitor))),
  );

  app.post('/orders/:id/payment', (c) =>
    changed(c, (orderId, shopper, { field }) => {
      const token = SANDBOX.find((name) => name === field('token')) ?? 'succeed';
      return desk.pay(orderId, shopper, { method: 'card', token, address: addresses.ofContext(c) });
    }),
  );

  app.post('/orders/:id/cancel', (c) => changed(c, (orderId, shopper) => desk.cancel(orderId, shopper)));

  // Somebody looks at the address of a form.
  for (const form of ['payment', 'cancel'])
    app.get(`/orders/:id/${form}`, (c) =>
      c.redirect(`/orders/${encodeURIComponent(c.req.param('id') ?? '')}`, 303),
    );

  async function withShopper(
    c: Context,
    next: string,
    serve: (visit: SignedIn) => Promise<Response>,
  ): Promise<Response> {
    const visit = await pageVisit(c, context, next);
    if (visit.visitor !== undefined) return serve(visit as SignedIn);
    c.header('Cache-Control', 'no-store');
    return c.redirect(visit.signInHref, 303);
  }

  /** What came of the form is what the order's page shows. */
  async function changed(
    c: Context,
    change: (orderId: Key, shopper: Shopper, form: ShopperForm) => Promise<Reply>,
  ): Promise<Response> {
    const orderId = orderIdOf(c);
    const path = `/orders/${orderIdText(orderId)}`;
    return withShopper(c, path, async (visit) => {
      const form = await readShopperForm(c, context);
      let refused: ProblemCode | undefined;
      let reply: Reply;
      try {
        reply = await change(orderId, visit.visitor, form);
        if (reply.outcome === 'order') return c.redirect(path, 303);
        if (reply.outcome === 'refused' || reply.outcome === 'conflict') refused = reply.refusal;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        refused = error.code;
      }
      reply = await desk.show(orderId, visit.visitor);
      return show(c, visit, reply, refused);
    });
  }

  async function show(c: Context, visit: SignedIn, reply: Reply, refused?: ProblemCode): Promise<Response> {
    if (reply.outcome === 'refused' && reply.refusal !== 'not_found') throw new Problem(reply.refusal);
    if (reply.outcome !== 'order') return await c.notFound();
    const { order } = reply;
    await readings.refresh([order.productId]);
    pageHeaders(c.header.bind(c));
    const view = {
      order: viewOf(order),
      visitor: visit.shown,
      shopHref: shopHref(order.productId, visit.visitor),
      now: clock.now(),
      sandbox: demo ? SANDBOX : undefined,
      notice: noticeOf(refused ?? outcomeOf(c.req.query('was'), order), order, visit.locale.texts),
    };
    return c.html(
      orderPage(assets, view, visit.locale),
      refused === undefined ? 200 : PROBLEMS[refused].status,
    );
  }

  const noticeOf = (code: ProblemCode | undefined, { status }: Order, texts: Texts): string | undefined => {
    if (code === undefined) return undefined;
    // A payment that the shop would not take at all ends the order.
    return code === 'payment_declined' && status === 'cancelled' ? texts.order.denied : deedText(code, texts);
  };

  const nameOf = (productId: string): string => readings.of(productId)?.name ?? productId;

  const viewOf = (order: Order): OrderView => ({
    ...order,
    id: orderIdText(order.orderId),
    productName: nameOf(order.productId),
  });

  /** Back to where it can be bought, for whoever may go there. */
  function shopHref(productId: string, visitor: Shopper): string {
    const door = doors.campaignOf(productId);
    return door !== undefined && doors.isMember(door, visitor) ? campaignPath(door.slug) : '/';
  }
}

/** @throws Problem not_found, since what is no id belongs to nobody */
function orderIdOf(c: Context): Key {
  const orderId = orderIdKey(c.req.param('id') ?? '');
  if (orderId === undefined) throw new Problem('not_found');
  return orderId;
}

/** @param was how the page that was followed had it */
function outcomeOf(was: string | undefined, { status }: Order): ProblemCode | undefined {
  const isDeclined = was === 'payment_pending' && status === 'reserved';
  const isDenied = (was === 'payment_pending' || was === 'in_review') && status === 'cancelled';
  return isDeclined || isDenied ? 'payment_declined' : undefined;
}
