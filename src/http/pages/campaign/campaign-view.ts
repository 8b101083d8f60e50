// A campaign as its page shows it: what business users wrote of it. How its products stand just now comes beside it, from their
// actors.

import type { Campaign, CampaignPhase, CatalogueProduct, Image } from '../../../persistence/index.ts';

/** What the catalogue knows of a product beside what its actor says. */
export interface OfferView {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** In minor units; undefined while a draft has none. */
  readonly amount: number | undefined;
  readonly listAmount: number | undefined;
  readonly currency: string;
  readonly perCustomerLimit: number;
  /** Epoch milliseconds. */
  readonly startsAt: number | undefined;
  readonly endsAt: number | undefined;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly pictures: readonly { readonly image: Image; readonly alt: string }[];
}

export interface CampaignView {
  readonly slug: string;
  readonly title: string;
  readonly description: string;
  readonly startsAt: number | undefined;
  readonly endsAt: number | undefined;
  readonly timeZone: string;
  readonly offers: readonly OfferView[];
}

export type { CampaignPhase };

export function campaignViewOf(
  campaign: Campaign,
  products: readonly CatalogueProduct[],
  images: ReadonlyMap<string, Image>,
): CampaignView {
  const { slug, title, description, startsAt, endsAt, timeZone } = campaign;
  const offers = products.map((product) => offerOf(product, images));
  return { slug, title, description, startsAt, endsAt, timeZone, offers };
}

function offerOf(product: CatalogueProduct, images: ReadonlyMap<string, Image>): OfferView {
  const { id, name, description, amount, listAmount, currency, perCustomerLimit, startsAt, endsAt } = product;
  return {
    id,
    name,
    description,
    amount,
    listAmount,
    currency,
    perCustomerLimit,
    startsAt,
    endsAt,
    facts: product.attributes,
    pictures: product.images.flatMap(({ imageId, alt }) => {
      const image = images.get(imageId);
      return image === undefined ? [] : [{ image, alt }];
    }),
  };
}
