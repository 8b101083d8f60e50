// The API's documentation, the pages' static files, and what is shown at an address where nothing is.

import type { Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { LRUCache } from 'lru-cache';
import type { HttpContext } from './context.ts';
import { openApiDocument } from './openapi/index.ts';
import { pageHeaders } from './page-headers.ts';
import { PROBLEMS } from './problem.ts';
import { assetResponse, docsPage, localeOf, nowherePage } from './pages/index.ts';

const DOCS_REMEMBERED = 8;

const problemList = Object.entries(PROBLEMS).map(([code, kind]) => ({ code, ...kind }));

export function pageRoutes(app: Hono, context: HttpContext): void {
  const { assets } = context;

  // The page costs milliseconds of the thread that also sells: it is made once for each address that it is read at, since
  // its commands name that address.
  const docs = new LRUCache<string, Promise<string>>({ max: DOCS_REMEMBERED });
  const docsAt = (origin: string): Promise<string> => {
    const known = docs.get(origin);
    if (known !== undefined) return known;
    const document = { ...openApiDocument(), servers: [{ url: origin }] };
    const made = Promise.resolve(docsPage(document, problemList)).then(String);
    docs.set(origin, made);
    return made;
  };
  app.get('/docs', async (c) => {
    pageHeaders(c.header.bind(c));
    return c.html(await docsAt(new URL(c.req.url).origin));
  });

  app.get('/openapi.json', (c) => c.json(openApiDocument()));

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
