// One order's payment: what was decided of it and on what grounds; and the page between a person's button and what it does.

import { html } from 'hono/html';
import type { OpenReview, RiskDecision } from '../../../persistence/index.ts';
import { mayPublish } from '../../cms/cms-session.ts';
import type { Markup } from '../layout.ts';
import { csrfField, errorAt, errorSummary, field, type FieldError } from './field.ts';
import { linkButton, lookPage, zonedMoment, type Look } from './frame.ts';
import { pageHeader } from './page-header.ts';
import { customerLink, productLink, REVIEWS, reviewHref, type ProductNames } from './review-links.ts';
import { unfinished } from './review-list.ts';
import { decidedBy, factsTable, ORDER_TEXTS, outcomeBadge, reasonList, unitsAndMoney } from './risk-words.ts';

export interface ReviewView {
  readonly orderId: string;
  /** Newest first; one at least. */
  readonly decisions: readonly RiskDecision[];
  /** While it waits for a person. */
  readonly review: OpenReview | undefined;
  readonly names: ProductNames;
}

export function reviewPage(look: Look, { orderId, decisions, review, names }: ReviewView): Markup {
  const newest = decisions[0]!;
  return lookPage(look, {
    title: `Order ${orderId}`,
    current: 'reviews',
    breadcrumb: [REVIEWS],
    styles: ['cms-risk.css'],
    main: html`
      ${pageHeader({
        title: 'Payment of an order',
        badge: outcomeBadge(newest.outcome),
        lead: html`<span class="code">${orderId}</span>`,
        actions:
          review !== undefined && mayPublish(look.session.user.role)
            ? [
                linkButton(reviewHref(orderId, 'deny'), 'Deny'),
                linkButton(reviewHref(orderId, 'approve'), 'Approve', 'primary'),
              ]
            : [],
      })}
      ${review?.decided === undefined ? '' : unfinished(review.decided)}
      <section class="panel" aria-labelledby="order-heading">
        <h2 id="order-heading">Order</h2>
        <dl class="facts">
          <dt>Customer</dt>
          <dd>${customerLink(newest.customerId)}</dd>
          <dt>Product</dt>
          <dd>${productLink(names, newest.productId)}</dd>
          <dt>Bought</dt>
          <dd>${unitsAndMoney(newest.facts)}</dd>
          ${
            review?.orderStatus === undefined
              ? ''
              : html`<dt>State</dt>
                  <dd>${ORDER_TEXTS[review.orderStatus]}</dd>`
          }
        </dl>
      </section>
      ${decisions.map(decision)}
    `,
  });
}

function decision(each: RiskDecision): Markup {
  return html`<section class="panel" aria-labelledby="decision-${each.id}">
    <div class="panel-head">
      <h2 id="decision-${each.id}">${decidedBy(each)}, ${zonedMoment(each.at, 'UTC')}</h2>
      ${outcomeBadge(each.outcome)}
    </div>
    ${reasonList(each.reasons)}
    ${
      each.decidedBy === 'rules'
        ? html`${factsTable(each.facts)}
            <p class="muted">Rules <span class="code">${each.rules}</span></p>`
        : ''
    }
  </section>`;
}

export type ReviewStep = 'approve' | 'deny';

const STEPS = {
  approve: {
    title: 'Approve the payment',
    button: 'Approve the payment',
    text: 'The money is taken, and the units are the customer’s. When the bank declines it, nothing is taken, and the customer can try again while the hold lasts.',
  },
  deny: {
    title: 'Deny the payment',
    button: 'Deny the payment',
    text: 'The order is cancelled, its units can be bought by others at once, and nothing is charged. The customer can order again after the campaign’s cool-down.',
  },
} as const;

export interface ReviewStepView {
  readonly review: OpenReview;
  readonly how: ReviewStep;
  readonly note: string;
  readonly errors: readonly FieldError[];
  readonly names: ProductNames;
}

export function reviewStepPage(look: Look, { review, how, note, errors, names }: ReviewStepView): Markup {
  const { orderId, customerId, productId, facts, reasons, decided } = review;
  const { title, button, text } = STEPS[how];
  return lookPage(look, {
    title: `${title} – ${orderId}`,
    current: 'reviews',
    breadcrumb: [REVIEWS, { href: reviewHref(orderId), text: orderId }],
    styles: ['cms-risk.css'],
    hasErrors: errors.length > 0,
    main: html`<div class="narrow stack">
      ${pageHeader({ title, lead: html`<span class="code">${orderId}</span>` })} ${errorSummary(errors)}
      ${decided === undefined ? '' : unfinished(decided)}
      <div class="panel">
        <p>
          ${customerLink(customerId)}, ${productLink(names, productId)}:
          <strong>${unitsAndMoney(facts)}</strong>
        </p>
        ${reasonList(reasons)}
        <p>${text}</p>
      </div>
      <form class="form" method="post" action="${reviewHref(orderId, how)}">
        ${csrfField(look.session)}
        ${field({
          name: 'note',
          label: 'Note',
          hint: 'Why, for colleagues. It is kept with the decision, and the customer does not see it.',
          value: note,
          error: errorAt(errors, 'note'),
          optional: true,
          autocomplete: 'off',
        })}
        <div class="form-actions">
          <button class="button ${how === 'deny' ? 'button-danger' : 'button-primary'}" type="submit">
            ${button}
          </button>
          ${linkButton(reviewHref(orderId), 'Back to the order', 'plain')}
        </div>
      </form>
    </div>`,
  });
}
