// The top of a campaign's page: its name, its door, and how long until something happens. The script keeps the time going.

import { html } from 'hono/html';
import type { CampaignPhase } from '../../../persistence/index.ts';
import type { Locale } from '../locale.ts';
import type { Markup } from '../layout.ts';
import { picture } from '../picture.ts';
import { shopClock } from '../shop-frame.ts';
import type { CampaignView } from './campaign-view.ts';

/** The moment of the page, as text: it may be put in later than all the rest is made. */
export interface MomentView {
  readonly clock: string;
  /** How long it is until then. */
  readonly left: (epochMs: number) => string;
}

export interface HeroView {
  readonly campaign: CampaignView;
  readonly phase: CampaignPhase;
  /** The start of a draft has passed: it sells as soon as it is published. */
  readonly isOverdue: boolean;
  readonly moment: MomentView;
}

export function campaignHero({ campaign, phase, isOverdue, moment }: HeroView, locale: Locale): Markup {
  const { texts } = locale;
  const { title, description, startsAt, endsAt } = campaign;
  const ahead = phase === 'scheduled' ? startsAt : phase === 'live' ? endsAt : undefined;
  const shown = campaign.offers.find(({ pictures }) => pictures.length > 0)?.pictures[0];
  const more =
    phase === 'paused'
      ? texts.campaign.pausedText
      : phase === 'cancelled'
        ? texts.campaign.cancelledText
        : '';
  return html`<div
    class="campaign-hero ${shown === undefined ? '' : 'has-picture'}"
    data-part="campaign"
    data-phase="${phase}"
    ${startsAt === undefined ? '' : html`data-starts-at="${new Date(startsAt).toISOString()}"`}
    ${endsAt === undefined ? '' : html`data-ends-at="${new Date(endsAt).toISOString()}"`}
  >
    <div class="campaign-words">
      <h1>${title}</h1>
      ${description === '' ? '' : html`<p class="campaign-description">${description}</p>`}
    </div>
    ${
      shown === undefined
        ? ''
        : html`<div class="campaign-door" aria-hidden="true">
            ${picture(shown.image, '', { sizes: '(max-width: 62rem) 100vw, 34rem', isFirst: true })}
          </div>`
    }
    <div class="campaign-times">
      <p class="campaign-hours" data-part="campaign-hours">
        ${hoursLine(campaign, phase, isOverdue, locale)}
      </p>
      <p class="campaign-more" data-part="campaign-more" ${more === '' ? html`hidden` : ''}>${more}</p>
      ${
        ahead === undefined
          ? ''
          : html`<div class="campaign-count">
              <p class="shop-clock-label" data-part="campaign-count-label">
                ${phase === 'scheduled' ? texts.campaign.opensIn : texts.campaign.closesIn}
              </p>
              <p class="campaign-countdown" data-part="campaign-countdown" role="timer">
                ${moment.left(ahead)}
              </p>
            </div>`
      }
      ${phase === 'scheduled' || phase === 'live' ? shopClock(moment.clock, texts) : ''}
    </div>
  </div>`;
}

function hoursLine(
  { startsAt, endsAt, timeZone }: CampaignView,
  phase: CampaignPhase,
  isOverdue: boolean,
  locale: Locale,
): Markup {
  const { campaign } = locale.texts;
  const at = (epochMs: number): Markup =>
    html`<time datetime="${new Date(epochMs).toISOString()}">${locale.moment(epochMs, timeZone)}</time>`;
  if (phase === 'cancelled') return html`${campaign.cancelled}`;
  if (phase === 'paused') return html`${campaign.paused}`;
  if (phase === 'ended' && endsAt !== undefined) return html`${campaign.ended} ${at(endsAt)}`;
  if (phase === 'live' && endsAt !== undefined) return html`${campaign.until} ${at(endsAt)}`;
  if (isOverdue) return html`${campaign.opensWhenPublished}`;
  return startsAt === undefined ? html`${campaign.opensSoon}` : html`${campaign.opens} ${at(startsAt)}`;
}
