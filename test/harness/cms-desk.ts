// A business user at the CMS in a real browser: signs in, fills forms, and finds the way by what the pages say.

import type { Look, Visit } from './browser.ts';
import type { Engine } from './engine.ts';

/** The account that demo mode prints. */
/** Of the newest start: each makes up another password. */
export function printedAccount(engine: Engine): { email: string; password: string } {
  const printed = [...engine.output.matchAll(/CMS\s+\S+\/cms\s+(\S+)\s+(\S+)/g)].at(-1);
  if (printed === undefined) throw new Error(`no account is printed:\n${engine.output}`);
  return { email: printed[1]!, password: printed[2]! };
}

export interface CampaignWords {
  readonly title: string;
  readonly startsInMs?: number;
  readonly endsInMs?: number;
  /** Without them a test orders as any client of the API. */
  readonly tickets?: boolean;
}

export interface ProductWords {
  readonly name: string;
  readonly sku: string;
  readonly price: string;
  readonly quantity?: string;
  readonly limit?: string;
  readonly holdSeconds?: string;
  /** A file, and what it shows. */
  readonly picture?: {
    readonly name: string;
    readonly mimeType: string;
    readonly buffer: Buffer;
    readonly alt: string;
  };
}

export class CmsDesk {
  readonly visit: Visit;

  constructor(visit: Visit) {
    this.visit = visit;
  }

  get page() {
    return this.visit.page;
  }

  async signIn({ email, password }: { email: string; password: string }): Promise<void> {
    await this.page.goto('/cms');
    await this.page.getByLabel('E-mail').fill(email);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  }

  async makeCampaign({
    title,
    startsInMs = -60_000,
    endsInMs = 3_600_000,
    tickets = false,
  }: CampaignWords): Promise<void> {
    await this.page.goto('/cms');
    await this.page.getByRole('link', { name: 'New campaign' }).first().click();
    await this.page.getByLabel('Title').fill(title);
    await this.page.getByLabel('Time zone').selectOption('UTC');
    await this.page.getByLabel('Start').fill(hour(startsInMs));
    await this.page.getByLabel('End', { exact: true }).fill(hour(endsInMs));
    await this.page.getByLabel('Purchase tickets').setChecked(tickets);
    await this.page.getByRole('button', { name: 'Save campaign' }).click();
    await this.page.getByRole('heading', { level: 1, name: title }).waitFor();
  }

  /** From the campaign's page. */
  async addProduct(product: ProductWords): Promise<void> {
    await this.page.getByRole('link', { name: 'Add product' }).first().click();
    await this.fillProduct(product);
    await this.page.getByRole('button', { name: 'Save product' }).click();
    await this.page.getByText('The product is saved.').waitFor();
  }

  async fillProduct({
    name,
    sku,
    price,
    quantity,
    limit,
    holdSeconds,
    picture,
  }: ProductWords): Promise<void> {
    await this.page.getByLabel('Name', { exact: true }).fill(name);
    await this.page.getByLabel('SKU').fill(sku);
    await this.page.getByLabel('Currency').selectOption('EUR');
    await this.page.getByLabel('Sale price').fill(price);
    if (quantity !== undefined) await this.page.getByLabel('Quantity').fill(quantity);
    if (limit !== undefined) await this.page.getByLabel('Limit per customer').fill(limit);
    if (holdSeconds !== undefined) await this.page.getByLabel('Hold time').fill(holdSeconds);
    if (picture === undefined) return;
    await this.page.getByRole('button', { name: 'New picture 1' }).setInputFiles(picture);
    await this.page.getByLabel('Alternative text of new picture 1').fill(picture.alt);
  }

  /** From the campaign's page, when nothing is missing. */
  async publish(): Promise<void> {
    await this.page.getByRole('link', { name: 'Publish' }).click();
    await this.page.getByRole('button', { name: 'Publish' }).click();
    await this.page.getByText('The campaign is published.').waitFor();
  }

  /** Of the live board. @param row a product's id; nothing for the sum */
  async figure(row: string, name: string): Promise<string> {
    return this.page.locator(`[data-row="${row}"] [data-figure=${name}]`).innerText();
  }

  /** @returns who is shut out, what is too wide, and whatever the browser holds against the pages so far */
  async faults(name: string, looks?: readonly Look[]): Promise<string[]> {
    return [...(await this.visit.inspect(name, looks)), ...this.visit.faults];
  }
}

/** As a field of the browser has it, in UTC. */
export const hour = (inMs: number): string => new Date(Date.now() + inMs).toISOString().slice(0, 16);
