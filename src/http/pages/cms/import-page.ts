// Products in and out of a campaign as a CSV file: the upload, and the report of its mistakes by line.

import { html } from 'hono/html';
import { seenOf, type Campaign, type CatalogueProduct } from '../../../persistence/index.ts';
import { mayChange } from '../../cms/may-change.ts';
import { CSV_COLUMNS, type CsvMistake } from '../../cms/product-csv.ts';
import type { Markup } from '../layout.ts';
import { csrfField, errorAt, errorSummary, fileField, type FieldError } from './field.ts';
import { campaignHref, campaignPage, linkButton, type Look } from './frame.ts';

export interface ImportView {
  readonly campaign: Campaign;
  readonly products: readonly CatalogueProduct[];
  readonly errors: readonly FieldError[];
  readonly report: { readonly mistakes: readonly CsvMistake[]; readonly count: number } | undefined;
}

export function importPage(look: Look, view: ImportView): Markup {
  const { campaign, products, errors, report } = view;
  const canImport = mayChange(look.session.user.role, campaign);
  return campaignPage(look, campaign, 'import', {
    hasErrors: errors.length > 0 || report !== undefined,
    main: html`
      ${errorSummary(errors)} ${report === undefined ? '' : reportOf(report)}
      <div class="columns">
        <div class="stack">
          ${canImport ? importForm(look, view) : ''} ${exportPart(campaign, products.length)}
        </div>
        ${rules()}
      </div>
    `,
  });
}

function importForm(look: Look, { campaign, products, errors }: ImportView): Markup {
  return html`<form
    class="form-section"
    method="post"
    action="${campaignHref(campaign.id, 'import')}"
    enctype="multipart/form-data"
    aria-labelledby="import-heading"
  >
    <h2 id="import-heading">Import</h2>
    <p>All of the file is applied, or nothing of it. Products that are not in the file stay as they are.</p>
    ${csrfField(look.session)}
    <input type="hidden" name="version" value="${campaign.version}" />
    <input type="hidden" name="seen" value="${seenOf(products)}" />
    ${fileField({
      name: 'file',
      label: 'CSV file',
      hint: 'As this page exports it, or as a spreadsheet program saves “CSV UTF-8”.',
      accept: '.csv,text/csv',
      error: errorAt(errors, 'file'),
    })}
    <div><button class="button button-primary" type="submit">Import</button></div>
  </form>`;
}

const exportPart = (campaign: Campaign, products: number): Markup =>
  html`<section class="form-section" aria-labelledby="export-heading">
    <h2 id="export-heading">Export</h2>
    ${
      products === 0
        ? html`<p>There are no products to export yet.</p>`
        : html`<p>
              All ${products} ${products === 1 ? 'product' : 'products'}. Imported again, the file changes
              nothing.
            </p>
            <div>${linkButton(campaignHref(campaign.id, 'products.csv'), 'Export')}</div>`
    }
  </section>`;

function reportOf({ mistakes, count }: { mistakes: readonly CsvMistake[]; count: number }): Markup {
  const more = count - mistakes.length;
  return html`<section
    class="error-summary"
    role="alert"
    aria-labelledby="report-title"
    tabindex="-1"
    autofocus
  >
    <h2 id="report-title">
      Nothing was imported: the file has ${count} ${count === 1 ? 'mistake' : 'mistakes'}
    </h2>
    <div class="table-frame">
      <table class="table table-compact">
        <caption class="visually-hidden">
          Mistakes by line
        </caption>
        <thead>
          <tr>
            <th scope="col" class="number">Line</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          ${mistakes.map(
            ({ line, message }) =>
              html`<tr>
                <td class="number" data-label="Line">${line}</td>
                <td>${message}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${more > 0 ? html`<p>And ${more} more.</p>` : ''}
  </section>`;
}

const rules = (): Markup =>
  html`<section class="panel" aria-labelledby="rules-heading">
    <h2 id="rules-heading">The file</h2>
    <p>
      The first line names the columns, in any order. <span class="code">sku</span> and
      <span class="code">name</span> must be there.
    </p>
    <ul class="column-names">
      ${CSV_COLUMNS.map((column) => html`<li class="code">${column}</li>`)}
    </ul>
    <p>
      A line with an id or an SKU that the campaign has changes that product, in the columns that the file
      has. Any other line is a new product.
    </p>
    <p>
      With <span class="code">version</span>, as it was exported, a line is refused when somebody saved the
      product since. Without it the file is written over what they saved.
    </p>
    <p>
      Hours are written as <span class="code">2030-01-31T18:00</span>, by the campaign’s clocks; prices as
      <span class="code">49.90</span>; attributes one a line of their cell, as
      <span class="code">Colour: red</span>. Pictures stay with their products and are not in the file.
    </p>
  </section>`;
