// Who changed what, from what to what, newest first: of one campaign, or of all.

import { html } from 'hono/html';
import type { Campaign, TrailEntry } from '../../../persistence/index.ts';
import { CAMPAIGN_LABELS } from '../../cms/campaign-form.ts';
import { PRODUCT_LABELS } from '../../cms/product-form.ts';
import type { Markup } from '../layout.ts';
import { campaignHref, campaignPage, linkButton, lookPage, moment, productHref, type Look } from './frame.ts';
import { emptyState, pageHeader } from './page-header.ts';

export interface HistoryView {
  /** Undefined: of all. */
  readonly campaign: Campaign | undefined;
  readonly entries: readonly TrailEntry[];
  /** Address of the next page. */
  readonly older: string | undefined;
  readonly isFirstPage: boolean;
}

export function historyPage(look: Look, view: HistoryView): Markup {
  const { campaign, older } = view;
  const zone = campaign?.timeZone ?? 'UTC';
  const main = html`<p class="muted">Hours are those of the clocks of ${zone.replaceAll('_', ' ')}.</p>
    ${list(view)} ${older === undefined ? '' : html`<p>${linkButton(older, 'Older changes')}</p>`}`;
  if (campaign !== undefined) return campaignPage(look, campaign, 'history', { main });
  return lookPage(look, {
    title: 'History',
    current: 'history',
    breadcrumb: [],
    main: html`${pageHeader({ title: 'History', lead: 'Who changed what, newest first.' })} ${main}`,
  });
}

function list({ entries, campaign, isFirstPage }: HistoryView): Markup {
  if (entries.length === 0)
    return emptyState({
      title: isFirstPage ? 'Nothing was changed yet' : 'No older changes',
      text: 'Every change of a campaign, a product or its stock is written down here, with who made it.',
    });
  const zone = campaign?.timeZone ?? 'UTC';
  return html`<div class="table-frame">
    <table class="table table-top">
      <caption class="visually-hidden">
        Changes, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">What</th>
          <th scope="col">From → to</th>
        </tr>
      </thead>
      <tbody>
        ${entries.map(
          (entry) =>
            html`<tr>
              <td data-label="When">${moment(entry.at, zone)}</td>
              <td data-label="Who">${entry.userName}</td>
              <td data-label="What">${action(entry)} ${place(entry, campaign)}</td>
              <td>${changes(entry, zone)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const ACTIONS: Readonly<Record<string, string>> = {
  campaign_created: 'Campaign made',
  campaign_saved: 'Campaign saved',
  campaign_cloned: 'Campaign cloned',
  campaign_published: 'Campaign published',
  campaign_paused: 'Campaign paused',
  campaign_resumed: 'Campaign resumed',
  campaign_cancelled: 'Campaign cancelled',
  product_added: 'Product added',
  product_saved: 'Product saved',
  product_removed: 'Product removed',
  product_moved: 'Product moved',
  product_sent_again: 'Product sent to the engine again',
  products_imported: 'Products imported',
  customers_loaded: 'List of customers put in force',
  customers_removed: 'List of customers removed',
  customer_status_set: 'Status of a customer set',
};

function action({ action, changes }: TrailEntry): string {
  const units = Number(changes.find(({ field }) => field === 'units')?.to);
  const text = `${units.toLocaleString('en')} ${units === 1 ? 'unit' : 'units'}`;
  // Only asked for: the engine's answer stands beside it.
  if (action === 'stock_added') return `Addition of ${text} asked for`;
  if (action === 'stock_withdrawn') return `Withdrawal of ${text} asked for`;
  return ACTIONS[action] ?? action;
}

function answerText({ state, refusal }: NonNullable<TrailEntry['answer']>): Markup {
  if (state === 'waiting')
    return html`<span class="badge badge-waiting">Waiting</span> No answer of the engine yet.`;
  if (state === 'refused') return html`<span class="badge badge-refused">Refused</span> ${refusal ?? ''}`;
  return html`<span class="badge badge-confirmed">Confirmed</span> Done by the engine.`;
}

/** What it was done to, by its present name. */
function place(entry: TrailEntry, campaign: Campaign | undefined): Markup {
  const { campaignId, campaignTitle, productId, productName } = entry;
  const link = (href: string, text: string): Markup => html`<a class="cell-note" href="${href}">${text}</a>`;
  return html`${productId === undefined || productName === undefined ? '' : link(productHref(productId), productName)}
  ${
    campaign !== undefined || campaignId === undefined || campaignTitle === undefined
      ? ''
      : link(campaignHref(campaignId), campaignTitle)
  }`;
}

function changes({ changes, answer }: TrailEntry, zone: string): Markup {
  if (answer !== undefined) return answerText(answer);
  if (changes.length === 0) return html`<span class="muted">–</span>`;
  return html`<dl class="changes">
    ${changes.map(
      ({ field, from, to }) =>
        html`<dt>${LABELS[field] ?? field}</dt>
          <dd>
            ${from === '' ? '' : html`<del>${value(from, zone)}</del> → `}<ins>${value(to, zone)}</ins>
          </dd>`,
    )}
  </dl>`;
}

const LABELS: Readonly<Record<string, string>> = {
  ...PRODUCT_LABELS,
  ...CAMPAIGN_LABELS,
  startsAt: 'Start',
  endsAt: 'End',
  attributes: 'Attributes',
  images: 'Pictures',
  gate: 'Gate',
  status: 'Status',
  position: 'Place',
  from: 'Clone of',
  products: 'Products',
  customers: 'Customers',
  customer: 'Customer',
  customerStatus: 'Status',
  note: 'Note',
};

function value(text: string, zone: string): Markup {
  if (text === '') return html`<span class="muted">empty</span>`;
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text)) return moment(Date.parse(text), zone);
  return html`${text}`;
}
