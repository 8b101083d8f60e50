// One order of a shopper: how it stands, how long they have to pay, and the forms that pay it and cancel it.

import { html } from 'hono/html';
import type { OrderStatus } from '../../actors/index.ts';
import type { Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';
import { timeLeft, type Locale } from './locale.ts';
import type { Money } from './product-view.ts';
import { visitorAside, type VisitorView } from './shop-frame.ts';

export interface OrderView {
  readonly id: string;
  readonly productName: string;
  readonly quantity: number;
  readonly unitPrice: Money;
  readonly status: OrderStatus;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Null when it waits for no payment. */
  readonly holdExpiresAt: number | null;
}

export interface OrderPageView {
  readonly order: OrderView;
  readonly visitor: VisitorView;
  /** The page that it can be bought on. */
  readonly shopHref: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Ways in which a made-up payment can go; undefined where payments are real. */
  readonly sandbox: readonly string[] | undefined;
  /** Why the last form came to nothing. */
  readonly notice: string | undefined;
}

/** Nobody knows where the reader is. */
const TIME_ZONE = 'UTC';
/** Where scripts do not run. */
const LOOK_AGAIN_SECONDS = 10;

/** Something becomes of it without its customer. */
const FOLLOWED: ReadonlySet<OrderStatus> = new Set(['payment_pending', 'in_review', 'refund_due']);

export function orderPage(assets: Assets, view: OrderPageView, locale: Locale): Markup {
  const { order, visitor, now } = view;
  const { texts } = locale;
  const { order: words } = texts;
  const path = `/orders/${order.id}`;
  const isOpen = order.status === 'reserved';
  const isFollowed = FOLLOWED.has(order.status);
  return page(assets, {
    title: `${words.headlines[order.status]} – ${order.productName}`,
    description: words.title,
    styles: ['base.css', 'storefront.css', 'ticket.css', 'stub.css', 'order.css'],
    ...(isFollowed && {
      script: 'order.js',
      refresh: { seconds: LOOK_AGAIN_SECONDS, href: `${path}?was=${order.status}` },
    }),
    current: undefined,
    texts,
    aside: visitorAside(visitor, '/', texts),
    main: html`<div class="order-page">
      <article
        class="receipt"
        data-status="${order.status}"
        data-order="${order.id}"
        aria-labelledby="order-heading"
      >
        <div class="receipt-standing">
          <p class="receipt-kind">${words.title}</p>
          <h1 id="order-heading">${words.headlines[order.status]}</h1>
          <p class="receipt-text">${words.texts[order.status]}</p>
          ${isFollowed ? html`<p>${words.followed}</p>` : ''}
          ${isOpen && order.holdExpiresAt !== null ? hold(order.holdExpiresAt, now, locale) : ''}
          ${view.notice === undefined ? '' : html`<p class="receipt-notice" role="alert">${view.notice}</p>`}
          ${isOpen ? forms(view, path, locale) : ''}
          <p class="receipt-again"><a href="${path}">${words.loadAgain}</a></p>
        </div>
        <dl class="receipt-facts">
          ${fact(words.product, order.productName)} ${fact(words.quantity, locale.count(order.quantity))}
          ${fact(words.price, locale.price(order.unitPrice))} ${fact(words.total, total(order, locale))}
          ${fact(words.ordered, locale.moment(order.createdAt, TIME_ZONE))}
          ${fact(words.number, html`<code>${order.id}</code>`)}
        </dl>
      </article>
      <p class="order-ways">
        <a href="${view.shopHref}">${words.back}</a> <a href="/orders">${texts.orders.all}</a>
      </p>
    </div>`,
  });
}

function hold(holdExpiresAt: number, now: number, locale: Locale): Markup {
  const { order: words } = locale.texts;
  const leftMs = Math.max(0, holdExpiresAt - now);
  return html`<div class="receipt-hold">
    <p>
      <strong>${words.payUntil}</strong>
      <time datetime="${new Date(holdExpiresAt).toISOString()}"
        >${locale.clock(holdExpiresAt, TIME_ZONE)}</time
      >
    </p>
    <p>${words.leftToPay(timeLeft(leftMs))}</p>
  </div>`;
}

function forms({ order, visitor, sandbox }: OrderPageView, path: string, locale: Locale): Markup {
  const { buttons, order: words } = locale.texts;
  const csrf = html`<input type="hidden" name="csrf" value="${visitor.csrf}" />`;
  return html`<div class="receipt-forms">
    ${
      sandbox === undefined
        ? ''
        : html`<form class="receipt-pay" method="post" action="${path}/payment">
            ${csrf} ${behaviours(sandbox, locale)}
            <button type="submit" class="button button-primary">${buttons.pay(total(order, locale))}</button>
          </form>`
    }
    <form method="post" action="${path}/cancel">
      ${csrf}
      <button type="submit" class="button button-quiet">${words.cancel}</button>
    </form>
    ${sandbox === undefined ? '' : html`<p class="receipt-demo">${words.demoPayment}</p>`}
  </div>`;
}

/** What a shopper's card would decide. */
function behaviours(sandbox: readonly string[], { texts }: Locale): Markup {
  const { order: words } = texts;
  const named: Readonly<Record<string, string>> = words.demoBehaviours;
  return html`<label class="receipt-behaviour">
    <span>${words.demoBehaviour}</span>
    <select name="token">
      ${sandbox.filter((name) => name in named).map((name) => html`<option value="${name}">${named[name]}</option>`)}
    </select>
  </label>`;
}

const fact = (name: string, value: Markup | string): Markup =>
  html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;

const total = ({ unitPrice, quantity }: OrderView, locale: Locale): string =>
  locale.price({ ...unitPrice, amount: unitPrice.amount * quantity });
