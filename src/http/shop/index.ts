// The pages for shoppers.

import type { Hono } from 'hono';
import type { HttpContext } from '../context.ts';
import type { OrderDesk } from '../order-desk.ts';
import type { TicketDesk } from '../gate/tickets/index.ts';
import type { Purchase } from '../purchase.ts';
import { CampaignContents } from './campaign-contents.ts';
import type { CampaignLook } from './campaign-look.ts';
import { campaignRoutes } from './campaign-routes.ts';
import { orderPageRoutes } from './order-page-routes.ts';
import { ProductReadings } from './product-readings.ts';
import { storefrontRoutes } from './storefront-routes.ts';
import { waitRoutes } from './wait-routes.ts';

export type { CampaignLook } from './campaign-look.ts';
export { problemPage } from './problem-page.ts';

export interface ShopPorts {
  readonly purchase: Purchase;
  readonly ticketDesk: TicketDesk;
  readonly desk: OrderDesk;
}

/** @returns the way of a campaign's pages that are ready, past the app */
export function shopRoutes(
  app: Hono,
  context: HttpContext,
  { purchase, ticketDesk, desk }: ShopPorts,
): CampaignLook {
  const { cms, clock, router, timers, doors, tickets } = context;
  const contents = new CampaignContents(cms, clock);
  const readings = new ProductReadings({ router, clock, timers, doors, tickets });
  const parts = { contents, readings, purchase, ticketDesk };
  storefrontRoutes(app, context, parts);
  waitRoutes(app, context, readings);
  orderPageRoutes(app, context, { desk, readings });
  return campaignRoutes(app, context, parts);
}
