// Who changed what: of all campaigns, and of one.

import type { Hono } from 'hono';
import { CATALOGUE_LIMITS, type Campaign } from '../../persistence/index.ts';
import type { HttpContext } from '../context.ts';
import { campaignHref, historyPage, type HistoryView } from '../pages/cms/index.ts';
import { campaignOf, lookOf } from './look.ts';

export function historyRoutes(cms: Hono, context: HttpContext): void {
  const { catalogue } = context.cms!;

  const viewOf = async (campaign: Campaign | undefined, asked: string | undefined): Promise<HistoryView> => {
    const before = asked !== undefined && /^\d{1,15}$/.test(asked) ? Number(asked) : undefined;
    const entries = await catalogue.trail({ campaignId: campaign?.id, before });
    const address = campaign === undefined ? '/cms/history' : campaignHref(campaign.id, 'history');
    const isWhole = entries.length < CATALOGUE_LIMITS.trailEntriesPerPage;
    const older = isWhole ? undefined : `${address}?before=${entries.at(-1)!.id}`;
    return { campaign, entries, older, isFirstPage: before === undefined };
  };

  cms.get('/cms/history', async (c) =>
    c.html(historyPage(lookOf(c, context), await viewOf(undefined, c.req.query('before')))),
  );

  cms.get('/cms/campaigns/:id/history', async (c) => {
    const { campaign } = await campaignOf(c, context);
    return c.html(historyPage(lookOf(c, context), await viewOf(campaign, c.req.query('before'))));
  });
}
