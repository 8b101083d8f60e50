// A problem, for whoever looks at a page or sent its form.

import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { HttpContext } from '../context.ts';
import { pageHeaders } from '../page-headers.ts';
import { localeOf, troublePage } from '../pages/index.ts';
import { PROBLEMS, type ProblemCode } from '../problem.ts';
import { refusalText } from './form-purchase.ts';

export function problemPage(
  c: Context,
  { assets }: HttpContext,
  code: ProblemCode,
): Response | Promise<Response> {
  const { texts } = localeOf(c.req.header('accept-language'));
  const kind: { status: ContentfulStatusCode; retryAfterSeconds?: number } = PROBLEMS[code];
  pageHeaders(c.header.bind(c));
  if (kind.retryAfterSeconds !== undefined) c.header('Retry-After', String(kind.retryAfterSeconds));
  // A link would lead to a form with another key, under which it would be another order.
  if (code === 'outcome_unknown') {
    const toOrders = { href: '/orders', text: texts.visitor.myOrders };
    return c.html(troublePage(assets, texts.trouble.inDoubt, toOrders, texts), kind.status);
  }
  // A form is not sent again by a link: the page that it stands on is at the address above it.
  const { path, method } = c.req;
  const again = method === 'POST' ? path.replace(/\/[^/]*$/, '') || '/' : path;
  const link = { href: again, text: texts.trouble.again };
  return c.html(troublePage(assets, refusalText(code, texts), link, texts), kind.status);
}
