// The shop's own page: the campaigns that whoever looks may enter, and below them the products in no campaign as tickets. It decides
// nothing about a sale: what it shows is a picture of the past, and only an answer of the API tells a shopper that something is
// theirs. static/storefront.js keeps it current.

import { html } from 'hono/html';
import { assetUrl, SHOP_SCRIPT, type Assets } from './assets.ts';
import { campaignCard, type CampaignCardView } from './campaign/campaign-card.ts';
import { page, type Markup } from './layout.ts';
import { timeLeft, type Locale } from './locale.ts';
import { rendered } from './pieces.ts';
import type { ProductView } from './product-view.ts';
import {
  announcer,
  connectionBanner,
  ordersSection,
  shopClock,
  snapshotNote,
  visitorAside,
  type VisitorView,
} from './shop-frame.ts';
import { ticket, ticketNotice, type TicketAction, type TicketRefusal, type TicketView } from './ticket.ts';

export interface StorefrontView {
  readonly campaigns: readonly CampaignCardView[];
  readonly products: readonly ProductView[];
  readonly visitor: VisitorView | undefined;
  readonly signInHref: string;
  /** Names one wish for each product. */
  readonly key: string;
  /** What came of a form. */
  readonly refusal?: TicketRefusal | undefined;
  /** Whoever looks is trying it out, and wants to know how to fill it. */
  readonly isDemo: boolean;
  /** Epoch milliseconds, by this server's clock. */
  readonly now: number;
}

/** Nobody knows where the reader is; the script shows their own hours. */
const TIME_ZONE = 'UTC';

export function storefrontPage(assets: Assets, view: StorefrontView, locale: Locale): Markup {
  const { texts } = locale;
  const { campaigns, products, visitor, refusal } = view;
  // What came of a form is said, also when what it was about is not there any more.
  const isOnTicket = products.some(({ id }) => id === refusal?.productId);
  const notice = refusal === undefined || isOnTicket ? '' : rendered(ticketNotice(refusal.text));
  return page(assets, {
    title: texts.shop.title,
    description: texts.shop.description,
    styles: ['base.css', 'storefront.css', 'campaign.css', 'ticket.css', 'stub.css'],
    script: SHOP_SCRIPT,
    current: 'storefront',
    texts,
    aside: visitorAside(visitor, view.signInHref, texts),
    main: html`${announcer()} ${hero(view, locale)}
      <div class="notes">${notice} ${connectionBanner()} ${snapshotNote('/', texts)}</div>
      ${campaigns.length === 0 ? '' : campaignSection(campaigns, view.now, locale)}
      ${products.length === 0 ? noProducts(visitor) : drop(assets, view, locale)}
      ${campaigns.length + products.length === 0 ? nothingHere(view, locale) : ''}
      ${visitor === undefined ? '' : ordersSection(texts)}`,
  });
}

/** The orders below live all the same. */
const noProducts = (visitor: VisitorView | undefined): Markup | '' =>
  visitor === undefined ? '' : html`<div data-part="drop" data-customer="${visitor.customerId}"></div>`;

function hero(view: StorefrontView, locale: Locale): Markup {
  const [first = '', ...others] = locale.texts.shop.slogan;
  return html`<div class="hero">
    <h1><span>${first}</span> ${others.map((line) => html`<span>${line}</span>`)}</h1>
    ${shopClock(locale.clock(view.now, TIME_ZONE), locale.texts)}
  </div>`;
}

function campaignSection(campaigns: readonly CampaignCardView[], now: number, locale: Locale): Markup {
  return html`<section class="campaigns" aria-labelledby="campaigns-heading">
    <h2 id="campaigns-heading">${locale.texts.shop.campaigns}</h2>
    <ul class="campaign-cards">
      ${campaigns.map((campaign) => campaignCard(campaign, now, locale))}
    </ul>
  </section>`;
}

function drop(assets: Assets, view: StorefrontView, locale: Locale): Markup {
  const { visitor, products, key, now } = view;
  const action: TicketAction =
    visitor === undefined
      ? { kind: 'sign-in', href: view.signInHref }
      : { kind: 'buy', href: '/orders', csrf: visitor.csrf, key };
  return html`<section
    class="drop"
    aria-labelledby="drop-heading"
    data-part="drop"
    ${visitor === undefined ? '' : html`data-customer="${visitor.customerId}"`}
  >
    <h2 id="drop-heading" class="${view.campaigns.length === 0 ? 'visually-hidden' : ''}">
      ${locale.texts.products}
    </h2>
    <ul class="tickets">
      ${products.map((product) => ticket(ticketOf(assets, product, now, view.refusal), action, locale))}
    </ul>
  </section>`;
}

function ticketOf(
  assets: Assets,
  product: ProductView,
  now: number,
  refusal: TicketRefusal | undefined,
): TicketView {
  const { sale, startsAt, endsAt } = product;
  const opensAt = Date.parse(startsAt);
  const refused = refusal?.productId === product.id ? refusal : undefined;
  return {
    ...product,
    listAmount: undefined,
    state: sale.state,
    startsAt: opensAt,
    endsAt: Date.parse(endsAt),
    timeZone: TIME_ZONE,
    facts: [],
    picture: html`<img src="${productPicture(assets, product.id)}" alt="" width="800" height="640" />`,
    morePictures: [],
    live: product,
    opensIn: sale.state === 'upcoming' ? timeLeft(opensAt - now) : undefined,
    notice: refused && rendered(ticketNotice(refused.text)),
    quantity: refused && String(refused.quantity),
  };
}

function productPicture(assets: Assets, productId: string): string {
  // A sample that came again has a number behind its name.
  const own = [productId, productId.replace(/-\d+$/, '')].map((id) => `products/${id}.svg`);
  return assetUrl(assets, own.find((name) => assets.has(name)) ?? 'products/placeholder.svg');
}

function nothingHere({ isDemo, now }: StorefrontView, { texts }: Locale): Markup {
  return html`<section class="empty" aria-labelledby="empty-heading">
    <h2 id="empty-heading">${texts.shop.nothing}</h2>
    ${isDemo ? howToFill(now) : html`<p>${texts.shop.nothingText}</p>`}
  </section>`;
}

function howToFill(now: number): Markup {
  const startsAt = new Date(now).toISOString();
  const endsAt = new Date(now + 86_400_000).toISOString();
  const facts = {
    name: 'First drop',
    description: 'The first thing behind this door.',
    startsAt,
    endsAt,
    price: { amount: 4_900, currency: 'EUR' },
    perCustomerLimit: 2,
    holdSeconds: 300,
  };
  const product = JSON.stringify(facts, null, 2).replaceAll('\n', '\n  ');
  const shop = html`<span data-part="origin">http://localhost:3000</span>`;
  return html`<p>Create a product and give it stock, then load this page again.</p>
    <pre
      tabindex="0"
      aria-label="Commands that create a product and load its stock"
    ><code>curl -X PUT ${shop}/v1/admin/products/first-drop \\
  -H "Authorization: Bearer $ADMIN_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '${product}'

curl -X POST ${shop}/v1/admin/products/first-drop/stock \\
  -H "Authorization: Bearer $ADMIN_TOKEN" \\
  -H "Idempotency-Key: first-load" \\
  -H "Content-Type: application/json" \\
  -d '{"quantity":100}'</code></pre>
    <p>Everything else the shop can be told stands in the <a href="/docs">API reference</a>.</p>`;
}
