// What a campaign asks of whoever wants to buy, in a real browser: its form, by mouse and by keyboard, and what its pages say of it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, LOOKS } from '../harness/browser.ts';
import { CmsDesk, hour, printedAccount } from '../harness/cms-desk.ts';
import { Engine } from '../harness/engine.ts';
import { Keyboard } from '../harness/keyboard.ts';

let engine: Engine;
let browser: Browser;

beforeAll(async () => {
  [engine, browser] = await Promise.all([Engine.start(), Browser.start()]);
});

afterAll(async () => {
  await Promise.all([browser?.stop(), engine?.remove()]);
});

test('a campaign’s gate is set in its form, told on its page, and mended where it contradicts itself', async () => {
  const visit = await browser.visit(engine.url);
  const desk = new CmsDesk(visit);
  const { page } = visit;
  await desk.signIn(printedAccount(engine));
  await page.getByRole('link', { name: 'New campaign' }).first().click();
  // What a new campaign is offered.
  for (const name of ['Rate limits', 'Purchase tickets', 'Risk control'])
    expect(await page.getByLabel(name).isChecked(), name).toBe(true);
  expect(await page.getByLabel('Proof of work').isChecked()).toBe(false);
  expect(await page.getByLabel('Unpaid attempts').inputValue()).toBe('20');
  expect(await desk.faults('gate-new', LOOKS)).toEqual([]);

  await page.getByLabel('Title').fill('Gated lamps');
  await page.getByLabel('Start').fill(hour(-60_000));
  await page.getByLabel('End', { exact: true }).fill(hour(3_600_000));
  await page.getByLabel('Purchase tickets').setChecked(false);
  await page.getByLabel('Proof of work').setChecked(true);
  await page.getByLabel('Open holds').fill('30');
  await page.getByLabel('Cool-down').fill('soon');
  await page.getByRole('button', { name: 'Save campaign' }).click();
  await page.getByRole('alert').getByText('Cool-down in seconds must be a whole number').click();
  expect(await page.getByLabel('Cool-down').evaluate((it) => it.matches(':focus'))).toBe(true);
  await page.getByLabel('Cool-down').fill('90');
  await page.getByRole('button', { name: 'Save campaign' }).click();
  const summary = page.getByRole('alert');
  await summary.getByText('no tickets are asked for').waitFor();
  await summary.getByText('Nobody gets to 30 open holds with 20 attempts').waitFor();
  expect(await desk.faults('gate-refused')).toEqual([]);
  expect(await page.getByLabel('Proof of work').isChecked()).toBe(true);
  await summary.getByText('no tickets are asked for').click();
  expect(await page.getByLabel('Proof of work').evaluate((it) => it.matches(':focus'))).toBe(true);
  await page.getByLabel('Purchase tickets').setChecked(true);
  await page.getByLabel('Open holds').fill('');
  await page.getByRole('button', { name: 'Save campaign' }).click();
  await page.getByText('The campaign is saved.').waitFor();
  const told =
    'Rate limits, tickets, proof of work, cool-down of 90 s, 20 unpaid attempts, holds down to 60 s, risk control';
  await page.getByText(told).waitFor();
  expect(await desk.faults('gate-told')).toEqual([]);
  await visit.end();
});

test('by keyboard alone: a gate is changed while its campaign is live, and the history says how', async () => {
  const visit = await browser.visit(engine.url);
  const desk = new CmsDesk(visit);
  const keys = new Keyboard(visit);
  const { page } = visit;
  await desk.signIn(printedAccount(engine));
  await desk.makeCampaign({ title: 'Live gate', tickets: false });
  await desk.addProduct({ name: 'Gate lamp', sku: 'GATE-1', price: '1', quantity: '5' });
  await page.getByRole('link', { name: 'Live gate' }).click();
  await desk.publish();
  await keys.press('Edit campaign');
  await keys.reach('Purchase tickets');
  await page.keyboard.press('Space');
  await keys.type('Open holds', '1');
  await page.keyboard.press('Enter');
  await page.getByText('The campaign is saved.').waitFor();
  await page.getByText('1 of 1 products').waitFor();
  await keys.press('History');
  const line = page.getByRole('row', { name: 'Campaign saved' }).first();
  await line.locator('del').getByText('rate limits, 3 open holds,').waitFor();
  await line.locator('ins').getByText('rate limits, tickets, 1 open hold,').waitFor();
  expect(await desk.faults('gate-history', ['phone light'])).toEqual([]);
  await visit.end();
});
