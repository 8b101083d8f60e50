// What risk control knows and says, in words and tables: facts of a payment, outcomes, statuses of customers.

import { html } from 'hono/html';
import type { OrderStatus } from '../../../actors/index.ts';
import type { RiskDecision } from '../../../persistence/index.ts';
import {
  COUNT_MAX,
  WINDOW_NAMES,
  type Counts,
  type CustomerStatus,
  type RiskFacts,
  type RiskOutcome,
  type WindowName,
} from '../../../risk/index.ts';
import { shownMoney } from '../../cms/money-text.ts';
import type { Markup } from '../layout.ts';

const OUTCOMES: Readonly<Record<RiskOutcome, { readonly text: string; readonly badge: string }>> = {
  allow: { text: 'Allowed', badge: 'badge-confirmed' },
  review: { text: 'For review', badge: 'badge-waiting' },
  deny: { text: 'Denied', badge: 'badge-refused' },
};

export const outcomeBadge = (outcome: RiskOutcome): Markup =>
  html`<span class="badge ${OUTCOMES[outcome].badge}">${OUTCOMES[outcome].text}</span>`;

export const STATUS_TEXTS: Readonly<Record<CustomerStatus, string>> = {
  active: 'Active',
  new: 'New',
  restricted: 'Restricted',
  blocked: 'Blocked',
};

const STATUS_BADGES: Readonly<Record<CustomerStatus, string>> = {
  active: 'badge-confirmed',
  new: 'badge-scheduled',
  restricted: 'badge-waiting',
  blocked: 'badge-refused',
};

export const statusBadge = (status: CustomerStatus): Markup =>
  html`<span class="badge ${STATUS_BADGES[status]}">${STATUS_TEXTS[status]}</span>`;

export const ORDER_TEXTS: Readonly<Record<OrderStatus, string>> = {
  reserved: 'Held, not paid',
  payment_pending: 'Payment under way',
  in_review: 'Held, in review',
  paid: 'Paid',
  cancelled: 'Cancelled',
  expired: 'Hold ran out',
  refund_due: 'Money to go back',
  refunded: 'Money went back',
};

export const decidedBy = ({ decidedBy: by }: Pick<RiskDecision, 'decidedBy'>): string =>
  by === 'rules' ? 'The rules' : by;

export function reasonList(reasons: readonly string[]): Markup {
  return html`<ul class="reasons">
    ${reasons.map((reason) => html`<li>${reason}</li>`)}
  </ul>`;
}

/** Whole days, hours or minutes. */
export function ageText(seconds: number | null): string {
  if (seconds === null) return 'Nobody said when it was made';
  const [count, unit] =
    seconds >= 2 * 86_400
      ? [seconds / 86_400, 'day']
      : seconds >= 2 * 3_600
        ? [seconds / 3_600, 'hour']
        : [seconds / 60, 'minute'];
  const whole = Math.floor(count);
  return `${whole.toLocaleString('en')} ${unit}${whole === 1 ? '' : 's'}`;
}

export const unitsAndMoney = ({ quantity, amount }: Pick<RiskFacts, 'quantity' | 'amount'>): string =>
  `${quantity} ${quantity === 1 ? 'unit' : 'units'}, ${shownMoney(amount.amount, amount.currency)}`;

const WINDOW_TEXTS: Readonly<Record<WindowName, string>> = {
  '10m': '10 minutes',
  '1h': '1 hour',
  '1d': '1 day',
  '7d': '7 days',
};

const COUNTED: readonly (readonly [
  fact: 'ordersOfCustomer' | 'abandonedHolds' | 'customersPerAddress' | 'customersPerFingerprint',
  text: string,
])[] = [
  ['ordersOfCustomer', 'Orders of this customer'],
  ['abandonedHolds', 'Their holds that ran out unpaid'],
  ['customersPerAddress', 'Customers who ordered or paid from this address'],
  ['customersPerFingerprint', 'Customers who paid by this card or account'],
];

/** What the decision rested on: as it was then. */
export function factsTable(facts: RiskFacts): Markup {
  return html`<dl class="facts">
      <dt>Order</dt>
      <dd>${unitsAndMoney(facts)}</dd>
      <dt>Customer</dt>
      <dd>${statusBadge(facts.status)}</dd>
      <dt>Account’s age</dt>
      <dd>${ageText(facts.accountAgeSeconds)}</dd>
    </dl>
    <div class="table-frame">
      <table class="table table-compact risk-facts">
        <caption>
          Counted up to that moment
        </caption>
        <thead>
          <tr>
            <td></td>
            ${WINDOW_NAMES.map((name) => html`<th scope="col" class="number">${WINDOW_TEXTS[name]}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${COUNTED.map(([fact, text]) => countRow(text, facts[fact]))}
        </tbody>
      </table>
    </div>`;
}

function countRow(text: string, counts: Counts | null): Markup {
  return html`<tr>
    <th scope="row">${text}</th>
    ${
      counts === null
        ? html`<td colspan="${WINDOW_NAMES.length}" class="muted">The payment provider does not tell.</td>`
        : WINDOW_NAMES.map(
            (name) =>
              html`<td class="number" data-label="${WINDOW_TEXTS[name]}">${countText(counts[name])}</td>`,
          )
    }
  </tr>`;
}

const countText = (count: number): string =>
  count >= COUNT_MAX ? `${COUNT_MAX.toLocaleString('en')} or more` : count.toLocaleString('en');
