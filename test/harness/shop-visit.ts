// A shopper in a real browser: comes in, finds a product's ticket by its name, presses its buttons, and keeps what a screen reader
// would have said of the page by itself.

import type { Locator } from 'playwright-core';
import { inSeconds, sign } from '../http/tokens.ts';
import type { Browser, Look, Visit, VisitOptions } from './browser.ts';
import { waitUntil } from './wait-until.ts';

export interface ShopVisitOptions extends VisitOptions {
  /** Nobody is signed in without it. */
  readonly customerId?: string;
  readonly claims?: object;
}

/** Keeps each sentence of the live region, in order. */
const LISTEN = `document.addEventListener('DOMContentLoaded', () => {
  const region = document.querySelector('[data-part=announcer]');
  window.spoken = [];
  if (region) new MutationObserver(() => region.textContent && window.spoken.push(region.textContent))
    .observe(region, { childList: true, characterData: true, subtree: true });
})`;

export class ShopVisit {
  readonly visit: Visit;
  readonly #origin: string;

  private constructor(visit: Visit, origin: string) {
    this.visit = visit;
    this.#origin = origin;
  }

  static async at(
    browser: Browser,
    origin: string,
    { customerId, claims = {}, ...options }: ShopVisitOptions = {},
  ): Promise<ShopVisit> {
    const shopper = new ShopVisit(await browser.visit(origin, options), origin);
    await shopper.page.addInitScript(LISTEN);
    if (customerId !== undefined) await shopper.signIn(customerId, claims);
    return shopper;
  }

  get page() {
    return this.visit.page;
  }

  /** Resolves when the script has taken the page over. */
  async open(path: string): Promise<void> {
    await this.page.goto(path);
    await this.whenLive();
  }

  async whenLive(): Promise<void> {
    await this.page.locator('[data-part=drop][data-live=yes]').waitFor();
  }

  /** As a shop hands its shopper over. */
  async signIn(customerId: string, claims: object = {}): Promise<void> {
    const token = sign({
      sub: customerId,
      iat: inSeconds(0),
      exp: inSeconds(120),
      jti: crypto.randomUUID(),
      ...claims,
    });
    const answer = await this.page.request.post('/session', {
      form: { token, next: '/' },
      headers: { Origin: this.#origin, 'Sec-Fetch-Site': 'same-origin' },
      maxRedirects: 0,
    });
    if (answer.status() !== 303) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
  }

  async signOut(): Promise<void> {
    await this.page.context().clearCookies();
  }

  ticket(name: string): Ticket {
    return new Ticket(this.page.getByRole('article', { name, exact: true }));
  }

  /** What was spoken since the page was loaded. */
  spoken(): Promise<string[]> {
    return this.visit.run<string[]>('window.spoken');
  }

  /** @returns who is shut out, what is too wide, and whatever the browser holds against the pages so far */
  async faults(name: string, looks?: readonly Look[]): Promise<string[]> {
    return [...(await this.visit.inspect(name, looks)), ...this.visit.faults];
  }

  async end(): Promise<void> {
    await this.visit.end();
  }
}

export class Ticket {
  readonly element: Locator;

  constructor(element: Locator) {
    this.element = element;
  }

  button(name: string | RegExp): Locator {
    return this.element.getByRole('button', { name });
  }

  /** Once the script has taken the ticket over and offers this, such as `reserved`. */
  async offers(kind: string): Promise<void> {
    const wanted = this.element.and(this.element.page().locator(`[data-offer=${kind}]`));
    try {
      await wanted.waitFor();
    } catch (error) {
      const last = await this.element.getAttribute('data-offer', { timeout: 1_000 }).catch(() => 'no ticket');
      throw new Error(`the ticket never offers ${kind}, at last ${last}`, { cause: error });
    }
  }

  async text(part: string): Promise<string> {
    return this.element.locator(`[data-part=${part}]`).innerText();
  }

  async buy(): Promise<void> {
    await this.button(/^Buy/).click();
  }

  async pay(): Promise<void> {
    await this.offers('reserved');
    // The page takes a press in the first moments after the reservation for the second half of a double click.
    await waitUntil('the payment is taken', async () => {
      const pay = this.button(/^Pay /);
      if (await pay.isVisible()) await pay.click();
      return (await this.element.getAttribute('data-offer')) !== 'reserved';
    });
  }
}
