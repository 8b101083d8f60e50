// One product: what shoppers get, what the engine has of it, its stock as the actor counts it, and what can be changed.

import { html } from 'hono/html';
import type { Campaign, CatalogueProduct, StockChange } from '../../../persistence/index.ts';
import { mayChange } from '../../cms/may-change.ts';
import type { Markup } from '../layout.ts';
import { picture } from '../picture.ts';
import { engineBadge, engineText } from './engine-state.ts';
import { csrfField, type FieldError } from './field.ts';
import {
  CAMPAIGNS,
  campaignCrumb,
  hoursOf,
  linkButton,
  lookPage,
  zonedMoment,
  productHref,
  type Look,
} from './frame.ts';
import type { Pictures } from './image-rows.ts';
import { pageHeader } from './page-header.ts';
import { priceOf, removeLink } from './product-card.ts';
import { stockPanel, type StockView } from './stock-panel.ts';
import { uploadProgress, type Uploads } from './upload-progress.ts';

export interface ProductPageView {
  readonly campaign: Campaign;
  readonly product: CatalogueProduct;
  readonly pictures: Pictures;
  readonly uploads: Uploads;
  /** Undefined: it was never sent to the engine. */
  readonly stock: StockView | undefined;
  readonly changes: readonly StockChange[];
  readonly errors: readonly FieldError[];
}

export function productPage(look: Look, view: ProductPageView): Markup {
  const { campaign, product, uploads, stock } = view;
  const canEdit = mayChange(look.session.user.role, campaign);
  return lookPage(look, {
    title: product.name,
    breadcrumb: [CAMPAIGNS, campaignCrumb(campaign)],
    hasErrors: view.errors.length > 0,
    main: html`
      ${pageHeader({
        title: product.name,
        badge: engineBadge(product),
        lead: html`In the campaign ${campaign.title}`,
        actions: canEdit
          ? [
              linkButton(productHref(product.id, 'edit'), 'Edit product'),
              ...(stock === undefined ? [removeLink(product)] : []),
            ]
          : [],
      })}
      ${stock === undefined ? '' : stockPanel(look, view, stock)}
      <div class="columns">
        <div class="stack">${about(view)} ${pictures(view)}</div>
        <div class="stack">${engine(look, view, canEdit)} ${uploadProgress(uploads)}</div>
      </div>
    `,
  });
}

function about({ campaign, product }: ProductPageView): Markup {
  const { timeZone } = campaign;
  return html`<section class="panel" aria-labelledby="about-heading">
    <h2 id="about-heading">Product</h2>
    ${
      product.description === ''
        ? html`<p class="muted">No description.</p>`
        : html`<p class="long-text">${product.description}</p>`
    }
    <dl class="facts">
      <dt>SKU</dt>
      <dd class="code">${product.sku === '' ? 'None yet' : product.sku}</dd>
      <dt>Price</dt>
      <dd>${priceOf(product)}</dd>
      <dt>On sale</dt>
      <dd>${hoursOf({ ...product, timeZone })}</dd>
      <dt>Units</dt>
      <dd>${product.quantity === undefined ? 'No quantity yet' : product.quantity.toLocaleString('en')}</dd>
      <dt>Limit</dt>
      <dd>${product.perCustomerLimit} per customer</dd>
      <dt>Hold</dt>
      <dd>
        ${product.holdSeconds === 0 ? 'None: an order is a sale at once' : `${product.holdSeconds} seconds to pay in`}
      </dd>
      ${product.attributes.map(
        ({ name, value }) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
      <dt>Saved</dt>
      <dd>${zonedMoment(product.updatedAt, timeZone)} by ${product.updatedBy}</dd>
    </dl>
  </section>`;
}

function pictures({ product, pictures }: ProductPageView): Markup {
  return html`<section class="panel" aria-labelledby="pictures-heading">
    <h2 id="pictures-heading">Pictures</h2>
    ${
      product.images.length === 0
        ? html`<p class="muted">None yet. Shoppers look at the picture first.</p>`
        : html`<ul class="picture-grid">
            ${product.images.map(({ imageId, alt }) => {
              const image = pictures.get(imageId);
              return html`<li>
                <figure>
                  ${image === undefined ? '' : picture(image, alt, { sizes: '12rem' })}
                  <figcaption>Alternative text: ${alt}</figcaption>
                </figure>
              </li>`;
            })}
          </ul>`
    }
  </section>`;
}

function engine({ session }: Look, { campaign, product }: ProductPageView, canEdit: boolean): Markup {
  const { refusal } = product.engine;
  return html`<section class="panel" aria-labelledby="engine-heading">
    <h2 id="engine-heading">Engine</h2>
    <p class="${refusal === undefined ? '' : 'notice notice-bad'}">
      ${engineText(product, campaign.timeZone)}
    </p>
    ${
      refusal !== undefined && canEdit
        ? html`<form method="post" action="${productHref(product.id, 'send-again')}">
            ${csrfField(session)}
            <button class="button button-quiet" type="submit">Send again</button>
          </form>`
        : ''
    }
    <dl class="facts">
      <dt>Its name there</dt>
      <dd class="code">${product.id}</dd>
    </dl>
  </section>`;
}
