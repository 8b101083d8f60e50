// The live board of a campaign: how the sale goes, now and over the last ten minutes. Everything that can be said without a script is
// said here; static/cms-board.js keeps it current and draws the plots. Whatever a plot shows stands in a table, too.
//
// What the script fills in is marked: [data-row] names a product, or the sum, [data-figure] the figure in it.

import { html } from 'hono/html';
import type { Campaign, CatalogueProduct } from '../../../persistence/index.ts';
import {
  REASONS,
  type BoardFigures,
  type BoardMinute,
  type BoardPlot,
  type BoardProduct,
  type BoardRow,
} from '../../cms/board-figures.ts';
import type { Markup } from '../layout.ts';
import { mayPublish } from '../../cms/cms-session.ts';
import { campaignHref, campaignPage, linkButton, productHref, type Look } from './frame.ts';
import { emptyState } from './page-header.ts';
import { phaseSwitches } from './phase-switches.ts';
import { stockBar } from './stock-bar.ts';

export interface BoardPageView {
  readonly campaign: Campaign;
  readonly figures: BoardFigures;
  readonly plot: BoardPlot;
  /** Undefined: all products are plotted. */
  readonly plotted: CatalogueProduct | undefined;
}

export function boardPage(look: Look, view: BoardPageView): Markup {
  const { campaign, figures } = view;
  return campaignPage(look, campaign, 'board', {
    styles: ['cms-board.css'],
    scripts: ['cms-board.js'],
    actions: mayPublish(look.session.user.role) ? phaseSwitches(campaign, figures.phase) : [],
    main:
      figures.products.length === 0
        ? emptyState({
            title: 'Nothing to watch yet',
            text: 'The board shows how the products of this campaign sell. It has none so far.',
            action: linkButton(campaignHref(campaign.id), 'To the campaign'),
          })
        : board(view),
  });
}

function board(view: BoardPageView): Markup {
  const { campaign, figures, plotted } = view;
  const address = campaignHref(campaign.id, 'board');
  const query = plotted === undefined ? '' : `?product=${encodeURIComponent(plotted.id)}`;
  return html`<div
    class="board stack"
    data-board="${address}/events${query}"
    data-time-zone="${campaign.timeZone}"
    data-phase="${figures.phase}"
    data-now="${figures.now}"
    data-starts-at="${figures.startsAt ?? ''}"
    data-ends-at="${figures.endsAt ?? ''}"
  >
    <div class="board-state">
      <p class="board-countdown"><span data-part="countdown">${countdown(figures)}</span></p>
      <p class="board-health">
        <span data-part="health">As of ${clockTime(figures.now, campaign.timeZone)}.</span>
        <a class="board-refresh" href="${address}${query}">Refresh</a>
      </p>
    </div>
    <p class="visually-hidden" role="status" aria-live="polite" data-part="announcer"></p>
    <div data-part="notes">
      ${figures.notes.map((note) => html`<p class="notice notice-warn">${note}</p>`)}
    </div>
    ${tiles(figures.totals)} ${plots(plotted, address)} ${productTable(view, address)} ${minuteTable(view)}
    <p class="muted board-hints">
      Orders and refusals are those that this shop’s gateways answered, on average over the last 5 seconds;
      whoever repeats a lost request is not counted twice. Stock is what the products’ actors say; in the plot
      and minute by minute a product counts from when this shop’s nodes first read its stock, which is at its
      first purchase or the first look here. Revenue is units sold times the present sale price: what was sold
      at another price counts as if it had been sold at this one, and held units do not count.
    </p>
  </div>`;
}

const TILES = [
  { figure: 'sold', text: 'Sold', key: true, of: true },
  { figure: 'held', text: 'Held for payment', key: true },
  { figure: 'available', text: 'Available', key: true },
  { figure: 'orders', text: 'Orders a second' },
  { figure: 'refusals', text: 'Refusals a second' },
  { figure: 'revenue', text: 'Revenue' },
] as const;

function tiles(totals: BoardRow): Markup {
  return html`<section aria-labelledby="now-heading" class="stack board-now" data-row="">
    <h2 id="now-heading" class="visually-hidden">Now, all products</h2>
    <dl class="stat-tiles">
      ${TILES.map(
        (tile) =>
          html`<div class="stat-tile">
            <dt>
              ${'key' in tile ? html`<span class="tile-key tile-key-${tile.figure}"></span>` : ''}${tile.text}
            </dt>
            <dd>
              <span data-figure="${tile.figure}">${shown(totals[tile.figure])}</span>${
                'of' in tile
                  ? html`<small> of <span data-figure="offered">${shown(totals.offered)}</span></small>`
                  : ''
              }
            </dd>
          </div>`,
      )}
    </dl>
    ${stockBar(totals, 'wide')}
  </section>`;
}

const RANGES = [
  { seconds: 60, text: '1 minute' },
  { seconds: 180, text: '3 minutes' },
  { seconds: 600, text: '10 minutes' },
];

/** They are drawn by the script, and stand in words in the table of minutes. */
function plots(plotted: CatalogueProduct | undefined, address: string): Markup {
  return html`<section aria-labelledby="plots-heading" class="panel board-plots" data-part="plots" hidden>
    <div class="panel-head">
      <h2 id="plots-heading">${plotted === undefined ? 'All products' : plotted.name}</h2>
      <div class="board-plots-choice">
        ${plotted === undefined ? '' : html`<a href="${address}">Plot all products</a>`}
        <fieldset class="board-ranges">
          <legend class="visually-hidden">Time that is plotted</legend>
          ${RANGES.map(
            ({ seconds, text }) =>
              html`<label
                ><input
                  type="radio"
                  name="range"
                  value="${seconds}"
                  ${seconds === 600 ? html`checked` : ''}
                /><span>${text}</span></label
              >`,
          )}
        </fieldset>
      </div>
    </div>
    <div class="board-plots-grid">
      ${plot('orders', 'Orders a second', [{ key: 'orders', text: 'Orders' }])}
      ${plot('refusals', 'Refusals a second', REASONS)}
      ${plot('stock', 'Stock', [
        { key: 'available', text: 'Available' },
        { key: 'held', text: 'Held for payment' },
        { key: 'sold', text: 'Sold' },
      ])}
    </div>
  </section>`;
}

function plot(
  name: string,
  text: string,
  layers: readonly { readonly key: string; readonly text: string }[],
): Markup {
  return html`<figure class="plot" data-plot="${name}">
    <figcaption>
      <h3>${text}</h3>
      ${name === 'stock' ? '' : html`<p class="plot-peak" data-part="peak"></p>`}
    </figcaption>
    <div class="plot-drawing" data-part="drawing"></div>
    <ul class="plot-legend">
      ${layers.map(
        ({ key, text }) =>
          html`<li data-layer="${key}">
            <svg class="plot-swatch" width="16" height="16" aria-hidden="true"></svg>
            <span>${text}</span> <strong data-part="value">–</strong>
          </li>`,
      )}
    </ul>
  </figure>`;
}

function productTable({ campaign, figures, plotted }: BoardPageView, address: string): Markup {
  return html`<section aria-labelledby="products-heading" class="stack">
    <h2 id="products-heading">Products</h2>
    <div class="table-frame">
      <table class="table board-products">
        <thead>
          <tr>
            <th scope="col">Product</th>
            <th scope="col">State</th>
            <th scope="col" class="board-bar-column">Stock</th>
            <th scope="col" class="number">Available</th>
            <th scope="col" class="number">Held</th>
            <th scope="col" class="number">Sold</th>
            <th scope="col" class="number">Orders/s</th>
            <th scope="col" class="number">Refusals/s</th>
            <th scope="col" class="number">Revenue</th>
            <th scope="col"><span class="visually-hidden">Plots</span></th>
          </tr>
        </thead>
        <tbody>
          ${figures.products.map((product) => productRow(product, plotted?.id === product.id, address))}
        </tbody>
      </table>
    </div>
    ${
      campaign.status === 'draft'
        ? html`<p class="muted">Nothing is sold before the campaign is published.</p>`
        : ''
    }
  </section>`;
}

function productRow(product: BoardProduct, isPlotted: boolean, address: string): Markup {
  const figure = (name: keyof BoardRow, label: string): Markup =>
    html`<td class="number" data-label="${label}">
      <span data-figure="${name}">${shown(product[name])}</span>
    </td>`;
  return html`<tr data-row="${product.id}">
    <th scope="row"><a href="${productHref(product.id)}">${product.name}</a></th>
    <td data-label="State">
      <span class="badge ${STATES[product.state ?? 'unknown'].badge}" data-figure="state"
        >${STATES[product.state ?? 'unknown'].text}</span
      >
    </td>
    <td class="board-bar-column">${stockBar(product, 'small')}</td>
    ${figure('available', 'Available')} ${figure('held', 'Held')} ${figure('sold', 'Sold')}
    ${figure('orders', 'Orders/s')} ${figure('refusals', 'Refusals/s')} ${figure('revenue', 'Revenue')}
    <td class="actions">
      ${
        isPlotted
          ? html`<span class="muted">Plotted</span>`
          : html`<a
              href="${address}?product=${encodeURIComponent(product.id)}"
              aria-label="Plot ${product.name}"
              >Plot</a
            >`
      }
    </td>
  </tr>`;
}

/** As static/cms-board.js has them. */
const STATES = {
  upcoming: { text: 'Upcoming', badge: 'badge-scheduled' },
  on_sale: { text: 'On sale', badge: 'badge-live' },
  sold_out: { text: 'Sold out', badge: 'badge-ended' },
  all_held: { text: 'All held', badge: 'badge-paused' },
  paused: { text: 'Paused', badge: 'badge-paused' },
  ended: { text: 'Ended', badge: 'badge-ended' },
  unknown: { text: 'Not known', badge: 'badge-draft' },
} as const;

function minuteTable({ campaign, figures, plotted }: BoardPageView): Markup {
  return html`<section aria-labelledby="minutes-heading" class="stack">
    <h2 id="minutes-heading">Minute by minute${plotted === undefined ? '' : `: ${plotted.name}`}</h2>
    <div class="table-frame">
      <table class="table board-minutes">
        <thead>
          <tr>
            <th scope="col">Minute (${campaign.timeZone})</th>
            <th scope="col" class="number">Orders</th>
            <th scope="col" class="number">Units</th>
            ${REASONS.map(({ text }) => html`<th scope="col" class="number">${text}</th>`)}
            <th scope="col" class="number">Available at its end</th>
          </tr>
        </thead>
        <tbody data-part="minutes">
          ${figures.minutes.map((minute) => minuteRow(minute, campaign.timeZone))}
        </tbody>
      </table>
    </div>
  </section>`;
}

function minuteRow({ at, orders, units, reasons, available }: BoardMinute, timeZone: string): Markup {
  const cell = (label: string, figure: number | null): Markup =>
    html`<td class="number" data-label="${label}">${figure === null ? '–' : shown(figure)}</td>`;
  return html`<tr>
    <th scope="row">${clockTime(at, timeZone).slice(0, 5)}</th>
    ${cell('Orders', orders)} ${cell('Units', units)}
    ${REASONS.map(({ text }, index) => cell(text, reasons[index]!))}
    ${cell('Available at its end', available)}
  </tr>`;
}

const shown = (figure: number | string | readonly number[]): string =>
  typeof figure === 'number' ? figure.toLocaleString('en') : String(figure);

function clockTime(at: number, timeZone: string): string {
  return new Date(at).toLocaleTimeString('en-GB', { timeZone });
}

/** As static/cms-board.js says it. */
function countdown({ phase, now, startsAt, endsAt }: BoardFigures): string {
  switch (phase) {
    case 'draft':
      return 'Not published yet';
    case 'cancelled':
      return 'Cancelled';
    case 'ended':
      return 'The sale is over';
    case 'scheduled':
      return startsAt === undefined ? 'No start yet' : `Starts in ${duration(startsAt - now)}`;
    default:
      return endsAt === undefined ? 'No end' : `Ends in ${duration(endsAt - now)}`;
  }
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const days = Math.floor(seconds / 86_400);
  const clock = [Math.floor((seconds % 86_400) / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return days === 0 ? clock : `${days} ${days === 1 ? 'day' : 'days'} ${clock}`;
}
