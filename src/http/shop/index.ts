// The pages for shoppers.

import type { Hono } from 'hono';
import type { HttpContext } from '../context.ts';
import type { OrderDesk } from '../order-desk.ts';
import type { Purchase } from '../purchase.ts';
import { CampaignContents } from './campaign-contents.ts';
import type { CampaignLook } from './campaign-look.ts';
import { campaignRoutes } from './campaign-routes.ts';
import { orderPageRoutes } from './order-page-routes.ts';
import { ProductReadings } from './product-readings.ts';
import { storefrontRoutes } from './storefront-routes.ts';

export type { CampaignLook } from './campaign-look.ts';
export { problemPage } from './problem-page.ts';

export interface ShopPorts {
  readonly purchase: Purchase;
  readonly desk: OrderDesk;
}

/** @returns the way of a campaign's pages that are ready, past the app */
export function shopRoutes(app: Hono, context: HttpContext, { purchase, desk }: ShopPorts): CampaignLook {
  const { cms, clock, router, timers, doors, tickets } = context;
  const contents = new CampaignContents(cms, clock);
  const readings = new ProductReadings({ router, clock, timers, doors, tickets });
  storefrontRoutes(app, context, { contents, readings, purchase });
  orderPageRoutes(app, context, { desk, readings });
  return campaignRoutes(app, context, { contents, readings, purchase });
}
