// What the pages for shoppers have in common: who is there, the line that is spoken, the line about the connection, and the shop's
// clock. The names in data-part and data-act are a contract with the scripts.

import { html } from 'hono/html';
import type { Markup } from './layout.ts';
import type { Texts } from './texts.ts';

/** Who looks at the page. */
export interface VisitorView {
  readonly customerId: string;
  /** As people call them. */
  readonly name: string;
  /** Secret of their session's forms. */
  readonly csrf: string;
}

/** Stands at the right of the masthead. @param signInHref brings whoever signs in back to this page */
export function visitorAside(visitor: VisitorView | undefined, signInHref: string, texts: Texts): Markup {
  if (visitor === undefined)
    return html`<p class="identity"><a href="${signInHref}">${texts.visitor.signIn}</a></p>`;
  return html`<div class="identity">
    <p>
      <span class="identity-label">${texts.visitor.signedInAs} </span
      ><strong class="identity-name">${visitor.name}</strong>
    </p>
    <a href="/orders">${texts.visitor.myOrders}</a>
    <form method="post" action="/session/end">
      <input type="hidden" name="csrf" value="${visitor.csrf}" />
      <button type="submit" class="link-button">${texts.visitor.signOut}</button>
    </form>
  </div>`;
}

/** The first things in the main part of every page that lives. */
export const announcer = (): Markup =>
  html`<p class="visually-hidden" role="status" aria-live="polite" data-part="announcer"></p>`;

export const connectionBanner = (): Markup => html`<p class="banner" data-part="connection" hidden></p>`;

/** @param clock the hour at which the page was made */
export function shopClock(clock: string, { campaign }: Texts): Markup {
  return html`<div class="shop-clock">
    <p class="shop-clock-label">${campaign.shopTime}</p>
    <p class="shop-clock-time" data-part="shop-clock" role="timer">${clock}</p>
    <p class="shop-clock-note">${campaign.shopTimeNote}</p>
  </div>`;
}

/** For whoever has no scripts: the page is a picture of one moment. */
export function snapshotNote(href: string, { campaign }: Texts): Markup {
  return html`<p class="without-script">
    <a href="${href}">${campaign.loadAgain}</a> ${campaign.loadAgainText}
  </p>`;
}

/** The script fills the list in; without it the link leads to the same orders. */
export function ordersSection(texts: Texts): Markup {
  return html`<section class="orders" aria-labelledby="orders-heading">
    <h2 id="orders-heading" tabindex="-1">${texts.orders.title}</h2>
    <p class="orders-empty" data-part="orders-empty" hidden>${texts.orders.none}</p>
    <ul class="orders-list" data-part="orders-list"></ul>
    <p class="orders-all"><a href="/orders">${texts.orders.all}</a></p>
  </section>`;
}
