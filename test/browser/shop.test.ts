// The storefront and the API's documentation in a real browser: nobody is shut out, and the browser has nothing against them.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, LOOKS } from '../harness/browser.ts';
import { Engine } from '../harness/engine.ts';

let engine: Engine;
let browser: Browser;

beforeAll(async () => {
  [engine, browser] = await Promise.all([Engine.start(), Browser.start()]);
});

afterAll(async () => {
  await Promise.all([browser?.stop(), engine?.remove()]);
});

test('the storefront is accessible, at both sizes, light and dark, before and after a purchase', async () => {
  const visit = await browser.visit(engine.url);
  const { page } = visit;
  await page.goto('/');
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await visit.inspect('storefront', LOOKS)).toEqual([]);
  await page
    .getByRole('button', { name: /^(Buy|Reserve)/ })
    .first()
    .click();
  await page.locator('[data-part=orders-list] > li').first().waitFor();
  expect(await visit.inspect('storefront-bought')).toEqual([]);
  expect(visit.faults).toEqual([]);
  await visit.end();
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

test('the storefront says without JavaScript what it cannot do, and shows what is for sale', async () => {
  const visit = await browser.visit(engine.url, { size: 'phone', javaScript: false });
  await visit.page.goto('/');
  await visit.page.locator('noscript p').waitFor();
  expect(await visit.page.locator('noscript p').textContent()).toContain('Buying needs JavaScript');
  expect(await visit.page.getByRole('heading', { level: 3 }).count()).toBeGreaterThan(0);
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
