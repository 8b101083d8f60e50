// What is done with a whole campaign: published, paused, resumed, cancelled, cloned, previewed. A look at such a page does nothing;
// its button does.

import type { Context, Hono } from 'hono';
import type { HttpContext } from '../context.ts';
import {
  campaignHref,
  clonePage,
  previewPage,
  publishPage,
  switchPage,
  type FieldError,
  type Switch,
} from '../pages/cms/index.ts';
import { campaignViewOf, localeOf } from '../pages/index.ts';
import { campaignAsTyped, readCampaign } from './campaign-form.ts';
import { engineAnswer } from './engine-answer.ts';
import { readForm } from './form.ts';
import { campaignOf, editorOf, errorsOf, lookOf, noCampaign, versionOf } from './look.ts';
import { picturesOf } from './product-pictures.ts';
import { requireRole } from './signed-in.ts';

const SWITCHES: readonly Switch[] = ['pause', 'resume', 'cancel'];

export function campaignStepRoutes(cms: Hono, context: HttpContext): void {
  const { catalogue, lists } = context.cms!;

  const publish = async (c: Context, told?: 'refused' | 'changed'): Promise<Response> => {
    const { campaign, products } = await campaignOf(c, context);
    if (campaign.status !== 'draft') return c.redirect(campaignHref(campaign.id), 303);
    const [findings, list] = await Promise.all([
      catalogue.check(campaign.id),
      campaign.entry.kind === 'list' ? lists.current(campaign.id) : undefined,
    ]);
    const view = { campaign, products, findings, told, list };
    return c.html(
      publishPage(lookOf(c, context), view),
      told === undefined ? 200 : told === 'refused' ? 422 : 409,
    );
  };

  cms.get('/cms/campaigns/:id/publish', (c) => {
    requireRole(c, 'publisher');
    return publish(c);
  });

  cms.post('/cms/campaigns/:id/publish', async (c) => {
    requireRole(c, 'publisher');
    const form = await readForm(c);
    const { campaign, products } = await campaignOf(c, context);
    const version = versionOf(form.fields('version'));
    const saved = await catalogue.publish(editorOf(c), campaign.id, version, form.fields('seen'));
    if (saved.outcome === 'not_found') throw noCampaign();
    // Refused, or changed by somebody else since the page was loaded: the check is shown as of now.
    if (saved.outcome !== 'saved') return publish(c, saved.outcome === 'refused' ? 'refused' : 'changed');
    await engineAnswer(context, products);
    return c.redirect(`${campaignHref(campaign.id)}?done=publish`, 303);
  });

  for (const how of SWITCHES) {
    cms.get(`/cms/campaigns/:id/${how}`, async (c) => {
      requireRole(c, 'publisher');
      const { campaign } = await campaignOf(c, context);
      return c.html(switchPage(lookOf(c, context), campaign, how));
    });

    cms.post(`/cms/campaigns/:id/${how}`, async (c) => {
      requireRole(c, 'publisher');
      const form = await readForm(c);
      const { campaign, products } = await campaignOf(c, context);
      const version = versionOf(form.fields('version'));
      const saved = await (how === 'pause'
        ? catalogue.pause(editorOf(c), campaign.id)
        : catalogue[how](editorOf(c), campaign.id, version));
      switch (saved.outcome) {
        case 'saved':
          await engineAnswer(context, products);
          return c.redirect(`${campaignHref(campaign.id)}?done=${how}`, 303);
        case 'not_found':
          throw noCampaign();
        case 'refused':
          return c.html(switchPage(lookOf(c, context), campaign, how, errorsOf(saved.findings)), 422);
        case 'conflict': {
          const by = (await catalogue.isOwnSave(editorOf(c), saved.current))
            ? 'You, in another window,'
            : saved.current.updatedBy;
          const message = `${by} changed the campaign meanwhile. Look at it again; if you still want this, press the button once more.`;
          return c.html(switchPage(lookOf(c, context), saved.current, how, [{ field: '', message }]), 409);
        }
      }
    });
  }

  cms.get('/cms/campaigns/:id/clone', async (c) => {
    requireRole(c, 'editor');
    const { campaign } = await campaignOf(c, context);
    const { startsAt, endsAt } = campaignAsTyped(campaign);
    const view = { title: `${campaign.title} again`, slug: '', startsAt, endsAt, errors: [] };
    return c.html(clonePage(lookOf(c, context), campaign, view));
  });

  cms.post('/cms/campaigns/:id/clone', async (c) => {
    requireRole(c, 'editor');
    const form = await readForm(c);
    const { campaign } = await campaignOf(c, context);
    const title = form.fields('title').trim();
    const slug = form.fields('slug').trim();
    const [startsAt, endsAt] = [form.fields('startsAt').trim(), form.fields('endsAt').trim()];
    const refuse = (errors: readonly FieldError[]): Response | Promise<Response> =>
      c.html(clonePage(lookOf(c, context), campaign, { title, slug, startsAt, endsAt, errors }), 422);
    // All that a campaign's form would tell of it.
    const read = readCampaign({ ...campaignAsTyped(campaign), title, slug, startsAt, endsAt });
    if ('errors' in read) return refuse(read.errors);
    const saved = await catalogue.clone(editorOf(c), campaign.id, {
      title,
      slug: read.draft.slug,
      startsAt: read.draft.startsAt,
      endsAt: read.draft.endsAt,
    });
    if (saved.outcome === 'saved') return c.redirect(`${campaignHref(saved.value.id)}?done=cloned`, 303);
    return refuse(saved.outcome === 'refused' ? errorsOf(saved.findings) : []);
  });

  cms.get('/cms/campaigns/:id/preview', async (c) => {
    const { campaign, products } = await campaignOf(c, context);
    const imageIds = products.flatMap(({ images }) => images.map(({ imageId }) => imageId));
    const pictures = await picturesOf(context, imageIds);
    const view = campaignViewOf(campaign, products, pictures);
    const locale = localeOf(c.req.header('accept-language'));
    return c.html(previewPage(context.assets, campaign, view, context.clock.now(), locale));
  });
}
