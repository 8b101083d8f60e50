// All campaigns, newest first: where each stands, when it sells, and whether the engine has heard everything.

import { html } from 'hono/html';
import type { CampaignPhase, CampaignSummary } from '../../../persistence/index.ts';
import { mayEdit } from '../../cms/cms-session.ts';
import type { Markup } from '../layout.ts';
import { campaignHref, hoursOf, linkButton, lookPage, type Look } from './frame.ts';
import { emptyState, pageHeader, phaseBadge, tabs } from './page-header.ts';

export const PHASES: readonly CampaignPhase[] = [
  'draft',
  'scheduled',
  'live',
  'paused',
  'ended',
  'cancelled',
];

export interface CampaignListView {
  readonly campaigns: readonly CampaignSummary[];
  readonly phase: CampaignPhase | undefined;
  /** Address of the next page. */
  readonly older: string | undefined;
  readonly isFirstPage: boolean;
  /** The shop sells samples that are no campaign's. */
  readonly demo: boolean;
}

export function campaignListPage(look: Look, view: CampaignListView): Markup {
  const canEdit = mayEdit(look.session.user.role);
  const newCampaign = canEdit ? [linkButton('/cms/campaigns/new', 'New campaign', 'primary')] : [];
  return lookPage(look, {
    title: 'Campaigns',
    breadcrumb: [],
    main: html`
      ${pageHeader({
        title: 'Campaigns',
        lead: 'What is sold, when, and to whom. A campaign sells nothing until it is published.',
        actions: newCampaign,
      })}
      ${tabs('Campaigns by phase', [
        { href: '/cms', text: 'All', current: view.phase === undefined },
        ...PHASES.map((phase) => ({
          href: `/cms?phase=${phase}`,
          text: capital(phase),
          current: phase === view.phase,
        })),
      ])}
      ${view.campaigns.length === 0 ? nothing(view, canEdit) : table(view)}
      ${view.older === undefined ? '' : html`<p>${linkButton(view.older, 'Older campaigns')}</p>`}
    `,
  });
}

function table({ campaigns, phase }: CampaignListView): Markup {
  return html`<div class="table-frame">
    <table class="table">
      <caption class="visually-hidden">
        ${phase === undefined ? 'All campaigns' : `Campaigns: ${phase}`}, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Campaign</th>
          <th scope="col">Phase</th>
          <th scope="col">Hours</th>
          <th scope="col" class="number">Products</th>
          <th scope="col">Engine</th>
        </tr>
      </thead>
      <tbody>
        ${campaigns.map(row)}
      </tbody>
    </table>
  </div>`;
}

function row(campaign: CampaignSummary): Markup {
  return html`<tr>
    <th scope="row">
      <a href="${campaignHref(campaign.id)}">${campaign.title}</a>
      <span class="cell-note">Address name: <span class="code">${campaign.slug}</span></span>
    </th>
    <td data-label="Phase">${phaseBadge(campaign.phase)}</td>
    <td data-label="Hours">${hoursOf(campaign)}</td>
    <td data-label="Products" class="number">${campaign.products}</td>
    <td data-label="Engine">${engineCell(campaign)}</td>
  </tr>`;
}

function engineCell({ status, unconfirmed, refused }: CampaignSummary): Markup {
  if (refused > 0) return html`<span class="badge badge-refused">${refused} refused</span>`;
  if (unconfirmed > 0)
    return html`<span class="badge badge-waiting">${unconfirmed} waiting for the engine</span>`;
  return status === 'draft'
    ? html`<span class="muted">Not sent</span>`
    : html`<span class="badge badge-confirmed">Confirmed</span>`;
}

function nothing({ phase, isFirstPage, demo }: CampaignListView, canEdit: boolean): Markup {
  if (phase !== undefined || !isFirstPage)
    return emptyState({
      title: phase === undefined ? 'No older campaigns' : `No campaign is ${PHASE_WORDS[phase]}`,
      text: 'Campaigns of all phases stand under “All”.',
      action: linkButton('/cms', 'All campaigns'),
    });
  return emptyState({
    title: 'No campaigns yet',
    text: `${demo ? SAMPLES : ''}${
      canEdit
        ? 'A campaign is a sale with a start and an end. Give it products, let it be checked, then publish it.'
        : 'Somebody with the role editor or publisher can make the first one.'
    }`,
    action: canEdit ? linkButton('/cms/campaigns/new', 'Make the first campaign', 'primary') : undefined,
  });
}

const SAMPLES =
  'What the shop sells now are samples: the demo made them through the API, so they belong to no campaign. ';

const PHASE_WORDS: Readonly<Record<CampaignPhase, string>> = {
  draft: 'a draft',
  scheduled: 'scheduled',
  live: 'live',
  paused: 'paused',
  ended: 'over',
  cancelled: 'cancelled',
};

const capital = (word: string): string => word[0]!.toUpperCase() + word.slice(1);
