// What all pages of campaigns have in common: who looks, what came of the last action, and the parts of one campaign as tabs.

import { html } from 'hono/html';
import { hourAndZone, phaseOf, shownHour, shownZone, type Campaign } from '../../../persistence/index.ts';
import type { CmsSession } from '../../cms/cms-session.ts';
import type { Assets } from '../assets.ts';
import type { Markup } from '../layout.ts';
import { pageHeader, phaseBadge, tabs } from './page-header.ts';
import { cmsPage, type CmsPageParts, type Crumb, type Notice } from './shell.ts';

/** Who looks, and when. */
export interface Look {
  readonly assets: Assets;
  readonly session: CmsSession;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly notice?: Notice | undefined;
}

export const CAMPAIGNS: Crumb = { href: '/cms', text: 'Campaigns' };
export const campaignHref = (id: string, part = ''): string =>
  `/cms/campaigns/${encodeURIComponent(id)}${part === '' ? '' : `/${part}`}`;
export const productHref = (id: string, part = ''): string =>
  `/cms/products/${encodeURIComponent(id)}${part === '' ? '' : `/${part}`}`;
export const campaignCrumb = ({ id, title }: Campaign): Crumb => ({ href: campaignHref(id), text: title });
export const linkButton = (
  href: string,
  text: string,
  kind: 'primary' | 'quiet' | 'plain' = 'quiet',
): Markup => html`<a class="button button-${kind}" href="${href}">${text}</a>`;

export interface PartOfPage {
  readonly title: string;
  readonly breadcrumb: readonly Crumb[];
  readonly main: Markup;
  readonly hasErrors?: boolean;
  readonly current?: NonNullable<CmsPageParts['current']>;
  /** Static files beside those of all campaign pages. */
  readonly styles?: readonly string[];
  readonly scripts?: readonly string[];
}

export function lookPage({ assets, session, notice }: Look, parts: PartOfPage): Markup {
  const styles = ['cms-campaigns.css', ...(parts.styles ?? [])];
  return cmsPage(assets, { current: 'campaigns', ...parts, session, notice, styles });
}

const PARTS = [
  { part: '', text: 'Overview' },
  { part: 'entry', text: 'Who may enter' },
  { part: 'board', text: 'Live board' },
  { part: 'preview', text: 'Preview' },
  { part: 'import', text: 'Import and export' },
  { part: 'history', text: 'History' },
] as const;

export type CampaignPart = (typeof PARTS)[number]['part'];

/** One part of a campaign: its head, the tabs, and the part. */
export function campaignPage(
  look: Look,
  campaign: Campaign,
  current: CampaignPart,
  parts: Pick<PartOfPage, 'main' | 'hasErrors' | 'styles' | 'scripts'> & {
    readonly actions?: readonly Markup[];
  },
): Markup {
  const { text } = PARTS.find(({ part }) => part === current)!;
  return lookPage(look, {
    title: current === '' ? campaign.title : `${text} – ${campaign.title}`,
    breadcrumb: current === '' ? [CAMPAIGNS] : [CAMPAIGNS, campaignCrumb(campaign)],
    ...(parts.hasErrors && { hasErrors: true }),
    ...(parts.styles && { styles: parts.styles }),
    ...(parts.scripts && { scripts: parts.scripts }),
    main: html`
      ${pageHeader({
        title: campaign.title,
        badge: phaseBadge(phaseOf(campaign, look.now)),
        lead: hoursOf(campaign),
        actions: parts.actions,
      })}
      ${tabs(
        'This campaign',
        PARTS.map(({ part, text }) => ({
          href: campaignHref(campaign.id, part),
          text,
          current: part === current,
        })),
      )}
      ${parts.main}
    `,
  });
}

/** `Fri 31 Jul 2026, 18:00 – 20:00 (Europe/Berlin, UTC+2)`. */
export function hoursOf({
  startsAt,
  endsAt,
  timeZone,
}: Pick<Campaign, 'startsAt' | 'endsAt' | 'timeZone'>): string {
  const [start, end] = [startsAt, endsAt].map((at) => at !== undefined && shownHour(at, timeZone));
  const zone = shownZone(startsAt ?? endsAt ?? 0, timeZone);
  if (start && end) {
    const [day, clock] = end.split(', ');
    return `${start} – ${start.startsWith(`${day},`) ? clock : end} (${zone})`;
  }
  if (start) return `From ${start}, no end yet (${zone})`;
  return end ? `Until ${end}, no start yet (${zone})` : `No hours yet (${timeZone})`;
}

/** Where nothing around it names the time zone. */
export const zonedMoment = (at: number, timeZone: string): Markup =>
  html`<time datetime="${new Date(at).toISOString()}">${hourAndZone(at, timeZone)}</time>`;

/** One moment for people, for machines too. */
export const moment = (at: number, timeZone: string): Markup =>
  html`<time datetime="${new Date(at).toISOString()}">${shownHour(at, timeZone)}</time>`;
