// One product of the storefront: picture, description, and the stub with price, stock and buttons. All elements that
// the browser script fills in are marked with data-part, all buttons with data-act; both names are a contract with
// static/card.js. The text put here is complete without the script, except that nothing can be bought.

import { html } from 'hono/html';
import type { Markup } from './layout.ts';
import type { Money, ProductView, SaleState } from './product-view.ts';

const stateNames: Readonly<Record<SaleState, string>> = {
  upcoming: 'Opens soon',
  on_sale: 'On sale',
  sold_out: 'Sold out',
  paused: 'Paused',
  ended: 'Ended',
};

export function ticket(product: ProductView, shop: { demo: boolean }, picture: string): Markup {
  const { sale } = product;
  const headingId = `product-${product.id}`;
  return html`
    <li>
      <article
        class="ticket"
        id="ticket-${product.id}"
        data-product="${JSON.stringify(product)}"
        data-state="${sale.state}"
        aria-labelledby="${headingId}"
      >
        <div class="ticket-picture">
          <img src="${picture}" alt="" width="800" height="640" /><span class="ticket-tape" aria-hidden="true"
            >Sold out</span
          >
        </div>
        <div class="ticket-about">
          <p class="ticket-state" data-part="state">${stateNames[sale.state]}</p>
          <h3 id="${headingId}" data-part="name">${product.name}</h3>
          <p class="ticket-description" data-part="description">${product.description}</p>
          <p class="ticket-terms" data-part="terms">${limitText(product.perCustomerLimit)}</p>
        </div>
        <div class="ticket-stub">
          <p class="stub-price" data-part="price">${priceText(product.price)}</p>
          <div class="stub-message" data-part="message">
            <p class="stub-headline" data-part="headline" tabindex="-1">${windowText(product)}</p>
            <p class="stub-countdown" data-part="countdown" role="timer" hidden></p>
            <progress
              class="stub-hold"
              data-part="hold"
              max="1"
              value="1"
              aria-label="Time left to pay"
              hidden
            ></progress>
            <p class="stub-text" data-part="text" hidden></p>
          </div>
          <div class="stub-stock" data-part="stock">
            <meter
              data-part="meter"
              min="0"
              max="${Math.max(1, sale.offered)}"
              low="${Math.max(1, sale.offered) / 10}"
              optimum="${Math.max(1, sale.offered)}"
              value="${sale.available}"
              aria-label="Units of ${product.name} left"
            ></meter>
            <p data-part="stock-text">${sale.available} of ${sale.offered} left</p>
          </div>
          ${shop.demo ? buttons(product) : html`<p class="stub-text">This shop signs its shoppers in. Come through its door to buy.</p>`}
        </div>
      </article>
    </li>
  `;
}

function buttons(product: ProductView): Markup {
  return html`<div class="stub-actions" data-part="actions" hidden>
    <div class="stepper" data-part="stepper" role="group" aria-label="Quantity of ${product.name}" hidden>
      <button type="button" data-act="fewer" aria-label="One fewer">−</button>
      <input
        type="number"
        inputmode="numeric"
        data-part="quantity"
        aria-label="Quantity of ${product.name}"
        min="1"
        max="${product.perCustomerLimit}"
        value="1"
      />
      <button type="button" data-act="more" aria-label="One more">+</button>
    </div>
    <button type="button" class="button button-primary" data-act="buy" hidden></button>
    <button type="button" class="button button-primary" data-act="pay" hidden></button>
    <button type="button" class="button button-quiet" data-act="cancel" hidden></button>
  </div>`;
}

function limitText(perCustomerLimit: number): string {
  return perCustomerLimit === 1 ? 'One per customer' : `Up to ${perCustomerLimit} per customer`;
}

// The browser replaces this by the reader's own language and hours.
function windowText(product: ProductView): string {
  const { state } = product.sale;
  const word = state === 'upcoming' ? 'Opens' : state === 'ended' ? 'Ended' : 'Until';
  const moment = state === 'upcoming' ? product.startsAt : product.endsAt;
  return `${word} ${moment.slice(0, 16).replace('T', ' ')} UTC`;
}

function priceText(price: Money): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency: price.currency });
  return format.format(price.amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
