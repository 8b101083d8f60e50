// The pages for shoppers.

import type { Hono } from 'hono';
import type { HttpContext } from '../context.ts';
import type { Purchase } from '../purchase.ts';
import type { RetiredOrders } from '../retired-orders.ts';
import { CampaignContents } from './campaign-contents.ts';
import { campaignRoutes } from './campaign-routes.ts';
import { ProductReadings } from './product-readings.ts';
import { storefrontRoutes } from './storefront-routes.ts';

export { shopHeaders } from './shop-headers.ts';

export function shopRoutes(
  app: Hono,
  context: HttpContext,
  _retired: RetiredOrders,
  purchase: Purchase,
): void {
  const { cms, clock, router, timers } = context;
  const parts = {
    contents: new CampaignContents(cms, clock),
    readings: new ProductReadings(router, clock, timers),
    purchase,
  };
  storefrontRoutes(app, context, parts);
  campaignRoutes(app, context, parts);
}
