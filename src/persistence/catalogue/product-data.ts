// What anybody may know of a product, as the file that a CDN serves.

import type { CatalogueProduct } from './catalogue-product.ts';

/** @param filesOf files of its pictures, by the picture's id */
export const productData = (product: CatalogueProduct, filesOf: ReadonlyMap<string, object>): object => ({
  id: product.id,
  name: product.name,
  description: product.description,
  sku: product.sku,
  startsAt: instant(product.startsAt),
  endsAt: instant(product.endsAt),
  price: money(product.amount, product.currency),
  listPrice: money(product.listAmount, product.currency),
  perCustomerLimit: product.perCustomerLimit,
  attributes: product.attributes,
  images: product.images.map(({ imageId, alt }) => ({ id: imageId, alt, files: filesOf.get(imageId) ?? [] })),
});

const instant = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(at).toISOString();

const money = (amount: number | undefined, currency: string): { amount: number; currency: string } | null =>
  amount === undefined ? null : { amount, currency };
