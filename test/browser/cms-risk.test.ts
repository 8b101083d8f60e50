// Risk control in a real browser, on a node as `npm start` makes it: a colleague restricts a customer, whose payment then waits for a
// person, and is approved or denied by keyboard.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, LOOKS } from '../harness/browser.ts';
import { CmsDesk, printedAccount } from '../harness/cms-desk.ts';
import { tokenOf } from '../harness/crowd.ts';
import { Engine } from '../harness/engine.ts';
import { Keyboard } from '../harness/keyboard.ts';

let engine: Engine;
let browser: Browser;

beforeAll(async () => {
  [engine, browser] = await Promise.all([Engine.start(), Browser.start()]);
  await engine.product('lamp-of-glass', { quantity: 50, perCustomerLimit: 5, holdSeconds: 1 });
  await engine.product('lamp-of-paper', { quantity: 50, perCustomerLimit: 5 });
});

afterAll(async () => {
  await Promise.all([browser?.stop(), engine?.remove()]);
});

/** @returns the order, and what the payment was answered */
async function bought(
  customerId: string,
  key: string,
): Promise<{ id: string; status: number; state: unknown }> {
  const token = tokenOf(customerId);
  const order = await engine.buy(token, 'lamp-of-paper', key);
  const id = order.body['id'] as string;
  const body = { method: 'card', token: 'demo' };
  const paid = await engine.call('POST', `/v1/orders/${id}/payment`, { token, body });
  return { id, status: paid.status, state: paid.body['status'] };
}

const stateOf = async (customerId: string, id: string): Promise<unknown> =>
  (await engine.call('GET', `/v1/orders/${id}`, { token: tokenOf(customerId) })).body['status'];

test('a customer is restricted, and their payment waits until somebody approves it', async () => {
  const visit = await browser.visit(engine.url);
  const desk = new CmsDesk(visit);
  const { page } = visit;
  await desk.signIn(printedAccount(engine));
  await page.getByRole('link', { name: 'Reviews' }).click();
  await page.getByText('Nothing waits').waitFor();
  expect(await desk.faults('reviews-none')).toEqual([]);
  await page.getByRole('link', { name: 'Customers' }).click();
  await page.getByLabel('Customer', { exact: true }).fill('ada');
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.getByText('Nobody: whoever is not known is active').waitFor();
  expect(await bought('ada', 'one')).toMatchObject({ status: 200, state: 'paid' });
  await page.getByLabel('Restricted').check();
  await page.getByLabel('Note').fill('Two cards, one name.');
  await page.getByRole('button', { name: 'Set the status' }).click();
  await page.getByText('The status is set.').waitFor();
  expect(await desk.faults('customer')).toEqual([]);

  const second = await bought('ada', 'two');
  expect(second).toMatchObject({ status: 202, state: 'in_review' });
  const third = await bought('ada', 'three');
  await page.getByRole('link', { name: 'Reviews' }).click();
  await page.getByRole('link', { name: 'Reviews 2 waiting' }).waitFor();
  const cards = page
    .getByRole('listitem')
    .filter({ hasText: 'Restricted customer: the customer is restricted' });
  expect(await cards.count()).toBeGreaterThanOrEqual(2);
  expect(await desk.faults('reviews', LOOKS)).toEqual([]);
  await page.getByRole('link', { name: 'Look at it' }).first().click();
  await page.getByText('Counted up to that moment').waitFor();
  expect(await desk.faults('review', LOOKS)).toEqual([]);
  await page.getByRole('link', { name: 'Approve' }).click();
  await page.getByLabel('Note').fill('Called her: it is her.');
  expect(await desk.faults('review-approve')).toEqual([]);
  await page.getByRole('button', { name: 'Approve the payment' }).click();
  await page.getByText('the money is taken').waitFor();
  expect(await stateOf('ada', second.id)).toBe('paid');
  expect(await stateOf('ada', third.id)).toBe('in_review');
  await page.getByRole('link', { name: second.id }).first().click();
  await page.getByText('Called her: it is her.').waitFor();
  expect(await desk.faults('review-decided')).toEqual([]);
  await visit.end();
});

test('by keyboard alone, and without JavaScript: a payment is denied, and its unit can be bought again', async () => {
  const visit = await browser.visit(engine.url, { javaScript: false, size: 'phone' });
  const desk = new CmsDesk(visit);
  const keys = new Keyboard(visit);
  const { page } = visit;
  await engine.admin('PUT', '/customers/grace/status', { status: 'restricted' });
  const order = await bought('grace', 'one');
  expect(order).toMatchObject({ status: 202, state: 'in_review' });
  const stock = async (): Promise<unknown> =>
    (await engine.admin('GET', '/products/lamp-of-paper/stock')).body['available'];
  const before = (await stock()) as number;
  await desk.signIn(printedAccount(engine));
  await page.goto(`/cms/reviews?order=${order.id}`);
  await page.getByText('Held, in review').or(page.getByText('Held, not paid')).waitFor();
  await keys.press('Deny');
  await keys.type('Note', 'Not this time.');
  await keys.press('Deny the payment');
  await page.getByText('The payment is denied').waitFor();
  expect(await stateOf('grace', order.id)).toBe('cancelled');
  expect(await stock()).toBe(before + 1);
  await page.getByText('Not this time.').waitFor();
  expect(await desk.faults('reviews-denied', ['phone light'])).toEqual([]);
  await visit.end();
});

test('who holds units and does not pay is told by customer and by network', async () => {
  const visit = await browser.visit(engine.url);
  const desk = new CmsDesk(visit);
  const { page } = visit;
  for (const [customer, holds] of [
    ['hoarder', 3],
    ['slow', 1],
  ] as const)
    for (let hold = 0; hold < holds; hold++)
      expect((await engine.buy(tokenOf(customer), 'lamp-of-glass', `hold-${hold}`)).status).toBe(201);
  await desk.signIn(printedAccount(engine));
  await page.getByRole('link', { name: 'Customers' }).click();
  await page.getByRole('link', { name: 'Abandoned holds' }).click();
  const hoarder = page.getByRole('row', { name: 'hoarder' });
  await expect
    .poll(
      async () => {
        await page.getByRole('link', { name: 'Last hour' }).click();
        return (await hoarder.count()) === 0 ? '' : hoarder.locator('[data-label="Ran out"]').innerText();
      },
      { timeout: 60_000 },
    )
    .toBe('3');
  expect(await hoarder.locator('[data-label=Share]').innerText()).toBe('100 %');
  const network = page.getByRole('row', { name: '127.0.0.0/24' });
  expect(Number(await network.locator('[data-label="Ran out"]').innerText())).toBeGreaterThanOrEqual(3);
  expect(await desk.faults('abandonment', LOOKS)).toEqual([]);
  await hoarder.getByRole('link', { name: 'hoarder' }).click();
  await page.getByRole('heading', { name: 'Change the status' }).waitFor();
  await visit.end();
});
