// The limits in front of all routes but purchases, which are judged on their own path. Whoever brings a token that is wrong is nobody
// here: the route says what is wrong with it.

import type { Context, Hono } from 'hono';
import type { Key } from '../../../actors/index.ts';
import { responseOf } from '../../answer.ts';
import type { Auth } from '../../auth.ts';
import { callerOf } from '../../caller.ts';
import type { HttpContext } from '../../context.ts';
import { RATE_LIMIT, RATE_LIMIT_POLICY, tooMany } from './limited-answer.ts';
import { requestClass } from './request-class.ts';
import type { Verdict } from './rate-limits.ts';

/** @param page what whoever looks at a page is answered instead; undefined: it is no page */
export function limitGuard(
  app: Hono,
  { auth, addresses, rateLimits }: HttpContext,
  page: (c: Context, retryAfterSeconds: number) => Response | Promise<Response> | undefined,
): void {
  if (rateLimits === undefined) return;
  app.use(async (c, next) => {
    const kind = requestClass(c.req.method, c.req.path);
    if (kind === undefined) return next();
    const customerKey = await customerOf(c, auth);
    const verdict = rateLimits.judge(kind, customerKey, addresses.ofContext(c));
    if (verdict === undefined) return next();
    if (!verdict.isAllowed) {
      const shown = await page(c, verdict.retryAfterSeconds);
      return shown === undefined ? responseOf(tooMany(verdict)) : said(shown, verdict);
    }
    await next();
    said(c.res, verdict);
    return undefined;
  });
}

function said(response: Response, { rateLimit, policy, isAllowed, retryAfterSeconds }: Verdict): Response {
  response.headers.set(RATE_LIMIT, rateLimit);
  response.headers.set(RATE_LIMIT_POLICY, policy);
  if (!isAllowed) response.headers.set('Retry-After', String(retryAfterSeconds));
  return response;
}

async function customerOf(c: Context, auth: Auth): Promise<Key | undefined> {
  try {
    return (await auth.visitorOf(callerOf(c), false))?.customerKey;
  } catch {
    return undefined;
  }
}
