// Figures of holds that nobody paid, for people.

import type { Hono } from 'hono';
import type { HttpContext } from '../context.ts';
import { abandonmentPage, SPANS } from '../pages/cms/index.ts';
import { lookOf } from './look.ts';

/** Customers, and networks, of one page: those with most holds that ran out. */
export const ABANDONMENT_LINES = 50;
const HOURS = 24;

export function abandonmentRoutes(cms: Hono, context: HttpContext): void {
  const { abandonment } = context;
  if (abandonment === undefined) return;

  cms.get('/cms/abandonment', async (c) => {
    const asked = c.req.query('hours');
    const hours = SPANS.find((span) => String(span.hours) === asked)?.hours ?? HOURS;
    const figures = await abandonment.read({ hours, limit: ABANDONMENT_LINES });
    return c.html(abandonmentPage(lookOf(c, context), { ...figures, hours }));
  });
}
