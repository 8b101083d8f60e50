// What of a request's headers says who sends it and from where, under the names that Node gives them: its own headers are one as
// they are, so that a purchase copies nothing.

import type { Context } from 'hono';

export interface Caller {
  readonly authorization?: string | undefined;
  readonly cookie?: string | undefined;
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly 'sec-fetch-site'?: string | undefined;
  readonly 'x-forwarded-proto'?: string | undefined;
  readonly 'doorbuster-invitation'?: string | undefined;
  /** Whom the page that calls was made for, percent-encoded: all pages of a browser share one session. */
  readonly 'doorbuster-customer'?: string | undefined;
}

export function callerOf(c: Context): Caller {
  return {
    authorization: c.req.header('authorization'),
    cookie: c.req.header('cookie'),
    host: c.req.header('host') ?? new URL(c.req.url).host,
    origin: c.req.header('origin'),
    'sec-fetch-site': c.req.header('sec-fetch-site'),
    'x-forwarded-proto': c.req.header('x-forwarded-proto'),
    'doorbuster-invitation': c.req.header('doorbuster-invitation'),
    'doorbuster-customer': c.req.header('doorbuster-customer'),
  };
}

export const changesNothing = (method: string): boolean => method === 'GET' || method === 'HEAD';

/**
 * A browser says where a request comes from, and no page can make it say otherwise. Whoever says nothing at all is not believed.
 * @param secure whether shoppers come over TLS @param ownOrigins further ones, where they see this node under another address
 */
export function isFromOwnPage(caller: Caller, secure: boolean, ownOrigins: readonly string[]): boolean {
  const { host, origin } = caller;
  const site = caller['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  if (origin === undefined || host === undefined) return false;
  if (ownOrigins.includes(origin)) return true;
  const page = URL.parse(origin);
  // Whoever stands between a browser and a page without TLS writes that page.
  return page?.host === host.toLowerCase() && (!secure || page.protocol === 'https:');
}

/**
 * TLS ends in front of the node, so the node cannot see it: everywhere but at home it is demanded, and there too where a proxy says
 * that it is there. Whoever makes that up locks out nobody but themselves.
 */
export function isSecure(caller: Caller, demo: boolean): boolean {
  if (caller['x-forwarded-proto'] === 'https') return true;
  return !demo && !isLoopback(caller.host ?? '');
}

const isLoopback = (host: string): boolean => /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)(:\d+)?$/i.test(host);
