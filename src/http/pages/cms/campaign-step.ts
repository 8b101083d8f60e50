// The pages between a button and what it does: publishing with the check's findings, pausing, going on, cancelling, cloning, and
// removing a product. Each says what will happen, and only its own button does it.

import { html } from 'hono/html';
import {
  seenOf,
  type Campaign,
  type CatalogueProduct,
  type CustomerList,
  type Finding,
} from '../../../persistence/index.ts';
import { ENTRY_LABELS } from '../../cms/campaign-form.ts';
import type { Markup } from '../layout.ts';
import { hourInput } from './campaign-form-page.ts';
import { csrfField, errorAt, errorSummary, field, type FieldError } from './field.ts';
import { findingsList, hasErrors } from './findings.ts';
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
import { customersOf } from './customer-count.ts';
import { pageHeader } from './page-header.ts';

export interface PublishView {
  readonly campaign: Campaign;
  readonly products: readonly CatalogueProduct[];
  readonly findings: readonly Finding[];
  /** Somebody pressed the button, and it was refused; or what they had seen is not what is there by now. */
  readonly told: 'refused' | 'changed' | undefined;
  /** In force, of a campaign that asks for one. */
  readonly list: CustomerList | undefined;
}

export function publishPage(look: Look, { campaign, products, findings, told, list }: PublishView): Markup {
  const wasRefused = told === 'refused';
  const isBlocked = hasErrors(findings);
  const units = products.reduce((sum, { quantity = 0 }) => sum + quantity, 0);
  return stepPage(look, campaign, 'Publish', {
    hasErrors: told !== undefined,
    main: html`
      ${
        told === 'changed'
          ? errorSummary(
              [
                {
                  field: '',
                  message:
                    'Somebody changed the campaign or its products since this page was made. Look at them again: this is the check as of now.',
                },
              ],
              'This was not published',
            )
          : ''
      }
      ${
        isBlocked
          ? html`<div
              class="error-summary"
              role="${wasRefused ? 'alert' : 'note'}"
              tabindex="-1"
              aria-labelledby="check-title"
              ${wasRefused ? html`autofocus` : ''}
            >
              <h2 id="check-title">This campaign cannot be published yet</h2>
              <p>Mend what must be mended, then publish it. Each line leads to its field.</p>
            </div>`
          : html`<div class="panel">
              <p>
                ${products.length} ${products.length === 1 ? 'product' : 'products'} with
                ${units.toLocaleString('en')} units go on sale: <strong>${hoursOf(campaign)}</strong>.
              </p>
              <p>For whom: <strong>${whoEnters(campaign, list)}</strong>.</p>
              ${begun(products, look.now)}
              <p>
                The engine is told at once. From the start on, prices change only while the campaign is
                paused; what was sold stays sold.
              </p>
            </div>`
      }
      ${findings.length === 0 ? '' : findingsList(campaign.id, products, findings, true)}
      ${
        isBlocked
          ? html`<div class="form-actions">
              ${linkButton(campaignHref(campaign.id, 'publish'), 'Check again')}
              ${linkButton(campaignHref(campaign.id), 'Back to the campaign', 'plain')}
            </div>`
          : stepForm(look, campaign, { action: 'publish', button: 'Publish', seen: seenOf(products) })
      }
    `,
  });
}

function whoEnters({ entry }: Campaign, list: CustomerList | undefined): string {
  const label = ENTRY_LABELS[entry.kind];
  if (entry.kind === 'claim') return `${label}: ${entry.name} = ${entry.value}`;
  return list === undefined ? label : `${label}, ${customersOf(list)}`;
}

/** Of those whose start has passed. */
function begun(products: readonly CatalogueProduct[], now: number): Markup | '' {
  const count = products.filter(({ startsAt }) => startsAt !== undefined && startsAt <= now).length;
  if (count === 0) return '';
  const who = count === products.length ? 'They' : `${count} of them`;
  return html`<p>
    <strong>${who} can be bought from the moment you publish</strong>: the start has passed.
  </p>`;
}

export type Switch = 'pause' | 'resume' | 'cancel';

const SWITCHES = {
  pause: {
    title: 'Pause',
    button: 'Pause',
    text: 'Nobody can buy until you resume it. Who holds units can still pay for them. Prices can be changed while it is paused.',
  },
  resume: {
    title: 'Resume',
    button: 'Resume',
    text: 'Whatever of it is inside its hours can be bought again at once.',
  },
  cancel: {
    title: 'Cancel campaign',
    button: 'Cancel campaign',
    text: 'For good: the sale stops and all units that nobody holds are withdrawn. What was sold stays sold, and who holds units can still pay for them. A cancelled campaign can be cloned, and never comes back itself.',
  },
} as const satisfies Record<Switch, object>;

export function switchPage(
  look: Look,
  campaign: Campaign,
  how: Switch,
  errors: readonly FieldError[] = [],
): Markup {
  const { title, button, text } = SWITCHES[how];
  return stepPage(look, campaign, title, {
    hasErrors: errors.length > 0,
    main: html`${errorSummary(errors, 'This was not done')}
      <div class="panel"><p>${text}</p></div>
      ${stepForm(look, campaign, { action: how, button, isDanger: how === 'cancel' })}`,
  });
}

export interface CloneView extends Readonly<Record<'title' | 'slug' | 'startsAt' | 'endsAt', string>> {
  readonly errors: readonly FieldError[];
}

export function clonePage(look: Look, campaign: Campaign, view: CloneView): Markup {
  const { title, slug, errors } = view;
  const hour = (name: 'startsAt' | 'endsAt', label: string): Markup =>
    field({
      name,
      label,
      value: view[name],
      error: errorAt(errors, name),
      ...hourInput(view[name]),
      width: 'medium',
    });
  return stepPage(look, campaign, 'Clone', {
    hasErrors: errors.length > 0,
    main: html`${errorSummary(errors)}
      <form class="form" method="post" action="${campaignHref(campaign.id, 'clone')}">
        ${csrfField(look.session)}
        <div class="form-section">
          <p>
            A new draft with the same texts, products and pictures. Its products are new ones to the engine:
            no order, no count and no limit of this campaign goes along.
          </p>
          ${field({ name: 'title', label: 'Title', value: title, error: errorAt(errors, 'title') })}
          ${field({
            name: 'slug',
            label: 'Address',
            value: slug,
            hint: 'Left empty, it is made of the title.',
            error: errorAt(errors, 'slug'),
            before: '/c/',
            optional: true,
            spellcheck: false,
            autocomplete: 'off',
          })}
          <div class="field-group">${hour('startsAt', 'Start')} ${hour('endsAt', 'End')}</div>
          <p class="muted">
            By the clocks of ${campaign.timeZone.replaceAll('_', ' ')}. The products’ hours move along: all by
            as much when start and end do, else those that start or end with the campaign.
          </p>
        </div>
        <div class="form-actions">
          <button class="button button-primary" type="submit">Clone</button>
          ${linkButton(campaignHref(campaign.id), 'Cancel', 'plain')}
        </div>
      </form>`,
  });
}

export function removePage(
  look: Look,
  campaign: Campaign,
  product: CatalogueProduct,
  errors: readonly FieldError[] = [],
): Markup {
  return stepPage(look, campaign, `Remove ${product.name}`, {
    hasErrors: errors.length > 0,
    main: html`${errorSummary(errors, 'This was not done')}
      <div class="panel">
        <p>The product leaves this campaign with its texts and pictures. This cannot be undone.</p>
      </div>
      <form class="form-actions" method="post" action="${productHref(product.id, 'remove')}">
        ${csrfField(look.session)}
        <input type="hidden" name="version" value="${product.version}" />
        <button class="button button-danger" type="submit">Remove product</button>
        ${linkButton(productHref(product.id), 'Keep it', 'plain')}
      </form>`,
  });
}

interface Step {
  readonly action: string;
  readonly button: string;
  readonly isDanger?: boolean;
  readonly seen?: string;
}

function stepForm(look: Look, campaign: Campaign, { action, button, isDanger = false, seen }: Step): Markup {
  return html`<form class="form-actions" method="post" action="${campaignHref(campaign.id, action)}">
    ${csrfField(look.session)}
    <input type="hidden" name="version" value="${campaign.version}" />
    ${seen === undefined ? '' : html`<input type="hidden" name="seen" value="${seen}" />`}
    <button class="button ${isDanger ? 'button-danger' : 'button-primary'}" type="submit">${button}</button>
    ${linkButton(campaignHref(campaign.id), 'Back to the campaign', 'plain')}
  </form>`;
}

function stepPage(
  look: Look,
  campaign: Campaign,
  title: string,
  { main, hasErrors }: { main: Markup; hasErrors: boolean },
): Markup {
  return lookPage(look, {
    title: `${title} – ${campaign.title}`,
    breadcrumb: [CAMPAIGNS, campaignCrumb(campaign)],
    hasErrors,
    main: html`<div class="narrow stack">${pageHeader({ title, lead: campaign.title })} ${main}</div>`,
  });
}
