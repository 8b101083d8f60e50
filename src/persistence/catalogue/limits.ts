// Bounds of what people write. Those of a product are the engine's own, or narrower: the catalogue never holds a product that
// its actor would not take.

import { DAY_SECONDS, WEEK_SECONDS, YEAR_10000 } from './hours.ts';

export const CATALOGUE_LIMITS = {
  titleCharactersMax: 200,
  slugCharactersMax: 80,
  nameCharactersMax: 200,
  descriptionCharactersMax: 5_000,
  skuCharactersMax: 64,
  amountMax: 1_000_000_000_000,
  /** Units of a product, and of one change of its stock. */
  quantityMax: 10_000_000,
  perCustomerLimitMax: 10_000,
  holdSecondsMax: WEEK_SECONDS,
  /** The first moment that is too late. */
  instantMax: YEAR_10000,
  productsPerCampaign: 500,
  imagesPerProduct: 10,
  attributesPerProduct: 50,
  attributeNameCharactersMax: 100,
  attributeValueCharactersMax: 500,
  altCharactersMax: 300,
  claimNameCharactersMax: 100,
  claimValueCharactersMax: 200,
  /** Of a campaign's gate. */
  openHoldsMax: 1_000,
  coolDownSecondsMax: DAY_SECONDS,
  attemptsMax: 10_000,
  /** Of the name of a change of stock. */
  requestIdCharactersMax: 64,
  campaignsPerPage: 50,
  trailEntriesPerPage: 100,
  /** Of a value, as the trail keeps it. */
  trailTextCharactersMax: 300,
  stockChangesShown: 50,
  /** Of one publish check. */
  findingsMax: 200,
} as const;
