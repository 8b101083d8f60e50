// What keeps a campaign from being published, and what its makers should look at again. Pure: it is shown the campaign, its
// products, whether it has a list of customers, and what else is on sale.

import type { Campaign } from './campaign.ts';
import type { CatalogueProduct } from './catalogue-product.ts';
import { campaignFaults, outsideOf, productFaults } from './draft-check.ts';
import { hourAndZone } from './hours.ts';
import { CATALOGUE_LIMITS } from './limits.ts';
import type { Finding } from './outcome.ts';
import { skuKey } from './sku.ts';

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
  hasList: boolean,
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
  findings.push(...entryFaults(campaign, hasList), ...gateWarnings(campaign, products));
  if (products.length === 0) tell('error', 'products', 'The campaign has no products: add one.');
  // Grouped once: only those of one SKU can clash.
  const here = Map.groupBy(products, ({ sku }) => skuKey(sku));
  const elsewhere = Map.groupBy(onSale, ({ sku }) => skuKey(sku));
  for (const product of products) {
    const key = skuKey(product.sku);
    findings.push(...checkProduct(campaign, product, here.get(key) ?? [], elsewhere.get(key) ?? []));
  }
  for (const product of products)
    if (product.endsAt !== undefined && product.endsAt <= now)
      findings.push(
        finding(product, 'error', 'endsAt', 'Its sale would be over already: its end must lie ahead.'),
      );
  return bounded(findings);
}

/** Without a list nobody could enter. */
export function entryFaults({ entry }: Pick<Campaign, 'entry'>, hasList: boolean): Finding[] {
  if (entry.kind !== 'list' || hasList) return [];
  const message = 'The campaign has no list of customers yet, and nobody could enter: load one.';
  return [{ productId: undefined, field: 'entry', message, severity: 'error' }];
}

/** What the gate asks and this campaign's hours and holds make nothing of, or too much. */
function gateWarnings(campaign: Campaign, products: readonly CatalogueProduct[]): Finding[] {
  const { gate, startsAt, endsAt } = campaign;
  const { coolDownSeconds, shortestHoldSeconds } = gate;
  const findings: Finding[] = [];
  if (startsAt !== undefined && endsAt !== undefined && coolDownSeconds * 1_000 >= endsAt - startsAt)
    findings.push({
      productId: undefined,
      field: 'coolDownSeconds',
      message:
        'The cool-down is as long as the campaign: whoever lets one hold run out buys nothing of that product any more.',
      severity: 'warning',
    });
  for (const product of products)
    if (product.holdSeconds > 0 && product.holdSeconds < shortestHoldSeconds)
      findings.push(
        finding(
          product,
          'warning',
          'holdSeconds',
          `Its holds of ${product.holdSeconds} s are shorter than the campaign’s shortest of ${shortestHoldSeconds} s: they stay as they are, however few units are left.`,
        ),
      );
  return findings;
}

/** @param products all of the campaign, or those with its SKU */
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

/** One thing is sold at one place at a time: stock that is counted twice is sold twice. However many clash: one line each. */
function clashes(
  { id, sku, startsAt, endsAt }: CatalogueProduct,
  here: readonly CatalogueProduct[],
  onSale: readonly OnSale[],
  timeZone: string,
): string[] {
  if (sku === '' || startsAt === undefined || endsAt === undefined) return [];
  const key = skuKey(sku);
  const isOne = (other: { startsAt: number | undefined; endsAt: number | undefined; sku: string }): boolean =>
    other.startsAt !== undefined &&
    other.endsAt !== undefined &&
    other.startsAt < endsAt &&
    startsAt < other.endsAt &&
    (other.sku === sku || skuKey(other.sku) === key);
  const of = (other: { name: string; sku: string }): string =>
    `"${other.name}"${other.sku === sku ? '' : `, whose SKU is written ${other.sku},`}`;
  const more = (count: number): string =>
    count === 0 ? '' : ` and ${count} ${count === 1 ? 'other' : 'others'}`;
  const told: string[] = [];
  const [first, ...others] = here.filter((other) => other.id !== id && isOne(other));
  if (first !== undefined)
    told.push(
      `The SKU ${sku} is on sale at the same time as ${of(first)}${more(others.length)} of this campaign.`,
    );
  const [theirs, ...further] = onSale.filter((other) => other.productId !== id && isOne(other));
  if (theirs !== undefined)
    told.push(
      `The SKU ${sku} is on sale as ${of(theirs)} of the campaign "${theirs.campaignTitle}" from ` +
        `${hourAndZone(theirs.startsAt, timeZone)} to ${hourAndZone(theirs.endsAt, timeZone)}${more(further.length)}.`,
    );
  return told;
}

/** Errors first, when they are too many to be told. */
function bounded(findings: readonly Finding[]): Finding[] {
  const { findingsMax } = CATALOGUE_LIMITS;
  if (findings.length <= findingsMax) return [...findings];
  const all = findings.toSorted((one, other) => one.severity.localeCompare(other.severity));
  const { severity } = all[findingsMax]!;
  const message = `And ${all.length - findingsMax} more: they are told when these are mended.`;
  return [...all.slice(0, findingsMax), { productId: undefined, field: 'more', message, severity }];
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
