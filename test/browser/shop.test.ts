// The shop and the API's documentation in a real browser: nobody is shut out, and the browser has nothing against them.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, LOOKS } from '../harness/browser.ts';
import { Engine } from '../harness/engine.ts';
import { ShopVisit } from '../harness/shop-visit.ts';
import { waitUntil } from '../harness/wait-until.ts';

let engine: Engine;
let browser: Browser;

beforeAll(async () => {
  [engine, browser] = await Promise.all([Engine.start(), Browser.start()]);
});

afterAll(async () => {
  await Promise.all([browser?.stop(), engine?.remove()]);
});

test('the shop is accessible, at both sizes, light and dark, to whoever looks in and to whoever buys', async () => {
  await engine.product('plain-lamp');
  const shopper = await ShopVisit.at(browser, engine.url);
  await shopper.page.goto('/');
  await shopper.page.getByRole('heading', { level: 1 }).waitFor();
  expect(await shopper.faults('shop-looking-in', LOOKS)).toEqual([]);
  await shopper.signIn('anna');
  const ticket = shopper.ticket('Product plain-lamp');
  await waitUntil('the product stands in the shop', async () => {
    await shopper.open('/');
    return (await ticket.element.count()) === 1;
  });
  await ticket.buy();
  await ticket.offers('reserved');
  await shopper.page.locator('[data-part=orders-list] > li').first().waitFor();
  expect(await shopper.faults('shop-bought')).toEqual([]);
  await shopper.end();
});

test('what a page must not be is told', async () => {
  const visit = await browser.visit(engine.url, { size: 'phone' });
  const { page } = visit;
  await page.goto('/');
  await visit.run(`document.body.append(
    document.createElement('img'),
    Object.assign(document.createElement('p'), { textContent: 'x'.repeat(4000) }),
  )`);
  const found = await visit.inspect('spoiled');
  expect(found.join('\n')).toMatch(/phone, dark: image-alt/);
  expect(found.join('\n')).toMatch(/phone, dark: the page is \d+ pixels wider/);
  expect(visit.faults).toEqual([]);
  await visit.run(`document.head.append(
    Object.assign(document.createElement('style'), { textContent: 'p { color: red }' }),
  )`);
  await expect.poll(() => visit.faults.join()).toMatch(/Content Security Policy/);
  await visit.run('setTimeout(() => fail()), undefined');
  await expect.poll(() => visit.faults.join()).toMatch(/fail is not defined/);
  await visit.end();
});

test('without JavaScript the shop shows what is for sale, and the way to buy it', async () => {
  const visit = await browser.visit(engine.url, { size: 'phone', javaScript: false });
  const { page } = visit;
  await page.goto('/');
  await page.getByRole('heading', { level: 3 }).first().waitFor();
  await page.getByRole('link', { name: 'Load this page again' }).waitFor();
  expect(await page.getByRole('link', { name: 'Sign in to buy' }).count()).toBeGreaterThan(0);
  expect(await visit.inspect('shop-without-script')).toEqual([]);
  expect(visit.faults).toEqual([]);
  await visit.end();
});

test('the documentation is accessible, at both sizes, light and dark', async () => {
  const visit = await browser.visit(engine.url);
  await visit.page.goto('/docs');
  expect(await visit.inspect('docs')).toEqual([]);
  expect(visit.faults).toEqual([]);
  await visit.end();
});
