// Risk control in the CMS: payments that wait for a person, one order's decisions, and customers' statuses, by the forms of its pages.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RiskOutcome } from '../../src/risk/index.ts';
import type { CmsBrowser } from '../harness/cms-browser.ts';
import { formOf, mainOf, placeOf, send } from '../harness/cms-forms.ts';
import { newCustomer, newOrderId, putOrder } from '../persistence/risk/rows.ts';
import { counts, PLAIN } from '../risk/facts.ts';
import { CmsApp } from './cms-app.ts';

let app: CmsApp;
let publisher: CmsBrowser;
let viewer: CmsBrowser;

beforeAll(async () => {
  app = await CmsApp.start();
  publisher = await app.signedIn('pia');
  viewer = await app.signedIn('vic', 'viewer');
});
afterAll(() => app?.stop());

interface Judged {
  readonly orderId: string;
  readonly customerId: string;
}

async function judged(outcome: RiskOutcome, reasons = ['Too many: it is.']): Promise<Judged> {
  const customerId = newCustomer();
  const orderId = await putOrder(app.pool, customerId, { id: newOrderId(), status: 'in_review' });
  await app.context.risk.decisions.keep({
    orderId,
    productId: 'sku-1',
    customerId,
    outcome,
    rules: 'abc123',
    reasons,
    facts: { ...PLAIN, ordersOfCustomer: counts(7), customersPerFingerprint: null, accountAgeSeconds: 7_200 },
  });
  return { orderId, customerId };
}

const waitingIn = (html: string): string | undefined => /cms-places-count"\s*>(\d+)/.exec(html)?.[1];

describe('reviews', () => {
  test('wait in a list with their reasons, and their count stands on every page', async () => {
    expect(waitingIn((await viewer.get('/cms')).html)).toBeUndefined();
    const first = await judged('review', ['New account: the account is 2 hours old (review).']);
    const second = await judged('review', ['<b>odd</b>']);
    await judged('allow');
    const list = await viewer.get('/cms/reviews');
    const text = mainOf(list);
    expect(text).toContain('New account: the account is 2 hours old (review).');
    expect(text.indexOf(first.customerId)).toBeLessThan(text.indexOf(second.customerId));
    expect(list.html).not.toContain('<b>odd</b>');
    expect(waitingIn(list.html)).toBe('2');
    expect(waitingIn((await viewer.get('/cms/history')).html)).toBe('2');
    // Who only looks has no buttons, and may not press them either.
    expect(list.html).not.toContain(`/cms/reviews/${first.orderId}/approve`);
    expect((await viewer.get(`/cms/reviews/${first.orderId}/approve`)).status).toBe(403);
    expect((await publisher.get('/cms/reviews')).html).toContain(`/cms/reviews/${first.orderId}/approve`);
    // An order that ended meanwhile waits for nobody.
    await app.pool.query(`UPDATE doorbuster.orders SET status = 'expired' WHERE id = $1`, [second.orderId]);
    expect(waitingIn((await viewer.get('/cms')).html)).toBe('1');
  });

  test('an order is looked up, and shows what its decision rested on', async () => {
    const { orderId, customerId } = await judged('deny', ['Blocked: the customer is blocked (deny).']);
    expect(placeOf(await viewer.get(`/cms/reviews?order=${orderId}`))).toBe(`/cms/reviews/${orderId}`);
    const text = mainOf(await viewer.get(`/cms/reviews/${orderId}`));
    for (const told of [
      'Denied',
      customerId,
      '1 unit, €19.99',
      'Blocked: the customer is blocked (deny).',
      'Orders of this customer 7 7 7 7',
      'The payment provider does not tell.',
      '2 hours',
      'Rules abc123',
    ])
      expect(text).toContain(told);
    const wrong = await viewer.get('/cms/reviews?order=not-an-order');
    expect([wrong.status, mainOf(wrong)]).toEqual([
      422,
      expect.stringContaining('Order must be an order’s number'),
    ]);
    for (const none of [newOrderId(), 'x', `${orderId}0`])
      expect((await viewer.get(`/cms/reviews/${none}`)).status, none).toBe(404);
  });

  test('there are as many pages as it takes', async () => {
    for (let more = 0; more < 26; more++) await judged('review');
    const first = await viewer.get('/cms/reviews');
    const next = /href="(\/cms\/reviews\?after=\d+)"/.exec(first.html)![1]!;
    expect(first.html.match(/review-card"/g)).toHaveLength(25);
    const second = await viewer.get(next);
    expect(mainOf(second)).not.toContain('Judged lately');
    expect(second.html.match(/review-card"/g)!.length).toBeGreaterThan(0);
    expect(mainOf(await viewer.get('/cms/reviews?after=999999999999999'))).toContain('No more wait');
    expect((await viewer.get('/cms/reviews?after=-1')).html).toContain('Judged lately');
  });

  test.each([
    ['approve', 'paid', 'The payment is approved, and the money is taken.'],
    ['approve', 'pending', 'The bank has not answered yet'],
    ['approve', 'declined', 'the bank declined it'],
    ['deny', 'denied', 'The payment is denied, and its units can be bought again.'],
  ] as const)('%s: what came of it is told when it is %s', async (how, settled, told) => {
    const { orderId } = await judged('review');
    const path = `/cms/reviews/${orderId}/${how}`;
    app.settled = settled;
    const place = placeOf(
      await send(publisher, formOf(await publisher.get(path), path), { note: 'As agreed.' }),
    );
    expect(mainOf(await publisher.get(place))).toContain(told);
    const order = mainOf(await viewer.get(`/cms/reviews/${orderId}`));
    expect(order).toContain('As agreed.');
    expect(order).toContain(how === 'approve' ? 'Allowed' : 'Denied');
    // Money that is on its way can still be denied.
    expect((await publisher.get(path)).status).toBe(settled === 'pending' ? 200 : 409);
  });

  test('what cannot be carried out is kept, told to whoever looks, and done by doing it again', async () => {
    const { orderId } = await judged('review');
    const path = `/cms/reviews/${orderId}/approve`;
    const form = formOf(await publisher.get(path), path);
    app.settled = 'unavailable';
    const failed = await send(publisher, form);
    expect([failed.status, mainOf(failed)]).toEqual([
      503,
      expect.stringContaining('This is not carried out yet'),
    ]);
    const waiting = await publisher.get(path);
    expect(mainOf(waiting)).toContain('pia approved it, and that is not carried out yet.');
    // Another one who decides otherwise meanwhile is told whose word stands.
    const deny = `/cms/reviews/${orderId}/deny`;
    const otherwise = await send(publisher, formOf(await publisher.get(deny), deny));
    expect([otherwise.status, mainOf(otherwise)]).toEqual([
      409,
      expect.stringContaining('pia approved this payment'),
    ]);
    app.settled = 'paid';
    placeOf(await send(publisher, formOf(waiting, path)));
    expect((await publisher.get(path)).status).toBe(409);
    app.settled = 'gone';
    const late = (await judged('review')).orderId;
    const latePath = `/cms/reviews/${late}/approve`;
    const gone = await send(publisher, formOf(await publisher.get(latePath), latePath));
    expect([gone.status, mainOf(gone)]).toEqual([
      409,
      expect.stringContaining('Nothing of this order waits'),
    ]);
  });

  test('what waits for nobody is not decided, and a note has its bound', async () => {
    const { orderId } = await judged('allow');
    const path = `/cms/reviews/${orderId}/deny`;
    expect((await publisher.get(path)).status).toBe(409);
    const csrf = await publisher.csrf();
    expect((await publisher.post(path, { csrf, note: '' })).status).toBe(409);
    const open = `/cms/reviews/${(await judged('review')).orderId}/approve`;
    const long = await send(publisher, formOf(await publisher.get(open), open), { note: 'x'.repeat(1_001) });
    expect([long.status, mainOf(long)]).toEqual([422, expect.stringContaining('at most 1000 characters')]);
    expect(long.html).toContain('x'.repeat(1_001));
    expect((await viewer.post(open, { csrf: await viewer.csrf(), note: '' })).status).toBe(403);
  });
});

describe('a customer', () => {
  const pathOf = (customerId: string): string => `/cms/customers?id=${encodeURIComponent(customerId)}`;
  const set = async (browser: CmsBrowser, customerId: string, filled: Record<string, string>) => {
    const path = pathOf(customerId);
    return send(browser, formOf(await browser.get(path), path), filled);
  };

  test('is looked up, and what was decided on their payments is told', async () => {
    const { customerId, orderId } = await judged('deny', ['Blocked: the customer is blocked (deny).']);
    const text = mainOf(await viewer.get(pathOf(customerId)));
    for (const told of [orderId, 'Denied', 'Nobody: whoever is not known is active'])
      expect(text).toContain(told);
    expect(text).not.toContain('Set the status');
    expect(mainOf(await viewer.get(pathOf('ümläut & co')))).toContain('ümläut & co');
    for (const wrong of ['x'.repeat(129), 'a\u0001b']) {
      const page = await viewer.get(pathOf(wrong));
      expect([page.status, mainOf(page)]).toEqual([422, expect.stringContaining('Customer must be an id')]);
    }
  });

  test('gets another status, and the history says whose, from what to what, and why', async () => {
    const customerId = newCustomer();
    const before = app.statusChanges;
    const place = placeOf(
      await set(publisher, customerId, { status: 'blocked', note: 'Two cards, one name.' }),
    );
    expect(place).toBe(`${pathOf(customerId)}&done=status-saved`);
    expect(app.statusChanges).toBe(before + 1);
    expect(await app.context.risk.statuses.find(customerId)).toMatchObject({
      status: 'blocked',
      asOf: app.now,
      source: 'pia, at the CMS',
    });
    expect(mainOf(await publisher.get(place))).toContain('The status is set.');
    const history = mainOf(await viewer.get('/cms/history'));
    expect(history).toContain(
      `pia Status of a customer set Customer ${customerId} Status active → blocked Note Two cards, one name.`,
    );
    expect(placeOf(await set(publisher, customerId, { status: 'blocked' }))).toContain(
      'done=status-unchanged',
    );
  });

  test('of whom somebody else said something meanwhile is not changed', async () => {
    const customerId = newCustomer();
    const path = pathOf(customerId);
    const form = formOf(await publisher.get(path), path);
    const asOf = app.now + 60_000;
    await app.context.risk.statuses.save([
      { customerId, status: 'restricted', accountCreatedAt: undefined, asOf, source: 'fraud desk' },
    ]);
    const late = await send(publisher, form, { status: 'blocked', note: 'mine' });
    expect([late.status, mainOf(late)]).toEqual([409, expect.stringContaining('meanwhile: fraud desk')]);
    expect(formOf(late, path).fields.get('note')).toBe('mine');
    expect((await app.context.risk.statuses.find(customerId)).status).toBe('restricted');
    // The clock of the other system is ahead: who has seen its word says the next one all the same.
    placeOf(await send(publisher, formOf(late, path), { status: 'active' }));
    expect(await app.context.risk.statuses.find(customerId)).toMatchObject({
      status: 'active',
      asOf: asOf + 1,
    });
  });

  test('is changed by publishers alone, with a status that there is', async () => {
    const customerId = newCustomer();
    const path = pathOf(customerId);
    for (const role of ['viewer', 'editor'] as const) {
      const browser = await app.signedIn(`no-${role}`, role);
      const sent = await browser.post(path, {
        csrf: await browser.csrf(),
        status: 'blocked',
        note: '',
        seen: '',
      });
      expect(sent.status).toBe(403);
    }
    const wrong = await set(publisher, customerId, { status: 'cursed' });
    expect([wrong.status, mainOf(wrong)]).toEqual([422, expect.stringContaining('one of the four choices')]);
    const foreign = await publisher.post(path, { csrf: 'x', status: 'blocked', note: '', seen: '' });
    expect(foreign.status).toBe(403);
    expect((await app.context.risk.statuses.find(customerId)).asOf).toBeUndefined();
    expect(app.faults).toEqual([]);
  });
});

test('who holds units and does not pay is told by customer and by network', async () => {
  expect(mainOf(await viewer.get('/cms/abandonment'))).toContain('No holds');
  const hold = async (customerId: string, status: 'expired' | 'paid', network: string): Promise<void> => {
    const id = await putOrder(app.pool, customerId, { id: newOrderId(), status });
    await app.pool.query(
      `INSERT INTO doorbuster_catalogue.order_origins (order_id, product_id, customer_id, network, address, at)
       VALUES ($1, 'sku-1', $2, $3, 'a', now() - interval '2 hours')`,
      [id, customerId, network],
    );
  };
  for (const status of ['expired', 'expired', 'expired', 'paid'] as const)
    await hold('hoarder', status, '203.0.113.0/24');
  await hold('slow', 'expired', '203.0.113.0/24');
  await hold('ada', 'paid', '2001:db8:1::/48');
  const page = await viewer.get('/cms/abandonment');
  const text = mainOf(page);
  expect(text).toContain('hoarder 3 75 % 0 0 1 4');
  expect(text).toContain('203.0.113.0/24 2 customers 4 80 % 0 0 1 5');
  expect(text.indexOf('hoarder')).toBeLessThan(text.indexOf('slow'));
  expect(text).not.toContain('2001:db8:1::/48');
  expect(page.html.match(/class="hold-bar"/g)).toHaveLength(3);
  expect(mainOf(await viewer.get('/cms/abandonment?hours=1'))).toContain('No holds');
  expect(mainOf(await viewer.get('/cms/abandonment?hours=nonsense'))).toContain('hoarder');
});
