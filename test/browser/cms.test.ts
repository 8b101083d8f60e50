// The CMS as business users have it, in a real browser on a node as `npm start` makes it: from the printed account to a campaign that
// is sold out on the live board; the same by keyboard alone, and without JavaScript.

import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, LOOKS } from '../harness/browser.ts';
import { CmsDesk, hour, printedAccount } from '../harness/cms-desk.ts';
import { Crowd, tokenOf } from '../harness/crowd.ts';
import { Engine } from '../harness/engine.ts';
import { Keyboard } from '../harness/keyboard.ts';

let engine: Engine;
let browser: Browser;
let picture: { name: string; mimeType: string; buffer: Buffer };

beforeAll(async () => {
  [engine, browser] = await Promise.all([Engine.start(), Browser.start()]);
  const background = { r: 200, g: 90, b: 40 };
  const buffer = await sharp({ create: { width: 900, height: 700, channels: 3, background } })
    .png()
    .toBuffer();
  picture = { name: 'lamp.png', mimeType: 'image/png', buffer };
});

afterAll(async () => {
  await Promise.all([browser?.stop(), engine?.remove()]);
});

const UNITS = 40;
const MORE_UNITS = 15;
const WISHES = 120;

test('from the printed account to a campaign that is sold out on the live board', async () => {
  const visit = await browser.visit(engine.url);
  const desk = new CmsDesk(visit);
  const { page } = visit;
  const account = printedAccount(engine);

  await page.goto('/cms');
  await page.getByLabel('E-mail').fill(account.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  expect(await desk.faults('sign-in-refused')).toEqual([]);
  await desk.signIn(account);
  expect(await desk.faults('campaigns-none')).toEqual([]);

  await desk.makeCampaign({ title: 'Night of lamps' });
  expect(await desk.faults('campaign-empty')).toEqual([]);
  await page.getByRole('link', { name: 'Add product' }).first().click();
  await page.getByRole('button', { name: 'Save product' }).click();
  await page.getByRole('alert').waitFor();
  expect(await desk.faults('product-refused')).toEqual([]);
  await desk.fillProduct({
    name: 'Paper lamp',
    sku: 'LAMP-1',
    price: '49.50',
    limit: '1',
    holdSeconds: '0',
    picture: { ...picture, alt: 'A lamp of orange paper' },
  });
  await page.getByRole('button', { name: 'Save product' }).click();
  await page.getByText('The product is saved.').waitFor();
  expect(await desk.faults('product-saved')).toEqual([]);

  // Its quantity is missing: publishing is refused, says why, and leads to the field.
  await page.getByRole('link', { name: 'Night of lamps' }).click();
  await page.getByRole('link', { name: 'Publish' }).click();
  await page.getByText('This campaign cannot be published yet').waitFor();
  expect(await desk.faults('publish-refused')).toEqual([]);
  await page.getByRole('link', { name: /quantity/i }).click();
  await page.getByLabel('Quantity').fill(String(UNITS));
  await page.getByRole('button', { name: 'Save product' }).click();
  await page.getByRole('link', { name: 'Night of lamps' }).click();
  await desk.publish();
  expect(await desk.faults('campaign-live')).toEqual([]);

  await page.getByRole('link', { name: 'Paper lamp' }).first().click();
  await page.getByLabel('Units to add').fill(String(MORE_UNITS));
  await page.getByRole('button', { name: 'Add units' }).click();
  await page.getByText('confirmed by the engine').first().waitFor();
  expect(await desk.faults('topped-up')).toEqual([]);

  await page.getByRole('link', { name: 'Night of lamps' }).click();
  await page.getByRole('link', { name: 'Live board' }).click();
  const board = page.locator('[data-health=live]');
  await board.waitFor();
  const row = (await page.locator('tbody [data-row]').getAttribute('data-row'))!;
  expect(await desk.figure('', 'available')).toBe(String(UNITS + MORE_UNITS));
  expect(await desk.faults('board-before')).toEqual([]);
  const crowd = new Crowd(engine, [row], { wishesMax: WISHES, somebodyWantsTwo: true });
  await page.locator('[data-row=""] [data-figure=orders]').filter({ hasNotText: /^0$/ }).waitFor();
  expect(await desk.faults('board-stampede')).toEqual([]);
  await crowd.allAnswered();
  const sold = crowd.wishes.filter(({ orderId }) => orderId !== undefined).length;
  expect(sold).toBe(UNITS + MORE_UNITS);
  await expect.poll(() => desk.figure('', 'sold'), { timeout: 30_000 }).toBe(String(sold));
  expect(await desk.figure(row, 'available')).toBe('0');
  expect(await desk.figure(row, 'state')).toBe('Sold out');
  expect(await desk.figure(row, 'revenue')).toBe('€2,722.50');
  // Minute by minute, nothing that the crowd was told is missing, and nothing is counted twice.
  const minutes = async (column: number): Promise<number> => {
    const cells = await page.locator(`[data-part=minutes] tr > :nth-child(${column})`).allInnerTexts();
    return cells.reduce((sum, text) => sum + Number(text.replaceAll(/\D/g, '')), 0);
  };
  const refused = (code: string): number => crowd.wishes.filter(({ refusal }) => refusal === code).length;
  await expect.poll(() => minutes(2), { timeout: 30_000 }).toBe(sold);
  await expect.poll(() => minutes(4), { timeout: 30_000 }).toBe(refused('sold_out'));
  expect(await minutes(5)).toBe(refused('limit_reached'));
  expect(refused('limit_reached')).toBeGreaterThan(0);
  expect(await desk.faults('board-sold-out', LOOKS)).toEqual([]);
  await visit.end();
});

test('the same without JavaScript, on a phone', async () => {
  const visit = await browser.visit(engine.url, { size: 'phone', javaScript: false });
  const desk = new CmsDesk(visit);
  const { page } = visit;
  await desk.signIn(printedAccount(engine));
  await desk.makeCampaign({ title: 'Plain paper' });
  await desk.addProduct({
    name: 'Sheet of paper',
    sku: 'PAPER-1',
    price: '1',
    quantity: '10',
    limit: '2',
    picture: { ...picture, alt: 'A sheet' },
  });
  await page.getByRole('link', { name: 'Plain paper' }).click();
  await desk.publish();
  await page.getByRole('link', { name: 'Live board' }).click();
  // All tabs are seen, and who is signed in as what.
  for (const name of ['Overview', 'Who may enter', 'Live board', 'Preview', 'Import and export', 'History']) {
    const tab = page.getByRole('navigation', { name: 'This campaign' }).getByRole('link', { name });
    const { x, width } = (await tab.boundingBox())!;
    expect(x + width, name).toBeLessThanOrEqual(page.viewportSize()!.width);
  }
  expect(await page.locator('.cms-account-role').isVisible()).toBe(true);
  await page.getByRole('link', { name: 'Who may enter' }).click();
  expect(await page.getByRole('heading', { name: 'List of customers' }).isVisible()).toBe(true);
  expect(await desk.faults('entry-plain')).toEqual([]);
  await page.getByRole('link', { name: 'Live board' }).click();
  const row = (await page.locator('tbody [data-row]').getAttribute('data-row'))!;
  expect(await desk.figure('', 'available')).toBe('10');
  expect(await desk.faults('board-plain')).toEqual([]);
  for (const customer of ['ada', 'grace']) await engine.buy(tokenOf(customer), row, 'one');
  // Refreshed until the second of the purchases is over.
  await expect
    .poll(
      async () => {
        await page.getByRole('link', { name: 'Refresh' }).click();
        const cells = await page.locator('[data-part=minutes] td[data-label=Orders]').allInnerTexts();
        return cells.reduce((sum, text) => sum + Number(text), 0);
      },
      { timeout: 30_000 },
    )
    .toBe(2);
  expect(await desk.figure('', 'held')).toBe('2');
  expect(await page.locator('[data-part=plots]').isVisible()).toBe(false);
  expect(await desk.faults('board-plain-sold')).toEqual([]);
  await visit.end();
});

test('a form on its way is sent once, says what takes long, and long names stay on a phone’s screen', async () => {
  const visit = await browser.visit(engine.url, { size: 'phone' });
  const desk = new CmsDesk(visit);
  const { page } = visit;
  await desk.signIn(printedAccount(engine));
  const long = 'W'.repeat(120);
  await desk.makeCampaign({ title: long });
  await page.getByRole('link', { name: 'Add product' }).first().click();
  await desk.fillProduct({ name: long, sku: 'W-1', price: '1', picture: { ...picture, alt: 'A lamp' } });

  // What was chosen is not sent for more rows, and the page says so.
  await page.getByRole('button', { name: 'More rows' }).click();
  await page.getByRole('alert').getByText('Choose lamp.png again').waitFor();
  await page.getByRole('button', { name: 'New picture 1' }).setInputFiles(picture);

  // Two clicks: the first is sent, the second is not.
  const sent = await visit.run(`(() => {
    const isStopped = [];
    window.addEventListener('submit', ({ defaultPrevented }) => isStopped.push(defaultPrevented));
    const save = document.querySelector('.form-actions .button-primary');
    save.click();
    const told = [document.querySelector('.form-status').textContent, save.ariaDisabled];
    save.click();
    return [...told, ...isStopped];
  })()`);
  expect(sent).toEqual(['Checking and resizing pictures…', 'true', false, true]);
  await page.getByText('The product is saved.').waitFor();
  expect(await desk.faults('long-product', ['phone light'])).toEqual([]);
  await page.getByRole('link', { name: long }).click();
  await page.getByText('Before publishing: 1 thing to mend').waitFor();
  expect(await desk.faults('long-campaign', ['phone light'])).toEqual([]);
  await page.getByRole('link', { name: 'Publish' }).click();
  await page.getByText('This campaign cannot be published yet').waitFor();
  expect(await desk.faults('long-publish', ['phone light'])).toEqual([]);
  await visit.end();
});

test('by keyboard alone: sign in, make a campaign with a product, publish it, watch it', async () => {
  const visit = await browser.visit(engine.url);
  const keys = new Keyboard(visit);
  const { page } = visit;
  const { email, password } = printedAccount(engine);
  await page.goto('/cms');
  await keys.type('E-mail', email);
  await keys.type('Password', password);
  await keys.press('Sign in');
  await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  await keys.press('New campaign');
  await keys.type('Title', 'All keys');
  await keys.type('Start', hour(-60_000));
  await keys.type('End', hour(3_600_000));
  await keys.press('Save campaign');
  await page.getByRole('heading', { level: 1, name: 'All keys' }).waitFor();
  await keys.press('Add product');
  await keys.press('More rows');
  expect(await page.getByLabel('Attribute 1', { exact: true }).evaluate((it) => it.matches(':focus'))).toBe(
    true,
  );
  await keys.type('Name', 'Key ring');
  await keys.type('SKU', 'KEY-1');
  await keys.type('Sale price', '3.50');
  await keys.type('Quantity', '5');
  await page.keyboard.press('Enter');
  await page.getByText('The product is saved.').waitFor();
  await keys.press('All keys');
  await keys.press('Publish');
  await page.getByRole('heading', { level: 1, name: 'Publish' }).waitFor();
  await keys.press('Publish');
  await page.getByText('The campaign is published.').waitFor();
  await keys.press('Live board');
  await page.locator('[data-health=live]').waitFor();
  await keys.reach('1 minute');
  await page.keyboard.press('ArrowRight');
  expect(await page.getByRole('radio', { name: '3 minutes' }).isChecked()).toBe(true);
  await keys.press('Plot Key ring');
  await page.getByRole('heading', { level: 2, name: 'Minute by minute: Key ring' }).waitFor();
  expect(visit.faults).toEqual([]);
  await visit.end();
});
