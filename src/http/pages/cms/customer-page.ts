// What is known of one customer: the status and who says so, what was decided on their payments, and for those who may the form that
// says another status.

import { html } from 'hono/html';
import type { KnownStatus, RiskDecision } from '../../../persistence/index.ts';
import { CUSTOMER_STATUSES, type CustomerStatus } from '../../../risk/index.ts';
import { mayPublish } from '../../cms/cms-session.ts';
import type { Markup } from '../layout.ts';
import { decisionTable } from './decision-table.ts';
import { choiceField, csrfField, errorAt, errorSummary, field, type FieldError } from './field.ts';
import { linkButton, lookPage, zonedMoment, type Look, type PartOfPage } from './frame.ts';
import { pageHeader, tabs } from './page-header.ts';
import { customerHref, type ProductNames } from './review-links.ts';
import { STATUS_TEXTS, statusBadge } from './risk-words.ts';

export interface CustomerView {
  /** As it was typed; '' before anything was. */
  readonly customerId: string;
  /** Undefined before anybody was looked for. */
  readonly found:
    | {
        readonly known: KnownStatus;
        readonly decisions: readonly RiskDecision[];
        /** Address of older decisions. */
        readonly older: string | undefined;
        readonly names: ProductNames;
      }
    | undefined;
  readonly errors: readonly FieldError[];
  /** As the form came back. */
  readonly typed?: { readonly status: string; readonly note: string } | undefined;
}

export function customerPage(look: Look, view: CustomerView): Markup {
  const { customerId, found, errors } = view;
  return customersPage(look, 'status', {
    title: found === undefined ? 'Customers' : `Customer ${customerId}`,
    hasErrors: errors.length > 0,
    main: html`
      ${errorSummary(errors, found === undefined ? undefined : 'The status was not changed')} ${lookUp(view)}
      ${found === undefined ? '' : standing(look, view, found)}
    `,
  });
}

/** What both parts of the customers' pages have around them. */
export function customersPage(
  look: Look,
  current: 'status' | 'abandonment',
  parts: Pick<PartOfPage, 'title' | 'main' | 'hasErrors'>,
): Markup {
  const places = [
    { href: '/cms/customers', text: 'Status', current: current === 'status' },
    { href: '/cms/abandonment', text: 'Abandoned holds', current: current === 'abandonment' },
  ];
  return lookPage(look, {
    ...parts,
    current: 'customers',
    breadcrumb: [],
    styles: ['cms-risk.css'],
    main: html`${pageHeader({
      title: 'Customers',
      lead: 'What other systems and colleagues say of them, and who holds units without paying.',
    })}
    ${tabs('Customers', places)} ${parts.main}`,
  });
}

function lookUp({ customerId, errors, found }: CustomerView): Markup {
  return html`<form class="panel stack" method="get" action="/cms/customers">
    <h2>Look up a customer</h2>
    <div class="stock-form">
      ${field({
        name: 'id',
        label: 'Customer',
        hint: 'The id, as the shop’s tokens name it.',
        value: customerId,
        error: found === undefined ? errorAt(errors, 'id') : undefined,
        type: 'search',
        autocomplete: 'off',
        spellcheck: false,
      })}
      <button class="button button-quiet" type="submit">Look up</button>
    </div>
  </form>`;
}

function standing(look: Look, view: CustomerView, found: NonNullable<CustomerView['found']>): Markup {
  const { known, decisions, older, names } = found;
  return html`<div class="columns">
    <section class="stack" aria-labelledby="decisions-heading">
      <h2 id="decisions-heading">Decisions on their payments</h2>
      ${decisionTable(decisions, names)}
      ${older === undefined ? '' : html`<p>${linkButton(older, 'Older decisions')}</p>`}
    </section>
    <div class="stack">
      <section class="panel" aria-labelledby="status-heading">
        <h2 id="status-heading">Status</h2>
        <dl class="facts">
          <dt>Customer</dt>
          <dd class="code">${known.customerId}</dd>
          <dt>Status</dt>
          <dd>${statusBadge(known.status)}</dd>
          <dt>Said by</dt>
          <dd>${known.asOf === undefined ? 'Nobody: whoever is not known is active' : known.source}</dd>
          ${row('As of', known.asOf)} ${row('Known since', known.changedAt)}
          ${row('Account made', known.accountCreatedAt)}
        </dl>
      </section>
      ${mayPublish(look.session.user.role) ? changeForm(look, view, known) : ''}
    </div>
  </div>`;
}

const row = (label: string, at: number | undefined): Markup | '' =>
  at === undefined
    ? ''
    : html`<dt>${label}</dt>
        <dd>${zonedMoment(at, 'UTC')}</dd>`;

const HINTS: Readonly<Record<CustomerStatus, string>> = {
  active: 'Nothing is held against them.',
  new: 'Not known for long.',
  restricted: 'Somebody looks at their payments, as the built-in rules have it.',
  blocked: 'Their payments are denied, as the built-in rules have it.',
};

function changeForm({ session }: Look, { typed, errors }: CustomerView, known: KnownStatus): Markup {
  return html`<form class="panel stack" method="post" action="${customerHref(known.customerId)}">
    <h2>Change the status</h2>
    ${csrfField(session)} <input type="hidden" name="seen" value="${seenText(known)}" />
    ${choiceField({
      name: 'status',
      label: 'Status',
      hint: 'What it means for a payment is said by the shop’s rules. All nodes know it within seconds.',
      error: errorAt(errors, 'status'),
      value: typed?.status ?? known.status,
      options: CUSTOMER_STATUSES.map((value) => ({ value, text: STATUS_TEXTS[value], hint: HINTS[value] })),
    })}
    ${field({
      name: 'note',
      label: 'Note',
      hint: 'Why, for colleagues: it stands in the history.',
      value: typed?.note ?? '',
      error: errorAt(errors, 'note'),
      optional: true,
      autocomplete: 'off',
    })}
    <div class="form-actions">
      <button class="button button-primary" type="submit">Set the status</button>
    </div>
  </form>`;
}

/** Which status somebody looked at: of another one by now nothing is changed. */
export const seenText = ({ asOf }: Pick<KnownStatus, 'asOf'>): string =>
  asOf === undefined ? '' : String(Math.round(asOf));
