// What a check found, each with a link to the field that mends it for those who may, grouped by the campaign and its products.

import { html } from 'hono/html';
import type { CatalogueProduct, Finding } from '../../../persistence/index.ts';
import type { Markup } from '../layout.ts';
import { campaignHref, productHref } from './frame.ts';

export const hasErrors = (findings: readonly Finding[]): boolean =>
  findings.some(({ severity }) => severity === 'error');

/** @param canEdit whether who looks may open the pages that mend it */
export function findingsList(
  campaignId: string,
  products: readonly CatalogueProduct[],
  findings: readonly Finding[],
  canEdit: boolean,
): Markup {
  const byProduct = Map.groupBy(findings, ({ productId }) => productId);
  const groups = [{ id: undefined, name: 'The campaign' }, ...products.map(({ id, name }) => ({ id, name }))];
  return html`<div class="finding-groups">
    ${groups.map(({ id, name }) => {
      const own = byProduct.get(id);
      if (own === undefined) return '';
      return html`<div>
        <h3>${name}</h3>
        <ul class="findings">
          ${own.map((finding) => line(finding, canEdit ? hrefOf(campaignId, finding) : undefined))}
        </ul>
      </div>`;
    })}
  </div>`;
}

function line({ severity, message }: Finding, href: string | undefined): Markup {
  return html`<li class="finding-${severity}">
    <span class="finding-kind">${severity === 'error' ? 'Must be mended' : 'Look again'}</span>
    ${href === undefined ? html`<span>${message}</span>` : html`<a href="${href}">${message}</a>`}
  </li>`;
}

/** Where it is mended. */
function hrefOf(campaignId: string, { productId, field }: Finding): string {
  if (productId !== undefined) return `${productHref(productId, 'edit')}#${field}`;
  if (field === 'entry') return `${campaignHref(campaignId, 'entry')}#list`;
  if (field === 'products') return campaignHref(campaignId, 'products/new');
  if (field === 'more') return `${campaignHref(campaignId)}#products`;
  return `${campaignHref(campaignId, 'edit')}#${field}`;
}
