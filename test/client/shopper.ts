// A shopper before the windows of one browser: presses, closes, comes back, and keeps everything that they are told. It checks
// all along that nothing is sold twice, and that nothing is sold and never told.

import type { Order, PurchaseRefusal } from '../../src/client/index.ts';
import { PRODUCT_ID, SimulatedWorld, type Fate, type Page } from './simulated-world.ts';

export const PAGES = 2;
const HOUR_MS = 3_600_000;

export type Step =
  | { readonly do: 'press'; readonly page: number; readonly quantity: number }
  | { readonly do: 'close' | 'recover'; readonly page: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'stock'; readonly available: number };

/** Windows of one browser with one shopper before them, and everything that they were told. */
export class Shopper {
  readonly world = new SimulatedWorld();
  readonly told = new Map<string, Order>();
  readonly refusals: PurchaseRefusal[] = [];
  readonly pages: Page[] = [];
  /** Whatever must not be. An exception would not do: the client would take it for a lost call. */
  readonly faults: string[] = [];
  presses = 0;

  constructor(fates: readonly Fate[], asksForTickets: boolean) {
    this.world.asksForTickets = asksForTickets;
    this.world.fates = [...fates];
    this.world.onKey = (key) => this.#mayTakeNewKey(key);
    for (let at = 0; at < PAGES; at++) this.pages[at] = this.#open();
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'press': {
        const purchase = this.#purchase(step.page);
        if (purchase.phase === 'idle') this.presses++;
        void purchase.buy(step.quantity);
        return;
      }
      case 'recover':
        return void this.#purchase(step.page).recover();
      case 'close':
        this.pages[step.page]!.isClosed = true;
        this.pages[step.page] = this.#open();
        return;
      case 'pass':
        await this.world.pass(step.ms);
        return this.check();
      case 'stock':
        this.world.available = step.available;
        return;
    }
  }

  /** An order that nobody was told of can be found by the key that stands. */
  check(): void {
    const standing = this.world.storage.getItem(`doorbuster:attempt:ada:${PRODUCT_ID}`) ?? '';
    for (const key of this.#untold().keys())
      if (!standing.includes(`"${key}"`)) this.faults.push(`nobody can find the order of ${key} any more`);
    if (this.world.orders.size > this.presses) this.faults.push('there are more orders than presses');
  }

  /** The storm is over: all that is under way arrives, every page comes to rest, and the shopper looks once more. */
  async end(): Promise<void> {
    this.world.fates = [];
    await this.world.pass(HOUR_MS);
    for (const { client } of this.pages)
      if (client.purchase(PRODUCT_ID).phase !== 'idle') this.faults.push('a page does not come to rest');
    this.pages[0]!.isClosed = true;
    this.pages[0] = this.#open();
    void this.#purchase(0).recover();
    await this.world.pass(HOUR_MS);
    this.check();
    if (this.#untold().size > 0) this.faults.push('an order was never told of');
    const ids = new Set([...this.world.orders.values()].map(({ id }) => id));
    if ([...this.told.keys()].some((id) => !ids.has(id))) this.faults.push('an order was made up');
  }

  /** By key. */
  #untold(): Map<string, Order> {
    return new Map([...this.world.orders].filter(([, { id }]) => !this.told.has(id)));
  }

  #purchase(at: number) {
    return this.pages[at]!.client.purchase(PRODUCT_ID);
  }

  // With an order of an earlier key that nobody was told of, or one that could still come, a new key could be a second
  // order for one wish.
  #mayTakeNewKey(key: string): void {
    for (const earlier of this.world.keysMade.filter((other) => other !== key)) {
      const order = this.world.orders.get(earlier);
      if (order === undefined ? this.world.underWay.includes(earlier) : !this.told.has(order.id))
        this.faults.push(`${key} was made while ${earlier} was open`);
    }
  }

  // "No" while there is an order would be a lost answer shown as a failure. Another window may order at the very moment.
  #refused(refusal: PurchaseRefusal): void {
    this.refusals.push(refusal);
    if (refusal.isInDoubt) return;
    for (const { createdAt } of this.#untold().values())
      if (Date.parse(createdAt) < this.world.nowMs)
        this.faults.push(`${refusal.code} was told while there was an order`);
  }

  #open(): Page {
    const opened = this.world.page();
    const purchase = opened.client.purchase(PRODUCT_ID);
    purchase.onOrder((order) => this.told.set(order.id, order));
    purchase.onChange(() => {
      if (purchase.refusal !== null) this.#refused(purchase.refusal);
    });
    return opened;
  }
}
