// A catalogue on one Postgres for the tests of a file, with an hour that a test sets, and drafts that can be published.

import type { Pool } from 'pg';
import {
  Catalogue,
  migrateCatalogue,
  type Campaign,
  type CampaignDraft,
  type CatalogueProduct,
  type Editor,
  type ProductDraft,
  type SaveOutcome,
} from '../../../src/persistence/index.ts';
import { systemRandom } from '../../../src/runtime/index.ts';

export const MINUTE_MS = 60_000;
export const EDA: Editor = { id: 'u1', name: 'Eda', role: 'publisher' };
export const PAT: Editor = { id: 'u2', name: 'Pat', role: 'publisher' };

export class Desk {
  readonly pool: Pool;
  readonly catalogue: Catalogue;
  now = Date.UTC(2031, 4, 1, 12);
  #made = 0;

  constructor(pool: Pool) {
    this.pool = pool;
    const clock = { now: () => this.now, monotonic: () => performance.now() };
    this.catalogue = new Catalogue(pool, clock, systemRandom);
  }

  static async open(pool: Pool): Promise<Desk> {
    await pool.query('DROP SCHEMA IF EXISTS doorbuster_catalogue CASCADE');
    await migrateCatalogue(pool);
    return new Desk(pool);
  }

  /** Runs from an hour ago to an hour ahead, unless said otherwise. */
  campaignDraft(changes: Partial<CampaignDraft> = {}): CampaignDraft {
    return {
      title: 'May days',
      slug: `may-days-${++this.#made}`,
      description: '',
      startsAt: this.now - 60 * MINUTE_MS,
      endsAt: this.now + 60 * MINUTE_MS,
      timeZone: 'Europe/Berlin',
      entry: { kind: 'everyone' },
      ...changes,
    };
  }

  productDraft(changes: Partial<ProductDraft> = {}): ProductDraft {
    return {
      name: 'Ember Kettle',
      description: 'Boils.',
      sku: `EK-${++this.#made}`,
      startsAt: this.now - 30 * MINUTE_MS,
      endsAt: this.now + 30 * MINUTE_MS,
      listAmount: 9_900,
      amount: 4_900,
      currency: 'EUR',
      quantity: 100,
      perCustomerLimit: 2,
      holdSeconds: 300,
      attributes: [{ name: 'Colour', value: 'red' }],
      images: [],
      ...changes,
    };
  }

  async campaign(changes: Partial<CampaignDraft> = {}): Promise<Campaign> {
    return saved(await this.catalogue.createCampaign(EDA, this.campaignDraft(changes)));
  }

  async product(campaign: Campaign, changes: Partial<ProductDraft> = {}): Promise<CatalogueProduct> {
    return saved(await this.catalogue.addProduct(EDA, campaign.id, this.productDraft(changes)));
  }

  /** A published campaign with one product. */
  async published(
    changes: Partial<ProductDraft> = {},
  ): Promise<{ campaign: Campaign; product: CatalogueProduct }> {
    const draft = await this.campaign();
    const { id } = await this.product(draft, changes);
    const campaign = saved(await this.catalogue.publish(PAT, draft.id, draft.version));
    return { campaign, product: await this.read(id) };
  }

  async read(productId: string): Promise<CatalogueProduct> {
    return (await this.catalogue.product(productId))!.product;
  }

  /** What waits for the engine, in the order in which it is sent. */
  async outbox(productId: string): Promise<{ kind: string; payload: Record<string, unknown> }[]> {
    const { rows } = await this.pool.query<{ kind: string; payload: Record<string, unknown> }>(
      'SELECT kind, payload FROM doorbuster_catalogue.outbox WHERE product_id = $1 ORDER BY id',
      [productId],
    );
    return rows;
  }

  async image(): Promise<string> {
    const id = `image-${++this.#made}`;
    await this.pool.query(
      `INSERT INTO doorbuster_catalogue.images (id, width, height, created_at) VALUES ($1, 1, 1, now())`,
      [id],
    );
    return id;
  }
}

export function saved<T>(outcome: SaveOutcome<T>): T {
  if (outcome.outcome !== 'saved') throw new Error(`not saved: ${JSON.stringify(outcome)}`);
  return outcome.value;
}

/** `field: message` of each finding. */
export function refusals<T>(outcome: SaveOutcome<T>): string[] {
  if (outcome.outcome !== 'refused') throw new Error(`not refused: ${JSON.stringify(outcome)}`);
  return outcome.findings.map(({ field, message }) => `${field}: ${message}`);
}
