// What a page showed of a campaign's products, in a few characters: whoever acts on the page hands them back, and is told when
// something else is there by now. So two who edit two products are never in each other's way.

import { hash } from 'node:crypto';
import type { CatalogueProduct } from './catalogue-product.ts';

/** @param products all of the campaign, in their order */
export const seenOf = (products: readonly Pick<CatalogueProduct, 'id' | 'version'>[]): string =>
  hash('sha256', products.map(({ id, version }) => `${id} ${version}`).join('\n'), 'base64url').slice(0, 22);
