// Never two orders for one wish, and no order that the shopper is never told of, whatever networks, shoppers, pages and
// the shop's stock do: random sequences against a simulated shop, with the invariants checked all along.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PAGES, Shopper, type Step } from './shopper.ts';
import { FATES, type Fate } from './simulated-world.ts';

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

const run = async (
  steps: readonly Step[],
  fates: readonly Fate[],
  asksForTickets: boolean,
): Promise<Shopper> => {
  const shopper = new Shopper(fates, asksForTickets);
  for (const each of steps) await shopper.take(each);
  await shopper.end();
  expect(shopper.faults).toEqual([]);
  return shopper;
};

test('one wish is at most one order, and every order is told', async () => {
  const seen = { orders: 0, refusals: 0, inDoubt: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.array(fc.constantFrom(...FATES), { maxLength: 40 }),
      fc.boolean(),
      async (steps, fates, asksForTickets) => {
        const { world, refusals } = await run(steps, fates, asksForTickets);
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
