// A product of a campaign as a ticket: what the catalogue knows of it, and above that what its actor says.

import { html } from 'hono/html';
import type { Locale } from '../locale.ts';
import type { Markup } from '../layout.ts';
import { picture } from '../picture.ts';
import type { ProductView, SaleState } from '../product-view.ts';
import { ticket, type TicketAction } from '../ticket.ts';
import type { MomentView } from './campaign-hero.ts';
import type { OfferView } from './campaign-view.ts';

const SIZES = '(max-width: 44rem) 100vw, (max-width: 66rem) 50vw, 30rem';
const MORE_SIZES = '6rem';

export interface CampaignTicketView {
  readonly offer: OfferView;
  /** Undefined: its actor has not been asked, or does not know it. */
  readonly live: ProductView | undefined;
  readonly state: SaleState;
  readonly timeZone: string;
  readonly action: TicketAction;
  readonly moment: MomentView;
  readonly notice?: string;
  readonly quantity?: string;
}

export function campaignTicket(view: CampaignTicketView, locale: Locale): Markup {
  const { offer, live, state, timeZone, action, moment } = view;
  const [first, ...others] = offer.pictures;
  const { amount, currency, startsAt } = offer;
  return ticket(
    {
      id: offer.id,
      name: live?.name ?? offer.name,
      description: live?.description ?? offer.description,
      price: live?.price ?? (amount === undefined ? undefined : { amount, currency }),
      listAmount: live !== undefined && live.price.currency !== currency ? undefined : offer.listAmount,
      perCustomerLimit: live?.perCustomerLimit ?? offer.perCustomerLimit,
      state,
      startsAt: live === undefined ? startsAt : Date.parse(live.startsAt),
      endsAt: live === undefined ? offer.endsAt : Date.parse(live.endsAt),
      timeZone,
      facts: offer.facts,
      picture:
        first === undefined
          ? html`<p class="ticket-no-picture">${locale.texts.noPicture}</p>`
          : picture(first.image, first.alt, { sizes: SIZES }),
      morePictures: others.map(({ image, alt }) => picture(image, alt, { sizes: MORE_SIZES })),
      live,
      opensIn: state === 'upcoming' && startsAt !== undefined ? moment.left(startsAt) : undefined,
      notice: view.notice,
      quantity: view.quantity,
    },
    action,
    locale,
  );
}
