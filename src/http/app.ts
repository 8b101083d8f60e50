// The HTTP application of one thread: routes, and what becomes of errors.

import { Hono } from 'hono';
import { adminRoutes } from './admin-routes.ts';
import type { HttpContext } from './context.ts';
import { orderRoutes } from './order-routes.ts';
import { pageRoutes } from './page-routes.ts';
import { Problem, problemResponse } from './problem.ts';
import { productRoutes } from './product-routes.ts';
import { systemRoutes } from './system-routes.ts';

export interface AppEvents {
  /** A bug, or something that no handler foresaw. */
  onError(error: unknown): void;
}

export function createApp(context: HttpContext, { onError }: AppEvents): Hono {
  const app = new Hono();
  orderRoutes(app, context);
  productRoutes(app, context);
  adminRoutes(app, context);
  systemRoutes(app, context);
  pageRoutes(app, context);
  app.notFound((c) => problemResponse(c, 'not_found'));
  app.onError((error, c) => {
    if (error instanceof Problem) {
      return problemResponse(c, error.code, Object.keys(error.extra).length === 0 ? undefined : error.extra);
    }
    onError(error);
    // Whatever went wrong, the caller's order may exist: only the repetition with the same key can tell.
    return problemResponse(c, 'outcome_unknown');
  });
  return app;
}
