// A campaign as a shopper will see it, for its makers: with a line above it that says so.

import { html } from 'hono/html';
import type { Campaign } from '../../../persistence/index.ts';
import type { Assets } from '../assets.ts';
import { campaignViewPage, type CampaignView } from '../campaign-view.ts';
import type { Markup } from '../layout.ts';
import { campaignHref } from './frame.ts';

export function previewPage(assets: Assets, campaign: Campaign, view: CampaignView): Markup {
  return campaignViewPage(assets, view, {
    banner: html`<p class="banner preview-banner">
      <strong>Preview.</strong> Nobody can buy here.
      <a href="${campaignHref(campaign.id)}">Back to the campaign in the CMS</a>
    </p>`,
    action: () => html`<button class="button button-primary" type="button" aria-disabled="true">Buy</button>`,
  });
}
