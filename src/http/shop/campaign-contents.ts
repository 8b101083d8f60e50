// What business users wrote of campaigns, as their pages show it: read from Postgres when a door says that something is another, and
// kept on the thread. While Postgres is away the page shows what it showed last, or, of a campaign that this thread never read, what its
// door and its products' actors say: a sale does not end because its description cannot be read.

import { LRUCache } from 'lru-cache';
import type { AssetLibrary, Catalogue, Door } from '../../persistence/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { campaignViewOf, type CampaignView } from '../pages/index.ts';

export const CONTENT_LIMITS = {
  campaignsMax: 200,
  /** Read again in any case: pictures come to the CDN without anybody's change. */
  keptMs: 30_000,
  /** After a reading that failed. */
  retryMs: 1_000,
} as const;

export interface CampaignSources {
  readonly catalogue: Pick<Catalogue, 'campaign'>;
  readonly assets: Pick<AssetLibrary, 'images'>;
}

interface Kept {
  stamp: string | undefined;
  view: CampaignView;
  /** Monotonic milliseconds. */
  readUntil: number;
  reading: Promise<void> | undefined;
}

export class CampaignContents {
  readonly #sources: CampaignSources | undefined;
  readonly #clock: Clock;
  readonly #kept = new LRUCache<string, Kept>({ max: CONTENT_LIMITS.campaignsMax });

  constructor(sources: CampaignSources | undefined, clock: Clock) {
    this.#sources = sources;
    this.#clock = clock;
  }

  /** The same object for as long as nothing of it is another. Never fails. */
  of(door: Door): CampaignView | Promise<CampaignView> {
    const kept = this.#keep(door);
    const isNew = kept.stamp !== door.stamp;
    if (this.#clock.monotonic() >= kept.readUntil || (isNew && kept.stamp !== undefined)) {
      kept.reading ??= this.#read(door, kept).finally(() => (kept.reading = undefined));
    }
    // What is only old is shown as it is while it is read again.
    return isNew && kept.reading !== undefined ? kept.reading.then(() => kept.view) : kept.view;
  }

  #keep(door: Door): Kept {
    let kept = this.#kept.get(door.campaignId);
    if (kept === undefined) {
      kept = {
        stamp: undefined,
        view: bareView(door),
        readUntil: Number.NEGATIVE_INFINITY,
        reading: undefined,
      };
      this.#kept.set(door.campaignId, kept);
    }
    return kept;
  }

  async #read(door: Door, kept: Kept): Promise<void> {
    const { campaignId, stamp } = door;
    try {
      const found = await this.#sources?.catalogue.campaign(campaignId);
      if (found !== undefined) {
        const ids = found.products.flatMap(({ images }) => images.map(({ imageId }) => imageId));
        const images = await this.#sources!.assets.images([...new Set(ids)]);
        const view = campaignViewOf(found.campaign, found.products, images);
        if (JSON.stringify(view) !== JSON.stringify(kept.view)) kept.view = view;
      }
      kept.stamp = stamp;
      kept.readUntil = this.#clock.monotonic() + CONTENT_LIMITS.keptMs;
    } catch {
      // Postgres is away: whoever looks after it knows already.
      kept.readUntil = this.#clock.monotonic() + CONTENT_LIMITS.retryMs;
      if (kept.stamp !== undefined) kept.stamp = stamp;
    }
  }
}

function bareView({ slug, title, startsAt, endsAt, productIds }: Door): CampaignView {
  const offers = productIds.map((id) => ({
    id,
    name: id,
    description: '',
    amount: undefined,
    listAmount: undefined,
    currency: '',
    perCustomerLimit: 1,
    startsAt,
    endsAt,
    facts: [],
    pictures: [],
  }));
  return { slug, title, description: '', startsAt, endsAt, timeZone: 'UTC', offers };
}
