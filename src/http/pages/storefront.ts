// The shop's one page: every product as a ticket with its picture, its live sale state and its Buy button, and below
// them the shopper's orders. The server renders all that is known when the page leaves; static/storefront.js keeps it
// current. This file decides nothing about a sale: what it shows is a picture of the past, and only an answer of the
// API tells a shopper that something is theirs.

import { html } from 'hono/html';
import { assetUrl, importsOf, loadAssets, type Assets } from './assets.ts';
import { page, type Markup } from './layout.ts';
import { ticket } from './ticket.ts';
import type { ProductView } from './product-view.ts';

export type StorefrontView = {
  /** Shoppers may make themselves up; otherwise the shop signs them in and this page does not sell. */
  demo: boolean;
  products: ProductView[];
  /** Milliseconds since 1970, by this server's clock. */
  now: number;
};

const withoutScriptText =
  'Buying needs JavaScript: stock and time change by the second here. What you see was true when the page was made.';
const outsideText =
  'You are looking at the doors from outside: this shop signs its shoppers in before they can buy.';

export function storefrontPage(view: StorefrontView, assets: Assets = loadAssets()): Markup {
  return page(assets, {
    title: 'Doorbuster: the drop',
    description: 'Limited products, sold at a fixed second, each unit exactly once.',
    styles: ['base.css', 'storefront.css', 'ticket.css', 'stub.css'],
    scripts: ['storefront.js', ...importsOf(assets, 'storefront.js')],
    current: 'storefront',
    ...(view.demo ? { aside: identity() } : {}),
    main: html`
      ${hero(view)}
      <p class="visually-hidden" role="status" aria-live="polite" data-part="announcer"></p>
      ${view.products.length === 0 ? emptyState(view.now) : drop(view, assets)}
      ${view.demo && view.products.length > 0 ? ordersSection() : ''}
    `,
  });
}

function hero(view: StorefrontView): Markup {
  return html`<div class="hero">
    <h1><span>When it’s gone,</span> <span>it’s gone.</span></h1>
    <div class="shop-clock">
      <p class="shop-clock-label">Shop time</p>
      <p class="shop-clock-time" data-part="shop-clock" role="timer">${utcTime(view.now)}</p>
      <p class="shop-clock-note">Doors open by this clock, not yours.</p>
    </div>
    <noscript><p class="banner">${withoutScriptText}</p></noscript>
    <p class="banner" data-part="connection" hidden></p>
    ${view.demo || view.products.length === 0 ? '' : html`<p class="banner">${outsideText}</p>`}
  </div>`;
}

function drop(view: StorefrontView, assets: Assets): Markup {
  return html`
    <section aria-labelledby="drop-heading" data-part="drop" data-demo="${view.demo ? 'yes' : 'no'}">
      <h2 id="drop-heading" class="visually-hidden">Products</h2>
      <ul class="tickets">
        ${view.products.map((product) => ticket(product, view, productPicture(assets, product.id)))}
      </ul>
    </section>
  `;
}

function productPicture(assets: Assets, productId: string): string {
  // A sample that came again has a number behind its name.
  const own = [productId, productId.replace(/-\d+$/, '')].map((id) => `products/${id}.svg`);
  return assetUrl(assets, own.find((name) => assets.has(name)) ?? 'products/placeholder.svg');
}

function identity(): Markup {
  return html`<p class="identity" data-part="identity" hidden>
    <span>You are <strong data-part="shopper-id"></strong></span>
    <button type="button" class="link-button" data-act="become-someone-else">be someone else</button>
  </p>`;
}

function ordersSection(): Markup {
  return html`<section class="orders" aria-labelledby="orders-heading">
    <h2 id="orders-heading" tabindex="-1">My orders</h2>
    <p class="orders-empty" data-part="orders-empty">Nothing yet. What you reserve or buy is listed here.</p>
    <ul class="orders-list" data-part="orders-list"></ul>
  </section>`;
}

function emptyState(now: number): Markup {
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
  return html`
    <section class="empty" aria-labelledby="empty-heading">
      <h2 id="empty-heading">Nothing behind the door yet</h2>
      <p>Create a product and give it stock, then load this page again.</p>
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
      <p>Everything else the shop can be told stands in the <a href="/docs">API reference</a>.</p>
    </section>
  `;
}

function utcTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(11, 19)} UTC`;
}
