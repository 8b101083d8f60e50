// How a change of the catalogue can end. Outcomes are values: a page tells each of them in words.

import type { Campaign } from './campaign.ts';
import type { CatalogueProduct } from './catalogue-product.ts';

/** One thing that is missing or clashes. */
export interface Finding {
  /** Undefined: of the campaign itself. */
  readonly productId: string | undefined;
  /** Of the form, such as `endsAt`. */
  readonly field: string;
  /** What is wrong, and what would be right. */
  readonly message: string;
  /** An error forbids publishing; a warning does not. */
  readonly severity: 'error' | 'warning';
  /** Of the file that was imported. */
  readonly line?: number;
}

export type SaveOutcome<T> =
  | { readonly outcome: 'saved'; readonly value: T }
  /** Somebody else saved meanwhile; `current` is theirs. Nothing changed. */
  | { readonly outcome: 'conflict'; readonly current: T }
  /** Nothing changed. */
  | { readonly outcome: 'refused'; readonly findings: readonly Finding[] }
  | { readonly outcome: 'not_found' };

export type CampaignSaved = SaveOutcome<Campaign>;
export type ProductSaved = SaveOutcome<CatalogueProduct>;

/** Who does it, for the trail, and as what: a role may have been taken away since somebody last looked. */
export interface Editor {
  readonly id: string;
  readonly name: string;
  readonly role: 'viewer' | 'editor' | 'publisher';
}

/** What is not a draft is changed by publishers alone, and so is what shoppers can see and buy. Nothing changed. */
export class NeedsPublisher extends Error {
  override readonly name = 'NeedsPublisher';
}

/** One line of the trail. */
export interface TrailEntry {
  readonly id: number;
  readonly at: number;
  readonly userName: string;
  readonly campaignId: string | undefined;
  /** As it is now; undefined when it is no more. */
  readonly campaignTitle: string | undefined;
  readonly productId: string | undefined;
  readonly productName: string | undefined;
  /** What was done, such as `product_saved`. */
  readonly action: string;
  readonly changes: readonly { readonly field: string; readonly from: string; readonly to: string }[];
  /** Of a change of stock, which is only asked for: what the engine said. */
  readonly answer?: {
    readonly state: 'waiting' | 'confirmed' | 'refused';
    readonly refusal: string | undefined;
  };
}
