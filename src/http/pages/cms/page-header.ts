// The head of a page of the CMS: its name, how things stand with it, and what can be done.

import { html } from 'hono/html';
import type { CampaignPhase } from '../../../persistence/index.ts';
import type { Markup } from '../layout.ts';

export interface PageHeaderParts {
  readonly title: string;
  /** Such as `phaseBadge(phase)`. */
  readonly badge?: Markup | undefined;
  /** One line below the title. */
  readonly lead?: string | Markup | undefined;
  /** Buttons, links that look like them, and forms of one button. */
  readonly actions?: readonly Markup[] | undefined;
}

export function pageHeader({ title, badge, lead, actions = [] }: PageHeaderParts): Markup {
  return html`<div class="page-header">
    <div class="page-header-text">
      <div class="page-header-title">
        <h1>${title}</h1>
        ${badge ?? ''}
      </div>
      ${lead === undefined ? '' : html`<p class="page-header-lead">${lead}</p>`}
    </div>
    ${actions.length === 0 ? '' : html`<div class="page-header-actions">${actions}</div>`}
  </div>`;
}

const PHASE_TEXTS: Readonly<Record<CampaignPhase, string>> = {
  draft: 'Draft',
  scheduled: 'Scheduled',
  live: 'Live',
  paused: 'Paused',
  ended: 'Ended',
  cancelled: 'Cancelled',
};

export const phaseBadge = (phase: CampaignPhase): Markup =>
  html`<span class="badge badge-${phase}">${PHASE_TEXTS[phase]}</span>`;

export interface Tab {
  readonly href: string;
  readonly text: string;
  readonly current: boolean;
  /** A count behind its name. */
  readonly count?: number | undefined;
}

/** Links to the parts of one thing; each is a page of its own. */
export function tabs(label: string, each: readonly Tab[]): Markup {
  return html`<nav class="tabs" aria-label="${label}">
    <ul>
      ${each.map(
        ({ href, text, current, count }) =>
          html`<li>
            ${
              current
                ? html`<a href="${href}" aria-current="page">${text}${countOf(count)}</a>`
                : html`<a href="${href}">${text}${countOf(count)}</a>`
            }
          </li>`,
      )}
    </ul>
  </nav>`;
}

const countOf = (count: number | undefined): Markup | '' =>
  count === undefined ? '' : html` <span class="tabs-count">${count}</span>`;

export interface EmptyStateParts {
  readonly title: string;
  readonly text: string;
  readonly action?: Markup | undefined;
}

export function emptyState({ title, text, action }: EmptyStateParts): Markup {
  return html`<div class="empty-state">
    <h2>${title}</h2>
    <p>${text}</p>
    ${action ?? ''}
  </div>`;
}
