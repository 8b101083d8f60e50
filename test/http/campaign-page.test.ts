// The pages for shoppers at a real node, as somebody sees them who has no scripts: campaigns, the shop, and orders.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CampaignDesk, type PublishedCampaign } from '../harness/campaign-desk.ts';
import { CmsBrowser, type Page } from '../harness/cms-browser.ts';
import { formOf, mainOf, placeOf, send } from '../harness/cms-forms.ts';
import { Engine } from '../harness/engine.ts';
import { inSeconds, sign } from './tokens.ts';

let engine: Engine;
let desk: CampaignDesk;
let open: PublishedCampaign;
let gold: PublishedCampaign;
let few: PublishedCampaign;

beforeAll(async () => {
  engine = await Engine.start({ env: { WORKERS: '1' } });
  desk = await CampaignDesk.at(engine);
  open = await desk.publish({
    title: 'Open <house> day',
    description: 'First line.\n\n  "Second" & last.',
    products: [
      { name: 'Kettle <steel> pot', price: '1249.00', listPrice: '1500.00', quantity: 50, limit: 3 },
      { name: 'Cup', price: '9.50', quantity: 5, limit: 5, holdSeconds: 0 },
    ],
  });
  gold = await desk.publish({
    title: 'Gold hour',
    entry: 'claim',
    claim: { name: 'tier', value: 'gold' },
    products: [{ name: 'Ring' }],
  });
  few = await desk.publish({
    title: 'One only',
    products: [{ name: 'Print', quantity: 1, limit: 1 }, { name: 'Later print' }],
  });
});
afterAll(() => engine?.remove());

/** A browser says where a form comes from. */
const browser = (origin = engine.url): CmsBrowser =>
  new CmsBrowser((path, init) => {
    const headers = new Headers(init.headers);
    headers.set('Accept', 'text/html');
    headers.set('Origin', origin);
    return fetch(engine.url + path, { ...init, headers, redirect: 'manual' });
  });

async function shopper(customerId: string, claims: object = {}): Promise<CmsBrowser> {
  const signedIn = browser();
  const token = sign({
    sub: customerId,
    iat: inSeconds(0),
    exp: inSeconds(120),
    jti: crypto.randomUUID(),
    ...claims,
  });
  placeOf(await signedIn.post('/session', { token, next: '/' }));
  return signedIn;
}

/** The form of a product's ticket. */
function ticketForm({ html }: Page, productId: string) {
  const ticket = new RegExp(`<article[^>]*id="ticket-${productId}".*?</article>`, 's').exec(html);
  if (ticket === null) throw new Error(`no ticket of ${productId} in:\n${mainOf({ html })}`);
  return formOf({ ...({} as Page), html: ticket[0] });
}

const buy = async (
  who: CmsBrowser,
  from: PublishedCampaign,
  at: number,
  filled: Record<string, string> = {},
) => send(who, ticketForm(await who.get(from.path), from.productIds[at]!), filled);

describe('the page of a campaign', () => {
  test('is shown to everybody when everybody may enter, and says how to buy', async () => {
    const page = await browser().get(open.path);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=UTF-8');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
    const text = mainOf(page);
    expect(text).toMatch(/^Open <house> day First line\. "Second" & last\. On sale until /);
    expect(text).toMatch(/Kettle <steel> pot.*Up to 3 per customer.*Now €1,249\.00 Before €1,500\.00/);
    expect(text).toContain('50 of 50 left');
    expect(page.html).toContain(`href="/sign-in?next=${encodeURIComponent(open.path)}">Sign in to buy</a>`);
    expect(page.html).not.toMatch(/<form|<style|style=|<script(?![^>]*src=)|gap-[0-9a-f]{8}/);
  });

  test('greets whoever is signed in, and keeps their name text', async () => {
    const ada = await shopper('ada"><b>', { name: 'Ada <b>"&' });
    const page = await ada.get(open.path);
    expect(page.html).toContain('<strong class="identity-name">Ada &lt;b&gt;&quot;&amp;</strong>');
    expect(page.html).toContain('data-customer="ada&quot;&gt;&lt;b&gt;"');
    expect(page.html).toMatch(/<form method="post" action="\/session\/end">/);
    const other = await (await shopper('grace')).get(open.path);
    expect(other.html).toContain('<strong class="identity-name">grace</strong>');
    expect(other.html).not.toContain('Ada');
    const [one, two] = [page, other].map((each) => ticketForm(each, open.productIds[0]!).fields);
    expect(one!.get('csrf')).not.toBe(two!.get('csrf'));
    expect(one!.get('key')).not.toBe(two!.get('key'));
    expect((await ada.get(open.path)).html).not.toContain(one!.get('key'));
  });

  test('writes money, numbers and hours as the reader does', async () => {
    const text = async (language: string): Promise<string> =>
      mainOf(await browser().get(open.path, { 'Accept-Language': language }));
    expect(await text('de-AT, en;q=0.5')).toMatch(/€\s1\.249,00|1\.249,00\s€/);
    expect(await text('ja')).toMatch(/€1,249\.00.*\d{4}年/);
    expect(await text('en-GB;q=0.9, de;q=0.1')).toContain('€1,249.00');
    const odd = ['"><script>', '*', 'x'.repeat(5_000), 'de-u-ca-buddhist-x-%00', ';;;q=,,', 'zz-ZZ'];
    for (const language of odd) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other says which one
      const page = await browser().get(open.path, { 'Accept-Language': language });
      expect([language, page.status]).toEqual([language, 200]);
      expect(page.html).toContain('<html lang="en">');
      expect(page.html).not.toContain('<script>');
    }
  });

  test('follows the sale: what was sold is not offered', async () => {
    const ada = await shopper('follower');
    await buy(ada, open, 1, { quantity: '2' });
    await expect
      .poll(async () => mainOf(await browser().get(open.path)), { timeout: 60_000 })
      .toContain('3 of 5 left');
  });

  test('is for nobody while it is a draft, and tells of a pause', async () => {
    const paused = await desk.publish({ title: 'To be paused', products: [{ name: 'Lamp' }] });
    await desk.step(paused.id, 'pause');
    await expect
      .poll(async () => mainOf(await browser().get(paused.path)), { timeout: 60_000 })
      .toMatch(/Paused for now .*Lamp.*Paused by the shop/);
    await desk.step(paused.id, 'cancel');
    await expect
      .poll(async () => mainOf(await browser().get(paused.path)), { timeout: 60_000 })
      .toMatch(/Cancelled This sale will not go on/);
    const ada = await shopper('ada');
    expect((await ada.get('/c/never-published')).status).toBe(404);
  });
});

describe('whoever may not enter', () => {
  const plain = ({ status, html, headers }: Page) => {
    const { date: _, ...others } = Object.fromEntries(headers);
    return { status, html, others };
  };

  test('gets what is at an address where nothing is, when they are signed in', async () => {
    const silver = await shopper('silver', { tier: 'silver' });
    const closed = plain(await silver.get(gold.path));
    expect(closed.status).toBe(404);
    expect(closed).toEqual(plain(await silver.get('/c/no-such-campaign')));
    expect(mainOf(closed)).toContain('No door here');
    // Who followed a link for another account of theirs sees as whom they came.
    expect(closed.html).toMatch(/Signed in as[^]*silver[^]*action="\/session\/end"/);
    expect(mainOf(await (await shopper('golden', { tier: 'gold' })).get(gold.path))).toContain('Ring');
  });

  test('is asked to sign in otherwise, whatever the address says', async () => {
    const slugs = [
      'gold-hour',
      'no-such',
      '%00',
      '..%2f..%2fcms',
      '%E2%98%83',
      'a'.repeat(3_000),
      '%22%3E%3Cb%3E',
    ];
    for (const slug of slugs) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other says which one
      const page = await browser().get(`/c/${slug}`);
      const place = placeOf(page);
      expect(place).toMatch(/^\/sign-in\?next=%2Fc%2F/);
      expect(decodeURIComponent(new URL(place, engine.url).searchParams.get('next')!)).toBe(
        `/c/${decodeURIComponent(slug)}`,
      );
      expect(page.headers.get('cache-control')).toBe('no-store');
    }
  });

  test('does not find it in the shop, nor its products', async () => {
    const shop = (await (await shopper('silver', { tier: 'silver' })).get('/')).html;
    expect(shop).toContain(`href="${open.path}"`);
    expect(shop).not.toContain('Gold hour');
    const golden = (await (await shopper('golden', { tier: 'gold' })).get('/')).html;
    expect(golden).toContain(`href="${gold.path}"`);
    // Behind a campaign's door is nothing of it, for whoever may enter too.
    for (const id of [...gold.productIds, ...open.productIds]) {
      expect(shop).not.toContain(id);
      expect(golden).not.toContain(id);
    }
  });

  test('cannot send its form', async () => {
    const silver = await shopper('silver', { tier: 'silver' });
    const { fields } = ticketForm(await silver.get(open.path), open.productIds[0]!);
    const form = { csrf: fields.get('csrf')!, key: 'a-key', quantity: '1', product: gold.productIds[0]! };
    for (const path of [`${gold.path}/orders`, `${open.path}/orders`, '/c/no-such/orders', '/orders']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other says which one
      expect([path, (await silver.post(path, form)).status]).toEqual([path, 404]);
    }
  });
});

describe('without a script', () => {
  test('a shopper buys, pays, and finds it among their orders', async () => {
    const ada = await shopper('buyer');
    const place = placeOf(await buy(ada, open, 0, { quantity: '2' }));
    expect(place).toMatch(/^\/orders\/[a-z0-9]+$/);
    const order = await ada.get(place);
    expect(order.headers.get('cache-control')).toBe('no-store');
    expect(mainOf(order)).toMatch(
      /Reserved for you .*Pay by .* left when this page was made.*Kettle <steel> pot/,
    );
    expect(placeOf(await send(ada, formOf(order, `${place}/payment`)))).toBe(place);
    expect(mainOf(await ada.get(place))).toMatch(/Paid\. It’s yours\. .*€2,498\.00/);
    await expect
      .poll(async () => mainOf(await ada.get('/orders')), { timeout: 60_000 })
      .toMatch(/Kettle <steel> pot Paid 2 units · €2,498\.00/);
    expect((await ada.get(place)).html).toContain(`href="${open.path}"`);
  });

  test('a shopper cancels, and is told how it stands when it is too late to', async () => {
    const ada = await shopper('canceller');
    const place = placeOf(await buy(ada, open, 0));
    const form = formOf(await ada.get(place), `${place}/cancel`);
    expect(placeOf(await send(ada, form))).toBe(place);
    expect(mainOf(await ada.get(place))).toContain('Cancelled It is back on sale');
    // Nothing is taken for it any more.
    const dead = await ada.post(`${place}/payment`, Object.fromEntries(form.fields));
    expect(dead.status).toBe(409);
    expect(mainOf(dead)).toMatch(/Cancelled .*This order had already changed/);
    const sold = placeOf(await buy(ada, open, 1));
    const late = await ada.post(`${sold}/cancel`, Object.fromEntries(form.fields));
    expect(late.status).toBe(409);
    expect(mainOf(late)).toMatch(/Paid\. .*This order had already changed/);
  });

  test('the form sent twice is one order, and a refusal keeps key and quantity', async () => {
    const ada = await shopper('doubler');
    const form = ticketForm(await ada.get(open.path), open.productIds[0]!);
    const first = placeOf(await send(ada, form, { quantity: '2' }));
    expect(placeOf(await send(ada, form, { quantity: '2' }))).toBe(first);
    const other = await send(ada, form, { quantity: '1' });
    expect(other.status).toBe(422);
    expect(mainOf(other)).toContain('You have ordered this already, with another quantity');
    // The key belongs to the order that there is: the next wish has another one.
    expect(ticketForm(other, open.productIds[0]!).fields.get('key')).not.toBe(form.fields.get('key'));
    const again = ticketForm(await ada.get(open.path), open.productIds[0]!);
    const refused = await send(ada, again, { quantity: '3' });
    expect(refused.status).toBe(409);
    expect(refused.html).toMatch(/role="alert"[^>]*>You already have as many as one customer may buy\./);
    const kept = ticketForm(refused, open.productIds[0]!).fields;
    expect([kept.get('key'), kept.get('quantity')]).toEqual([again.fields.get('key'), '3']);
    // No other ticket is concerned.
    expect(refused.html.match(/role="alert"/g)).toHaveLength(1);
    expect(ticketForm(refused, open.productIds[1]!).fields.get('quantity')).toBe('1');
  });

  test.each([['/c/open-house-day'], ['/']])(
    'a key that somebody wrote comes back as text on %s',
    async (path) => {
      const key = '"><script/src=//evil.example></script>';
      const ada = await shopper('writer');
      const { fields } = ticketForm(await ada.get(open.path), open.productIds[0]!);
      const form = { ...Object.fromEntries(fields), key, quantity: '0' };
      const refused = await ada.post(`${path}/orders`.replace('//', '/'), form);
      expect(refused.status).toBe(400);
      expect(refused.html).not.toContain('evil.example></script>');
      if (path !== '/') expect(refused.html).toContain('value="&quot;&gt;&lt;script/src=//evil.example&gt;');
    },
  );

  test('the second shopper of one unit is told that it is gone', async () => {
    const [fast, slow] = [await shopper('fast'), await shopper('slow')];
    const form = ticketForm(await slow.get(few.path), few.productIds[0]!);
    placeOf(await buy(fast, few, 0));
    const refused = await send(slow, form);
    expect(refused.status).toBe(409);
    expect(mainOf(refused)).toContain('Someone was faster: none was left when your order arrived.');
  });

  test('a product in no campaign is bought in the shop itself', async () => {
    await engine.product('loose-thing', { quantity: 3 });
    const ada = await shopper('window-shopper');
    await expect
      .poll(async () => (await ada.get('/')).html, { timeout: 60_000 })
      .toContain('ticket-loose-thing');
    const form = ticketForm(await ada.get('/'), 'loose-thing');
    expect(form.action).toBe('/orders');
    const place = placeOf(await send(ada, form));
    expect(mainOf(await ada.get(place))).toContain('Product loose-thing');
    const refused = await send(ada, ticketForm(await ada.get('/'), 'loose-thing'));
    expect(refused.status).toBe(409);
    expect(mainOf(refused)).toContain('You already have as many as one customer may buy.');
    expect(mainOf(await browser().get('/'))).toMatch(/Product loose-thing.*Sign in to buy/);
  });

  test('what came of a form of the shop is said, though the shop shows its product no more', async () => {
    await engine.product('crowded-out', { quantity: 3 });
    const ada = await shopper('late-sender');
    const csrf = formOf(await ada.get('/'), '/session/end').fields.get('csrf')!;
    const wish = { csrf, key: 'of-an-old-page', product: 'crowded-out' };
    const placed = placeOf(await ada.post('/orders', { ...wish, quantity: '1' }));
    // Later products are in the window, which has room for some of them.
    await Promise.all(
      Array.from({ length: 24 }, (_, n) => engine.product(`newer-${n}`, { startsInMs: 60_000 })),
    );
    await expect
      .poll(async () => (await ada.get('/')).html, { timeout: 60_000 })
      .not.toContain('ticket-crowded-out');
    const refused = await ada.post('/orders', { ...wish, quantity: '2' });
    expect(refused.status).toBe(422);
    expect(mainOf(refused)).toContain('You have ordered this already, with another quantity');
    expect(ticketForm(refused, 'crowded-out').fields.get('key')).not.toBe(wish.key);
    expect((await ada.get(placed)).status).toBe(200);
    const unknown = await ada.post('/orders', { ...wish, product: 'never-was', quantity: '1' });
    expect(unknown.status).toBe(404);
    expect(unknown.html).toMatch(
      /role="alert"[^>]*>This is not for sale to you any more\. Nothing was ordered\./,
    );
    const hidden = await ada.post('/orders', { ...wish, product: gold.productIds[0]!, quantity: '1' });
    // Clocks go on, and other products sell.
    const still = (answer: typeof hidden): string => mainOf(answer).replace(/\d+/g, '0');
    expect(still(hidden)).toBe(still(unknown));
  });

  test('an invitation is taken into the session and leaves the address; nobody else’s is one', async () => {
    const party = await desk.publish({ title: 'Party', entry: 'invitation', products: [{ name: 'Glass' }] });
    const { Invitations } = await import('../../src/http/index.ts');
    const { systemClock } = await import('../../src/runtime/index.ts');
    const { AUTH_SECRET } = await import('../harness/engine.ts');
    const invitation = new Invitations(AUTH_SECRET, systemClock).sign({
      campaignId: party.id,
      customerId: 'guest',
      expiresAt: Date.now() + 600_000,
    });
    const link = `${party.path}?invitation=${invitation}`;
    const asked = new URL(placeOf(await browser().get(link)), engine.url);
    expect(asked.searchParams.get('next')).toBe(link);
    const guest = await shopper('guest');
    expect((await guest.get(party.path)).status).toBe(404);
    expect(placeOf(await guest.get(link))).toBe(party.path);
    expect(mainOf(await guest.get(party.path))).toContain('Glass');
    expect((await (await shopper('stranger')).get(link)).status).toBe(404);
  });
});

describe('forms from elsewhere', () => {
  test('order nothing', async () => {
    const ada = await shopper('careful');
    const form = ticketForm(await ada.get(open.path), open.productIds[0]!);
    const foreign = browser('https://elsewhere.example');
    for (const [name, value] of ada.cookies) foreign.cookies.set(name, value);
    const answers = [
      await send(foreign, form),
      await ada.post(form.action, { ...Object.fromEntries(form.fields), csrf: 'made-up' }),
      await ada.post(form.action, {}),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
    for (const answer of answers) expect(mainOf(answer)).toContain('That did not work');
    const signedOut = await browser().post(form.action, Object.fromEntries(form.fields));
    expect(placeOf(signedOut)).toBe(`/sign-in?signed-out&next=${encodeURIComponent(open.path)}`);
    expect(mainOf(await ada.get('/orders'))).toContain('Nothing yet.');
  });

  test('pay and cancel nothing, and nobody sees a stranger’s order', async () => {
    const ada = await shopper('owner');
    const place = placeOf(await buy(ada, open, 0));
    const { fields } = formOf(await ada.get(place), `${place}/cancel`);
    const made = { ...Object.fromEntries(fields), csrf: 'made-up' };
    expect((await ada.post(`${place}/cancel`, made)).status).toBe(403);
    const mallory = await shopper('mallory');
    const { fields: theirs } = ticketForm(await mallory.get(open.path), open.productIds[0]!);
    expect((await mallory.get(place)).status).toBe(404);
    for (const deed of ['payment', 'cancel']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other says which one
      const answer = await mallory.post(`${place}/${deed}`, { csrf: theirs.get('csrf')! });
      expect([deed, answer.status]).toEqual([deed, 404]);
    }
    expect(mainOf(await ada.get(place))).toContain('Reserved for you');
    expect(placeOf(await browser().get(place))).toBe(`/sign-in?next=${encodeURIComponent(place)}`);
    expect((await ada.get('/orders/not-an-order')).status).toBe(404);
  });

  test('with odd fields are answered in words', async () => {
    const ada = await shopper('odd-fields');
    const form = ticketForm(await ada.get(open.path), open.productIds[0]!);
    for (const quantity of ['0', '-1', '1.5', 'many', '99999999999', '1e3']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other says which one
      const answer = await send(ada, form, { quantity });
      expect([quantity, answer.status]).toEqual([quantity, 400]);
      expect(mainOf(answer)).toContain('Nothing was ordered.');
    }
    const tooLong = await ada.post(form.action, {
      ...Object.fromEntries(form.fields),
      product: 'x'.repeat(9_000),
    });
    expect(tooLong.status).toBe(413);
  });
});
