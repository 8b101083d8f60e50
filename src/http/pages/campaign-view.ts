// A campaign as shoppers see it: its title, its hours, and each product with pictures, price and facts. It knows nothing of the
// CMS: the preview shows it of a draft, and whatever sells a campaign can show it with its own buttons.

import { html } from 'hono/html';
import type { Campaign, CampaignPhase, CatalogueProduct, Image } from '../../persistence/index.ts';
import { phaseOf, shownHour, shownZone } from '../../persistence/index.ts';
import { shownMoney } from '../cms/money-text.ts';
import type { Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';
import { picture } from './picture.ts';

export interface OfferView {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Undefined while a draft has none. */
  readonly amount: number | undefined;
  readonly listAmount: number | undefined;
  readonly currency: string;
  readonly perCustomerLimit: number;
  readonly startsAt: number | undefined;
  readonly endsAt: number | undefined;
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  readonly pictures: readonly { readonly image: Image; readonly alt: string }[];
}

export interface CampaignView {
  readonly title: string;
  readonly description: string;
  readonly phase: CampaignPhase;
  /** Epoch milliseconds of the moment that is shown. */
  readonly now: number;
  readonly startsAt: number | undefined;
  readonly endsAt: number | undefined;
  readonly timeZone: string;
  readonly offers: readonly OfferView[];
}

export interface CampaignViewParts {
  /** Stands above everything. */
  readonly banner?: Markup | undefined;
  /** Below each product's price, such as a button. */
  readonly action?: (offer: OfferView) => Markup;
}

export function campaignViewPage(assets: Assets, view: CampaignView, parts: CampaignViewParts = {}): Markup {
  return page(assets, {
    title: view.title,
    description: view.description === '' ? `${view.title} at Doorbuster` : view.description.slice(0, 160),
    styles: ['base.css', 'campaign.css'],
    current: 'storefront',
    main: html`${parts.banner ?? ''}
      <div class="campaign-hero">
        <h1>${view.title}</h1>
        ${view.description === '' ? '' : html`<p class="campaign-description">${view.description}</p>`}
        <p class="campaign-hours">${hoursLine(view)}</p>
      </div>
      ${
        view.offers.length === 0
          ? html`<p class="campaign-nothing">Nothing stands behind this door yet.</p>`
          : html`<section aria-labelledby="offers-heading">
              <h2 id="offers-heading" class="visually-hidden">Products</h2>
              <ul class="offers">
                ${view.offers.map((offer, at) => offerCard(offer, view, at === 0, parts.action))}
              </ul>
            </section>`
      }`,
  });
}

function hoursLine({ phase, now, startsAt, endsAt, timeZone }: CampaignView): Markup {
  const at = (epochMs: number): Markup =>
    html`<time datetime="${new Date(epochMs).toISOString()}">${shownHour(epochMs, timeZone)}</time>
      <span class="campaign-zone">${shownZone(epochMs, timeZone)}</span>`;
  if (phase === 'cancelled') return html`Cancelled`;
  if (phase === 'paused') return html`Paused for now`;
  if (endsAt !== undefined && endsAt <= now) return html`Ended ${at(endsAt)}`;
  if (endsAt !== undefined && phase === 'live') return html`On sale until ${at(endsAt)}`;
  // A draft whose start has passed sells as soon as it is published.
  if (startsAt !== undefined && startsAt <= now) return html`Opens when it is published`;
  return startsAt === undefined ? html`Opens soon` : html`Opens ${at(startsAt)}`;
}

function offerCard(
  offer: OfferView,
  { timeZone, now }: Pick<CampaignView, 'timeZone' | 'now'>,
  isFirst: boolean,
  action: ((offer: OfferView) => Markup) | undefined,
): Markup {
  const [first, ...others] = offer.pictures;
  return html`<li>
    <article class="offer" aria-labelledby="offer-${offer.id}">
      <div class="offer-pictures">
        ${
          first === undefined
            ? html`<p class="offer-no-picture">No picture</p>`
            : picture(first.image, first.alt, { sizes: '(max-width: 48rem) 100vw, 26rem', isFirst })
        }
        ${
          others.length === 0
            ? ''
            : html`<ul class="offer-more-pictures">
                ${others.map(({ image, alt }) => html`<li>${picture(image, alt, { sizes: '6rem' })}</li>`)}
              </ul>`
        }
      </div>
      <div class="offer-about">
        <h3 id="offer-${offer.id}">${offer.name}</h3>
        ${offer.description === '' ? '' : html`<p class="offer-description">${offer.description}</p>`}
        ${
          offer.attributes.length === 0
            ? ''
            : html`<dl class="offer-facts">
                ${offer.attributes.map(
                  ({ name, value }) =>
                    html`<dt>${name}</dt>
                      <dd>${value}</dd>`,
                )}
              </dl>`
        }
      </div>
      <div class="offer-buy">
        ${price(offer)}
        <p class="offer-terms">
          ${offer.perCustomerLimit === 1 ? 'One per customer' : `Up to ${offer.perCustomerLimit} per customer`}
        </p>
        ${
          offer.startsAt === undefined || offer.startsAt <= now
            ? ''
            : html`<p class="offer-hours">
                From
                <time datetime="${new Date(offer.startsAt).toISOString()}"
                  >${shownHour(offer.startsAt, timeZone)}</time
                >
              </p>`
        }
        ${action?.(offer) ?? ''}
      </div>
    </article>
  </li>`;
}

function price({ amount, listAmount, currency }: OfferView): Markup {
  if (amount === undefined) return html`<p class="offer-price">Price to come</p>`;
  const isReduced = listAmount !== undefined && listAmount > amount;
  return html`<p class="offer-price">
    ${isReduced ? html`<span class="visually-hidden">Now </span>` : ''}${shownMoney(amount, currency)}
    ${
      isReduced
        ? html`<s class="offer-list-price"
            ><span class="visually-hidden">Before </span>${shownMoney(listAmount, currency)}</s
          >`
        : ''
    }
  </p>`;
}

export function campaignViewOf(
  campaign: Campaign,
  products: readonly CatalogueProduct[],
  images: ReadonlyMap<string, Image>,
  now: number,
): CampaignView {
  const { title, description, startsAt, endsAt, timeZone } = campaign;
  return {
    title,
    description,
    phase: phaseOf(campaign, now),
    now,
    startsAt,
    endsAt,
    timeZone,
    offers: products.map((product) => ({
      id: product.id,
      name: product.name,
      description: product.description,
      amount: product.amount,
      listAmount: product.listAmount,
      currency: product.currency,
      perCustomerLimit: product.perCustomerLimit,
      startsAt: product.startsAt,
      endsAt: product.endsAt,
      attributes: product.attributes,
      pictures: product.images.flatMap(({ imageId, alt }) => {
        const image = images.get(imageId);
        return image === undefined ? [] : [{ image, alt }];
      }),
    })),
  };
}
