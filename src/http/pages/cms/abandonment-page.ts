// Who holds units and lets them go, by customer and by network, as tables and as bars. A high share with many orders is what to look
// at; one hold that ran out is nothing.

import { html, raw } from 'hono/html';
import type { Abandonment, AbandonmentCounts } from '../../../persistence/index.ts';
import type { Markup } from '../layout.ts';
import { customersPage } from './customer-page.ts';
import type { Look } from './frame.ts';
import { emptyState } from './page-header.ts';
import { customerLink } from './review-links.ts';

/** Hours that can be looked at, and what they are called. */
export const SPANS = [
  { hours: 1, text: 'Last hour' },
  { hours: 24, text: 'Last day' },
  { hours: 168, text: 'Last 7 days' },
  { hours: 720, text: 'Last 30 days' },
] as const;

export interface AbandonmentView extends Abandonment {
  readonly hours: number;
}

export function abandonmentPage(look: Look, view: AbandonmentView): Markup {
  const { all, customers, networks, isWhole } = view;
  return customersPage(look, 'abandonment', {
    title: 'Abandoned holds',
    main: html`
      <nav aria-label="How far back" class="row">
        ${SPANS.map(
          ({ hours, text }) =>
            html`<a
              class="button button-small ${hours === view.hours ? 'button-chosen' : 'button-quiet'}"
              href="/cms/abandonment?hours=${hours}"
              ${hours === view.hours ? raw('aria-current="page"') : ''}
              >${text}</a
            >`,
        )}
      </nav>
      ${
        all.orders === 0
          ? emptyState({
              title: 'No holds',
              text: 'Orders that hold units until they are paid are counted here, by customer and by network.',
            })
          : html`${tiles(all)} ${legend}
            ${isWhole ? '' : html`<p class="notice notice-warn">There were too many orders: the oldest are left out.</p>`}
            ${part({
              title: 'Customers',
              first: 'Customer',
              none: 'No hold of any customer ran out.',
              lines: customers.map((each) => ({
                ...each,
                name: customerLink(each.customerId),
                more: undefined,
              })),
            })}
            ${part({
              title: 'Networks',
              first: 'Network',
              none: 'No hold from any network ran out.',
              lines: networks.map((each) => ({
                ...each,
                name: html`<span class="code">${each.network}</span>`,
                more: `${count(each.customers)} ${each.customers === 1 ? 'customer' : 'customers'}`,
              })),
            })}`
      }
    `,
  });
}

const count = (value: number): string => value.toLocaleString('en');
const share = ({ expired, orders }: AbandonmentCounts): string =>
  orders === 0 ? '–' : `${Math.round((expired / orders) * 100)} %`;

function tiles(all: AbandonmentCounts): Markup {
  const tile = (label: string, value: string): Markup =>
    html`<div class="stat-tile">
      <dt>${label}</dt>
      <dd>${value}</dd>
    </div>`;
  return html`<dl class="stat-tiles">
    ${tile('Orders with a hold', count(all.orders))} ${tile('Ran out unpaid', count(all.expired))}
    ${tile('Share that ran out', share(all))} ${tile('Cancelled', count(all.cancelled))}
    ${tile('Held now', count(all.open))} ${tile('Paid', count(all.paid))}
  </dl>`;
}

interface Line extends AbandonmentCounts {
  readonly name: Markup;
  readonly more: string | undefined;
}

interface Part {
  readonly title: string;
  readonly first: string;
  readonly none: string;
  readonly lines: readonly Line[];
}

function part({ title, first, none, lines }: Part): Markup {
  const id = `part-${first.toLowerCase()}`;
  const most = Math.max(1, ...lines.map(({ orders }) => orders));
  return html`<section class="stack" aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${lines.length === 0 ? html`<p class="muted">${none}</p>` : table(first, lines, most)}
  </section>`;
}

function table(first: string, lines: readonly Line[], most: number): Markup {
  return html`<div class="table-frame">
    <table class="table">
      <caption class="visually-hidden">
        Those with most holds that ran out, first
      </caption>
      <thead>
        <tr>
          <th scope="col">${first}</th>
          <th scope="col" class="number">Ran out</th>
          <th scope="col" class="number">Share</th>
          <th scope="col" class="number">Cancelled</th>
          <th scope="col" class="number">Held now</th>
          <th scope="col" class="number">Paid</th>
          <th scope="col" class="number">Orders</th>
          <td></td>
        </tr>
      </thead>
      <tbody>
        ${lines.map(
          (line) =>
            html`<tr>
              <th scope="row">
                ${line.name}${line.more === undefined ? '' : html` <span class="cell-note">${line.more}</span>`}
              </th>
              <td class="number" data-label="Ran out">${count(line.expired)}</td>
              <td class="number" data-label="Share">${share(line)}</td>
              <td class="number" data-label="Cancelled">${count(line.cancelled)}</td>
              <td class="number" data-label="Held now">${count(line.open)}</td>
              <td class="number" data-label="Paid">${count(line.paid)}</td>
              <td class="number" data-label="Orders">${count(line.orders)}</td>
              <td class="hold-bar-cell">${bar(line, most)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const PARTS = [
  ['expired', 'Ran out'],
  ['cancelled', 'Cancelled'],
  ['open', 'Held now'],
  ['paid', 'Paid'],
] as const;

/** Units of the drawing; the longest bar is as wide as its place. */
const WIDTH = 1_000;

/** The same as the numbers beside it. */
function bar(line: AbandonmentCounts, most: number): Markup {
  let x = 0;
  const rects = PARTS.map(([name]) => {
    const width = (line[name] / most) * WIDTH;
    const rect = html`<rect
      class="hold-${name}"
      x="${x.toFixed(1)}"
      width="${width.toFixed(1)}"
      height="10"
    />`;
    x += width;
    return rect;
  });
  return html`<svg class="hold-bar" viewBox="0 0 ${WIDTH} 10" preserveAspectRatio="none" aria-hidden="true">
    ${rects}
  </svg>`;
}

const legend = html`<ul class="hold-legend" aria-hidden="true">
  ${PARTS.map(
    ([name, text]) =>
      html`<li>
        <svg viewBox="0 0 10 10" width="12" height="12">
          <rect class="hold-${name}" width="10" height="10" />
        </svg>
        ${text}
      </li>`,
  )}
</ul>`;
