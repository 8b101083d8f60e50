// A shopper's orders, newest first, a page at a time.

import { html } from 'hono/html';
import type { Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';
import type { Locale } from './locale.ts';
import type { OrderView } from './order-page.ts';
import { visitorAside, type VisitorView } from './shop-frame.ts';

export interface OrdersPageView {
  readonly orders: readonly OrderView[];
  /** Asks for the older ones. */
  readonly next: string | undefined;
  /** Epoch milliseconds. */
  readonly asOf: number;
  readonly visitor: VisitorView;
}

const TIME_ZONE = 'UTC';

export function ordersPage(assets: Assets, view: OrdersPageView, locale: Locale): Markup {
  const { texts } = locale;
  const { orders: words } = texts;
  return page(assets, {
    title: words.title,
    description: words.title,
    styles: ['base.css', 'storefront.css', 'order.css'],
    current: undefined,
    texts,
    aside: visitorAside(view.visitor, '/', texts),
    main: html`<div class="order-page">
      <h1>${words.title}</h1>
      ${
        view.orders.length === 0
          ? html`<p class="orders-empty">${words.none}</p>`
          : html`<ul class="order-rows">
              ${view.orders.map((order) => row(order, locale))}
            </ul>`
      }
      <p class="order-ways">
        ${
          view.next === undefined
            ? ''
            : html`<a href="/orders?before=${encodeURIComponent(view.next)}">${words.older}</a>`
        }
        <a href="/">${texts.nowhere.toShop}</a>
      </p>
      <p class="orders-as-of">${words.asOf(locale.clock(view.asOf, TIME_ZONE))}</p>
    </div>`,
  });
}

function row(order: OrderView, locale: Locale): Markup {
  const { texts } = locale;
  const total = locale.price({ ...order.unitPrice, amount: order.unitPrice.amount * order.quantity });
  return html`<li class="order-row" data-status="${order.status}">
    <h2 class="order-name"><a href="/orders/${order.id}">${order.productName}</a></h2>
    <p class="order-status">${texts.orderStates[order.status]}</p>
    <p class="order-details">
      ${texts.units(order.quantity, locale.count(order.quantity))} · ${total} ·
      ${texts.orders.ordered(locale.moment(order.createdAt, TIME_ZONE))}
    </p>
    <p class="order-id">${order.id}</p>
  </li>`;
}
