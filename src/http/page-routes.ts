// The API's documentation, the pages' static files, and what is shown at an address where nothing is.

import type { Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import type { HttpContext } from './context.ts';
import { pageHeaders } from './page-headers.ts';
import { assetResponse, localeOf, nowherePage, type VisitorView } from './pages/index.ts';
import { Problem } from './problem.ts';
import { signInAddress } from './session/addresses.ts';
import { pageVisit } from './shop/page-visit.ts';

export function pageRoutes(app: Hono, context: HttpContext): void {
  const { assets } = context;

  const reference = () => import('./api-reference.ts');
  app.get('/docs', async (c) => {
    pageHeaders(c.header.bind(c));
    return c.html(await (await reference()).docsAt(new URL(c.req.url).origin));
  });

  app.get('/openapi.json', async (c) =>
    c.body((await reference()).openApiBytes(), 200, { 'Content-Type': 'application/json' }),
  );

  const asset = (c: Context, name: string, version?: string): Promise<Response> =>
    assetResponse(assets, name, {
      version,
      acceptEncoding: c.req.header('accept-encoding'),
      ifNoneMatch: c.req.header('if-none-match'),
    });
  app.get('/favicon.ico', (c) => asset(c, 'favicon.svg'));

  app.get('/static/*', (c) => asset(c, c.req.path.slice('/static/'.length), c.req.query('v')));
}

/** Whoever typed the address into a browser, rather than a client of the API. */
export function isForPerson(c: Context): boolean {
  return (c.req.method === 'GET' || c.req.method === 'HEAD') && isForPage(c);
}

/** The same, or whoever sent a form of a page. */
export function isForPage(c: Context): boolean {
  if (c.req.path === '/v1' || c.req.path.startsWith('/v1/')) return false;
  const supports = ['text/html', 'application/json', 'application/problem+json'];
  return accepts(c, { header: 'Accept', supports, default: 'application/json' }) === 'text/html';
}

/** Nothing is at the address, or nothing for whoever asks. */
export async function nowhere(c: Context, context: HttpContext): Promise<Response> {
  const visitor = await visitorOf(c, context);
  const { texts } = localeOf(c.req.header('accept-language'));
  pageHeaders(c.header.bind(c));
  return c.html(nowherePage(context.assets, visitor, signInAddress('/'), texts), 404);
}

/** A token that is wrong is nobody's here: there is nothing to keep from them. */
async function visitorOf(c: Context, context: HttpContext): Promise<VisitorView | undefined> {
  try {
    return (await pageVisit(c, context, '/')).shown;
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
