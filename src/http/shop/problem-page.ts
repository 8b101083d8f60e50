// A problem, for whoever looks at a page or sent its form.

import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { HttpContext } from '../context.ts';
import { pageHeaders } from '../page-headers.ts';
import { localeOf, troublePage, type Assets } from '../pages/index.ts';
import { PROBLEMS, type ProblemCode } from '../problem.ts';
import { deedText, refusalText } from './form-purchase.ts';

/** @param retryAfterSeconds of this very answer, where its code alone does not say it */
export function problemPage(
  c: Context,
  { assets }: Pick<HttpContext, 'assets'>,
  code: ProblemCode,
  retryAfterSeconds?: number,
): Response | Promise<Response> {
  const { texts } = localeOf(c.req.header('accept-language'));
  const kind: { status: ContentfulStatusCode; retryAfterSeconds?: number } = PROBLEMS[code];
  const retryAfter = retryAfterSeconds ?? kind.retryAfterSeconds;
  pageHeaders(c.header.bind(c));
  if (retryAfter !== undefined) c.header('Retry-After', String(retryAfter));
  // A link would lead to a form with another key, under which it would be another order.
  if (code === 'outcome_unknown') {
    const toOrders = { href: '/orders', text: texts.visitor.myOrders };
    return c.html(troublePage(assets, texts.trouble.inDoubt, toOrders, texts), kind.status);
  }
  // A form is not sent again by a link: the page that it stands on is at the address above it.
  const { path, method } = c.req;
  const isLook = method === 'GET' || method === 'HEAD';
  if (code === 'rate_limited' && isLook) return busyPage(c, assets, retryAfterSeconds ?? 1);
  const again = method === 'POST' ? path.replace(/\/[^/]*$/, '') || '/' : path;
  const link = { href: again, text: texts.trouble.again };
  // Whoever pays or cancels has an order that stands: none was refused here.
  const isPurchase = !isLook && path.endsWith('/orders');
  const text = isPurchase ? refusalText(code, texts) : deedText(code, texts);
  return c.html(troublePage(assets, text, link, texts), kind.status);
}

/** Looking again changes nothing, so the browser does it by itself. */
function busyPage(c: Context, assets: Assets, seconds: number): Response | Promise<Response> {
  const locale = localeOf(c.req.header('accept-language'));
  const { texts } = locale;
  const { trouble } = texts;
  c.header('Refresh', String(seconds));
  const link = { href: c.req.path, text: trouble.again };
  const text = trouble.busy(locale.count(seconds));
  return c.html(troublePage(assets, text, link, texts, trouble.busyHeading), 429);
}
