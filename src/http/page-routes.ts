// Pages for people: the storefront, the API's documentation, and their static files.

import type { Hono } from 'hono';
import type { HttpContext } from './context.ts';
import { openApiDocument } from './openapi.ts';
import { PROBLEMS } from './problem.ts';
import { assetResponse, docsPage, storefrontPage, type ProductView } from './pages/index.ts';
import { productView } from './product-view.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const PRODUCTS_SHOWN = 24;

const problemList = Object.entries(PROBLEMS).map(([code, kind]) => ({ code, ...kind }));

export function pageRoutes(app: Hono, context: HttpContext): void {
  const { router, products, assets, clock, demo } = context;

  // The shop window stays full while Postgres is away: which products there are comes from there, how they stand does not.
  let known: string[] = [];
  const listed = async (): Promise<string[]> => {
    try {
      known = (await products.list(PRODUCTS_SHOWN)).map(({ id }) => id);
    } catch (error) {
      if (known.length === 0) throw error;
    }
    return known;
  };

  app.get('/', async (c) => {
    const productIds = await listed();
    const replies = await Promise.all(
      productIds.map((productId) => router.request({ kind: 'showProduct', productId })),
    );
    const views = replies.flatMap((reply): ProductView[] =>
      reply.outcome === 'product' ? [productView(reply.product)] : [],
    );
    pageHeaders(c.header.bind(c));
    return c.html(storefrontPage({ demo, products: views, now: clock.now() }));
  });

  // The page costs milliseconds of the thread that also sells, and never changes: it is made once.
  let docs: Promise<string> | undefined;
  app.get('/docs', async (c) => {
    docs ??= Promise.resolve(docsPage(openApiDocument(), problemList)).then(String);
    pageHeaders(c.header.bind(c));
    return c.html(await docs);
  });

  app.get('/openapi.json', (c) => c.json(openApiDocument()));

  app.get('/favicon.ico', () => assetResponse(assets, 'favicon.svg', undefined));

  app.get('/static/*', (c) => assetResponse(assets, c.req.path.slice('/static/'.length), c.req.query('v')));
}

function pageHeaders(set: (name: string, value: string) => void): void {
  set('Content-Security-Policy', POLICY);
  set('X-Content-Type-Options', 'nosniff');
  set('Referrer-Policy', 'same-origin');
  set('Cache-Control', 'no-store');
}
