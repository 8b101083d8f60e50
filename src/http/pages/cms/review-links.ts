// Addresses of what risk control has to do with, and how a customer and a product stand in its lists.

import { html } from 'hono/html';
import type { ProductName } from '../../../persistence/index.ts';
import type { Markup } from '../layout.ts';
import { productHref } from './frame.ts';
import type { Crumb } from './shell.ts';

export const REVIEWS: Crumb = { href: '/cms/reviews', text: 'Reviews' };
export const reviewHref = (orderId: string, part = ''): string =>
  `/cms/reviews/${encodeURIComponent(orderId)}${part === '' ? '' : `/${part}`}`;
export const customerHref = (customerId: string): string =>
  `/cms/customers?id=${encodeURIComponent(customerId)}`;

export const customerLink = (customerId: string): Markup =>
  html`<a href="${customerHref(customerId)}">${customerId}</a>`;

export const orderLink = (orderId: string): Markup =>
  html`<a class="code" href="${reviewHref(orderId)}">${orderId}</a>`;

export type ProductNames = ReadonlyMap<string, ProductName>;

export function productLink(names: ProductNames, productId: string): Markup {
  const known = names.get(productId);
  if (known === undefined) return html`<span class="code">${productId}</span>`;
  return known.isInCatalogue
    ? html`<a href="${productHref(productId)}">${known.name}</a>`
    : html`${known.name}`;
}
