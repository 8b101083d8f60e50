// Campaigns for tests of what shoppers see: made and published at the CMS over HTTP, by its forms, as a business user without
// JavaScript does it.

import { gateAsTyped } from '../../src/http/cms/gate-form.ts';
import { OPEN_CAMPAIGN_GATE, type CampaignGate } from '../../src/persistence/index.ts';
import { printedAccount } from './cms-desk.ts';
import { CmsBrowser } from './cms-browser.ts';
import { formOf, mainOf, placeOf, send, type ChosenFile } from './cms-forms.ts';
import { ADMIN_TOKEN, type Engine } from './engine.ts';
import { waitUntil } from './wait-until.ts';

export interface CampaignPlan {
  readonly title: string;
  readonly description?: string;
  readonly startsInMs?: number;
  readonly endsInMs?: number;
  readonly entry?: 'everyone' | 'list' | 'claim' | 'invitation';
  readonly claim?: { readonly name: string; readonly value: string };
  /** Of a campaign whose entry is a list. */
  readonly customers?: readonly string[];
  readonly products: readonly ProductPlan[];
  /** Over an open one. */
  readonly gate?: Partial<CampaignGate>;
}

export interface ProductPlan {
  readonly name: string;
  readonly description?: string;
  readonly price?: string;
  readonly listPrice?: string;
  readonly quantity?: number;
  readonly limit?: number;
  readonly holdSeconds?: number;
  readonly picture?: ChosenFile & { readonly alt: string };
}

export interface PublishedCampaign {
  readonly id: string;
  readonly slug: string;
  /** Of the page that shoppers see. */
  readonly path: string;
  /** In the order of the plan. */
  readonly productIds: readonly string[];
}

export class CampaignDesk {
  readonly #engine: Engine;
  readonly #browser: CmsBrowser;

  private constructor(engine: Engine, browser: CmsBrowser) {
    this.#engine = engine;
    this.#browser = browser;
  }

  /** Of a node in demo mode, which prints an account. */
  static async at(engine: Engine): Promise<CampaignDesk> {
    const browser = CmsBrowser.at(engine.url);
    const { email, password } = printedAccount(engine);
    placeOf(await browser.signIn(email, password));
    return new CampaignDesk(engine, browser);
  }

  /** @returns when the engine has its products; of a node with one thread, when the page of one for everyone is there */
  async publish(plan: CampaignPlan): Promise<PublishedCampaign> {
    const { id, slug } = await this.#draft(plan);
    if (plan.customers !== undefined) await this.uploadList(slug, plan.customers);
    await this.step(id, 'publish');
    const productIds = await this.#productIds(id);
    await Promise.all(
      productIds.map((productId) =>
        waitUntil(`the engine has ${productId}`, async () => {
          const { status } = await this.#engine.admin('GET', `/products/${productId}/stock`);
          return status === 200;
        }),
      ),
    );
    const path = `/c/${slug}`;
    if ((plan.entry ?? 'everyone') === 'everyone') await this.#whenOpen(path);
    return { id, slug, path, productIds };
  }

  async #draft(plan: CampaignPlan): Promise<{ id: string; slug: string }> {
    const slug = plan.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    const form = formOf(await this.#browser.get('/cms/campaigns/new'));
    const sent = await send(this.#browser, form, {
      title: plan.title,
      slug,
      description: plan.description ?? '',
      timeZone: 'UTC',
      startsAt: hourWithSeconds(plan.startsInMs ?? -60_000),
      endsAt: hourWithSeconds(plan.endsInMs ?? 3_600_000),
      entry: plan.entry ?? 'everyone',
      claimName: plan.claim?.name ?? '',
      claimValue: plan.claim?.value ?? '',
      ...gateAsTyped({ ...OPEN_CAMPAIGN_GATE, ...plan.gate }),
    });
    const id = /\/cms\/campaigns\/([^/?#]+)/.exec(placeOf(sent))![1]!;
    for (const product of plan.products) await this.#addProduct(id, product);
    return { id, slug };
  }

  /** With the products, so that tests need not guess how long they take until then. */
  async moveHour(campaignId: string, hour: 'startsAt' | 'endsAt', inMs: number): Promise<void> {
    const path = `/cms/campaigns/${campaignId}/edit`;
    const form = formOf(await this.#browser.get(path), path);
    placeOf(await send(this.#browser, form, { [hour]: hourWithSeconds(inMs), moveProducts: 'yes' }));
  }

  /** Publish, pause, resume or cancel: looks at the page that asks, and says yes. */
  async step(campaignId: string, step: 'publish' | 'pause' | 'resume' | 'cancel'): Promise<void> {
    const path = `/cms/campaigns/${campaignId}/${step}`;
    const page = await this.#browser.get(path);
    placeOf(await send(this.#browser, formOf(page, path)));
  }

  /** Replaces the list of customers of a campaign that has one. */
  async uploadList(slug: string, customerIds: readonly string[]): Promise<void> {
    const answer = await this.#engine.call('PUT', `/v1/admin/campaigns/${slug}/customers`, {
      token: ADMIN_TOKEN,
      headers: { 'Content-Type': 'text/csv' },
      body: `${customerIds.join('\n')}\n`,
    });
    if (answer.status >= 300) throw new Error(`the list: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async #addProduct(campaignId: string, product: ProductPlan): Promise<void> {
    const path = `/cms/campaigns/${campaignId}/products/new`;
    const form = formOf(await this.#browser.get(path), path);
    const { picture } = product;
    const sent = await send(this.#browser, form, {
      name: product.name,
      sku: product.name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '-'),
      description: product.description ?? '',
      currency: 'EUR',
      amount: product.price ?? '49.90',
      listAmount: product.listPrice ?? '',
      quantity: String(product.quantity ?? 10),
      perCustomerLimit: String(product.limit ?? 1),
      holdSeconds: String(product.holdSeconds ?? 300),
      ...(picture && { 'new-image-0-file': picture, 'new-image-0-alt': picture.alt }),
    });
    if (sent.status !== 303) throw new Error(`${product.name}: ${sent.status} ${mainOf(sent)}`);
  }

  /** A node hears of doors a moment later than its CMS. */
  async #whenOpen(path: string): Promise<void> {
    await waitUntil(`${path} is there`, async () => (await this.#engine.call('GET', path)).status === 200);
  }

  async #productIds(campaignId: string): Promise<string[]> {
    const { html } = await this.#browser.get(`/cms/campaigns/${campaignId}`);
    return [...new Set([...html.matchAll(/\/cms\/products\/([a-z0-9-]+)(?=["/?])/g)].map(([, id]) => id!))];
  }
}

const hourWithSeconds = (inMs: number): string => new Date(Date.now() + inMs).toISOString().slice(0, 19);
