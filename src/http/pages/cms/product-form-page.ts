// The form of a product, empty or filled: as it was typed, with what is wrong with it, or with what somebody else saved meanwhile
// beside it. Rows of attributes and pictures have numbers in their names, so that it all works without a script.

import { html } from 'hono/html';
import type { Campaign, CatalogueProduct } from '../../../persistence/index.ts';
import { CURRENCIES, currencyName } from '../../cms/money-text.ts';
import {
  PRODUCT_FIELDS,
  PRODUCT_LABELS,
  type ProductField,
  type ProductTyped,
} from '../../cms/product-form.ts';
import type { Markup } from '../layout.ts';
import { attributeRows } from './attribute-rows.ts';
import { hourInput } from './campaign-form-page.ts';
import { conflictPanel, differences, theirsAt, type Difference, type TheirSave } from './conflict.ts';
import {
  csrfField,
  errorAt,
  errorSummary,
  field,
  selectField,
  textAreaField,
  type FieldError,
  type FieldParts,
} from './field.ts';
import {
  CAMPAIGNS,
  campaignCrumb,
  campaignHref,
  hoursOf,
  linkButton,
  lookPage,
  productHref,
  type Look,
} from './frame.ts';
import { imageRows, type Pictures } from './image-rows.ts';
import { pageHeader } from './page-header.ts';

/** Of a form that was made of a product on sale: its units are not written in it. */
export const SENT = 'sent';

export interface ProductFormView {
  readonly campaign: Campaign;
  /** Undefined: a new one. */
  readonly product: CatalogueProduct | undefined;
  /** How the id of a new one will end: the form sent twice makes one product. */
  readonly ending: string;
  readonly typed: ProductTyped;
  readonly errors: readonly FieldError[];
  readonly pictures: Pictures;
  /** Alternative texts of pictures to be added, as they were typed. */
  readonly newAlts: readonly string[];
  /** Rows to be filled, beside those that are. */
  readonly emptyAttributeRows: number;
  /** They were asked for just now. */
  readonly asksForMoreRows?: boolean | undefined;
  /** The engine has it: its units change on its page alone. */
  readonly isSent: boolean;
  /** What somebody else saved while this was typed. */
  readonly theirs?: (TheirSave & { readonly typed: ProductTyped }) | undefined;
}

/** Enter in a field presses a form's first button, which must save: “More rows” stands before the one that people see. */
const SAVES_BY_ENTER = html`<button class="visually-hidden" type="submit" tabindex="-1" aria-hidden="true">
  Save product
</button>`;

interface Parts {
  readonly view: ProductFormView;
  readonly differing: readonly Difference[];
}

export function productFormPage(look: Look, view: ProductFormView): Markup {
  const { campaign, product, errors, theirs } = view;
  const title = product === undefined ? 'New product' : 'Edit product';
  const action =
    product === undefined ? campaignHref(campaign.id, 'products/new') : productHref(product.id, 'edit');
  const parts: Parts = { view, differing: theirs === undefined ? [] : differingOf(view.typed, theirs.typed) };
  return lookPage(look, {
    title: product === undefined ? `${title} – ${campaign.title}` : `${title}: ${product.name}`,
    breadcrumb: [
      CAMPAIGNS,
      campaignCrumb(campaign),
      ...(product === undefined ? [] : [{ href: productHref(product.id), text: product.name }]),
    ],
    hasErrors: errors.length > 0 || theirs !== undefined,
    main: html`
      ${pageHeader({ title, lead: html`In the campaign ${campaign.title}` })} ${errorSummary(errors)}
      ${theirs === undefined ? '' : conflictPanel(theirs, parts.differing, action)}
      <form
        class="form"
        method="post"
        action="${action}"
        enctype="multipart/form-data"
        data-files-text="Checking and resizing pictures…"
      >
        ${SAVES_BY_ENTER} ${csrfField(look.session)}
        ${
          product === undefined
            ? html`<input type="hidden" name="ending" value="${view.ending}" />`
            : html`<input type="hidden" name="version" value="${theirs?.version ?? product.version}" />`
        }
        ${view.isSent ? html`<input type="hidden" name="${SENT}" value="yes" />` : ''} ${what(parts)}
        ${price(parts)} ${when(parts)} ${selling(parts)} ${imageRows(view)}
        ${attributeRows(
          view.typed.attributes,
          view.emptyAttributeRows,
          errors,
          view.asksForMoreRows === true && errors.length === 0,
        )}
        <div class="form-actions">
          <button class="button button-primary" type="submit">
            ${theirs === undefined ? 'Save product' : 'Save mine over theirs'}
          </button>
          ${linkButton(product === undefined ? campaignHref(campaign.id) : productHref(product.id), 'Cancel', 'plain')}
          <p class="form-status" role="status"></p>
        </div>
      </form>
    `,
  });
}

function differingOf(mine: ProductTyped, theirs: ProductTyped): Difference[] {
  const texts = (typed: ProductTyped) => ({
    ...typed,
    attributes: typed.attributes.map(({ name, value }) => `${name}: ${value}`).join('\n'),
    images: typed.images.map(({ alt }) => alt).join('\n'),
  });
  const labels = { ...PRODUCT_LABELS, attributes: 'Attributes', images: 'Pictures' };
  return differences([...PRODUCT_FIELDS, 'attributes', 'images'], labels, texts(mine), texts(theirs));
}

function common({ view, differing }: Parts, name: ProductField, hint?: string): FieldParts {
  return {
    name,
    label: PRODUCT_LABELS[name],
    value: view.typed[name],
    hint: theirsAt(differing, name, hint),
    error: errorAt(view.errors, name),
  };
}

const what = (parts: Parts): Markup =>
  html`<fieldset class="form-section">
    <legend><h2>What it is</h2></legend>
    ${field({ ...common(parts, 'name', 'Shoppers see it.'), maxlength: 200 })}
    ${field({
      ...common(parts, 'sku', 'Your own number of it. It tells products apart in CSV files.'),
      spellcheck: false,
      autocomplete: 'off',
      maxlength: 64,
      width: 'medium',
    })}
    ${textAreaField({
      name: 'description',
      label: PRODUCT_LABELS.description,
      value: parts.view.typed.description,
      hint: theirsAt(parts.differing, 'description', undefined),
      error: errorAt(parts.view.errors, 'description'),
      optional: true,
      rows: 5,
    })}
  </fieldset>`;

function price(parts: Parts): Markup {
  const { typed, errors } = parts.view;
  const isUnknown = typed.currency !== '' && !CURRENCIES.includes(typed.currency);
  const codes = isUnknown ? [typed.currency, ...CURRENCIES] : CURRENCIES;
  return html`<fieldset class="form-section">
    <legend><h2>Price</h2></legend>
    ${selectField({
      name: 'currency',
      label: PRODUCT_LABELS.currency,
      value: typed.currency,
      hint: theirsAt(parts.differing, 'currency', undefined),
      error: errorAt(errors, 'currency'),
      options: codes.map((code) => ({ value: code, text: `${code} – ${currencyName(code)}` })),
      width: 'medium',
    })}
    <div class="field-group">
      ${field({ ...common(parts, 'amount', 'What shoppers pay, such as 49.90.'), inputmode: 'decimal' })}
      ${field({
        ...common(parts, 'listAmount', 'Before the discount; shown struck out.'),
        inputmode: 'decimal',
        optional: true,
      })}
    </div>
  </fieldset>`;
}

const when = (parts: Parts): Markup =>
  html`<fieldset class="form-section">
    <legend><h2>When</h2></legend>
    <p>Inside the campaign’s hours: ${hoursOf(parts.view.campaign)}.</p>
    <div class="field-group">
      ${(['startsAt', 'endsAt'] as const).map((name) =>
        field({ ...common(parts, name), ...hourInput(parts.view.typed[name]) }),
      )}
    </div>
  </fieldset>`;

const selling = (parts: Parts): Markup =>
  html`<fieldset class="form-section">
    <legend><h2>Units</h2></legend>
    <div class="field-group">
      ${field({
        ...common(
          parts,
          'quantity',
          parts.view.isSent
            ? 'The engine has it: add or withdraw units on the product’s page.'
            : 'Units on sale from the start.',
        ),
        inputmode: 'numeric',
        readonly: parts.view.isSent,
      })}
      ${field({
        ...common(parts, 'perCustomerLimit', 'Units one customer may have.'),
        inputmode: 'numeric',
      })}
      ${field({
        ...common(parts, 'holdSeconds', 'To pay in. 0 sells at once.'),
        inputmode: 'numeric',
      })}
    </div>
  </fieldset>`;
