// Never two orders for one wish, and no order that the shopper is never told of, whatever networks, shoppers, pages and
// the shop's stock do: random sequences against a simulated shop, with the invariants checked all along.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Order, PurchaseRefusal } from '../../src/client/index.ts';
import { FATES, PRODUCT_ID, SimulatedWorld, type Fate, type Page } from './simulated-world.ts';

const PAGES = 2;
const HOUR_MS = 3_600_000;

type Step =
  | { readonly do: 'press'; readonly page: number; readonly quantity: number }
  | { readonly do: 'close' | 'recover'; readonly page: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'stock'; readonly available: number };

const page = fc.nat(PAGES - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('press' as const),
      page,
      quantity: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'recover' as const), page }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(0, 100, 700, 3_000, 25_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('stock' as const), available: fc.constantFrom(0, 1, 5) }),
  },
);

/** Windows of one browser with one shopper before them, and everything that they were told. */
class Shopper {
  readonly world = new SimulatedWorld();
  readonly told = new Map<string, Order>();
  readonly refusals: PurchaseRefusal[] = [];
  readonly pages: Page[] = [];
  /** The client would take an exception for a lost call. */
  readonly #faults: string[] = [];
  presses = 0;

  constructor(fates: readonly Fate[]) {
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
    expect(this.#faults).toEqual([]);
    const untold = [...this.world.orders].filter(([, { id }]) => !this.told.has(id));
    const standing = this.world.storage.getItem(`doorbuster:attempt:ada:${PRODUCT_ID}`);
    for (const [key] of untold) expect(standing, `the key of the untold order ${key}`).toContain(`"${key}"`);
    expect(this.world.orders.size).toBeLessThanOrEqual(this.presses);
  }

  /** The storm is over: all that is under way arrives, every page comes to rest, and the shopper looks once more. */
  async end(): Promise<void> {
    this.world.fates = [];
    await this.world.pass(HOUR_MS);
    for (const { client } of this.pages) expect(client.purchase(PRODUCT_ID).phase).toBe('idle');
    this.pages[0]!.isClosed = true;
    this.pages[0] = this.#open();
    void this.#purchase(0).recover();
    await this.world.pass(HOUR_MS);
    this.check();
    const ids = [...this.world.orders.values()].map(({ id }) => id);
    expect([...this.told.keys()].sort(), 'orders that were told').toEqual(ids.sort());
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
        this.#faults.push(`${key} was made while ${earlier} was open`);
    }
  }

  // "No" while there is an order, and nobody is about to tell of it, would be a lost answer shown as a failure.
  #refused(refusal: PurchaseRefusal): void {
    this.refusals.push(refusal);
    const isOtherBusy = this.pages.some(({ client }) => client.purchase(PRODUCT_ID).phase !== 'idle');
    const untold = [...this.world.orders.values()].filter(({ id }) => !this.told.has(id));
    if (!refusal.isInDoubt && !isOtherBusy && untold.length > 0)
      this.#faults.push(`${refusal.code} was told while there was an order`);
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

const run = async (steps: readonly Step[], fates: readonly Fate[]): Promise<Shopper> => {
  const shopper = new Shopper(fates);
  for (const each of steps) await shopper.take(each);
  await shopper.end();
  return shopper;
};

test('one wish is at most one order, and every order is told', async () => {
  const seen = { orders: 0, refusals: 0, inDoubt: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.array(fc.constantFrom(...FATES), { maxLength: 40 }),
      async (steps, fates) => {
        const { world, refusals } = await run(steps, fates);
        seen.orders += world.orders.size;
        seen.refusals += refusals.length;
        seen.inDoubt += refusals.filter(({ isInDoubt }) => isInDoubt).length;
      },
    ),
    { numRuns: 3_000 },
  );
  // A model in which nothing happens would prove nothing.
  expect(seen.orders).toBeGreaterThan(1_000);
  expect(seen.refusals).toBeGreaterThan(300);
  expect(seen.inDoubt).toBeGreaterThan(10);
});
