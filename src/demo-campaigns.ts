// Makes the sample campaigns of demo mode in the catalogue, as somebody at the CMS would. A start that was killed half way is gone
// on with by the next one: products have fixed ids, units are counted once by their actor, and a campaign is published when all
// else of it is there. What somebody else saved of them stays.

import { readFile } from 'node:fs/promises';
import type {
  AssetLibrary,
  Campaign,
  Catalogue,
  CatalogueProduct,
  CustomerLists,
} from './persistence/index.ts';
import { slugOf, type Editor } from './persistence/index.ts';
import type { Clock } from './runtime/index.ts';
import type { SampleCampaign, SampleOffer } from './sample-campaigns.ts';
import { StartError } from './start-error.ts';

export interface DemoCampaignsPorts {
  readonly catalogue: Catalogue;
  readonly lists: Pick<CustomerLists, 'current' | 'replace'>;
  readonly assets: Pick<AssetLibrary, 'addImage'>;
  readonly clock: Pick<Clock, 'now'>;
  /** After it the engine may have closed a sale for good. */
  readonly ordersKeptMs: number;
}

export interface SampleMade {
  readonly slug: string;
  readonly title: string;
  readonly entry: Campaign['entry'];
  /** Known to the engine as soon as it has answered. */
  readonly productIds: readonly string[];
}

type Step =
  | { readonly outcome: 'there' }
  | { readonly outcome: 'over' }
  | { readonly outcome: 'again'; readonly reason: string };

const AGAIN = { outcome: 'again', reason: 'others change it all the time.' } as const;
/** For the trail, and to tell what nobody else has changed. */
const EDITOR: Editor = { id: 'samples', name: 'Sample campaigns', role: 'publisher' };
/** A sale that is closed for good comes again as the next edition, under other names. */
const EDITIONS_MAX = 1_000;
/** When another node makes the same at the same moment. */
const TRIES = 5;
const ENDING_CHARACTERS = 10;
const NUMBERS_PER_EDITION = 100;
/** Milliseconds. */
const MINUTE = 60_000;
const PICTURES = new URL('./sample-pictures/', import.meta.url);

export class DemoCampaigns {
  readonly #ports: DemoCampaignsPorts;
  readonly #samples: readonly SampleCampaign[];
  #hasStopped = false;

  constructor(ports: DemoCampaignsPorts, samples: readonly SampleCampaign[]) {
    this.#ports = ports;
    this.#samples = samples;
  }

  /** @returns those that are there now @throws StartError */
  async make(): Promise<SampleMade[]> {
    const made: SampleMade[] = [];
    for (const sample of this.#samples) {
      if (this.#hasStopped) break;
      made.push(await this.#make(sample));
    }
    return made;
  }

  /** Whether the engine has answered to all that was sent to it. */
  async areConfirmed(made: readonly SampleMade[]): Promise<boolean> {
    for (const { productIds } of made)
      for (const productId of productIds) {
        const found = await this.#ports.catalogue.product(productId);
        if (found === undefined || found.product.engine.waiting > 0) return false;
      }
    return true;
  }

  /** Takes seconds of CPU for each picture, at the lowest priority: nobody waits for it. */
  async illustrate(made: readonly SampleMade[]): Promise<void> {
    for (const [index, { productIds }] of made.entries())
      for (const [offer, productId] of productIds.entries()) {
        if (this.#hasStopped) return;
        await this.#picture(productId, this.#samples[index]!.offers[offer]!);
      }
  }

  /** What is under way comes to its end or is found by the next start. */
  stop(): void {
    this.#hasStopped = true;
  }

  async #make(sample: SampleCampaign): Promise<SampleMade> {
    for (let edition = 1; edition <= EDITIONS_MAX; edition++) {
      const campaign = await this.#edition(sample, edition);
      if (campaign === undefined) continue;
      const { slug, title, entry } = campaign;
      return { slug, title, entry, productIds: productIdsOf(sample, edition) };
    }
    throw new StartError(
      `The sample campaign "${sample.title}" has been made ${EDITIONS_MAX} times: remove DATA_DIR.`,
    );
  }

  /** @returns undefined when it is over for good */
  async #edition(sample: SampleCampaign, edition: number): Promise<Campaign | undefined> {
    for (let tries = 1; ; tries++) {
      const found = await this.#find(sample, edition);
      if (found === undefined) return undefined;
      const step = await this.#bringOn(sample, edition, found);
      if (step.outcome === 'over') return undefined;
      if (step.outcome === 'there') return (await this.#ports.catalogue.campaign(found.id))!.campaign;
      if (tries === TRIES)
        throw new StartError(`The sample campaign "${sample.title}" could not be made: ${step.reason}`);
    }
  }

  async #find(sample: SampleCampaign, edition: number): Promise<Campaign | undefined> {
    const { catalogue, clock } = this.#ports;
    const known = await catalogue.product(productIdsOf(sample, edition)[0]!);
    if (known !== undefined) return known.campaign;
    const slug = edition === 1 ? sample.slug : `${sample.slug}-${edition}`;
    const { title, description, entry, gate } = sample;
    const draft = { title, slug, description, timeZone: 'UTC', entry, gate, ...hoursOf(sample, clock.now()) };
    const created = await catalogue.createCampaign(EDITOR, draft);
    if (created.outcome === 'saved') return created.value;
    // Another node, or an earlier start that was killed here. Anybody else's address is let be.
    const present = (await catalogue.campaigns()).find((campaign) => campaign.slug === slug);
    return present?.updatedBy === EDITOR.name ? present : undefined;
  }

  async #bringOn(sample: SampleCampaign, edition: number, campaign: Campaign): Promise<Step> {
    const { catalogue, clock, ordersKeptMs } = this.#ports;
    const { id, status, version, endsAt = Infinity } = campaign;
    const now = clock.now();
    if (status === 'cancelled') return { outcome: 'over' };
    if (endsAt > now)
      return status === 'draft' ? this.#publish(sample, edition, campaign) : { outcome: 'there' };
    if (status !== 'draft' && endsAt + ordersKeptMs <= now) return { outcome: 'over' };
    const draft = { ...campaign, ...hoursOf(sample, now) };
    const reopened = await catalogue.saveCampaignMoving(EDITOR, id, version, draft);
    return reopened.outcome === 'saved' ? AGAIN : againFor(reopened);
  }

  async #publish(sample: SampleCampaign, edition: number, { id, startsAt, endsAt }: Campaign): Promise<Step> {
    const { catalogue, lists } = this.#ports;
    for (const [index, offer] of sample.offers.entries()) {
      const draft = { ...draftOf(offer), startsAt, endsAt };
      const added = await catalogue.addProduct(EDITOR, id, draft, endingOf(edition, index));
      if (added.outcome !== 'saved') return againFor(added);
    }
    if (sample.customerIds !== undefined && (await lists.current(id)) === undefined) {
      const lines = Buffer.from(sample.customerIds.map((customerId) => `${customerId}\n`).join(''));
      const loaded = await lists.replace(EDITOR, id, once(lines), { skipBad: false });
      if (loaded.outcome !== 'loaded') return againFor(loaded);
    }
    const present = await catalogue.campaign(id);
    if (present === undefined || present.campaign.status !== 'draft') return AGAIN;
    const published = await catalogue.publish(EDITOR, id, present.campaign.version);
    return published.outcome === 'saved' ? { outcome: 'there' } : againFor(published);
  }

  async #picture(productId: string, { picture, alt }: SampleOffer): Promise<void> {
    const { catalogue, assets } = this.#ports;
    if (!isUnfinished(await catalogue.product(productId))) return;
    const added = await assets.addImage(await readFile(new URL(picture, PICTURES)));
    if (added.outcome === 'refused')
      throw new StartError(`A sample picture could not be made: ${added.reason}`);
    const found = await catalogue.product(productId);
    if (this.#hasStopped || !isUnfinished(found)) return;
    const { product } = found!;
    const images = [{ imageId: added.image.id, alt }];
    await catalogue.saveProduct(EDITOR, productId, product.version, {
      ...product,
      quantity: undefined,
      images,
    });
  }
}

/** Somebody who took its pictures away meant it. */
const isUnfinished = (
  found: { readonly product: CatalogueProduct; readonly campaign: Campaign } | undefined,
): boolean =>
  found !== undefined &&
  found.campaign.status !== 'cancelled' &&
  found.product.images.length === 0 &&
  found.product.updatedBy === EDITOR.name;

/** Another node may have done it in this moment, and a look tells. */
function againFor(refusal: {
  readonly outcome: string;
  readonly findings?: readonly { readonly message: string }[];
}): Step {
  const reason = refusal.findings?.map(({ message }) => message).join(' ') ?? AGAIN.reason;
  return { outcome: 'again', reason };
}

/** Whole minutes, as the forms of the CMS have them; what is open already stays so. */
const hoursOf = (
  { startsInSeconds, endsInSeconds }: SampleCampaign,
  now: number,
): { startsAt: number; endsAt: number } => ({
  startsAt: (startsInSeconds > 0 ? Math.ceil : Math.floor)((now + startsInSeconds * 1_000) / MINUTE) * MINUTE,
  endsAt: Math.ceil((now + endsInSeconds * 1_000) / MINUTE) * MINUTE,
});

const draftOf = (offer: SampleOffer) => ({ ...offer, currency: 'EUR', images: [] });

/** The same at each start, so that none of them makes a product twice; another one for each product of a campaign. */
const endingOf = (edition: number, index: number): string =>
  String(edition * NUMBERS_PER_EDITION + index).padStart(ENDING_CHARACTERS, '0');

const productIdsOf = ({ offers }: SampleCampaign, edition: number): string[] =>
  offers.map(({ name }, index) => `${slugOf(name)}-${endingOf(edition, index)}`);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
