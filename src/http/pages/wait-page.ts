// Where somebody waits for a purchase ticket whose browser cannot work for one: how long, and then the button that orders. It is loaded
// again once, when the time has come; it works by keyboard and reads as it looks.

import { html } from 'hono/html';
import type { Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';
import type { Locale } from './locale.ts';
import type { Money } from './product-view.ts';
import { visitorAside, type VisitorView } from './shop-frame.ts';

export interface WaitPageView {
  readonly visitor: VisitorView;
  readonly productId: string;
  readonly productName: string;
  readonly quantity: number;
  readonly price: Money;
  /** Names the wish. */
  readonly key: string;
  readonly pass: string;
  /** Epoch milliseconds. */
  readonly goodFrom: number;
  readonly goodUntil: number;
  readonly now: number;
  /** What takes the form. */
  readonly action: string;
  readonly backHref: string;
}

/** Nobody knows where the reader is. */
const TIME_ZONE = 'UTC';

export const secondsToWait = ({ goodFrom, now }: Pick<WaitPageView, 'goodFrom' | 'now'>): number =>
  Math.max(0, Math.ceil((goodFrom - now) / 1_000));

export function waitPage(assets: Assets, view: WaitPageView, locale: Locale): Markup {
  const { texts } = locale;
  const { wait: words } = texts;
  const seconds = secondsToWait(view);
  const isReady = seconds === 0;
  const wish = { ...view.price, amount: view.price.amount * view.quantity };
  const heading = isReady ? words.ready : words.heading;
  return page(assets, {
    title: `${heading} – ${view.productName}`,
    description: words.title,
    styles: ['base.css', 'storefront.css', 'ticket.css', 'stub.css', 'order.css'],
    current: undefined,
    texts,
    aside: visitorAside(view.visitor, '/', texts),
    main: html`<div class="order-page">
      <article class="receipt" data-status="${isReady ? 'ready' : 'waiting'}" aria-labelledby="wait-heading">
        <div class="receipt-standing">
          <p class="receipt-kind">${texts.order.title}</p>
          <h1 id="wait-heading">${heading}</h1>
          ${isReady ? ready(view, locale) : waiting(view, seconds, locale)}
        </div>
        <dl class="receipt-facts">
          <div>
            <dt>${words.wish}</dt>
            <dd>${locale.count(view.quantity)} × ${view.productName}</dd>
          </div>
          <div>
            <dt>${texts.order.total}</dt>
            <dd>${locale.price(wish)}</dd>
          </div>
        </dl>
      </article>
      <p class="order-ways"><a href="${view.backHref}">${words.back}</a></p>
    </div>`,
  });
}

function waiting({ goodFrom }: WaitPageView, seconds: number, locale: Locale): Markup {
  const { wait: words } = locale.texts;
  return html`<p class="receipt-text">${words.text}</p>
    <div class="receipt-hold">
      <p>
        <strong>${words.until}</strong>
        <time datetime="${new Date(goodFrom).toISOString()}">${locale.clock(goodFrom, TIME_ZONE)}</time>
      </p>
      <p>${words.left(locale.count(seconds))}</p>
    </div>
    <p>${words.byItself}</p>`;
}

function ready(view: WaitPageView, locale: Locale): Markup {
  const { wait: words } = locale.texts;
  const { price, quantity } = view;
  const total = locale.price({ ...price, amount: price.amount * quantity });
  const hidden = {
    csrf: view.visitor.csrf,
    key: view.key,
    product: view.productId,
    quantity,
    wait: view.pass,
  };
  return html`<p class="receipt-text">${words.readyText(locale.clock(view.goodUntil, TIME_ZONE))}</p>
    <form class="receipt-forms" method="post" action="${view.action}">
      ${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      <button type="submit" class="button button-primary" autofocus>
        ${words.order(locale.count(quantity), view.productName, total)}
      </button>
    </form>`;
}
