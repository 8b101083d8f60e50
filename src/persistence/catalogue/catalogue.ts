// The catalogue: campaigns and their products, as business users write them. Each change is one transaction: the rows, the line
// of the trail, and the commands that the engine must get. Nothing here asks the engine; dispatcher.ts brings the commands there.

import type { Pool } from 'pg';
import type { Clock, Random } from '../../runtime/ports.ts';
import * as campaigns from './campaign-changes.ts';
import type { Campaign, CampaignDraft, CampaignSummary } from './campaign.ts';
import { readCampaign, readCampaignOfSlug, readSummaries, type CampaignPage } from './campaign-rows.ts';
import type { CatalogueProduct, ProductDraft } from './catalogue-product.ts';
import { setStatus, type StatusDraft, type StatusSaved } from './customer-standing.ts';
import { cloneCampaign, type CloneDraft } from './cloning.ts';
import { changing, type DataFiles, type Desk } from './desk.ts';
import { importProducts, type Imported, type ImportLine } from './importing.ts';
import { saveMoving } from './moving.ts';
import type { CampaignSaved, Editor, Finding, ProductSaved, SaveOutcome, TrailEntry } from './outcome.ts';
import { readStockChanges, type StockChange } from './outbox.ts';
import * as products from './product-changes.ts';
import { readProduct, readProductNames, readProducts, type ProductName } from './product-rows.ts';
import { checkNow, sendAgain, switchCampaign, type Switch } from './selling.ts';
import { changeStock } from './stock-changes.ts';
import { isSavedBy, readTrail, type TrailPage } from './trail.ts';

export class Catalogue {
  readonly #desk: Desk;

  /** @param onChanged hears that something may have changed */
  constructor(pool: Pool, clock: Clock, random: Random, files?: DataFiles, onChanged?: () => void) {
    this.#desk = { pool, clock, random, files, onChanged };
  }

  /** Newest first, a page at a time. */
  campaigns(page: CampaignPage = {}): Promise<CampaignSummary[]> {
    return readSummaries(this.#desk.pool, page, this.#desk.clock.now());
  }

  async campaign(id: string): Promise<{ campaign: Campaign; products: CatalogueProduct[] } | undefined> {
    const campaign = await readCampaign(this.#desk.pool, id);
    return campaign && { campaign, products: await readProducts(this.#desk.pool, id) };
  }

  campaignOfSlug(slug: string): Promise<Campaign | undefined> {
    return readCampaignOfSlug(this.#desk.pool, slug);
  }

  async product(id: string): Promise<{ product: CatalogueProduct; campaign: Campaign } | undefined> {
    const product = await readProduct(this.#desk.pool, id);
    const campaign = product && (await readCampaign(this.#desk.pool, product.campaignId));
    return campaign && { product, campaign };
  }

  /** Of those that the catalogue or the projection knows. */
  productNames(ids: readonly string[]): Promise<ReadonlyMap<string, ProductName>> {
    return readProductNames(this.#desk.pool, ids);
  }

  createCampaign(editor: Editor, draft: CampaignDraft): Promise<CampaignSaved> {
    return this.#savingSlug(draft.slug, () =>
      changing(this.#desk, editor, (change) => campaigns.createCampaign(change, draft)),
    );
  }

  saveCampaign(editor: Editor, id: string, version: number, draft: CampaignDraft): Promise<CampaignSaved> {
    return this.#savingSlug(draft.slug, () =>
      changing(this.#desk, editor, (change) => campaigns.saveCampaign(change, id, version, draft)),
    );
  }

  /** Its products' hours move along with its own: both by as much, or those at an end of the campaign with that end. */
  saveCampaignMoving(
    editor: Editor,
    id: string,
    version: number,
    draft: CampaignDraft,
  ): Promise<CampaignSaved> {
    return this.#savingSlug(draft.slug, () => saveMoving(this.#desk, editor, id, version, draft));
  }

  /** @param ending of its id, such as a form drew it ahead; a product that has it is what comes back, as it is */
  addProduct(
    editor: Editor,
    campaignId: string,
    draft: ProductDraft,
    ending?: string,
  ): Promise<ProductSaved> {
    return changing(this.#desk, editor, (change) => products.addProduct(change, campaignId, draft, ending));
  }

  /** Of a product that was sent, `quantity` undefined leaves it as it is. */
  saveProduct(editor: Editor, id: string, version: number, draft: ProductDraft): Promise<ProductSaved> {
    return changing(this.#desk, editor, (change) => products.saveProduct(change, id, version, draft));
  }

  /** Only while it was never sent to the engine. */
  removeProduct(editor: Editor, id: string, version: number): Promise<SaveOutcome<undefined>> {
    return changing(this.#desk, editor, (change) => products.removeProduct(change, id, version));
  }

  moveProduct(editor: Editor, id: string, by: 1 | -1): Promise<ProductSaved> {
    return changing(this.#desk, editor, (change) => products.moveProduct(change, id, by));
  }

  /** All of them or none: each finding carries its line. @param seen of the products that the lines were made over */
  importProducts(
    editor: Editor,
    campaignId: string,
    version: number,
    lines: readonly ImportLine[],
    seen?: string,
  ): Promise<SaveOutcome<Imported>> {
    return importProducts(this.#desk, editor, campaignId, { version, seen }, lines);
  }

  /** What is missing or clashes, as of this moment. */
  check(id: string): Promise<Finding[]> {
    return checkNow(this.#desk.pool, id, this.#desk.clock.now());
  }

  /** @param seen `seenOf` the products that are meant; undefined: whatever they are */
  publish(editor: Editor, id: string, version: number, seen?: string): Promise<CampaignSaved> {
    return this.#switch(editor, id, version, 'publish', seen);
  }

  /** Whatever was saved meanwhile. */
  pause(editor: Editor, id: string): Promise<CampaignSaved> {
    return this.#switch(editor, id, undefined, 'pause');
  }

  resume(editor: Editor, id: string, version: number): Promise<CampaignSaved> {
    return this.#switch(editor, id, version, 'resume');
  }

  /** For good: nothing can be bought any more, and what nobody holds is withdrawn. */
  cancel(editor: Editor, id: string, version: number): Promise<CampaignSaved> {
    return this.#switch(editor, id, version, 'cancel');
  }

  /** A draft with the same words, and with new products; they move along when it has other hours. */
  clone(editor: Editor, id: string, name: CloneDraft): Promise<CampaignSaved> {
    return this.#savingSlug(name.slug, () =>
      changing(this.#desk, editor, (change) => cloneCampaign(change, id, name)),
    );
  }

  /** Over whatever the engine has of it, when somebody else changed it there. */
  sendAgain(editor: Editor, productId: string): Promise<ProductSaved> {
    return changing(this.#desk, editor, (change) => sendAgain(change, productId));
  }

  /**
   * @param requestId names this change: a repetition is the same one
   * @param units above 0 to add, below to withdraw
   */
  changeStock(
    editor: Editor,
    productId: string,
    requestId: string,
    units: number,
  ): Promise<SaveOutcome<StockChange>> {
    return changing(this.#desk, editor, (change) => changeStock(change, productId, requestId, units));
  }

  /** Newest first. */
  stockChanges(productId: string): Promise<StockChange[]> {
    return readStockChanges(this.#desk.pool, productId);
  }

  setStatus(editor: Editor, draft: StatusDraft): Promise<StatusSaved> {
    return changing(this.#desk, editor, (change) => setStatus(change, draft));
  }

  /** Newest first, a page at a time. */
  trail(page: TrailPage = {}): Promise<TrailEntry[]> {
    return readTrail(this.#desk.pool, page);
  }

  /** Whether what is there now is what this user saved last, in another window. */
  isOwnSave(editor: Editor, current: Campaign | CatalogueProduct): Promise<boolean> {
    return isSavedBy(this.#desk.pool, editor, current);
  }

  #switch(
    editor: Editor,
    id: string,
    version: number | undefined,
    how: Switch,
    seen?: string,
  ): Promise<CampaignSaved> {
    return changing(this.#desk, editor, (change) => switchCampaign(change, id, version, how, seen));
  }

  /** Two who take one address at the same moment: the second is told by Postgres. */
  async #savingSlug(slug: string, save: () => Promise<CampaignSaved>): Promise<CampaignSaved> {
    try {
      return await save();
    } catch (error) {
      const { code, constraint } = error as { code?: string; constraint?: string };
      if (code !== '23505' || constraint !== 'campaigns_slug_key') throw error;
      return { outcome: 'refused', findings: [campaigns.slugTaken(slug.trim())] };
    }
  }
}
