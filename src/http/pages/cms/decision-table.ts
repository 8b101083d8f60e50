// Decisions on payments, newest first, of the rules and of people.

import { html } from 'hono/html';
import type { RiskDecision } from '../../../persistence/index.ts';
import type { Markup } from '../layout.ts';
import { zonedMoment } from './frame.ts';
import { customerLink, orderLink, productLink, type ProductNames } from './review-links.ts';
import { decidedBy, outcomeBadge, reasonList, unitsAndMoney } from './risk-words.ts';

export function decisionTable(decisions: readonly RiskDecision[], names: ProductNames): Markup {
  if (decisions.length === 0) return html`<p class="muted">No payment was judged yet.</p>`;
  return html`<div class="table-frame">
    <table class="table table-top">
      <caption class="visually-hidden">
        Decisions, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Outcome</th>
          <th scope="col">Order</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        ${decisions.map(
          (decision) =>
            html`<tr>
              <td data-label="When">${zonedMoment(decision.at, 'UTC')}</td>
              <td data-label="Outcome">
                ${outcomeBadge(decision.outcome)} <span class="cell-note">${decidedBy(decision)}</span>
              </td>
              <td data-label="Order">
                ${orderLink(decision.orderId)}
                <span class="cell-note"
                  >${customerLink(decision.customerId)}, ${productLink(names, decision.productId)},
                  ${unitsAndMoney(decision.facts)}</span
                >
              </td>
              <td>${reasonList(decision.reasons)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
