// What business users write, and what of it is on its way to the engine.

export {
  CAMPAIGN_STATUSES,
  phaseOf,
  type Campaign,
  type CampaignDraft,
  type CampaignPhase,
  type CampaignStatus,
  type CampaignSummary,
  type Entry,
} from './campaign.ts';
export { gateWords, NEW_CAMPAIGN_GATE, OPEN_CAMPAIGN_GATE, type CampaignGate } from './campaign-gate.ts';
export type {
  Attribute,
  CatalogueProduct,
  EngineState,
  ProductDraft,
  ProductImage,
} from './catalogue-product.ts';
export { Catalogue } from './catalogue.ts';
export type { CampaignPage } from './campaign-rows.ts';
export type { CloneDraft } from './cloning.ts';
export type { StatusDraft, StatusSaved } from './customer-standing.ts';
export type { DataFiles } from './desk.ts';
export { DISPATCH_LIMITS, EngineDispatcher, type EngineDispatcherOptions } from './dispatcher.ts';
export { clockOf, dayOf, hourAndZone, shownHour, shownZone } from './hours.ts';
export type { Imported, ImportLine } from './importing.ts';
export { CATALOGUE_LIMITS } from './limits.ts';
export { currencyDigits, moneyText } from './money-text.ts';
export { isProductEnding, mayBeProductId, productEnding, slugOf } from './product-id.ts';
export type { StockChange } from './outbox.ts';
export type { ProductName } from './product-rows.ts';
export { seenOf } from './seen.ts';
export { skuKey } from './sku.ts';
export type { TrailPage } from './trail.ts';
export { CATALOGUE_VERSION, migrateCatalogue } from './catalogue-schema.ts';
export {
  NeedsPublisher,
  type CampaignSaved,
  type Editor,
  type Finding,
  type ProductSaved,
  type SaveOutcome,
  type TrailEntry,
} from './outcome.ts';
