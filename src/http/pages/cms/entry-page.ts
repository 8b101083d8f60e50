// Who may enter a campaign: the rule, its page's address, the list of customers, and invitations.

import { html } from 'hono/html';
import type { BadLines, Campaign, CustomerList } from '../../../persistence/index.ts';
import { LIST_LIMITS } from '../../../persistence/index.ts';
import { ENTRY_LABELS } from '../../cms/campaign-form.ts';
import { mayChange } from '../../cms/may-change.ts';
import type { Markup } from '../layout.ts';
import {
  checkField,
  csrfField,
  errorAt,
  errorSummary,
  field,
  fileField,
  textAreaField,
  type FieldError,
} from './field.ts';
import { campaignHref, campaignPage, linkButton, zonedMoment, type Look } from './frame.ts';

export interface EntryView {
  readonly campaign: Campaign;
  /** In force. */
  readonly list: CustomerList | undefined;
  /** Of the page that shoppers see. */
  readonly address: string;
  readonly errors: readonly FieldError[];
  /** Of a file that was refused. */
  readonly badLines?: BadLines | undefined;
  readonly lookUp?: { readonly customerId: string; readonly isOn: boolean } | undefined;
  /** As it was typed, when the form came back. */
  readonly invited?: string | undefined;
}

export function entryPage(look: Look, view: EntryView): Markup {
  const { campaign, errors, badLines } = view;
  const canChange = mayChange(look.session.user.role, campaign);
  return campaignPage(look, campaign, 'entry', {
    hasErrors: errors.length > 0 || badLines !== undefined,
    main: html`
      ${errorSummary(errors)} ${badLines === undefined ? '' : reportOf(badLines)}
      <div class="columns">
        <div class="stack">
          ${listPart(look, view, canChange)} ${canChange ? invitationsForm(look, view) : ''}
        </div>
        <div class="stack">${rule(view, canChange)} ${fileRules()}</div>
      </div>
    `,
  });
}

function rule({ campaign, address }: EntryView, canChange: boolean): Markup {
  const { entry, status } = campaign;
  return html`<section class="panel stack" aria-labelledby="rule-heading">
    <h2 id="rule-heading">Entry</h2>
    <p>
      ${ENTRY_LABELS[entry.kind]}${
        entry.kind === 'claim' ? html` <span class="code">${entry.name} = ${entry.value}</span>` : ''
      }.
      ${RULES[entry.kind]}
    </p>
    ${canChange ? html`<div>${linkButton(campaignHref(campaign.id, 'edit'), 'Change the rule')}</div>` : ''}
    ${field({
      name: 'address',
      label: 'Address of the page',
      hint: status === 'draft' ? 'From its publishing on.' : html`<a href="${address}">Open the page</a>`,
      value: address,
      readonly: true,
    })}
  </section>`;
}

const RULES = {
  everyone: 'Everybody sees the page; who buys must be signed in.',
  list: 'For everybody else the campaign does not exist.',
  claim: 'The shop’s token says it of a customer. For everybody else the campaign does not exist.',
  invitation: 'For everybody else the campaign does not exist.',
} as const;

function listPart(look: Look, { campaign, list, errors, lookUp }: EntryView, canChange: boolean): Markup {
  return html`<section class="stack" aria-labelledby="list-heading" id="list">
    <h2 id="list-heading">List of customers</h2>
    ${
      campaign.entry.kind === 'list'
        ? ''
        : html`<p class="muted">
            This campaign does not ask for a list. One can be made ready here; it counts when the rule is
            “${ENTRY_LABELS.list}”.
          </p>`
    }
    ${
      list === undefined
        ? html`<p>There is no list yet.</p>`
        : html`<dl class="facts">
              <dt>Customers</dt>
              <dd>${list.customers.toLocaleString('en')}</dd>
              <dt>In force since</dt>
              <dd>${zonedMoment(list.madeAt, campaign.timeZone)} by ${list.madeBy}</dd>
            </dl>
            ${lookUpForm(campaign, lookUp, errors)}`
    }
    ${canChange ? uploadForm(look, campaign, list, errors) : ''}
    ${canChange && list !== undefined ? removeForm(look, campaign) : ''}
  </section>`;
}

function lookUpForm(campaign: Campaign, lookUp: EntryView['lookUp'], errors: readonly FieldError[]): Markup {
  return html`<form class="panel stack" method="get" action="${campaignHref(campaign.id, 'entry')}">
    ${field({
      name: 'customer',
      label: 'Is this customer on the list?',
      hint: 'The id, as the shop’s tokens and the file say it. Of customers the CMS keeps no more than a hash.',
      value: lookUp?.customerId,
      autocomplete: 'off',
      spellcheck: false,
      error: errorAt(errors, 'customer'),
      width: 'medium',
    })}
    ${
      lookUp === undefined
        ? ''
        : html`<p class="notice ${lookUp.isOn ? 'notice-good' : 'notice-warn'}" role="status">
            ${lookUp.customerId} is ${lookUp.isOn ? 'on the list' : 'not on the list'}.
          </p>`
    }
    <div><button class="button button-quiet" type="submit">Look</button></div>
  </form>`;
}

function uploadForm(
  { session }: Look,
  { id }: Campaign,
  list: CustomerList | undefined,
  errors: readonly FieldError[],
): Markup {
  return html`<form
    class="form-section"
    method="post"
    action="${campaignHref(id, 'entry/list')}"
    enctype="multipart/form-data"
    aria-labelledby="upload-heading"
  >
    <h3 id="upload-heading">${list === undefined ? 'Put a list in force' : 'Put another list in force'}</h3>
    <p>
      ${
        list === undefined
          ? 'All of the file is taken, or nothing of it.'
          : 'It takes the place of the present one as a whole, at one moment. Orders of customers who are no longer on it stay.'
      }
    </p>
    ${csrfField(session)}
    ${checkField({
      name: 'skipBad',
      label: 'Leave out bad lines',
      hint: 'Otherwise a file with one is refused, and each is told.',
      checked: false,
    })}
    ${fileField({
      name: 'list',
      label: 'CSV file',
      accept: '.csv,.txt,text/csv,text/plain',
      error: errorAt(errors, 'list'),
    })}
    <div><button class="button button-primary" type="submit">Put in force</button></div>
  </form>`;
}

const removeForm = ({ session }: Look, { id, entry, status }: Campaign): Markup =>
  html`<form method="post" action="${campaignHref(id, 'entry/remove-list')}">
    ${csrfField(session)}
    <button class="button button-danger" type="submit">
      Remove the list${entry.kind === 'list' && status !== 'draft' ? ': nobody enters then' : ''}
    </button>
  </form>`;

function invitationsForm({ session }: Look, { campaign, errors, invited }: EntryView): Markup {
  return html`<form
    class="form-section"
    method="post"
    action="${campaignHref(campaign.id, 'entry/invitations')}"
    enctype="multipart/form-data"
    aria-labelledby="invitations-heading"
    id="invitations"
  >
    <h2 id="invitations-heading">Invitations</h2>
    <p>
      A link for each customer, which opens the page to that customer alone, signed in, until the campaign
      ends.
      ${campaign.entry.kind === 'invitation' ? '' : html`They count when the rule is “${ENTRY_LABELS.invitation}”.`}
      None can be taken back.
    </p>
    ${csrfField(session)}
    ${textAreaField({
      name: 'customerIds',
      label: 'Customer ids',
      hint: 'One a line.',
      value: invited,
      optional: true,
      error: errorAt(errors, 'customerIds'),
    })}
    ${fileField({
      name: 'invited',
      label: 'Or a file of them',
      accept: '.csv,.txt,text/csv,text/plain',
      optional: true,
      error: errorAt(errors, 'invited'),
    })}
    <div><button class="button button-quiet" type="submit">Make links, as CSV</button></div>
  </form>`;
}

function reportOf({ count, told }: BadLines): Markup {
  const more = count - told.length;
  return html`<section
    class="error-summary"
    role="alert"
    aria-labelledby="report-title"
    tabindex="-1"
    autofocus
  >
    <h2 id="report-title">
      Nothing was changed: the file has ${count.toLocaleString('en')} bad ${count === 1 ? 'line' : 'lines'}
    </h2>
    <p>Mend them, or choose the file again and leave them out.</p>
    <div class="table-frame">
      <table class="table table-compact">
        <caption class="visually-hidden">
          Bad lines
        </caption>
        <thead>
          <tr>
            <th scope="col" class="number">Line</th>
            <th scope="col">What is wrong</th>
            <th scope="col">The line</th>
          </tr>
        </thead>
        <tbody>
          ${told.map(
            ({ line, problem, text }) =>
              html`<tr>
                <td class="number" data-label="Line">${line}</td>
                <td>It ${problem}.</td>
                <td class="code">${text}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${more > 0 ? html`<p>And ${more.toLocaleString('en')} more.</p>` : ''}
  </section>`;
}

const fileRules = (): Markup =>
  html`<section class="panel" aria-labelledby="file-rules-heading">
    <h2 id="file-rules-heading">The file</h2>
    <p>
      One customer id in each line, as the shop’s tokens have it in <span class="code">sub</span>. Or several
      columns, of which the first line names one <span class="code">customerId</span>; the others are not
      kept.
    </p>
    <p>
      UTF-8, at most ${LIST_LIMITS.customersMax.toLocaleString('en')} customers and
      ${LIST_LIMITS.bytesMax / 1024 / 1024} MiB. A customer who is there twice counts once.
    </p>
  </section>`;
