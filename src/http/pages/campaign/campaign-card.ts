// A campaign in the shop: its picture, when it is, and the way in.

import { html } from 'hono/html';
import type { CampaignPhase, Image } from '../../../persistence/index.ts';
import { timeLeft, type Locale } from '../locale.ts';
import type { Markup } from '../layout.ts';
import { picture } from '../picture.ts';
import { campaignPath } from './campaign-page.ts';

export interface CampaignCardView {
  readonly slug: string;
  readonly title: string;
  readonly phase: CampaignPhase;
  /** Epoch milliseconds. */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly timeZone: string;
  readonly image: Image | undefined;
}

export function campaignCard(view: CampaignCardView, now: number, locale: Locale): Markup {
  const { title, phase, startsAt, endsAt, image } = view;
  const { campaign, shop } = locale.texts;
  const [label, until] =
    phase === 'scheduled'
      ? [campaign.opensIn, startsAt]
      : phase === 'live'
        ? [campaign.closesIn, endsAt]
        : [];
  return html`<li>
    <article
      class="campaign-card"
      data-part="campaign-card"
      data-phase="${phase}"
      data-starts-at="${new Date(startsAt).toISOString()}"
      data-ends-at="${new Date(endsAt).toISOString()}"
    >
      <div class="campaign-door" aria-hidden="true">
        ${image === undefined ? '' : picture(image, '', { sizes: '(max-width: 44rem) 100vw, 40rem' })}
      </div>
      <div class="campaign-card-words">
        <h3><a href="${campaignPath(view.slug)}">${title}</a></h3>
        <p class="campaign-hours" data-part="card-hours">${hoursText(view, locale)}</p>
        ${
          until === undefined
            ? ''
            : html`<p class="campaign-card-count">
                <span class="shop-clock-label" data-part="card-label">${label}</span>
                <span class="campaign-countdown" data-part="card-countdown" role="timer"
                  >${timeLeft(until - now)}</span
                >
              </p>`
        }
        <p class="campaign-card-way" aria-hidden="true">${shop.enter}</p>
      </div>
    </article>
  </li>`;
}

function hoursText({ phase, startsAt, endsAt, timeZone }: CampaignCardView, locale: Locale): string {
  const { campaign } = locale.texts;
  if (phase === 'paused') return campaign.paused;
  return phase === 'scheduled'
    ? `${campaign.opens} ${locale.moment(startsAt, timeZone)}`
    : `${campaign.until} ${locale.moment(endsAt, timeZone)}`;
}
