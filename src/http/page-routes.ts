// The API's documentation, the pages' static files, and what is shown at an address where nothing is.

import type { Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import type { HttpContext } from './context.ts';
import { pageHeaders } from './page-headers.ts';
import { assetResponse, localeOf, nowherePage } from './pages/index.ts';

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

/** Nothing is at the address. */
export function nowhere(c: Context, { assets }: HttpContext): Response | Promise<Response> {
  pageHeaders(c.header.bind(c));
  return c.html(nowherePage(assets, localeOf(c.req.header('accept-language')).texts), 404);
}
