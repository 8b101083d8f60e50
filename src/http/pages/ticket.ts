// One product as shoppers see it, on the page of its campaign and in the shop: picture, description, and the stub with price, stock
// and what can be done. All elements that the browser's script fills in are marked with data-part, all buttons with data-act; both
// names are a contract with static/card.js. What is put here is complete without the script: the stub is a form.

import { html } from 'hono/html';
import type { Locale } from './locale.ts';
import type { Markup } from './layout.ts';
import { escaped } from './pieces.ts';
import type { Money, ProductView, SaleState } from './product-view.ts';
import type { Texts } from './texts.ts';

/** How a shopper gets it. */
export type TicketAction =
  /** A form that is sent to `href`; the key names this wish, and comes back with a repetition of it. */
  | { readonly kind: 'buy'; readonly href: string; readonly csrf: string; readonly key: string }
  | { readonly kind: 'sign-in'; readonly href: string }
  /** Nobody can buy here, as in a preview. */
  | { readonly kind: 'none' };

/** What came of a form that was sent without the script. */
export interface TicketRefusal {
  readonly productId: string;
  readonly text: string;
  readonly quantity: number;
}

export interface TicketView {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Undefined while a draft has none. */
  readonly price: Money | undefined;
  /** Before the discount, in minor units. */
  readonly listAmount: number | undefined;
  readonly perCustomerLimit: number;
  readonly state: SaleState;
  /** Epoch milliseconds. */
  readonly startsAt: number | undefined;
  readonly endsAt: number | undefined;
  /** In which the hours are told until the script tells them in the reader's own. */
  readonly timeZone: string;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly picture: Markup;
  readonly morePictures: readonly Markup[];
  /** As its actor says; undefined: the script has nothing to do with it. */
  readonly live: ProductView | undefined;
  /** Why the last try came to nothing; made by `ticketNotice`. */
  readonly notice?: Markup | string | undefined;
  /** As the last try had it. */
  readonly quantity?: string | undefined;
  /** What is left until it opens when the page is made, as text. */
  readonly opensIn?: string | undefined;
}

export function ticket(view: TicketView, action: TicketAction, locale: Locale): Markup {
  const { texts } = locale;
  const headingId = `product-${view.id}`;
  return html`<li>
    <article
      class="ticket"
      id="ticket-${view.id}"
      ${view.live === undefined ? '' : html`data-product="${JSON.stringify(view.live)}"`}
      data-state="${view.state}"
      data-offer="${view.state}"
      aria-labelledby="${headingId}"
    >
      <div class="ticket-picture">
        ${view.picture}<span class="ticket-tape" aria-hidden="true">${texts.states.sold_out}</span>
      </div>
      <div class="ticket-about">
        <p class="ticket-state" data-part="state">${texts.states[view.state]}</p>
        <h3 id="${headingId}" data-part="name">${view.name}</h3>
        <p class="ticket-description" data-part="description">${view.description}</p>
        ${facts(view, texts)}
        <p class="ticket-terms" data-part="terms">
          ${texts.terms(view.perCustomerLimit, locale.count(view.perCustomerLimit))}
        </p>
        ${
          view.morePictures.length === 0
            ? ''
            : html`<ul class="ticket-more-pictures">
                ${view.morePictures.map((picture) => html`<li>${picture}</li>`)}
              </ul>`
        }
      </div>
      <div class="ticket-stub">
        ${price(view, locale)} ${view.notice ?? ''} ${message(view, locale)}
        ${view.live === undefined ? '' : stock(view.live, locale)} ${actions(view, action, locale)}
      </div>
    </article>
  </li>`;
}

/** As text: it goes into pages that are rendered already. */
export const ticketNotice = (text: string): string =>
  `<p class="stub-notice" role="alert" data-part="notice">${escaped(text)}</p>`;

function facts({ facts: all, name }: TicketView, texts: Texts): Markup | '' {
  if (all.length === 0) return '';
  return html`<dl class="ticket-facts" aria-label="${texts.facts(name)}">
    ${all.map(
      (fact) =>
        html`<div>
          <dt>${fact.name}</dt>
          <dd>${fact.value}</dd>
        </div>`,
    )}
  </dl>`;
}

function price({ price: asked, listAmount }: TicketView, locale: Locale): Markup {
  const { texts } = locale;
  if (asked === undefined) return html`<p class="stub-price">${texts.priceToCome}</p>`;
  if (listAmount === undefined || listAmount <= asked.amount)
    return html`<p class="stub-price" data-part="price">${locale.price(asked)}</p>`;
  return html`<p class="stub-price stub-price-reduced">
    <span class="visually-hidden">${texts.now} </span><span data-part="price">${locale.price(asked)}</span>
    <s class="stub-list-price"
      ><span class="visually-hidden">${texts.before} </span
      >${locale.price({ ...asked, amount: listAmount })}</s
    >
  </p>`;
}

function message(view: TicketView, locale: Locale): Markup {
  const { texts } = locale;
  const text = standingText(view, texts);
  return html`<div class="stub-message" data-part="message">
    <p class="stub-headline" data-part="headline" tabindex="-1">${headline(view, locale)}</p>
    <p
      class="stub-countdown"
      data-part="countdown"
      role="timer"
      ${view.opensIn === undefined ? html`hidden` : ''}
    >
      ${view.opensIn ?? ''}
    </p>
    <progress
      class="stub-hold"
      data-part="hold"
      max="1"
      value="1"
      aria-label="${texts.timeLeftToPay}"
      hidden
    ></progress>
    <p class="stub-text" data-part="text" ${text === '' ? html`hidden` : ''}>${text}</p>
  </div>`;
}

function headline({ state, startsAt, endsAt, timeZone }: TicketView, locale: Locale): string {
  const { offer, states } = locale.texts;
  if (state === 'sold_out') return offer.soldOut;
  if (state === 'paused') return offer.paused;
  if (state === 'cancelled') return offer.cancelledSale;
  const at = state === 'upcoming' ? startsAt : endsAt;
  if (at === undefined) return states[state];
  const moment = locale.moment(at, timeZone);
  if (state === 'upcoming') return offer.opens(moment);
  return state === 'ended' ? offer.ended(moment) : offer.closes(moment);
}

function standingText({ state, live }: TicketView, { offer }: Texts): string {
  if (state === 'paused') return offer.pausedText;
  if (state === 'cancelled') return offer.cancelledSaleText;
  return state === 'sold_out' && live !== undefined && live.holdSeconds > 0 ? offer.comesBack : '';
}

function stock({ name, sale }: ProductView, locale: Locale): Markup {
  const { texts } = locale;
  const most = Math.max(1, sale.offered);
  return html`<div class="stub-stock" data-part="stock">
    <meter
      data-part="meter"
      min="0"
      max="${most}"
      low="${most / 10}"
      optimum="${most}"
      value="${sale.available}"
      aria-label="${texts.unitsLeft(name)}"
    ></meter>
    <p data-part="stock-text">${texts.left(locale.count(sale.available), locale.count(sale.offered))}</p>
  </div>`;
}

function actions(view: TicketView, action: TicketAction, locale: Locale): Markup {
  const { texts } = locale;
  if (action.kind === 'sign-in')
    return html`<p class="stub-actions">
      <a class="button button-primary" data-act="sign-in" href="${action.href}">${texts.buttons.signIn}</a>
    </p>`;
  const isOpen = view.state === 'on_sale';
  if (action.kind === 'none')
    return html`<p class="stub-actions">
      <button class="button button-primary" type="button" data-act="buy" aria-disabled="true">
        ${texts.buttons.buy}
      </button>
    </p>`;
  // One that is not open is sent all the same: the page is as old as it is, and the shop decides.
  return html`<form class="stub-actions" method="post" action="${action.href}" data-part="actions">
    <input type="hidden" name="csrf" value="${action.csrf}" />
    <input type="hidden" name="key" value="${action.key}" />
    <input type="hidden" name="product" value="${view.id}" />
    <div
      class="stepper"
      data-part="stepper"
      role="group"
      aria-label="${texts.quantityOf(view.name)}"
      ${isOpen && view.perCustomerLimit > 1 ? '' : html`hidden`}
    >
      <button type="button" data-act="fewer" aria-label="${texts.oneFewer}">−</button>
      <input
        type="number"
        inputmode="numeric"
        name="quantity"
        data-part="quantity"
        aria-label="${texts.quantityOf(view.name)}"
        min="1"
        max="${view.perCustomerLimit}"
        value="${view.quantity ?? '1'}"
      />
      <button type="button" data-act="more" aria-label="${texts.oneMore}">+</button>
    </div>
    <button
      type="submit"
      class="button button-primary"
      data-act="buy"
      aria-disabled="${isOpen ? 'false' : 'true'}"
    >
      ${buyLabel(view, locale)}
    </button>
    <button type="button" class="button button-primary" data-act="pay" hidden></button>
    <button type="button" class="button button-quiet" data-act="cancel" hidden></button>
  </form>`;
}

function buyLabel({ state, price: asked, perCustomerLimit }: TicketView, locale: Locale): string {
  const { buttons } = locale.texts;
  switch (state) {
    case 'upcoming':
      return buttons.notOpen;
    case 'on_sale':
      // Without the script nobody counts what several cost.
      return asked === undefined || perCustomerLimit > 1 ? buttons.buy : buttons.buyFor(locale.price(asked));
    case 'sold_out':
      return buttons.soldOut;
    case 'paused':
      return buttons.paused;
    case 'ended':
      return buttons.ended;
    case 'cancelled':
      return buttons.cancelled;
  }
}
