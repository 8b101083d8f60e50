// A product of a campaign as its makers see it in the list: picture, price, hours, units, and what the engine said.

import { html } from 'hono/html';
import type { Campaign, CatalogueProduct } from '../../../persistence/index.ts';
import { mayChange } from '../../cms/may-change.ts';
import { shownMoney } from '../../cms/money-text.ts';
import type { Markup } from '../layout.ts';
import { picture } from '../picture.ts';
import { engineBadge } from './engine-state.ts';
import { csrfField } from './field.ts';
import { hoursOf, linkButton, productHref, type Look } from './frame.ts';
import type { Pictures } from './image-rows.ts';

export interface ProductCardView {
  readonly campaign: Campaign;
  readonly product: CatalogueProduct;
  readonly pictures: Pictures;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

export function productCard(look: Look, view: ProductCardView): Markup {
  const { campaign, product, pictures } = view;
  const { timeZone } = campaign;
  const image = product.images[0];
  const shown = image && pictures.get(image.imageId);
  return html`<li class="product-card">
    <div class="product-card-picture">
      ${
        shown === undefined
          ? html`<span class="product-card-nothing">No picture</span>`
          : picture(shown, image!.alt, { sizes: '(max-width: 44rem) 100vw, 14rem' })
      }
    </div>
    <div class="product-card-about">
      <div class="row">
        <h3><a href="${productHref(product.id)}">${product.name}</a></h3>
        ${engineBadge(product)}
      </div>
      <dl class="facts">
        <dt>Price</dt>
        <dd>${priceOf(product)}</dd>
        <dt>Units</dt>
        <dd>${product.quantity === undefined ? 'No quantity yet' : product.quantity.toLocaleString('en')}</dd>
        <dt>On sale</dt>
        <dd>${hoursOf({ ...product, timeZone })}</dd>
        <dt>SKU</dt>
        <dd>${product.sku === '' ? 'None yet' : html`<span class="code">${product.sku}</span>`}</dd>
      </dl>
    </div>
    <div class="product-card-actions">
      ${mayChange(look.session.user.role, campaign) ? actions(look, view) : ''}
    </div>
  </li>`;
}

/** Each link and button names its product for those who hear it. */
function actions(look: Look, { product, isFirst, isLast }: ProductCardView): Markup {
  const move = (by: 'up' | 'down'): Markup =>
    html`<form method="post" action="${productHref(product.id, 'move')}">
      ${csrfField(look.session)}
      <button class="button button-quiet button-small" type="submit" name="by" value="${by}">
        ${by === 'up' ? '↑' : '↓'}<span class="visually-hidden"> Move ${product.name} ${by}</span>
      </button>
    </form>`;
  return html`${isFirst ? '' : move('up')} ${isLast ? '' : move('down')}
    <a class="button button-quiet button-small" href="${productHref(product.id, 'edit')}"
      >Edit<span class="visually-hidden"> ${product.name}</span></a
    >`;
}

export function priceOf({ amount, listAmount, currency }: CatalogueProduct): Markup {
  if (amount === undefined) return html`No price yet`;
  const list =
    listAmount === undefined || listAmount <= amount
      ? ''
      : html` <s class="muted">${shownMoney(listAmount, currency)}</s>`;
  return html`${shownMoney(amount, currency)}${list}`;
}

export const removeLink = (product: CatalogueProduct): Markup =>
  linkButton(productHref(product.id, 'remove'), 'Remove');
