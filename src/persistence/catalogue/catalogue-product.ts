// A product of a campaign, as business users write it. Its id is the engine's, made new for each product, so that no counter and
// no limit of one campaign leaks into another.

export interface Attribute {
  readonly name: string;
  readonly value: string;
}

export interface ProductImage {
  /** Of the asset library. */
  readonly imageId: string;
  readonly alt: string;
}

/** What a person writes; a draft may lack everything but a name. Money is in minor units. */
export interface ProductDraft {
  readonly name: string;
  readonly description: string;
  readonly sku: string;
  /** Epoch milliseconds; inside the campaign's. */
  readonly startsAt: number | undefined;
  readonly endsAt: number | undefined;
  /** Before the discount. */
  readonly listAmount: number | undefined;
  readonly amount: number | undefined;
  /** ISO 4217. */
  readonly currency: string;
  /** Units on sale. Of a product that was sent to the engine it is changed through stock changes alone. */
  readonly quantity: number | undefined;
  readonly perCustomerLimit: number;
  readonly holdSeconds: number;
  readonly attributes: readonly Attribute[];
  readonly images: readonly ProductImage[];
}

/** What the engine has said of it. */
export interface EngineState {
  /** Commands that wait for an answer. */
  readonly waiting: number;
  /** When the engine last confirmed something of this product, epoch milliseconds. */
  readonly confirmedAt: number | undefined;
  /** Whether what the engine enforces is this version's. */
  readonly isCurrent: boolean;
  /** Why the engine refused the newest command, for people. */
  readonly refusal: string | undefined;
}

export interface CatalogueProduct extends ProductDraft {
  readonly id: string;
  readonly campaignId: string;
  readonly position: number;
  readonly version: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
  /** Name of its hashed file of product data. */
  readonly dataFile: string | undefined;
  readonly engine: EngineState;
}
