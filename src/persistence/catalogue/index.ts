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
export type {
  Attribute,
  CatalogueProduct,
  EngineState,
  ProductDraft,
  ProductImage,
} from './catalogue-product.ts';
export { migrateCatalogue } from './migrate-catalogue.ts';
export type { CampaignSaved, Editor, Finding, ProductSaved, SaveOutcome, TrailEntry } from './outcome.ts';
