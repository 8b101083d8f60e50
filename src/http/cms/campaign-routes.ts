// Campaigns: the list, one of them, and its form.

import type { Context, Hono } from 'hono';
import {
  CATALOGUE_LIMITS,
  NEW_CAMPAIGN_GATE,
  type Campaign,
  type CampaignPhase,
} from '../../persistence/index.ts';
import type { HttpContext } from '../context.ts';
import {
  campaignFormPage,
  campaignHref,
  campaignListPage,
  campaignOverviewPage,
  MOVE_PRODUCTS,
  PHASES,
  type CampaignFormView,
} from '../pages/cms/index.ts';
import { campaignAsTyped, readCampaign, typedCampaign, type CampaignTyped } from './campaign-form.ts';
import { engineAnswer } from './engine-answer.ts';
import { readForm } from './form.ts';
import { gateAsTyped } from './gate-form.ts';
import {
  campaignOf,
  editorOf,
  errorsOf,
  isPlainId,
  lookOf,
  noCampaign,
  versionOf,
  requireChange,
} from './look.ts';
import { picturesOf, uploadsOf } from './product-pictures.ts';
import { requireRole } from './signed-in.ts';

const NEW_CAMPAIGN: CampaignTyped = {
  title: '',
  slug: '',
  description: '',
  timeZone: 'UTC',
  startsAt: '',
  endsAt: '',
  entry: 'everyone',
  claimName: '',
  claimValue: '',
  ...gateAsTyped(NEW_CAMPAIGN_GATE),
};

export function campaignRoutes(cms: Hono, context: HttpContext): void {
  const { catalogue } = context.cms!;

  cms.get('/cms/', (c) => c.redirect('/cms', 303));

  cms.get('/cms', async (c) => {
    const asked = c.req.query('phase');
    const phase = PHASES.find((each) => each === asked);
    const before = c.req.query('before');
    if (before !== undefined && !isPlainId(before)) throw noCampaign();
    const campaigns = await catalogue.campaigns({ phase, before });
    const older =
      campaigns.length < CATALOGUE_LIMITS.campaignsPerPage
        ? undefined
        : olderHref(phase, campaigns.at(-1)!.id);
    const view = { campaigns, phase, older, isFirstPage: before === undefined, demo: context.demo };
    return c.html(campaignListPage(lookOf(c, context), view));
  });

  const form = (c: Context, view: CampaignFormView, status: 200 | 409 | 422) =>
    c.html(campaignFormPage(lookOf(c, context), view), status);

  cms.get('/cms/campaigns/new', async (c) => {
    requireRole(c, 'editor');
    // Most shops sell in one time zone: the newest campaign's.
    const [newest] = await catalogue.campaigns();
    const typed = { ...NEW_CAMPAIGN, timeZone: newest?.timeZone ?? NEW_CAMPAIGN.timeZone };
    return form(c, { typed, errors: [], campaign: undefined }, 200);
  });

  cms.post('/cms/campaigns/new', async (c) => {
    requireRole(c, 'editor');
    const typed = typedCampaign((await readForm(c)).fields);
    const read = readCampaign(typed);
    if ('errors' in read) return form(c, { typed, errors: read.errors, campaign: undefined }, 422);
    const saved = await catalogue.createCampaign(editorOf(c), read.draft);
    if (saved.outcome === 'saved')
      return c.redirect(`${campaignHref(saved.value.id)}?done=campaign-saved`, 303);
    const errors = saved.outcome === 'refused' ? errorsOf(saved.findings) : [];
    return form(c, { typed, errors, campaign: undefined }, 422);
  });

  cms.get('/cms/campaigns/:id', async (c) => {
    const { campaign, products } = await campaignOf(c, context);
    const imageIds = products.flatMap(({ images }) => images.map(({ imageId }) => imageId));
    const [findings, pictures, uploads, list] = await Promise.all([
      campaign.status === 'draft' ? catalogue.check(campaign.id) : [],
      picturesOf(context, imageIds),
      uploadsOf(context, imageIds),
      context.cms!.lists.current(campaign.id),
    ]);
    return c.html(
      campaignOverviewPage(lookOf(c, context), { campaign, products, findings, pictures, uploads, list }),
    );
  });

  cms.get('/cms/campaigns/:id/edit', async (c) => {
    const { campaign } = await campaignOf(c, context);
    requireChange(c, campaign);
    return form(c, { typed: campaignAsTyped(campaign), errors: [], campaign }, 200);
  });

  cms.post('/cms/campaigns/:id/edit', async (c) => {
    requireRole(c, 'editor');
    const sent = await readForm(c);
    const { campaign, products } = await campaignOf(c, context);
    requireChange(c, campaign);
    const typed = typedCampaign(sent.fields);
    const version = versionOf(sent.fields('version'));
    const movesProducts = sent.fields(MOVE_PRODUCTS) === 'yes';
    const read = readCampaign(typed);
    // The form keeps the version that it was made from: a mistake in it does not make it newer.
    if ('errors' in read)
      return form(c, { typed, errors: read.errors, campaign: { ...campaign, version }, movesProducts }, 422);
    const save = movesProducts ? 'saveCampaignMoving' : 'saveCampaign';
    const saved = await catalogue[save](editorOf(c), campaign.id, version, read.draft);
    switch (saved.outcome) {
      case 'saved':
        await engineAnswer(context, products);
        return c.redirect(`${campaignHref(campaign.id)}?done=campaign-saved`, 303);
      case 'conflict': {
        const theirs = await theirSave(c, context, saved.current);
        return form(c, { typed, errors: [], campaign, theirs, movesProducts }, 409);
      }
      case 'refused': {
        const errors = errorsOf(saved.findings);
        return form(c, { typed, errors, campaign: { ...campaign, version }, movesProducts }, 422);
      }
      case 'not_found':
        throw noCampaign();
    }
  });
}

const theirSave = async (
  c: Context,
  context: HttpContext,
  current: Campaign,
): Promise<NonNullable<CampaignFormView['theirs']>> => ({
  typed: campaignAsTyped(current),
  version: current.version,
  by: current.updatedBy,
  isOwn: await context.cms!.catalogue.isOwnSave(editorOf(c), current),
  at: current.updatedAt,
  timeZone: current.timeZone,
});

function olderHref(phase: CampaignPhase | undefined, before: string): string {
  const query = new URLSearchParams({ ...(phase && { phase }), before });
  return `/cms?${query.toString()}`;
}
