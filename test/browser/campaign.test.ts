// A campaign's page in a real browser, against a real node: what a shopper meets from before the door opens until everything is
// gone. Whatever goes wrong on the way is done to it on purpose.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, LOOKS } from '../harness/browser.ts';
import { CampaignDesk, type CampaignPlan, type PublishedCampaign } from '../harness/campaign-desk.ts';
import { Engine } from '../harness/engine.ts';
import { productPicture } from '../harness/product-picture.ts';
import { ShopVisit, type ShopVisitOptions } from '../harness/shop-visit.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { waitUntil } from '../harness/wait-until.ts';

const HOUR_MS = 3_600_000;

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

const enter = (customerId: string, options: ShopVisitOptions = {}, origin = engine.url): Promise<ShopVisit> =>
  ShopVisit.at(browser, origin, { customerId, ...options });

const units = async (campaign: PublishedCampaign, at = 0): Promise<Record<string, number>> =>
  (await engine.admin<Record<string, number>>('GET', `/products/${campaign.productIds[at]!}/stock`)).body;

/** As the shop refuses, for refusals that a test cannot wait for. */
const problem = (status: number, code: string, retryAfterSeconds?: number) => ({
  status,
  contentType: 'application/problem+json',
  headers: retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) },
  body: JSON.stringify({ type: 'about:blank', title: code, status, code }),
});

const drop = (
  title: string,
  more: Partial<CampaignPlan['products'][number]> = {},
  plan: Partial<CampaignPlan> = {},
) => desk.publish({ title, products: [{ name: `${title} lamp`, ...more }], ...plan });

test('a shopper waits for the door, buys, loses the answer, is told that the order was found, and pays', async () => {
  const proxy = await TcpProxy.to(Number(new URL(engine.url).port));
  const picture = await productPicture('film-camera', 'A rangefinder with its strap');
  const campaign = await drop(
    'Story',
    { quantity: 1, picture },
    { startsInMs: HOUR_MS / 2, endsInMs: 2 * HOUR_MS },
  );
  // Wrong by an hour, so that it would be open already by the browser's clock.
  const shopper = await enter(
    'anna',
    { size: 'phone', clockAheadMs: HOUR_MS },
    `http://127.0.0.1:${proxy.port}`,
  );
  const ticket = shopper.ticket('Story lamp');
  await shopper.open(campaign.path);
  await ticket.offers('upcoming');
  expect(await ticket.text('countdown'), 'by the clock of the server').toMatch(/^(29|30):\d\d$/);
  expect(await ticket.button('Not open yet').getAttribute('aria-disabled')).toBe('true');
  expect(await shopper.faults('upcoming')).toEqual([]);
  const before = await ticket.button('Not open yet').boundingBox();

  await desk.moveHour(campaign.id, 'startsAt', 6_000);
  const countdowns = ['countdown', 'campaign-countdown'];
  for (const part of countdowns)
    await waitUntil(`${part} follows`, async () =>
      /^00:0\d$|^(1:)?59:\d\d$/.test(await shopper.page.locator(`[data-part=${part}]`).innerText()),
    );
  await ticket.offers('on_sale');
  expect(await ticket.button(/^Buy/).boundingBox(), 'nothing moves when the door opens').toEqual(before);

  proxy.mute();
  await ticket.buy();
  await waitUntil('the shop has the order', async () => (await units(campaign))['reserved'] === 1);
  await ticket.offers('sending');
  proxy.cut();
  await ticket.offers('checking');
  expect(await ticket.text('text')).toContain('asking the shop whether your order went through');
  expect(await shopper.visit.inspect('checking')).toEqual([]);
  proxy.heal();
  await ticket.offers('reserved');
  expect(await ticket.text('text')).toContain('Your order had gone through');
  expect(await units(campaign)).toMatchObject({ reserved: 1, available: 0 });

  const second = await enter('bert');
  await second.open(campaign.path);
  await second.ticket('Story lamp').offers('sold_out');
  expect(await second.faults('sold-out')).toEqual([]);
  await second.end();

  await ticket.pay();
  await ticket.offers('paid');
  expect(await units(campaign)).toMatchObject({ reserved: 0, sold: 1, available: 0 });
  await shopper.end();
  await proxy.close();
});

test('a page that was closed before the answer came finds the order when it is opened again', async () => {
  const proxy = await TcpProxy.to(Number(new URL(engine.url).port));
  const campaign = await drop('Return');
  const shopper = await enter('cleo', { size: 'phone' }, `http://127.0.0.1:${proxy.port}`);
  await shopper.open(campaign.path);
  proxy.mute();
  await shopper.ticket('Return lamp').buy();
  await waitUntil('the shop has the order', async () => (await units(campaign))['reserved'] === 1);
  await shopper.page.goto('about:blank');
  proxy.cut();
  proxy.heal();
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Return lamp');
  await ticket.offers('reserved');
  expect(await ticket.text('text')).toContain('Your order had gone through');
  expect(await units(campaign)).toMatchObject({ reserved: 1 });
  expect(shopper.visit.faults).toEqual([]);
  await shopper.end();
  await proxy.close();
});

test('a hold that runs out is told to its shopper, and its unit is offered again to others', async () => {
  const campaign = await drop('Hold', { quantity: 1, holdSeconds: 12 });
  const [first, second] = await Promise.all([enter('dora'), enter('emil', { size: 'phone' })]);
  await Promise.all([first.open(campaign.path), second.open(campaign.path)]);
  const [hers, his] = [first.ticket('Hold lamp'), second.ticket('Hold lamp')];
  await his.offers('on_sale');
  await hers.buy();
  await his.offers('sold_out');
  expect(await his.text('text')).toContain('If somebody does not pay in time, a unit comes back');
  await his.offers('on_sale');
  await hers.offers('on_sale');
  expect(await hers.text('text')).toContain('Your time to pay ran out');
  expect(await first.faults('hold-ran-out')).toEqual([]);
  await his.buy();
  await his.offers('reserved');
  await expect
    .poll(() => second.spoken())
    .toEqual([
      'Hold lamp is sold out.',
      'Hold lamp is on sale now.',
      expect.stringContaining('Reserved for you'),
    ]);
  await Promise.all([first.end(), second.end()]);
});

test('whoever has as many as they may is told so, and an order that was cancelled goes back on sale', async () => {
  const picture = await productPicture('ember-kettle', 'A steel kettle with a walnut grip');
  const campaign = await drop(
    'Limit',
    { quantity: 5, limit: 2, listPrice: '79.90', description: 'Gooseneck, 0.9 litres.', picture },
    { description: 'One kettle, five times.' },
  );
  const shopper = await enter('fred');
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Limit lamp');
  expect(await shopper.faults('on-sale', LOOKS)).toEqual([]);
  await ticket.button('One more').click();
  await ticket.button('Buy 2 for €99.80').click();
  await ticket.offers('reserved');
  expect(await shopper.faults('reserved')).toEqual([]);
  await ticket.button('Cancel').click();
  await ticket.offers('on_sale');
  expect(await ticket.text('text')).toContain('Cancelled. It is back on sale.');
  expect(await shopper.visit.inspect('cancelled-order')).toEqual([]);
  await ticket.button('Buy 2 for €99.80').click();
  await ticket.pay();
  await ticket.offers('paid');
  expect(await shopper.faults('paid')).toEqual([]);
  await shopper.page.reload();
  await shopper.whenLive();
  await ticket.button('Limit reached').waitFor();
  expect(await ticket.text('text')).toContain('You have 2 of 2.');
  expect(await shopper.faults('limit-reached')).toEqual([]);
  expect(await units(campaign)).toMatchObject({ sold: 2, reserved: 0, available: 3 });
  await shopper.end();
});

test('too many tries: the page says how long to wait, waits, and then sells, also when its stream is cut', async () => {
  const campaign = await drop('Rush');
  const shopper = await enter('gina', { size: 'phone' });
  await shopper.page.route('**/v1/events?*', (route) => route.abort());
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Rush lamp');
  // Of a shorter wait the page sends the order again by itself.
  await shopper.page.route('**/v1/orders', (route) => route.fulfill(problem(429, 'rate_limited', 16)), {
    times: 1,
  });
  await ticket.buy();
  await ticket.offers('busy');
  expect(await ticket.text('text')).toContain('too many tries');
  const button = ticket.button(/^Try again in \d+ s$/);
  expect(await button.getAttribute('aria-disabled')).toBe('true');
  expect(await shopper.visit.inspect('busy')).toEqual([]);
  await ticket.offers('on_sale');
  await ticket.buy();
  await ticket.offers('reserved');
  expect(await units(campaign)).toMatchObject({ reserved: 1 });
  await shopper.page.getByText('Live updates are interrupted').locator('visible=true').first().waitFor();
  expect(await shopper.visit.inspect('polling')).toEqual([]);
  await shopper.end();
});

test('a refusal is told in words, and the ticket goes on selling', async () => {
  const campaign = await drop('Words');
  const shopper = await enter('hans');
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Words lamp');
  await shopper.page.route('**/v1/orders', (route) => route.fulfill(problem(409, 'sold_out')), { times: 1 });
  await ticket.buy();
  await waitUntil('the refusal is told', async () =>
    (await ticket.text('text')).includes('Someone was faster'),
  );
  expect(await ticket.element.getAttribute('data-problem')).toBe('severe');
  expect(await shopper.visit.inspect('refused')).toEqual([]);
  await ticket.buy();
  await ticket.offers('reserved');
  let isAsked = false;
  await shopper.page.route(
    '**/payment',
    (route) => {
      isAsked = true;
      return route.fulfill(problem(402, 'payment_declined'));
    },
    { times: 1 },
  );
  await waitUntil('the card is declined', async () => {
    // One press more would be a payment that nobody declines.
    const text = await ticket.button(/^Pay/).innerText();
    if (!isAsked && text !== 'Paying…') await ticket.button(/^Pay /).click();
    return isAsked && (await ticket.text('text')).includes('This payment was declined');
  });
  expect(await shopper.visit.inspect('declined')).toEqual([]);

  await shopper.page.route(/\/v1\/orders\/[^/]+(\/payment)?$/, async (route) => {
    const path = new URL(route.request().url()).pathname.replace('/payment', '');
    const order = (await (await shopper.page.request.get(path)).json()) as object;
    const status = route.request().method() === 'POST' ? 202 : 200;
    await route.fulfill({ status, json: { ...order, status: 'payment_pending' } });
  });
  await ticket.button(/^Pay /).click();
  await ticket.offers('pending');
  expect(await ticket.text('text')).toContain('is with the bank');
  expect(await shopper.visit.inspect('payment-pending')).toEqual([]);
  // A question that is on its way is answered first.
  await shopper.page.unrouteAll({ behavior: 'wait' });
  await ticket.offers('reserved');
  expect(await ticket.text('text'), 'the bank did not take it after all').toContain('was declined');
  await shopper.page.reload();
  await shopper.whenLive();
  await ticket.offers('reserved');
  await ticket.pay();
  await ticket.offers('paid');
  await shopper.end();
});

test('a sale that is paused, goes on, and ends, is told as it is', async () => {
  const campaign = await drop('Paused');
  const shopper = await enter('ines');
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Paused lamp');
  await ticket.offers('on_sale');
  await desk.step(campaign.id, 'pause');
  await ticket.offers('paused');
  expect(await ticket.text('text')).toContain('Nobody can buy right now');
  expect(await shopper.faults('paused')).toEqual([]);
  await desk.step(campaign.id, 'resume');
  await ticket.offers('on_sale');
  await desk.moveHour(campaign.id, 'endsAt', 4_000);
  await ticket.offers('ended');
  expect(await ticket.button('Sale ended').getAttribute('aria-disabled')).toBe('true');
  expect(await shopper.faults('ended')).toEqual([]);
  await shopper.end();
});

test('a campaign that is cancelled keeps its page, and says so', async () => {
  const campaign = await drop('Called off');
  const shopper = await enter('jens');
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Called off lamp');
  await ticket.buy();
  await ticket.offers('reserved');
  const watcher = await enter('jan');
  await watcher.open(campaign.path);
  const watched = watcher.ticket('Called off lamp');
  await watched.offers('on_sale');
  await desk.step(campaign.id, 'cancel');
  // Without loading anything again.
  await watched.offers('cancelled');
  expect(await watched.text('headline')).toBe('Cancelled by the shop');
  await watcher.page.locator('[data-part=campaign][data-phase=cancelled]').waitFor();
  expect(await watcher.page.locator('[data-part=campaign-more]').innerText()).toContain('will not go on');
  expect(await watcher.page.locator('[data-part=campaign-countdown]').isVisible()).toBe(false);
  // Messages are gathered for a moment, and spoken together.
  await waitUntil('it is spoken', async () =>
    (await watcher.spoken()).join(' ').includes('Called off lamp is cancelled by the shop.'),
  );
  expect(await watcher.faults('cancelled-while-open')).toEqual([]);
  await watcher.end();
  const late = await enter('jule', { size: 'phone' });
  await waitUntil('the page says it', async () => {
    await late.open(campaign.path);
    return (await late.ticket('Called off lamp').element.getAttribute('data-offer')) === 'cancelled';
  });
  expect(await late.faults('cancelled')).toEqual([]);
  await ticket.pay();
  await ticket.offers('paid');
  await Promise.all([shopper.end(), late.end()]);
});
