// The live board of a campaign: the page, which says all that is known now, and the events that keep it current.

import type { Hono } from 'hono';
import type { HttpContext } from '../context.ts';
import { boardPage } from '../pages/cms/index.ts';
import { BoardHub } from './board-hub.ts';
import { BoardStreams } from './board-streams.ts';
import { campaignOf, lookOf, noCampaign, noProduct } from './look.ts';
import { readCookie } from './session-cookie.ts';

export function boardRoutes(cms: Hono, context: HttpContext): void {
  const { cms: own, node, clock, random, timers, counters, limits, demo } = context;
  const hub = new BoardHub({ catalogue: own!.catalogue, node, clock, timers, random });
  const streams = new BoardStreams({ hub, node, timers, counters, streamsMax: limits.streamsMax });

  cms.get('/cms/campaigns/:id/board', async (c) => {
    const productId = c.req.query('product');
    const { campaign, products } = await campaignOf(c, context);
    const plotted = products.find(({ id }) => id === productId);
    if (productId !== undefined && plotted === undefined) throw noProduct();
    const view = await hub.look(campaign.id, productId);
    if (view === undefined) throw noCampaign();
    return c.html(boardPage(lookOf(c, context), { ...view, plotted }));
  });

  cms.get('/cms/campaigns/:id/board/events', async (c) => {
    const productId = c.req.query('product');
    const { campaign, products } = await campaignOf(c, context);
    if (productId !== undefined && !products.some(({ id }) => id === productId)) throw noProduct();
    const token = readCookie(c, 'session', demo);
    return streams.open(c, {
      userId: c.get('cms').user.id,
      campaignId: campaign.id,
      productId,
      isSignedIn: async () => token !== undefined && (await own!.sessions.find(token)) !== undefined,
    });
  });
}
