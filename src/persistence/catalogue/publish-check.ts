// What keeps a campaign from being published, and what its makers should look at again. Pure: it is shown the campaign, its
// products, and what else is on sale.

import type { Campaign } from './campaign.ts';
import type { CatalogueProduct } from './catalogue-product.ts';
import { campaignFaults, outsideOf, productFaults } from './draft-check.ts';
import { hourAndZone } from './hours.ts';
import type { Finding } from './outcome.ts';

/** A product of another campaign that is published and not cancelled. */
export interface OnSale {
  readonly productId: string;
  readonly name: string;
  readonly campaignTitle: string;
  readonly sku: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

export function checkCampaign(
  campaign: Campaign,
  products: readonly CatalogueProduct[],
  onSale: readonly OnSale[],
  now: number,
): Finding[] {
  const findings: Finding[] = campaignFaults(campaign);
  const tell = (severity: Finding['severity'], field: string, message: string): number =>
    findings.push({ productId: undefined, field, message, severity });
  if (campaign.startsAt === undefined) tell('error', 'startsAt', 'The campaign has no start.');
  if (campaign.endsAt === undefined) tell('error', 'endsAt', 'The campaign has no end.');
  else if (campaign.endsAt <= now)
    tell(
      'error',
      'endsAt',
      `The campaign ended at ${hourAndZone(campaign.endsAt, campaign.timeZone)}: its end must lie ahead.`,
    );
  findings.push(...entryFaults(campaign));
  if (products.length === 0) tell('error', 'products', 'The campaign has no products: add one.');
  for (const product of products) findings.push(...checkProduct(campaign, product, products, onSale));
  for (const product of products)
    if (product.endsAt !== undefined && product.endsAt <= now)
      findings.push(
        finding(product, 'error', 'endsAt', 'Its sale would be over already: its end must lie ahead.'),
      );
  return findings;
}

/** A rule that nothing enforces would sell to everybody, whatever the campaign says. */
export function entryFaults({ entry }: Pick<Campaign, 'entry'>): Finding[] {
  if (entry.kind === 'everyone') return [];
  const message =
    'Only “Everyone” can be published in this version: nothing checks yet who may enter, and everybody could buy.';
  return [{ productId: undefined, field: 'entry', message, severity: 'error' }];
}

/** @param products all of the campaign */
export function checkProduct(
  campaign: Pick<Campaign, 'startsAt' | 'endsAt' | 'timeZone'>,
  product: CatalogueProduct,
  products: readonly CatalogueProduct[],
  onSale: readonly OnSale[],
): Finding[] {
  const findings: Finding[] = productFaults(product, campaign, product.id);
  const tell = (severity: Finding['severity'], field: string, message: string): number =>
    findings.push(finding(product, severity, field, message));
  if (product.startsAt === undefined) tell('error', 'startsAt', 'It has no start.');
  if (product.endsAt === undefined) tell('error', 'endsAt', 'It has no end.');
  if (product.sku === '') tell('error', 'sku', 'It has no SKU.');
  if (product.amount === undefined) tell('error', 'amount', 'It has no sale price.');
  if (product.quantity === undefined) tell('error', 'quantity', 'It has no quantity.');
  else if (product.quantity === 0 && product.engine.confirmedAt === undefined)
    tell('error', 'quantity', 'Its quantity is 0: there is nothing to sell.');
  if (product.images.length === 0) tell('warning', 'images', 'It has no picture.');
  if (product.images.some(({ alt }) => alt === ''))
    tell('error', 'images', 'A picture has no text for those who cannot see it.');
  const { listAmount, amount } = product;
  if (listAmount !== undefined && amount !== undefined && listAmount <= amount)
    tell('warning', 'listAmount', 'The list price is not above the sale price: no discount is shown.');
  for (const message of clashes(product, products, onSale, campaign.timeZone)) tell('error', 'sku', message);
  return findings;
}

/** One thing is sold at one place at a time: stock that is counted twice is sold twice. */
function clashes(
  product: CatalogueProduct,
  products: readonly CatalogueProduct[],
  onSale: readonly OnSale[],
  timeZone: string,
): string[] {
  const { id, sku, startsAt, endsAt } = product;
  if (sku === '' || startsAt === undefined || endsAt === undefined) return [];
  const overlaps = (other: { startsAt: number | undefined; endsAt: number | undefined }): boolean =>
    other.startsAt !== undefined &&
    other.endsAt !== undefined &&
    other.startsAt < endsAt &&
    startsAt < other.endsAt;
  const here = products
    .filter((other) => other.id !== id && other.sku === sku && overlaps(other))
    .map((other) => `The SKU ${sku} is on sale at the same time as "${other.name}" of this campaign.`);
  const elsewhere = onSale
    .filter((other) => other.productId !== id && other.sku === sku && overlaps(other))
    .map(
      (other) =>
        `The SKU ${sku} is on sale as "${other.name}" of the campaign "${other.campaignTitle}" from ` +
        `${hourAndZone(other.startsAt, timeZone)} to ${hourAndZone(other.endsAt, timeZone)}.`,
    );
  return [...here, ...elsewhere];
}

const finding = (
  { id }: CatalogueProduct,
  severity: Finding['severity'],
  field: string,
  message: string,
): Finding => ({ productId: id, field, message, severity });

/** The products whose hours a change of the campaign's would leave outside. @param isMoving they were moved along already */
export const leftOutside = (
  campaign: Pick<Campaign, 'startsAt' | 'endsAt' | 'timeZone'>,
  products: readonly CatalogueProduct[],
  isMoving: boolean,
): Finding[] => {
  const advice = isMoving
    ? 'Change the product’s hours first.'
    : 'Move the products’ hours along, or change the product’s first.';
  return products.flatMap((product) =>
    outsideOf(campaign, product).map(({ field, message }) =>
      finding(product, 'error', field, `"${product.name}": ${message} ${advice}`),
    ),
  );
};
