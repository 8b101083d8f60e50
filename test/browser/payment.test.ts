// Paying as a shopper sees it, in a real browser, with a bank that behaves as the demo's order page asks it to: what is undecided is
// followed by itself, and whatever comes of it is said.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../harness/browser.ts';
import { Engine } from '../harness/engine.ts';
import { ShopVisit } from '../harness/shop-visit.ts';

const CUSTOMER = 'anna';

let engine: Engine;
let browser: Browser;
let token: string;

beforeAll(async () => {
  [engine, browser] = await Promise.all([Engine.start({ env: { WORKERS: '1' } }), Browser.start()]);
  await engine.product('plain-lamp', { perCustomerLimit: 20 });
  token = await engine.token(CUSTOMER);
});
afterAll(async () => {
  await Promise.all([browser?.stop(), engine?.remove()]);
});

const order = async (key: string): Promise<string> => {
  const { body } = await engine.buy(token, 'plain-lamp', key);
  return `/orders/${String(body['id'])}`;
};

async function pay({ page }: ShopVisit, path: string, behaviour: string): Promise<void> {
  await page.goto(path);
  await page.getByLabel('How the bank behaves').selectOption({ label: behaviour });
  await page.getByRole('button', { name: /^Pay / }).click();
}

const heading = ({ page }: ShopVisit, name: string): Promise<void> =>
  page.getByRole('heading', { level: 1, name }).waitFor();

test('a payment that is declined may be made again', async () => {
  const shopper = await ShopVisit.at(browser, engine.url, { customerId: CUSTOMER, size: 'phone' });
  const path = await order('declined');
  await pay(shopper, path, 'It declines');
  await shopper.page.getByText('This payment was declined, and nothing was charged').waitFor();
  await heading(shopper, 'Reserved for you');
  expect(await shopper.faults('payment-declined')).toEqual([]);
  await pay(shopper, path, 'It takes the money at once');
  await heading(shopper, 'Paid. It’s yours.');
  await shopper.end();
});

test('a payment that is undecided is followed until it is decided, either way', async () => {
  const shopper = await ShopVisit.at(browser, engine.url, { customerId: CUSTOMER });
  // Of this one the bank never decides, so the page stays while it is inspected.
  const undecided = await order('undecided');
  const body = { method: 'card', token: 'pending' };
  expect((await engine.call('POST', `/v1${undecided}/payment`, { token, body })).status).toBe(202);
  await shopper.page.goto(undecided);
  await heading(shopper, 'Payment under way');
  expect(await shopper.faults('payment-pending')).toEqual([]);

  await pay(shopper, await order('captured'), 'It takes the money after a while');
  await heading(shopper, 'Payment under way');
  await heading(shopper, 'Paid. It’s yours.');
  await pay(shopper, await order('declined-later'), 'It declines after a while');
  await heading(shopper, 'Payment under way');
  await heading(shopper, 'Reserved for you');
  await shopper.page.getByText('This payment was declined').waitFor();
  expect(shopper.visit.faults).toEqual([]);
  await shopper.end();
});

test.each([
  ['approve', 'Paid. It’s yours.', 'Nobody else can get it any more.'],
  ['deny', 'Cancelled', 'The shop could not take your payment'],
])('an order in review is kept, and the page says what a person decides: %s', async (decision, told, why) => {
  const shopper = await ShopVisit.at(browser, engine.url, { customerId: CUSTOMER });
  const path = await order(`review-${decision}`);
  await pay(shopper, path, 'Somebody here looks at the order first');
  await heading(shopper, 'We are looking at your order');
  expect(await shopper.faults('payment-review')).toEqual([]);
  const { status } = await engine.admin('POST', `/reviews/${path.split('/').at(-1)!}`, {
    decision,
    note: '',
  });
  expect(status).toBe(200);
  await heading(shopper, told);
  await shopper.page.getByText(why).waitFor();
  expect(await shopper.faults(`payment-${decision}`)).toEqual([]);
  await shopper.end();
});

test('without scripts the order’s page is loaded again by itself until it is decided', async () => {
  const shopper = await ShopVisit.at(browser, engine.url, { customerId: CUSTOMER, javaScript: false });
  await pay(shopper, await order('plain'), 'It takes the money after a while');
  await heading(shopper, 'Payment under way');
  await heading(shopper, 'Paid. It’s yours.');
  expect(shopper.visit.faults).toEqual([]);
  await shopper.end();
});
