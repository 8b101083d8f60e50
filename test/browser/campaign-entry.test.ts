// Who gets into a campaign's page, in a real browser, against a real node: for everybody else it does not exist, and whoever is
// signed out on the way comes back to where they were. And how it all goes without JavaScript, and without a mouse.

import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../harness/browser.ts';
import { CampaignDesk, type PublishedCampaign } from '../harness/campaign-desk.ts';
import { Engine } from '../harness/engine.ts';
import { Keyboard } from '../harness/keyboard.ts';
import { ShopVisit, type ShopVisitOptions } from '../harness/shop-visit.ts';
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

const enter = (customerId: string, options: ShopVisitOptions = {}): Promise<ShopVisit> =>
  ShopVisit.at(browser, engine.url, { customerId, ...options });

const units = async (campaign: PublishedCampaign): Promise<Record<string, number>> =>
  (await engine.admin<Record<string, number>>('GET', `/products/${campaign.productIds[0]!}/stock`)).body;

/** What the page's own session gets from these addresses. */
const statuses = async ({ page }: ShopVisit, paths: readonly string[]): Promise<number[]> => {
  const answers = await Promise.all(paths.map((path) => page.request.get(path, { maxRedirects: 0 })));
  return answers.map((answer) => answer.status());
};

/** As a browser would send it. */
const formIn = async (ticket: Locator): Promise<Record<string, string>> => {
  const fields = await ticket.locator('form input[name]').all();
  const pairs = fields.map(async (field) => [await field.getAttribute('name'), await field.inputValue()]);
  return Object.fromEntries(await Promise.all(pairs)) as Record<string, string>;
};

test('for whoever is not on the list, page, product and events do not exist; whoever is on it buys', async () => {
  const campaign = await desk.publish({
    title: 'Members',
    entry: 'list',
    customers: ['greta', 'harry'],
    products: [{ name: 'Members lamp' }],
  });
  const product = campaign.productIds[0]!;
  const paths = (slug: string, id: string) => [
    `/c/${slug}`,
    `/v1/products/${id}`,
    `/v1/products/${id}/events`,
    `/v1/events?product=${id}`,
  ];
  const greta = await enter('greta', { size: 'phone' });
  await waitUntil(
    'the door is open for her',
    async () => (await statuses(greta, [campaign.path]))[0] === 200,
  );
  await greta.open(campaign.path);

  const stranger = await enter('mallory');
  expect(await statuses(stranger, paths(campaign.slug, product))).toEqual([404, 404, 404, 404]);
  expect(await statuses(stranger, paths('never-was', 'never-was'))).toEqual([404, 404, 404, 404]);
  await stranger.page.goto(campaign.path);
  const told = await stranger.page.locator('main').innerText();
  expect(await stranger.faults('not-eligible')).toEqual([]);
  await stranger.page.goto('/c/never-was');
  expect(await stranger.page.locator('main').innerText()).toBe(told);
  await stranger.page.goto('/');
  expect(await stranger.page.getByText('Members').count()).toBe(0);
  await greta.page.goto('/');
  await greta.page
    .getByRole('link', { name: /Members/ })
    .first()
    .click();
  await greta.whenLive();

  const ticket = greta.ticket('Members lamp');
  await ticket.buy();
  await ticket.offers('reserved');
  await Promise.all([greta.end(), stranger.end()]);
});

test('whoever is taken off the list in mid-sale is told so, and keeps their order', async () => {
  const campaign = await desk.publish({
    title: 'Changing',
    entry: 'list',
    customers: ['ida', 'jack'],
    products: [{ name: 'Changing lamp' }, { name: 'Changing chair' }],
  });
  const ida = await enter('ida');
  await waitUntil('the door is open for her', async () => (await statuses(ida, [campaign.path]))[0] === 200);
  await ida.open(campaign.path);
  const [lamp, chair] = [ida.ticket('Changing lamp'), ida.ticket('Changing chair')];
  await lamp.buy();
  await lamp.offers('reserved');
  await desk.uploadList(campaign.slug, ['jack']);
  await chair.offers('gone');
  expect(await chair.text('text')).toContain('who may enter');
  expect(await ida.visit.inspect('no-longer-eligible')).toEqual([]);
  await lamp.pay();
  await lamp.offers('paid');
  expect(await units(campaign)).toMatchObject({ sold: 1 });
  expect(await statuses(ida, [campaign.path])).toEqual([404]);
  await ida.end();
});

test('somebody who looks in is asked to sign in, and comes back to the same page', async () => {
  const campaign = await desk.publish({ title: 'Open', products: [{ name: 'Open lamp' }] });
  const shopper = await ShopVisit.at(browser, engine.url, { size: 'phone' });
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Open lamp');
  expect(await shopper.faults('looking-in')).toEqual([]);
  await ticket.element.getByRole('link', { name: 'Sign in to buy' }).click();
  await shopper.page.waitForURL('**/sign-in?**');
  expect(await shopper.faults('sign-in')).toEqual([]);
  await shopper.page.getByLabel(/name/i).first().fill('kurt');
  await shopper.page
    .getByRole('button', { name: /sign in/i })
    .first()
    .click();
  await shopper.page.waitForURL(`**${campaign.path}`);
  await shopper.whenLive();
  await ticket.buy();
  await ticket.offers('reserved');
  expect(shopper.visit.faults).toEqual([]);
  await shopper.end();
});

test('whose session has ended is told so at the next press, and buys after signing in again', async () => {
  const campaign = await desk.publish({ title: 'Session', products: [{ name: 'Session lamp' }] });
  const shopper = await enter('lena');
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Session lamp');
  await shopper.signOut();
  await ticket.buy();
  await ticket.offers('signed_out');
  expect(await ticket.text('text')).toContain('Nothing was ordered');
  expect(await shopper.visit.inspect('signed-out')).toEqual([]);
  expect(await units(campaign)).toMatchObject({ available: 10 });
  const link = ticket.element.getByRole('link', { name: 'Sign in again' });
  expect(await link.getAttribute('href')).toBe(`/sign-in?next=${encodeURIComponent(campaign.path)}`);
  await shopper.signIn('lena');
  await shopper.open(campaign.path);
  await ticket.buy();
  await ticket.offers('reserved');
  await shopper.end();
});

test('when another page of the browser signs somebody else in, this one is theirs, too', async () => {
  const campaign = await desk.publish({ title: 'Shared', products: [{ name: 'Shared lamp' }] });
  const first = await enter('paula');
  await first.open(campaign.path);
  await first.page.getByText('Signed in as paula').waitFor();
  await first.signOut();
  await first.signIn('quinn');
  const other = await first.page.context().newPage();
  await other.goto(campaign.path);
  await first.page.getByText('Signed in as quinn').waitFor();
  await first.whenLive();
  await first.ticket('Shared lamp').buy();
  await first.ticket('Shared lamp').offers('reserved');
  const token = await engine.token('quinn');
  const ordersOfQuinn = async (): Promise<number> => {
    const { body } = await engine.call<{ orders: object[] }>('GET', '/v1/orders', { token });
    return body.orders.length;
  };
  await expect.poll(ordersOfQuinn, { message: 'orders in the list of the second one' }).toBe(1);
  await first.end();
});

test('without a mouse: the keyboard leads through a purchase, and what matters is spoken', async () => {
  const campaign = await desk.publish({ title: 'Keys', products: [{ name: 'Keys lamp', limit: 3 }] });
  const shopper = await enter('mona');
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Keys lamp');
  const keyboard = new Keyboard(shopper.visit);
  const focused = () => shopper.visit.run<string>('document.activeElement.textContent.trim()');

  await keyboard.reach('One more');
  await shopper.page.keyboard.press('Space');
  await keyboard.reach('Buy 2 for €99.80');
  await shopper.page.keyboard.press('Enter');
  await ticket.offers('reserved');
  expect(await focused(), 'the pressed button is gone, and its place is not lost').toBe('2 reserved for you');
  await keyboard.reach('Pay €99.80');
  await waitUntil('the payment is taken', async () => {
    await shopper.page.keyboard.press('Enter');
    return (await ticket.element.getAttribute('data-offer')) === 'paid';
  });
  expect(await focused()).toBe('Paid. All 2 are yours.');
  await keyboard.reach('Buy another');
  await expect
    .poll(() => shopper.spoken())
    .toEqual([
      expect.stringMatching(/^Keys lamp: Reserved for you\. \d+ minutes left to pay\.$/),
      'Keys lamp: Paid. It is yours.',
    ]);
  expect(shopper.visit.faults).toEqual([]);
  await shopper.end();
});

test('without JavaScript a shopper buys, is told, pays, and a repeated form is the same order', async () => {
  const campaign = await desk.publish({ title: 'Plain', products: [{ name: 'Plain lamp', quantity: 1 }] });
  const shopper = await enter('nora', { size: 'phone', javaScript: false });
  const { page } = shopper;
  await page.goto(campaign.path);
  expect(await shopper.faults('without-script')).toEqual([]);
  const ticket = shopper.ticket('Plain lamp');
  const form = await formIn(ticket.element);
  await ticket.button('Buy').click();
  await page.waitForURL('**/orders/*');
  const order = page.url();
  await page.getByText('Reserved').first().waitFor();
  expect(await shopper.faults('without-script-reserved')).toEqual([]);

  const headers = { Origin: engine.url, 'Sec-Fetch-Site': 'same-origin' };
  const again = await page.request.post(`${campaign.path}/orders`, { form, headers, maxRedirects: 0 });
  expect(again.status()).toBe(303);
  expect(engine.url + again.headers()['location']!, 'the same form is the same wish').toBe(order);
  expect(await units(campaign)).toMatchObject({ reserved: 1, available: 0 });

  const late = await enter('olaf', { javaScript: false });
  await late.page.goto(campaign.path);
  await late.ticket('Plain lamp').button('Sold out').click({ force: true });
  await late.page.getByText('none was left').waitFor();
  expect(await late.faults('without-script-sold-out')).toEqual([]);

  await page.getByRole('button', { name: /^Pay/ }).click();
  await page.getByText('Paid').first().waitFor();
  expect(await shopper.faults('without-script-paid')).toEqual([]);
  expect(await units(campaign)).toMatchObject({ sold: 1 });
  await Promise.all([shopper.end(), late.end()]);
});

test('hours are told by the reader’s own clocks, in the shop too, and prices that run from right to left do not mix', async () => {
  const campaign = await desk.publish({
    title: 'Readers',
    startsInMs: 1_800_000,
    endsInMs: 7_200_000,
    products: [{ name: 'Readers lamp', price: '80.00', listPrice: '1200.00' }],
  });
  const omar = await enter('omar', { size: 'phone', locale: 'ar-EG', timeZone: 'Asia/Kathmandu' });
  await omar.open('/');
  const card = omar.page.locator('[data-part=campaign-card]', { hasText: 'Readers' });
  const startsAt = (await card.getAttribute('data-starts-at'))!;
  const hour = await omar.visit.run<string>(
    `new Intl.DateTimeFormat(navigator.languages, { hour: 'numeric', minute: '2-digit' }).format(new Date('${startsAt}'))`,
  );
  await waitUntil('the card says the reader’s hour', async () => (await card.innerText()).includes(hour));
  expect(await card.innerText()).not.toContain('UTC');
  await desk.moveHour(campaign.id, 'startsAt', -1_000);
  await waitUntil('the card is of one that is on sale', async () => {
    await omar.open('/');
    return (await card.innerText()).includes('On sale until');
  });

  await omar.open(campaign.path);
  const ticket = omar.ticket('Readers lamp').element;
  const [now, before] = await Promise.all([
    ticket.locator('[data-part=price]').boundingBox(),
    ticket.locator('.stub-list-price').boundingBox(),
  ]);
  expect(now!.x + now!.width, 'the present price stands before the other').toBeLessThanOrEqual(before!.x);
  expect(await omar.faults('readers')).toEqual([]);
  await omar.end();
});
