// The pages of a shopper's orders in a real browser: each state is accessible, at both sizes, light and dark, and the browser has
// nothing against it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, LOOKS } from '../harness/browser.ts';
import { Engine } from '../harness/engine.ts';
import { ShopVisit } from '../harness/shop-visit.ts';

let engine: Engine;
let browser: Browser;

beforeAll(async () => {
  [engine, browser] = await Promise.all([Engine.start(), Browser.start()]);
});
afterAll(async () => {
  await Promise.all([browser?.stop(), engine?.remove()]);
});

test('a reserved, a cancelled and a paid order, the list of them, and what went wrong', async () => {
  await engine.product('plain-lamp', { perCustomerLimit: 2 });
  const token = await engine.token('anna');
  const bought = await Promise.all(['one', 'two'].map((key) => engine.buy(token, 'plain-lamp', key)));
  const [one, two] = bought.map(({ body }) => `/orders/${String(body['id'])}`) as [string, string];
  const shopper = await ShopVisit.at(browser, engine.url, { customerId: 'anna' });
  const { page } = shopper;

  await page.goto(one);
  await page.getByRole('heading', { name: 'Reserved for you' }).waitFor();
  expect(await shopper.faults('order-reserved', LOOKS)).toEqual([]);
  await page.getByRole('button', { name: /^Pay / }).click();
  await page.getByRole('heading', { name: 'Paid. It’s yours.' }).waitFor();
  expect(await shopper.faults('order-paid', LOOKS)).toEqual([]);

  await page.goto(two);
  await page.getByRole('button', { name: 'Cancel the order' }).click();
  await page.getByRole('heading', { name: 'Cancelled' }).waitFor();
  expect(await shopper.faults('order-cancelled', LOOKS)).toEqual([]);

  await expect
    .poll(
      async () => {
        await page.goto('/orders');
        return page.getByRole('listitem').count();
      },
      { timeout: 60_000 },
    )
    .toBe(2);
  expect(await shopper.faults('orders', LOOKS)).toEqual([]);

  await page.goto('/orders?before=nonsense');
  await page.getByRole('heading', { name: 'That did not work' }).waitFor();
  expect(await shopper.visit.inspect('trouble', LOOKS)).toEqual([]);
  await shopper.end();
});
