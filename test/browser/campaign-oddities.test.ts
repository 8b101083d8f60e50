// What odd browsers and odd hands do to a campaign's page, in a real browser, against a real node.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../harness/browser.ts';
import { CampaignDesk, type CampaignPlan, type PublishedCampaign } from '../harness/campaign-desk.ts';
import { ADMIN_TOKEN, Engine } from '../harness/engine.ts';
import { ShopVisit } from '../harness/shop-visit.ts';
import { waitUntil } from '../harness/wait-until.ts';

let engine: Engine;
let browser: Browser;
let desk: CampaignDesk;

beforeAll(async () => {
  [engine, browser] = await Promise.all([Engine.start({ env: { WORKERS: '1' } }), Browser.start()]);
  desk = await CampaignDesk.at(engine);
});

afterAll(async () => {
  await Promise.all([browser?.stop(), engine?.remove()]);
});

const enter = (customerId: string): Promise<ShopVisit> => ShopVisit.at(browser, engine.url, { customerId });

const units = async (campaign: PublishedCampaign): Promise<Record<string, number>> =>
  (await engine.admin<Record<string, number>>('GET', `/products/${campaign.productIds[0]!}/stock`)).body;

const drop = (title: string, more: Partial<CampaignPlan['products'][number]> = {}) =>
  desk.publish({ title, products: [{ name: `${title} lamp`, ...more }] });

test('a second press of a double click buys nothing more', async () => {
  const campaign = await drop('Twice', { quantity: 5, limit: 3 });
  const shopper = await enter('tess');
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Twice lamp');
  await ticket.button(/^Buy/).dblclick();
  await ticket.pay();
  await ticket.offers('paid');
  await ticket.button('Buy another').dblclick();
  await ticket.offers('on_sale');
  expect(await units(campaign)).toMatchObject({ sold: 1, reserved: 0, available: 4 });
  await waitUntil('a press on purpose is taken', async () => {
    if (await ticket.button(/^Buy for/).isVisible()) await ticket.buy();
    return (await ticket.element.getAttribute('data-offer')) === 'reserved';
  });
  expect(await units(campaign)).toMatchObject({ sold: 1, reserved: 1, available: 3 });
  await shopper.end();
});

test('a browser that names what is no language gets its page all the same', async () => {
  const campaign = await drop('Tongues');
  const shopper = await enter('uwe');
  await shopper.page.addInitScript(
    `Object.defineProperty(navigator, 'languages', { get: () => ['en-US@posix', 'C', 'de-DE'] })`,
  );
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Tongues lamp');
  await ticket.offers('on_sale');
  expect((await ticket.button(/^Buy/).innerText()).replace('\u00A0', ' ')).toBe('Buy for 49,90 €');
  await ticket.buy();
  await ticket.offers('reserved');
  expect(shopper.visit.faults).toEqual([]);
  await shopper.end();
});

test('a ticket far down in a large campaign is kept current when it is looked at', async () => {
  const many = Array.from({ length: 53 }, (_, at) => ({ name: `Crowd ${at}`, quantity: 2 }));
  const campaign = await desk.publish({ title: 'Crowd', products: many });
  const withdraw = async (productId: string): Promise<void> => {
    const path = `/v1/admin/products/${productId}/stock`;
    const request = { token: ADMIN_TOKEN, key: 'gone', body: { quantity: -2 } };
    expect((await engine.call('POST', path, request)).status).toBe(200);
  };
  const shopper = await enter('vera');
  await shopper.open(campaign.path);
  const last = shopper.ticket('Crowd 52');
  await last.offers('on_sale');
  await withdraw(campaign.productIds[52]!);
  await last.element.scrollIntoViewIfNeeded();
  await last.offers('sold_out');
  await shopper.ticket('Crowd 0').element.scrollIntoViewIfNeeded();
  await withdraw(campaign.productIds[0]!);
  await shopper.ticket('Crowd 0').offers('sold_out');
  expect(shopper.visit.faults).toEqual([]);
  await shopper.end();
});
