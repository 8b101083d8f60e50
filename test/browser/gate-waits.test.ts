// The gate where it makes a shopper wait: without scripts for a ticket, on a page of its own; after too many requests; after a hold that
// ran out.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../harness/browser.ts';
import { CampaignDesk, type CampaignPlan, type PublishedCampaign } from '../harness/campaign-desk.ts';
import { Engine } from '../harness/engine.ts';
import { ShopVisit, type ShopVisitOptions } from '../harness/shop-visit.ts';
import { waitUntil } from '../harness/wait-until.ts';

const WAIT_SECONDS = 8;
const GATE = { ticket: true, work: true } as const;

let engine: Engine;
let browser: Browser;
let desk: CampaignDesk;

beforeAll(async () => {
  const env = { WORKERS: '1', TICKET_WAIT_SECONDS: String(WAIT_SECONDS) };
  [engine, browser] = await Promise.all([Engine.start({ env }), Browser.start()]);
  desk = await CampaignDesk.at(engine);
});

afterAll(async () => {
  await Promise.all([browser?.stop(), engine?.remove()]);
});

const enter = (customerId: string, options: ShopVisitOptions = {}): Promise<ShopVisit> =>
  ShopVisit.at(browser, engine.url, { customerId, ...options });

const drop = (
  title: string,
  more: Partial<CampaignPlan['products'][number]> = {},
  plan: Partial<CampaignPlan> = {},
): Promise<PublishedCampaign> =>
  desk.publish({ title, gate: GATE, products: [{ name: `${title} lamp`, ...more }], ...plan });

const problem = (status: number, code: string, retryAfterSeconds: number) => ({
  status,
  contentType: 'application/problem+json',
  headers: { 'Retry-After': String(retryAfterSeconds) },
  body: JSON.stringify({ type: 'about:blank', title: code, status, code }),
});

test('without scripts a shopper waits, is told how long, and orders by keyboard; the same form is the same order', async () => {
  const campaign = await drop('Plain', { limit: 2 });
  const shopper = await enter('nora', { size: 'phone', javaScript: false });
  const { page } = shopper;
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(campaign.path);
  await page.locator('input[name=quantity]').fill('2');
  await shopper.ticket('Plain lamp').button('Buy').click();
  await page.waitForURL('**/wait?*');
  await page.getByRole('heading', { name: 'One moment, please' }).waitFor();
  expect(await page.locator('main').innerText()).toMatch(
    /You can order at\s.*\d s from when this page was made/s,
  );
  expect(await page.getByRole('button', { name: /Order/ }).count(), 'nothing to press yet').toBe(0);
  expect(await shopper.faults('gate-wait')).toEqual([]);

  await page.getByRole('heading', { name: 'Now you can order' }).waitFor();
  expect(await shopper.faults('gate-wait-over')).toEqual([]);
  const address = page.url();
  await page.getByRole('button', { name: 'Order 2 × Plain lamp for €99.80' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/orders/*');
  const order = page.url();
  await page.getByRole('heading', { name: 'Reserved for you' }).waitFor();
  expect(await shopper.faults('gate-order-reserved')).toEqual([]);

  await page.goto(address);
  await page.getByRole('button', { name: /^Order 2/ }).click();
  await page.waitForURL(order);
  const { body } = await engine.admin<Record<string, number>>(
    'GET',
    `/products/${campaign.productIds[0]!}/stock`,
  );
  expect(body).toMatchObject({ reserved: 2 });
  await shopper.end();
});

test('a wait of somebody else, or of nothing, leads back, and asks who is there', async () => {
  const campaign = await drop('Foreign');
  const [shopper, other] = [await enter('otto', { javaScript: false }), await enter('paula')];
  await shopper.page.goto(campaign.path);
  await shopper.ticket('Foreign lamp').button('Buy').click();
  await shopper.page.waitForURL('**/wait?*');
  const address = shopper.page.url();
  await other.page.goto(address);
  expect(new URL(other.page.url()).pathname).toBe(campaign.path);
  await other.page.goto('/wait?product=..&quantity=-1&key=&pass=x');
  expect(new URL(other.page.url()).pathname).toBe('/');
  await other.signOut();
  await other.page.goto(address);
  expect(new URL(other.page.url()).pathname).toBe('/sign-in');
  await Promise.all([shopper.end(), other.end()]);
});

test('too many requests: the order goes out again by itself', async () => {
  const campaign = await drop('Again');
  const shopper = await enter('rosa', { size: 'phone' });
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Again lamp');
  await shopper.page.route('**/v1/orders', (route) => route.fulfill(problem(429, 'rate_limited', 12)), {
    times: 1,
  });
  await ticket.buy();
  await ticket.offers('waiting');
  expect(await ticket.button(/^Sending again in \d+ s$/).getAttribute('aria-disabled')).toBe('true');
  expect(await shopper.visit.inspect('gate-waiting')).toEqual([]);
  await ticket.offers('reserved');
  await shopper.end();
});

test('whoever let a hold run out is told what to do', async () => {
  const campaign = await drop('Cool', { holdSeconds: 5 }, { gate: { coolDownSeconds: 600 } });
  const shopper = await enter('sven', { size: 'phone' });
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Cool lamp');
  await ticket.buy();
  await ticket.offers('reserved');
  await waitUntil('the hold has run out', async () => (await ticket.text('text')).includes('ran out'));
  await ticket.buy();
  await waitUntil('it is told', async () =>
    (await ticket.text('text')).includes('Pay or cancel what waits among your orders'),
  );
  expect(await shopper.visit.inspect('gate-too-many-holds')).toEqual([]);
  await shopper.end();
});
