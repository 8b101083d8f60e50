// The stock of a product, as its actor counts it now, with forms to add and to withdraw units and what became of each change.

import { html } from 'hono/html';
import type { StockChange } from '../../../persistence/index.ts';
import { mayPublish } from '../../cms/cms-session.ts';
import type { Markup } from '../layout.ts';
import { csrfField, errorAt, errorSummary, field } from './field.ts';
import { moment, productHref, type Look } from './frame.ts';
import type { ProductPageView } from './product-page.ts';
import type { Notice } from './shell.ts';

export interface StockView {
  /** Undefined: the actor did not answer just now. */
  readonly counts:
    | {
        readonly loaded: number;
        readonly available: number;
        readonly reserved: number;
        readonly sold: number;
        readonly withdrawn: number;
      }
    | undefined;
  /** Drawn for this page: a form that is sent twice counts once. */
  readonly requestId: string;
  /** As it was typed, when the form came back. */
  readonly typed: { readonly add: string; readonly withdraw: string };
}

const COUNTS = [
  ['loaded', 'Loaded'],
  ['available', 'Available'],
  ['reserved', 'Held'],
  ['sold', 'Sold'],
  ['withdrawn', 'Withdrawn'],
] as const;

export function stockPanel(look: Look, view: ProductPageView, stock: StockView): Markup {
  const { campaign, product, changes, errors } = view;
  const canChange = mayPublish(look.session.user.role) && campaign.status !== 'cancelled';
  return html`<section aria-labelledby="stock-heading" class="stack" id="stock">
    <h2 id="stock-heading">Stock</h2>
    ${errorSummary(errors)}
    ${
      stock.counts === undefined
        ? html`<p class="notice notice-warn">
            The engine does not know this product yet, or did not answer just now. Load the page again in a
            moment.
          </p>`
        : html`<dl class="stat-tiles">
            ${COUNTS.map(
              ([name, text]) =>
                html`<div class="stat-tile">
                  <dt>${text}</dt>
                  <dd>${stock.counts![name].toLocaleString('en')}</dd>
                </div>`,
            )}
          </dl>`
    }
    ${
      canChange
        ? html`<div class="stock-forms">
            ${changeForm(look, product.id, stock, 'add', errorAt(errors, 'add'))}
            ${changeForm(look, product.id, stock, 'withdraw', errorAt(errors, 'withdraw'))}
          </div>`
        : ''
    }
    ${changes.length === 0 ? '' : changesTable(changes, campaign.timeZone)}
  </section>`;
}

function changeForm(
  { session }: Look,
  productId: string,
  { requestId, typed }: StockView,
  way: 'add' | 'withdraw',
  error: string | undefined,
): Markup {
  const text = way === 'add' ? 'Add units' : 'Withdraw units';
  return html`<form class="panel stock-form" method="post" action="${productHref(productId, 'stock')}">
    ${csrfField(session)}
    <input type="hidden" name="requestId" value="${requestId}-${way}" />
    <input type="hidden" name="way" value="${way}" />
    ${field({
      name: way,
      label: way === 'add' ? 'Units to add' : 'Units to withdraw',
      hint:
        way === 'add' ? 'They can be bought at once.' : 'Only what is available; never what is held or sold.',
      value: typed[way],
      inputmode: 'numeric',
      autocomplete: 'off',
      error,
      width: 'short',
    })}
    <button class="button button-quiet" type="submit">${text}</button>
  </form>`;
}

function changesTable(changes: readonly StockChange[], timeZone: string): Markup {
  return html`<div class="table-frame">
    <table class="table">
      <caption>
        Changes of the stock, newest first, by the clocks of ${timeZone.replaceAll('_', ' ')}
      </caption>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">Change</th>
          <th scope="col">Engine</th>
        </tr>
      </thead>
      <tbody>
        ${changes.map(
          (change) =>
            html`<tr>
              <td data-label="When">${moment(change.at, timeZone)}</td>
              <td data-label="Who">${change.userName}</td>
              <td data-label="Change">${changeText(change)}</td>
              <td data-label="Engine">${outcomeText(change)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** What was asked for, whatever became of it. */
function changeText({ units }: StockChange): string {
  if (units === undefined) return 'All that was available, withdrawn';
  return `${units > 0 ? '+' : '−'}${unitsText(units)}`;
}

const unitsText = (units: number): string =>
  `${Math.abs(units).toLocaleString('en')} ${Math.abs(units) === 1 ? 'unit' : 'units'}`;

function outcomeText({ state, refusal, stock }: StockChange): Markup {
  if (state === 'waiting') return html`<span class="badge badge-waiting">Waiting</span>`;
  if (state === 'refused') return html`<span class="badge badge-refused">Refused</span> ${refusal ?? ''}`;
  return html`<span class="badge badge-confirmed">Confirmed</span>
    ${stock === undefined ? '' : `${stock.available.toLocaleString('en')} available after it`}`;
}

/** What became of a change, for the notice above the page. */
export function stockNotice({ units = 0, state, refusal, stock }: StockChange): Notice {
  if (state === 'refused')
    return {
      kind: 'bad',
      text: `The engine refused to ${units > 0 ? 'add' : 'withdraw'} ${unitsText(units)}. ${refusal ?? ''}`,
    };
  const what = `${units > 0 ? 'Added' : 'Withdrew'} ${unitsText(units)}`;
  if (state === 'waiting')
    return {
      kind: 'good',
      text: `${what}: on its way to the engine, which has not answered yet. Load the page again to see it.`,
    };
  const now =
    stock === undefined
      ? ''
      : ` Right after it ${stock.available.toLocaleString('en')} of ${stock.loaded.toLocaleString('en')} loaded were available.`;
  return { kind: 'good', text: `${what}, confirmed by the engine.${now}` };
}
