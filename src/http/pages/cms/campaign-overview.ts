// One campaign: what it is, what can be done with it now, what keeps it from being published, and its products.

import { html } from 'hono/html';
import {
  gateWords,
  phaseOf,
  type Campaign,
  type CampaignPhase,
  type CatalogueProduct,
  type CustomerList,
  type Finding,
} from '../../../persistence/index.ts';
import { mayEdit, mayPublish } from '../../cms/cms-session.ts';
import { ENTRY_LABELS } from '../../cms/campaign-form.ts';
import { mayChange } from '../../cms/may-change.ts';
import type { Markup } from '../layout.ts';
import { uploadProgress, type Uploads } from './upload-progress.ts';
import { customersOf } from './customer-count.ts';
import { findingsList, hasErrors } from './findings.ts';
import { campaignHref, campaignPage, linkButton, zonedMoment, type Look } from './frame.ts';
import type { Pictures } from './image-rows.ts';
import { emptyState } from './page-header.ts';
import { productCard } from './product-card.ts';

export interface CampaignOverviewView {
  readonly campaign: Campaign;
  readonly products: readonly CatalogueProduct[];
  /** Of the publish check; none of a campaign that is published already. */
  readonly findings: readonly Finding[];
  readonly pictures: Pictures;
  readonly uploads: Uploads;
  /** In force. */
  readonly list: CustomerList | undefined;
}

export function campaignOverviewPage(look: Look, view: CampaignOverviewView): Markup {
  const { campaign, products, pictures } = view;
  const canEdit = mayChange(look.session.user.role, campaign);
  return campaignPage(look, campaign, '', {
    actions: actionsOf(look, campaign),
    main: html`
      ${campaign.status === 'draft' ? check(view, canEdit) : ''}
      <div class="columns">
        <section aria-labelledby="products-heading" class="stack" id="products">
          <div class="panel-head">
            <h2 id="products-heading">Products <span class="tabs-count">${products.length}</span></h2>
            ${canEdit && products.length > 0 ? linkButton(campaignHref(campaign.id, 'products/new'), 'Add product') : ''}
          </div>
          ${
            products.length === 0
              ? emptyState({
                  title: 'No products yet',
                  text: 'A campaign sells the products that stand here, each in its own hours and number. Add them one by one, or import a CSV file.',
                  action: canEdit
                    ? html`<div class="button-row button-row-middle">
                        ${linkButton(campaignHref(campaign.id, 'products/new'), 'Add product', 'primary')}
                        ${linkButton(campaignHref(campaign.id, 'import'), 'Import')}
                      </div>`
                    : undefined,
                })
              : html`<ul class="product-cards">
                  ${products.map((product, at) =>
                    productCard(look, {
                      campaign,
                      product,
                      pictures,
                      isFirst: at === 0,
                      isLast: at === products.length - 1,
                    }),
                  )}
                </ul>`
          }
        </section>
        <div class="stack">${facts(view)} ${engine(campaign, products)} ${uploadProgress(view.uploads)}</div>
      </div>
    `,
  });
}

function actionsOf({ session, now }: Look, campaign: Campaign): Markup[] {
  const { role } = session.user;
  const to = (part: string, text: string, kind?: 'primary' | 'quiet'): Markup =>
    linkButton(campaignHref(campaign.id, part), text, kind);
  const phase = phaseOf(campaign, now);
  return [
    ...(mayChange(role, campaign) ? [to('edit', 'Edit campaign')] : []),
    ...(mayEdit(role) ? [to('clone', 'Clone')] : []),
    ...(mayPublish(role) ? PHASE_ACTIONS[phase].map(([part, text, kind]) => to(part, text, kind)) : []),
  ];
}

type Action = readonly [part: string, text: string, kind?: 'primary'];
const CANCEL: Action = ['cancel', 'Cancel campaign'];
/** What a publisher can do. */
const PHASE_ACTIONS: Readonly<Record<CampaignPhase, readonly Action[]>> = {
  draft: [['publish', 'Publish', 'primary']],
  scheduled: [['pause', 'Pause'], CANCEL],
  live: [['pause', 'Pause'], CANCEL],
  paused: [['resume', 'Resume', 'primary'], CANCEL],
  ended: [],
  cancelled: [],
};

function check({ campaign, products, findings }: CampaignOverviewView, canEdit: boolean): Markup {
  if (findings.length === 0)
    return html`<p class="notice notice-good">Nothing is missing: this campaign can be published.</p>`;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const text = hasErrors(findings)
    ? `Before publishing: ${errors} ${errors === 1 ? 'thing' : 'things'} to mend`
    : 'It can be published; look at this again';
  return html`<details class="panel check-panel" ${hasErrors(findings) ? html`open` : ''}>
    <summary><h2>${text}</h2></summary>
    ${findingsList(campaign.id, products, findings, canEdit)}
  </details>`;
}

const listText = (list: CustomerList | undefined): string =>
  list === undefined ? 'There is no list yet.' : `${customersOf(list)} on it.`;

function facts({ campaign, list }: CampaignOverviewView): Markup {
  const { slug, description, entry, timeZone } = campaign;
  return html`<section class="panel" aria-labelledby="facts-heading">
    <h2 id="facts-heading">Campaign</h2>
    ${description === '' ? '' : html`<p class="long-text">${description}</p>`}
    <dl class="facts">
      <dt>Page</dt>
      <dd>
        ${campaign.status === 'draft' ? html`<span class="code">/c/${slug}</span>` : html`<a class="code" href="/c/${slug}">/c/${slug}</a>`}
        ${campaign.status === 'draft' ? html`<span class="cell-note">From its publishing on.</span>` : ''}
      </dd>
      <dt>Entry</dt>
      <dd>
        ${ENTRY_LABELS[entry.kind]}${
          entry.kind === 'claim' ? html` <span class="code">${entry.name} = ${entry.value}</span>` : ''
        }
        ${entry.kind === 'list' ? html`<span class="cell-note">${listText(list)}</span>` : ''}
        <a class="cell-note" href="${campaignHref(campaign.id, 'entry')}">Who may enter</a>
      </dd>
      <dt>Gate</dt>
      <dd>${sentence(gateWords(campaign.gate))}</dd>
      <dt>Saved</dt>
      <dd>${zonedMoment(campaign.updatedAt, timeZone)} by ${campaign.updatedBy}</dd>
    </dl>
  </section>`;
}

const sentence = (words: readonly string[]): string => {
  const text = words.join(', ');
  return `${text[0]!.toUpperCase()}${text.slice(1)}`;
};

/** Of all products together. */
function engine(campaign: Campaign, products: readonly CatalogueProduct[]): Markup {
  const refused = products.filter(({ engine }) => engine.refusal !== undefined);
  const waiting = products.reduce((sum, { engine }) => sum + engine.waiting, 0);
  const confirmedAt = Math.max(0, ...products.map(({ engine }) => engine.confirmedAt ?? 0));
  const current = products.filter(({ engine }) => engine.isCurrent).length;
  return html`<section class="panel" aria-labelledby="engine-heading">
    <h2 id="engine-heading">Engine</h2>
    ${
      campaign.status === 'draft'
        ? html`<p class="muted">
            The engine that sells hears of the products when the campaign is published.
          </p>`
        : html`<dl class="facts">
            <dt>Confirmed</dt>
            <dd>${current} of ${products.length} products</dd>
            <dt>Waiting</dt>
            <dd>${waiting === 0 ? 'Nothing' : `${waiting} ${waiting === 1 ? 'change' : 'changes'}`}</dd>
            ${
              confirmedAt === 0
                ? ''
                : html`<dt>Last answer</dt>
                    <dd>Confirmed by the engine at ${zonedMoment(confirmedAt, campaign.timeZone)}</dd>`
            }
          </dl>`
    }
    ${refused.map(({ name, engine }) => html`<p class="notice notice-bad">${name}: ${engine.refusal}</p>`)}
  </section>`;
}
