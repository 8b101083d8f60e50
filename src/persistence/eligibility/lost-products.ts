// Products that the catalogue made and knows no more: Postgres lost its last writes, or a backup was put back that is older than the
// journal. Who might enter is lost with them, so nobody may. What the engine tells of them remains: the stock that the catalogue
// loaded carries names that it alone gives.

import { MADE_HERE } from '../catalogue/product-id.ts';

/** SQL that is true of a product by the catalogue, whether it still knows it or not. @param id SQL as well */
export const wasMadeByCatalogue = (id: string): string =>
  `(${id} ~ '${MADE_HERE.source}' AND EXISTS (SELECT FROM doorbuster.stock_movements AS m WHERE m.product_id = ${id}
     AND (m.request_id = 'cms-' || ${id} || '-initial' OR m.request_id LIKE 'cms:%')))`;

/** SQL that is true while nobody can say by its stock, of which nothing is in Postgres yet. Its row alone says nothing: it arrives first. */
export const mayBeOfCatalogue = (id: string): string =>
  `(${id} ~ '${MADE_HERE.source}' AND NOT EXISTS (SELECT FROM doorbuster.stock_movements AS m WHERE m.product_id = ${id}))`;
