// Who holds units and lets them go, for whoever has the admin token.

import type { Hono } from 'hono';
import type * as z from 'zod';
import { AskAbandonment, type AbandonmentView } from './abandonment-schemas.ts';
import type { HttpContext } from './context.ts';
import { Problem } from './problem.ts';
import { parse } from './request.ts';

/** Behind the admin token: admin-routes.ts checks it for all of /v1/admin. */
export function abandonmentRoutes(app: Hono, { abandonment }: Pick<HttpContext, 'abandonment'>): void {
  app.get('/v1/admin/abandonment', async (c) => {
    const asked = parse(AskAbandonment, c.req.query(), 'query');
    if (abandonment === undefined) throw new Problem('unavailable');
    const told = await abandonment.read(asked).catch(() => {
      throw new Problem('unavailable');
    });
    const { all, isWhole } = told;
    const view: z.input<typeof AbandonmentView> = {
      hours: asked.hours,
      isWhole,
      all,
      customers: [...told.customers],
      networks: [...told.networks],
    };
    return c.json(view);
  });
}
