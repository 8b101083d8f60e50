// A campaign as a shopper will see it, for its makers: with a line above it that says so.

import { html } from 'hono/html';
import { phaseOf, type Campaign } from '../../../persistence/index.ts';
import type { Assets } from '../assets.ts';
import { campaignPreview } from '../campaign/campaign-page.ts';
import type { CampaignView, OfferView } from '../campaign/campaign-view.ts';
import { campaignTicket } from '../campaign/campaign-ticket.ts';
import type { Markup } from '../layout.ts';
import { timeLeft, type Locale } from '../locale.ts';
import type { SaleState } from '../product-view.ts';
import { campaignHref } from './frame.ts';

export function previewPage(
  assets: Assets,
  campaign: Campaign,
  view: CampaignView,
  now: number,
  locale: Locale,
): Markup {
  const { startsAt, endsAt } = view;
  // A draft is shown as it will be: its hours tell whether it has opened.
  const phase =
    campaign.status === 'draft'
      ? phaseOf({ status: 'published', startsAt, endsAt }, now)
      : phaseOf(campaign, now);
  const isOverdue = campaign.status === 'draft' && phase === 'live';
  const moment = {
    clock: locale.clock(now, view.timeZone),
    left: (epochMs: number) => timeLeft(epochMs - now),
  };
  return campaignPreview(
    assets,
    {
      campaign: view,
      phase: isOverdue ? 'scheduled' : phase,
      isOverdue,
      moment,
      tickets: view.offers.map((offer) =>
        campaignTicket(
          {
            offer,
            live: undefined,
            state: stateOf(offer, now),
            timeZone: view.timeZone,
            action: { kind: 'none' },
            moment,
          },
          locale,
        ),
      ),
      banner: html`<p class="banner preview-banner">
        <strong>Preview.</strong> Nobody can buy here.
        <a href="${campaignHref(campaign.id)}">Back to the campaign in the CMS</a>
      </p>`,
    },
    locale,
  );
}

function stateOf({ startsAt, endsAt }: OfferView, now: number): SaleState {
  if (endsAt !== undefined && endsAt <= now) return 'ended';
  return startsAt === undefined || startsAt <= now ? 'on_sale' : 'upcoming';
}
