// Pages for people: the storefront, the API's documentation, and their static files.

import type { Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { LRUCache } from 'lru-cache';
import type { HttpContext } from './context.ts';
import { openApiDocument } from './openapi/index.ts';
import { pageHeaders } from './page-headers.ts';
import { PROBLEMS } from './problem.ts';
import { assetResponse, docsPage, nowherePage, storefrontPage, type ProductView } from './pages/index.ts';
import { productView } from './product-view.ts';
import { ShopWindow } from './shop-window.ts';

const DOCS_REMEMBERED = 8;
/** What can be bought comes first. */
const STATES_SHOWN = ['on_sale', 'upcoming', 'paused', 'sold_out', 'ended'];

const problemList = Object.entries(PROBLEMS).map(([code, kind]) => ({ code, ...kind }));

export function pageRoutes(app: Hono, context: HttpContext): void {
  const { router, products, cache, assets, clock, demo } = context;
  const shopWindow = new ShopWindow(products, cache);

  app.get('/', async (c) => {
    const productIds = await shopWindow.productIds();
    const replies = await Promise.all(
      productIds.map((productId) => router.request({ kind: 'showProduct', productId })),
    );
    const views = replies.flatMap((reply): ProductView[] =>
      reply.outcome === 'product' ? [productView(reply.product)] : [],
    );
    views.sort((one, other) => STATES_SHOWN.indexOf(one.sale.state) - STATES_SHOWN.indexOf(other.sale.state));
    pageHeaders(c.header.bind(c));
    return c.html(storefrontPage({ demo, products: views, now: clock.now() }));
  });

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

  app.get('/favicon.ico', () => assetResponse(assets, 'favicon.svg', undefined));

  app.get('/static/*', (c) => assetResponse(assets, c.req.path.slice('/static/'.length), c.req.query('v')));
}

/** Whoever typed the address into a browser, rather than a client of the API. */
export function isForPerson(c: Context): boolean {
  const isLook = c.req.method === 'GET' || c.req.method === 'HEAD';
  if (!isLook || c.req.path === '/v1' || c.req.path.startsWith('/v1/')) return false;
  const supports = ['text/html', 'application/json', 'application/problem+json'];
  return accepts(c, { header: 'Accept', supports, default: 'application/json' }) === 'text/html';
}

/** Nothing is at the address. */
export function nowhere(c: Context, { assets }: HttpContext): Response | Promise<Response> {
  pageHeaders(c.header.bind(c));
  return c.html(nowherePage(assets), 404);
}
