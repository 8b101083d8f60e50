// The HTTP application of one thread: routes, and what becomes of errors.

import { Hono } from 'hono';
import { abandonmentRoutes } from './abandonment-routes.ts';
import { adminRoutes } from './admin-routes.ts';
import { assetRoutes } from './asset-routes.ts';
import { cmsRoutes } from './cms/index.ts';
import type { HttpContext } from './context.ts';
import { customerRoutes } from './customer-routes.ts';
import { limitGuard } from './gate/limits/index.ts';
import { OrderCache } from './order-cache.ts';
import { OrderDesk } from './order-desk.ts';
import { orderRoutes } from './order-routes.ts';
import { TicketDesk, ticketRoutes } from './gate/tickets/index.ts';
import { isForPage, isForPerson, nowhere, pageRoutes } from './page-routes.ts';
import { paymentRoutes } from './payment/index.ts';
import { placementRoutes } from './placement-routes.ts';
import { Problem, problemResponse } from './problem.ts';
import { productRoutes } from './product-routes.ts';
import { purchaseOf, type Purchase } from './purchase.ts';
import { RetiredOrders } from './retired-orders.ts';
import { riskRoutes } from './risk/index.ts';
import { problemPage, shopRoutes, type CampaignLook } from './shop/index.ts';
import { sessionRoutes } from './session/index.ts';
import { systemRoutes } from './system-routes.ts';
import { userRoutes } from './user-routes.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

export interface AppEvents {
  /** A bug, or something that no handler foresaw. */
  readonly onError: (error: unknown) => void;
}

export interface App {
  readonly app: Hono;
  /** The ways past it. */
  readonly purchase: Purchase;
  readonly look: CampaignLook;
}

export function createApp(context: HttpContext, { onError }: AppEvents): App {
  const app = new Hono();
  const retired = new RetiredOrders(context.orders, new OrderCache(context.cache));
  const purchase = purchaseOf(context, retired, onError);
  const desk = new OrderDesk(context, retired);
  const ticketDesk = new TicketDesk(context);
  limitGuard(app, context, (c, retryAfterSeconds) =>
    isForPage(c) ? problemPage(c, context, 'rate_limited', retryAfterSeconds) : undefined,
  );
  orderRoutes(app, context, desk, purchase);
  paymentRoutes(app, context);
  productRoutes(app, context);
  adminRoutes(app, context);
  placementRoutes(app, context);
  userRoutes(app, context);
  abandonmentRoutes(app, context);
  customerRoutes(app, context);
  riskRoutes(app, context);
  ticketRoutes(app, context, ticketDesk);
  systemRoutes(app, context);
  const look = shopRoutes(app, context, { purchase, ticketDesk, desk });
  pageRoutes(app, context);
  assetRoutes(app, context);
  sessionRoutes(app, context, onError);
  cmsRoutes(app, context, onError);
  app.notFound((c) => {
    const allowed = methodsOf(app, c.req.path);
    if (allowed.length === 0 || allowed.includes(c.req.method))
      return isForPerson(c) ? nowhere(c, context) : problemResponse('not_found');
    const response = problemResponse('method_not_allowed');
    response.headers.set('Allow', allowed.join(', '));
    return response;
  });
  app.onError((error, c) => {
    if (error instanceof Problem) {
      if (!isForPage(c)) return problemResponse(error.code, error.extra);
      return error.code === 'not_found' ? nowhere(c, context) : problemPage(c, context, error.code);
    }
    onError(error);
    // Whatever went wrong, an order may exist: only the repetition with the same key can tell. A look changes nothing.
    const isLook = c.req.method === 'GET' || c.req.method === 'HEAD';
    const code = isLook ? 'unavailable' : 'outcome_unknown';
    return isForPage(c) ? problemPage(c, context, code) : problemResponse(code);
  });
  return { app, purchase, look };
}

/** What the address takes; middleware stands in front of methods that it does not serve. */
function methodsOf(app: Hono, path: string): string[] {
  const served = METHODS.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  return served.includes('GET') ? [...served, 'HEAD'] : served;
}
