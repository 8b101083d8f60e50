// The gate as a normal shopper meets it, who sees nothing of ticket and work; what takes longer is said calmly.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../harness/browser.ts';
import { CampaignDesk, type CampaignPlan, type PublishedCampaign } from '../harness/campaign-desk.ts';
import { Engine } from '../harness/engine.ts';
import { Keyboard } from '../harness/keyboard.ts';
import { ShopVisit, type ShopVisitOptions, type Ticket } from '../harness/shop-visit.ts';
import { waitUntil } from '../harness/wait-until.ts';

const GATE = { ticket: true, work: true } as const;

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

const drop = (
  title: string,
  more: Partial<CampaignPlan['products'][number]> = {},
  plan: Partial<CampaignPlan> = {},
): Promise<PublishedCampaign> =>
  desk.publish({ title, gate: GATE, products: [{ name: `${title} lamp`, ...more }], ...plan });

/** Keeps every offer of every ticket, and when it came. */
const WATCH_OFFERS = `new MutationObserver((changes) => {
  for (const { target } of changes) (window.offers ??= []).push([target.dataset.offer, performance.now()]);
}).observe(document, { subtree: true, attributeFilter: ['data-offer'] })`;

const offersOf = ({ visit }: ShopVisit): Promise<[string, number][]> =>
  visit.run<[string, number][]>('window.offers ?? []');

const ticketIn = ({ visit }: ShopVisit): Promise<string | null> =>
  visit.run<string | null>(
    `Object.keys(localStorage).find((name) => name.startsWith('doorbuster:ticket:')) ?? null`,
  );

/** Milliseconds from the press to the reservation, by the page's own clock. */
async function buyAndTime(shopper: ShopVisit, ticket: Ticket): Promise<number> {
  await shopper.visit.run(`document.addEventListener('click', () => (window.pressedAt = performance.now()), {
    capture: true, once: true })`);
  await ticket.buy();
  await ticket.offers('reserved');
  const pressedAt = await shopper.visit.run<number>('window.pressedAt');
  const offers = await offersOf(shopper);
  return offers.findLast(([offer]) => offer === 'reserved')![1] - pressedAt;
}

test('ticket and work are invisible to a normal shopper, and the time that they add is measured', async () => {
  const open = await drop('Open', {}, { gate: {} });
  const gated = await drop('Gated');
  const cold = await drop('Cold');
  const shopper = await enter('anna', { size: 'phone' });
  await shopper.page.addInitScript(WATCH_OFFERS);
  let threads = 0;
  shopper.page.on('worker', () => threads++);

  await shopper.open(open.path);
  const withoutMs = await buyAndTime(shopper, shopper.ticket('Open lamp'));
  expect(threads).toBe(0);

  await shopper.open(gated.path);
  await waitUntil('the ticket is there', async () => (await ticketIn(shopper)) !== null);
  expect(threads, 'the work is done beside the page').toBe(1);
  const aheadMs = await buyAndTime(shopper, shopper.ticket('Gated lamp'));
  expect((await offersOf(shopper)).map(([offer]) => offer)).not.toContain('preparing');
  expect(await ticketIn(shopper), 'a ticket is used once').toBeNull();

  // Pressed before anything was got ahead.
  await shopper.page.addInitScript('Math.random = () => 0.999');
  await shopper.open(cold.path);
  const atOnceMs = await buyAndTime(shopper, shopper.ticket('Cold lamp'));
  expect(await shopper.faults('gate-reserved')).toEqual([]);
  console.log(
    `from the press to the reservation: ${withoutMs.toFixed(0)} ms without a gate, ${aheadMs.toFixed(0)} ms with a ticket got ahead, ` +
      `${atOnceMs.toFixed(0)} ms when ticket and work come after the press`,
  );
  await shopper.end();
});

test('a page that waits for the door has its ticket before it opens, and a page that is loaded again keeps it', async () => {
  const campaign = await drop('Early', {}, { startsInMs: 25_000 });
  const shopper = await enter('bert');
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Early lamp');
  await ticket.offers('upcoming');
  await waitUntil('the ticket is there', async () => (await ticketIn(shopper)) !== null);
  expect(await ticket.element.getAttribute('data-offer'), 'before the door opens').toBe('upcoming');
  let asked = 0;
  shopper.page.on('request', (request) => {
    if (request.url().endsWith('/v1/tickets')) asked++;
  });
  await shopper.page.reload();
  await shopper.whenLive();
  await ticket.offers('on_sale');
  await ticket.buy();
  await ticket.offers('reserved');
  expect(asked).toBe(0);
  expect(shopper.visit.faults).toEqual([]);
  await shopper.end();
});

test('a ticket that the shop does not take is replaced, and the order goes out with the same key', async () => {
  const campaign = await drop('Stale');
  const shopper = await enter('cleo');
  const sent: (string | undefined)[][] = [];
  shopper.page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/v1/orders'))
      sent.push(['idempotency-key', 'doorbuster-ticket'].map((name) => request.headers()[name]));
  });
  await shopper.open(campaign.path);
  await waitUntil('the ticket is there', async () => (await ticketIn(shopper)) !== null);
  await shopper.visit.run(
    `Object.keys(localStorage).filter((name) => name.startsWith('doorbuster:ticket:')).forEach((name) =>
      localStorage.setItem(name, JSON.stringify({ ...JSON.parse(localStorage[name]), ticket: 'x'.repeat(52) })))`,
  );
  await shopper.ticket('Stale lamp').buy();
  await shopper.ticket('Stale lamp').offers('reserved');
  expect(sent).toHaveLength(2);
  expect(sent[0]![0]).toBe(sent[1]![0]);
  expect(sent[0]![1]).toBe('x'.repeat(52));
  expect(sent[1]![1]).not.toBe(sent[0]![1]);
  await shopper.end();
});

test('what takes long is said once and calmly, and goes on by itself', async () => {
  const campaign = await drop('Long');
  const shopper = await enter('quinn');
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await shopper.page.route('**/v1/tickets', async (route) => {
    await held;
    await route.continue();
  });
  await shopper.open(campaign.path);
  const ticket = shopper.ticket('Long lamp');
  const keyboard = new Keyboard(shopper.visit);
  await keyboard.reach('Buy for €49.90');
  await shopper.page.keyboard.press('Enter');
  await ticket.offers('preparing');
  expect(await ticket.text('text')).toContain('no machine pushes ahead of you');
  expect(await shopper.visit.run('document.activeElement.dataset.act'), 'its place is kept').toBe('buy');
  expect(await shopper.faults('gate-preparing')).toEqual([]);
  letGo();
  await ticket.offers('reserved');
  await expect
    .poll(() => shopper.spoken())
    .toContain('Long lamp: Getting ready to order. It leaves by itself.');
  await shopper.end();
});
