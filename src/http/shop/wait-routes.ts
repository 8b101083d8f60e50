// The wait of whoever buys by a form a sale that asks for work: which order it is for stands in the address, so that the page may be
// loaded again as often as anybody likes. It orders nothing; its form does, once the pass is good.

import type { Context, Hono } from 'hono';
import type { HttpContext } from '../context.ts';
import { pageHeaders } from '../page-headers.ts';
import { campaignPath, secondsToWait, waitPage } from '../pages/index.ts';
import { IDEMPOTENCY_KEY, ProductId } from '../schemas.ts';
import { pageVisit } from './page-visit.ts';
import type { ProductReadings } from './product-readings.ts';

const WAIT_PATH = '/wait';
const QUANTITY = /^[1-9]\d{0,8}$/;

/** An order that waits for its ticket. */
export interface Waiting {
  readonly productId: string;
  readonly quantity: number;
  readonly key: string;
  readonly pass: string;
}

export function waitAddress({ productId, quantity, key, pass }: Waiting): string {
  const query = new URLSearchParams({ product: productId, quantity: String(quantity), key, pass });
  return `${WAIT_PATH}?${query.toString()}`;
}

export function waitRoutes(app: Hono, context: HttpContext, readings: ProductReadings): void {
  const { assets, clock, doors, tickets } = context;

  app.get(WAIT_PATH, async (c) => {
    const waiting = waitingOf(c);
    const visit = await pageVisit(c, context, waiting === undefined ? '/' : waitAddress(waiting));
    const { visitor, shown, locale } = visit;
    c.header('Cache-Control', 'no-store');
    if (visitor === undefined || shown === undefined) return c.redirect(visit.signInHref, 303);
    if (waiting === undefined) return c.redirect('/', 303);
    const { productId } = waiting;
    const door = doors.campaignOf(productId);
    const backHref = door === undefined ? '/' : campaignPath(door.slug);
    const pass = tickets.passes.read(waiting.pass, visitor.customerKey, productId);
    await readings.refresh([productId]);
    const product = readings.of(productId);
    // Of somebody else, or made up: there is nothing to wait for.
    if (pass === undefined || product === undefined) return c.redirect(backHref, 303);
    const { goodFrom, goodUntil } = pass;
    const view = {
      ...waiting,
      visitor: shown,
      productName: product.name,
      price: product.price,
      goodFrom,
      goodUntil,
      now: clock.now(),
      action: door === undefined ? '/orders' : `${backHref}/orders`,
      backHref,
    };
    pageHeaders(c.header.bind(c));
    const seconds = secondsToWait(view);
    if (seconds > 0) c.header('Refresh', String(seconds));
    return c.html(waitPage(assets, view, locale));
  });
}

function waitingOf(c: Context): Waiting | undefined {
  const { product = '', quantity = '', key = '', pass = '' } = c.req.query();
  const isOurs = ProductId.safeParse(product).success && QUANTITY.test(quantity) && IDEMPOTENCY_KEY.test(key);
  return isOurs ? { productId: product, quantity: Number(quantity), key, pass } : undefined;
}
