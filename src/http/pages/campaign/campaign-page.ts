// The page of a campaign, `/c/{slug}`: its hero, a ticket for each product, and the shopper's orders. It shows what it is given and
// decides nothing; only an answer of the API tells a shopper that something is theirs.

import { html } from 'hono/html';
import type { CampaignPhase } from '../../../persistence/index.ts';
import { SHOP_SCRIPT, type Assets } from '../assets.ts';
import { page, type Markup } from '../layout.ts';
import type { Locale } from '../locale.ts';
import {
  announcer,
  connectionBanner,
  ordersSection,
  snapshotNote,
  visitorAside,
  type VisitorView,
} from '../shop-frame.ts';
import { campaignHero, type MomentView } from './campaign-hero.ts';
import type { CampaignView } from './campaign-view.ts';

export interface CampaignPageView {
  readonly campaign: CampaignView;
  readonly phase: CampaignPhase;
  readonly moment: MomentView;
  readonly visitor: VisitorView | undefined;
  readonly signInHref: string;
  readonly tickets: readonly Markup[];
}

const DESCRIPTION_CHARACTERS_MAX = 160;

export const campaignPath = (slug: string): string => `/c/${slug}`;

export function campaignPage(assets: Assets, view: CampaignPageView, locale: Locale): Markup {
  const { campaign, phase, moment, visitor, signInHref, tickets } = view;
  const { texts } = locale;
  return page(assets, {
    ...headOf(campaign, locale),
    script: SHOP_SCRIPT,
    aside: visitorAside(visitor, signInHref, texts),
    main: html`${announcer()} ${campaignHero({ campaign, phase, isOverdue: false, moment }, locale)}
      <div class="notes">${connectionBanner()} ${snapshotNote(campaignPath(campaign.slug), texts)}</div>
      ${offers(tickets, locale, visitor)} ${visitor === undefined ? '' : ordersSection(texts)}`,
  });
}

export interface PreviewParts {
  readonly campaign: CampaignView;
  readonly phase: CampaignPhase;
  readonly isOverdue: boolean;
  readonly moment: MomentView;
  readonly tickets: readonly Markup[];
  /** Stands above everything. */
  readonly banner: Markup;
}

/** The same for its makers: nothing of it lives. */
export function campaignPreview(
  assets: Assets,
  { banner, tickets, ...view }: PreviewParts,
  locale: Locale,
): Markup {
  return page(assets, {
    ...headOf(view.campaign, locale),
    main: html`${banner} ${campaignHero(view, locale)} ${offers(tickets, locale, undefined)}`,
  });
}

function headOf({ title, description }: CampaignView, { texts }: Locale) {
  return {
    title,
    description:
      description === ''
        ? texts.campaign.description(title)
        : description.slice(0, DESCRIPTION_CHARACTERS_MAX),
    styles: ['base.css', 'storefront.css', 'campaign.css', 'ticket.css', 'stub.css'],
    current: undefined,
    texts,
  } as const;
}

function offers(tickets: readonly Markup[], { texts }: Locale, visitor: VisitorView | undefined): Markup {
  if (tickets.length === 0) return html`<p class="campaign-nothing">${texts.campaign.nothing}</p>`;
  return html`<section
    aria-labelledby="drop-heading"
    data-part="drop"
    ${visitor === undefined ? '' : html`data-customer="${visitor.customerId}"`}
  >
    <h2 id="drop-heading" class="visually-hidden">${texts.products}</h2>
    <ul class="tickets">
      ${tickets}
    </ul>
  </section>`;
}
