// Payments that wait for a person, the oldest first; and what was decided lately.

import { html } from 'hono/html';
import type { OpenReview, RiskDecision } from '../../../persistence/index.ts';
import { mayPublish } from '../../cms/cms-session.ts';
import type { Markup } from '../layout.ts';
import { decisionTable } from './decision-table.ts';
import { errorAt, errorSummary, field, type FieldError } from './field.ts';
import { linkButton, lookPage, zonedMoment, type Look } from './frame.ts';
import { emptyState, pageHeader } from './page-header.ts';
import { customerLink, productLink, REVIEWS, reviewHref, type ProductNames } from './review-links.ts';
import { reasonList, unitsAndMoney } from './risk-words.ts';

export interface ReviewListView {
  readonly reviews: readonly OpenReview[];
  readonly isFirstPage: boolean;
  /** Address of the next page. */
  readonly next: string | undefined;
  /** Newest first; of the first page. */
  readonly lately: readonly RiskDecision[];
  readonly names: ProductNames;
  readonly errors: readonly FieldError[];
  /** What was looked for. */
  readonly orderId: string;
}

export function reviewListPage(look: Look, view: ReviewListView): Markup {
  const { reviews, next, errors, isFirstPage } = view;
  return lookPage(look, {
    title: REVIEWS.text,
    current: 'reviews',
    breadcrumb: [],
    styles: ['cms-risk.css'],
    hasErrors: errors.length > 0,
    main: html`
      ${pageHeader({ title: REVIEWS.text, lead: LEAD })} ${errorSummary(errors)}
      ${
        reviews.length === 0
          ? emptyState({
              title: isFirstPage ? 'Nothing waits' : 'No more wait',
              text: 'Payments that the rules put before a person stand here, the oldest first.',
            })
          : html`<ul class="review-cards">
              ${reviews.map((review) => card(look, review, view.names))}
            </ul>`
      }
      ${next === undefined ? '' : html`<p>${linkButton(next, 'Later reviews')}</p>`} ${lookUp(view)}
      ${
        isFirstPage
          ? html`<section aria-labelledby="lately" class="stack">
              <h2 id="lately">Judged lately</h2>
              ${decisionTable(view.lately, view.names)}
            </section>`
          : ''
      }
    `,
  });
}

const LEAD =
  'Payments that the rules put before a person. Each order keeps its units until somebody decides.';

function card({ session }: Look, review: OpenReview, names: ProductNames): Markup {
  const { orderId, customerId, productId, at, facts, reasons, decided } = review;
  return html`<li class="panel review-card">
    <div class="panel-head">
      <h2>${customerLink(customerId)}</h2>
      <p class="muted">waits since ${zonedMoment(at, 'UTC')}</p>
    </div>
    <p>${productLink(names, productId)}: ${unitsAndMoney(facts)}</p>
    ${reasonList(reasons)} ${decided === undefined ? '' : unfinished(decided)}
    <p class="button-row">
      ${linkButton(reviewHref(orderId), 'Look at it')}
      ${
        mayPublish(session.user.role)
          ? html`${linkButton(reviewHref(orderId, 'approve'), 'Approve', 'primary')}
            ${linkButton(reviewHref(orderId, 'deny'), 'Deny')}`
          : ''
      }
    </p>
  </li>`;
}

export const unfinished = ({ outcome, by }: NonNullable<OpenReview['decided']>): Markup =>
  html`<p class="notice notice-warn">
    ${by} ${outcome === 'allow' ? 'approved' : 'denied'} it, and that is not carried out yet. Doing the same
    again carries it out.
  </p>`;

function lookUp({ orderId, errors }: ReviewListView): Markup {
  return html`<form class="panel stack" method="get" action="/cms/reviews">
    <h2>Look up an order</h2>
    <div class="stock-form">
      ${field({
        name: 'order',
        label: 'Order',
        hint: 'Its number, as the shopper sees it.',
        value: orderId,
        error: errorAt(errors, 'order'),
        type: 'search',
        autocomplete: 'off',
        spellcheck: false,
      })}
      <button class="button button-quiet" type="submit">Look up</button>
    </div>
  </form>`;
}
