// The CMS of a real node by its forms alone, as somebody without JavaScript uses it: from the first campaign to the purchase, and
// what is told to whoever makes a mistake.

import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CmsBrowser, type Page } from '../harness/cms-browser.ts';
import { formOf, mainOf, placeOf, send, type ChosenFile } from '../harness/cms-forms.ts';
import { Engine } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';

const PASSWORD = 'correct horse battery';
const HOUR_MS = 3_600_000;

let engine: Engine;
let ada: CmsBrowser;

beforeAll(async () => {
  engine = await Engine.start({ env: { WORKERS: '2' } });
  ada = await signedIn('Ada', 'publisher');
});
afterAll(() => engine?.remove());

async function signedIn(name: string, role: string): Promise<CmsBrowser> {
  const email = `${name.toLowerCase()}@shop.example`;
  const added = await engine.admin('POST', '/users', { email, name, role, password: PASSWORD });
  expect(added.status).toBe(201);
  const browser = CmsBrowser.at(engine.url);
  placeOf(await browser.signIn(email, PASSWORD));
  return browser;
}

/** By the clocks of UTC. */
const hour = (fromNowMs: number): string => new Date(Date.now() + fromNowMs).toISOString().slice(0, 16);

async function newCampaign(title: string, fields: Record<string, string> = {}): Promise<string> {
  const form = formOf(await ada.get('/cms/campaigns/new'));
  const hours = { startsAt: hour(-HOUR_MS), endsAt: hour(HOUR_MS) };
  return placeOf(await send(ada, form, { title, ...hours, ticket: '', ...fields })).replace(/\?.*/, '');
}

async function newProduct(campaign: string, fields: Record<string, string | ChosenFile>): Promise<string> {
  const form = formOf(await ada.get(`${campaign}/products/new`));
  const typed = { name: 'Ember kettle', amount: '49.90', quantity: '10', ...fields };
  return placeOf(await send(ada, form, typed)).replace(/\?.*/, '');
}

async function press(path: string, browser = ada): Promise<Page> {
  return send(browser, formOf(await browser.get(path)));
}

const idOf = (product: string): string => product.split('/').at(-1)!;
const errorsIn = ({ html }: Page): string[] =>
  [...html.matchAll(/<p class="field-error" id="([^"]+)-error">/g)].map(([, field]) => field!);

async function stockOf(product: string): Promise<Record<string, unknown>> {
  return (await engine.admin('GET', `/products/${idOf(product)}/stock`)).body;
}

async function picture(): Promise<ChosenFile> {
  const image = sharp({ create: { width: 800, height: 600, channels: 3, background: '#c2410c' } });
  return { name: 'kettle.jpg', bytes: new Uint8Array(await image.jpeg().toBuffer()) };
}

test('a campaign is made, refused publication with reasons, mended, published, confirmed by the engine, and sells', async () => {
  expect(mainOf(await ada.get('/cms'))).toContain('No campaigns yet');
  const campaign = await newCampaign('Summer <b>drop</b>');
  const overview = await ada.get(campaign);
  expect(overview.html).toContain('Summer &lt;b&gt;drop&lt;/b&gt;');
  expect(overview.html).not.toContain('<b>drop');
  expect(mainOf(overview)).toContain('The campaign has no products');

  const product = await newProduct(campaign, {
    sku: '',
    amount: '',
    'new-image-0-file': await picture(),
    'new-image-0-alt': 'A red kettle',
  });
  const refused = await ada.get(`${campaign}/publish`);
  expect(mainOf(refused)).toContain('This campaign cannot be published yet');
  for (const [field, reason] of [
    ['sku', 'It has no SKU.'],
    ['amount', 'It has no sale price.'],
  ])
    expect(refused.html).toContain(`<a href="${product}/edit#${field}">${reason}</a>`);
  // The page has no button then; whoever sends the form all the same is refused.
  const sent = await ada.post(`${campaign}/publish`, { csrf: await ada.csrf(), version: '1' });
  expect([sent.status, mainOf(sent).includes('It has no SKU.')]).toEqual([409, true]);

  placeOf(
    await send(ada, formOf(await ada.get(`${product}/edit`)), {
      sku: 'EK-1',
      amount: '49.90',
      listAmount: '99',
    }),
  );
  expect(mainOf(await ada.get(`${campaign}/publish`))).toContain(
    'They can be bought from the moment you publish : the start has passed.',
  );
  placeOf(await press(`${campaign}/publish`));
  await waitUntil('the engine has confirmed it', async () =>
    mainOf(await ada.get(product)).includes('Confirmed by the engine at'),
  );
  expect(mainOf(await ada.get('/cms'))).toMatch(/Summer <b>drop<\/b> .*Live/);
  const shown = await ada.get(product);
  expect(shown.html).toMatch(/<img\s[^>]*alt="A red kettle"/);
  const image = /<img\s[^>]*src="(\/assets\/[^"]+)"/.exec(shown.html)![1]!;
  expect((await ada.get(image)).headers.get('content-type')).toMatch(/^image\//);

  const bought = await engine.buy(await engine.token('grace'), idOf(product), 'key-1');
  expect(bought).toMatchObject({ status: 201, body: { unitPrice: { amount: 4_990, currency: 'EUR' } } });
  const preview = await ada.get(`${campaign}/preview`);
  expect(mainOf(preview)).toMatch(/Preview\. Nobody can buy here\..*€49\.90 Before €99\.00/);
});

test('a form of a new product that is sent twice makes one, and says so; an address with a slash leads on', async () => {
  const campaign = await newCampaign('Twice');
  const form = formOf(await ada.get(`${campaign}/products/new`));
  const typed = { name: 'Ember kettle', amount: '49.90', quantity: '10', sku: 'TW-1' };
  const [one, other] = await Promise.all([send(ada, form, typed), send(ada, form, typed)]);
  expect(placeOf(one).replace(/\?.*/, '')).toBe(placeOf(other).replace(/\?.*/, ''));
  const late = placeOf(await send(ada, form, { ...typed, name: 'Another' }));
  expect(mainOf(await ada.get(late))).toMatch(
    /made this product\. What was sent again is not saved.*Ember kettle/,
  );
  expect(mainOf(await ada.get(campaign))).toMatch(/Products 1 /);

  // A mistake in between keeps its name; what is no name of a form does not count as one.
  const next = formOf(await ada.get(`${campaign}/products/new`));
  const wrong = formOf(await send(ada, next, { ...typed, name: '' }));
  expect(wrong.fields.get('ending')).toBe(next.fields.get('ending'));
  placeOf(await send(ada, wrong, { ...typed, ending: 'kettle', name: 'By hand' }));
  placeOf(await send(ada, wrong, { ...typed, name: 'Second', sku: 'TW-2' }));
  expect(mainOf(await ada.get(campaign))).toMatch(/Products 3 /);

  expect(placeOf(await ada.get('/cms/'))).toBe('/cms');

  // Their start has passed: nothing of the preview says that they open then.
  const preview = mainOf(await ada.get(`${campaign}/preview`));
  expect(preview).toMatch(/Twice Opens when it is published .*No picture/);
  expect(preview).not.toContain('From');
});

test('units are added and withdrawn through the actor, once for each form, and what it refuses is told', async () => {
  const campaign = await newCampaign('Stock');
  const product = await newProduct(campaign, { sku: 'ST-1' });
  placeOf(await press(`${campaign}/publish`));

  const page = await ada.get(product);
  const add = formOf(page, `${product}/stock`);
  expect(add.fields.get('way')).toBe('add');
  const [once, twice] = [await send(ada, add, { add: '50' }), await send(ada, add, { add: '50' })];
  expect(placeOf(once)).toBe(placeOf(twice));
  expect(mainOf(await ada.get(placeOf(once)))).toContain('Added 50 units, confirmed by the engine');
  expect(await stockOf(product)).toMatchObject({ loaded: 60, available: 60 });
  const other = await send(ada, add, { add: '51' });
  expect([other.status, mainOf(other)]).toEqual([422, expect.stringContaining('another number of units')]);

  await engine.buy(await engine.token('grace'), idOf(product), 'key-2');
  const withdraw = await ada.get(product);
  const fields = { csrf: await ada.csrf(), way: 'withdraw', requestId: 'of-this-test' };
  expect(withdraw.html).toContain('Withdraw units');
  const tooMany = placeOf(await ada.post(`${product}/stock`, { ...fields, withdraw: '60' }));
  expect(mainOf(await ada.get(tooMany))).toMatch(
    /The engine refused to withdraw 60 units\. 60 units cannot be withdrawn/,
  );
  expect(await stockOf(product)).toMatchObject({ loaded: 60, withdrawn: 0 });
  const history = mainOf(await ada.get(`${campaign}/history`));
  expect(history).toMatch(
    /Ada Withdrawal of 60 units asked for Ember kettle Refused 60 units cannot be withdrawn/,
  );
  expect(history).toMatch(/Ada Addition of 50 units asked for Ember kettle Confirmed Done by the engine/);
  for (const [units, problem] of [
    ['0', 'from 1 to 10000000'],
    ['-3', 'from 1 to 10000000'],
    ['1.5', 'in digits alone'],
    ['', 'in digits alone'],
  ] as const) {
    const answered = await send(ada, formOf(await ada.get(product), `${product}/stock`), { add: units });
    expect([answered.status, errorsIn(answered)]).toEqual([422, ['add']]);
    expect(mainOf(answered)).toContain(
      `Units to add must be a whole number ${problem === 'in digits alone' ? 'from 1 to 10000000, ' : ''}${problem}`,
    );
  }
  // Its units are the actor's by now: the product's own form cannot change them.
  placeOf(await send(ada, formOf(await ada.get(`${product}/edit`)), { quantity: '1' }));
  expect(await stockOf(product)).toMatchObject({ loaded: 60 });
});

test('what was exported is imported as no change, and of a file with mistakes every one is told and nothing applied', async () => {
  const campaign = await newCampaign('Files');
  await newProduct(campaign, {
    name: '=cmd|"calc"',
    sku: 'A-1',
    'attribute-0-name': 'Colour',
    'attribute-0-value': 'red',
  });
  await newProduct(campaign, { name: 'Second, "quoted"', sku: 'A-2', description: 'Two\nlines' });
  const exported = await ada.get(`${campaign}/products.csv`);
  expect(exported.headers.get('content-disposition')).toBe('attachment; filename="files.csv"');
  expect(exported.html).toContain(`"'=cmd|""calc"""`);

  const file = (text: string): ChosenFile => ({ name: 'p.csv', bytes: new TextEncoder().encode(text) });
  const importing = async (text: string): Promise<Page> =>
    send(ada, formOf(await ada.get(`${campaign}/import`)), { file: file(text) });
  const before = mainOf(await ada.get(campaign));
  expect(placeOf(await importing(exported.html))).toBe(`${campaign}?imported=0-0`);
  expect((await ada.get(`${campaign}/products.csv`)).html).toBe(exported.html);

  const bad = await importing(
    'sku,name,price,currency,startsAt,endsAt\nA-1,Renamed,1.005,EUR,,\n,No SKU,1,EUR,,\nA-9,Late,1,EUR,2031-01-01T10:00,2031-01-01T09:00\n',
  );
  expect([bad.status, mainOf(bad)]).toEqual([
    422,
    expect.stringContaining('Nothing was imported: the file has 3 mistakes'),
  ]);
  expect(mainOf(bad)).toMatch(
    /2 Sale price must have at most 2 decimals.*3 SKU must not be empty.*4 On sale until must be later/,
  );
  // Only the catalogue knows the campaign's hours: its findings carry their lines, too.
  const outside = await importing(
    'sku,name,price,currency,startsAt,endsAt\nA-1,Renamed,1,EUR,,\nA-9,Late,1,EUR,2031-01-01T10:00,2031-01-01T11:00\n',
  );
  expect([outside.status, mainOf(outside)]).toEqual([
    422,
    expect.stringMatching(/What is wrong 3 It starts at or after the end of the campaign/),
  ]);
  expect(mainOf(await ada.get(campaign))).toBe(before);

  expect(
    placeOf(await importing('sku,name,price,currency,quantity\nA-1,Renamed,2,EUR,7\nA-3,Third,3,EUR,5\n')),
  ).toBe(`${campaign}?imported=1-1`);
  expect(mainOf(await ada.get(campaign))).toMatch(/Renamed.*Second.*Third/);
});

test('what is published or imported is what was seen: a save in between is told, and shown', async () => {
  const bob = await signedIn('Bob', 'editor');
  const campaign = await newCampaign('Seen');
  const product = await newProduct(campaign, { sku: 'SE-1' });
  const file = (text: string): { file: ChosenFile } => ({
    file: { name: 'p.csv', bytes: new TextEncoder().encode(text) },
  });
  const bobSaves = async (fields: Record<string, string>): Promise<string> =>
    placeOf(await send(bob, formOf(await bob.get(`${product}/edit`)), fields));

  const publish = formOf(await ada.get(`${campaign}/publish`));
  const upload = formOf(await ada.get(`${campaign}/import`));
  const exported = (await ada.get(`${campaign}/products.csv`)).html;
  await bobSaves({ amount: '0.01', description: 'Of Bob' });
  const unseen = await send(ada, publish);
  expect([unseen.status, mainOf(unseen)]).toEqual([
    409,
    expect.stringContaining('Somebody changed the campaign or its products since this page was made'),
  ]);
  const late = await send(ada, upload, file('sku,name,price\nSE-1,Renamed,49.90\n'));
  expect([late.status, mainOf(late)]).toEqual([409, expect.stringContaining('nothing was imported')]);

  // The page is new, and the file is old.
  const old = await send(ada, formOf(late), file(exported));
  expect([old.status, mainOf(old)]).toEqual([
    422,
    expect.stringContaining('Bob saved “Ember kettle” since the file was exported'),
  ]);
  expect(mainOf(await ada.get(product))).toMatch(/Of Bob.*€0\.01/);
  const fresh = (await ada.get(`${campaign}/products.csv`)).html;
  placeOf(
    await send(ada, formOf(await ada.get(`${campaign}/import`)), file(fresh.replace('Ember', 'Amber'))),
  );
  expect(mainOf(await ada.get(product))).toMatch(/Amber kettle .*Of Bob/);

  placeOf(await press(`${campaign}/publish`));
  expect(mainOf(await ada.get(campaign))).toContain('Live');
});

test('units typed into a draft that is published meanwhile are not dropped in silence', async () => {
  const campaign = await newCampaign('Typed units');
  const product = await newProduct(campaign, { sku: 'TU-1' });
  const form = formOf(await ada.get(`${product}/edit`));
  placeOf(await press(`${campaign}/publish`));
  const told = await send(ada, form, { quantity: '777', description: 'Mine' });
  expect([told.status, errorsIn(told), mainOf(told)]).toEqual([
    422,
    ['quantity'],
    expect.stringContaining('777 units were typed; it is on sale with 10'),
  ]);
  const kept = formOf(told, `${product}/edit`);
  expect([kept.fields.get('quantity'), kept.fields.get('description')]).toEqual(['10', 'Mine']);
  expect(mainOf(await ada.get(product))).not.toContain('Mine');
  placeOf(await send(ada, kept));
  expect(mainOf(await ada.get(product))).toContain('Mine');
  expect(await stockOf(product)).toMatchObject({ loaded: 10 });
});

test('of two who edit at once the second is told, keeps what they typed, sees the other’s values, and can save over them', async () => {
  const grace = await signedIn('Grace', 'editor');
  const campaign = await newCampaign('Two editors');
  const product = await newProduct(campaign, { sku: 'TE-1' });
  const [hers, mine] = [formOf(await grace.get(`${product}/edit`)), formOf(await ada.get(`${product}/edit`))];
  placeOf(await send(grace, hers, { name: 'Kettle of Grace', amount: '45' }));
  const told = await send(ada, mine, { name: 'Kettle of Ada', description: 'Mine' });
  expect(told.status).toBe(409);
  expect(mainOf(told)).toMatch(
    /Grace saved this while you were writing.*Name Kettle of Ada Kettle of Grace.*Description Mine empty.*Sale price 49\.90 45\.00/,
  );
  const kept = formOf(told, `${product}/edit`);
  expect([kept.fields.get('name'), kept.fields.get('description')]).toEqual(['Kettle of Ada', 'Mine']);
  expect(mainOf(await ada.get(product))).toContain('Kettle of Grace');
  placeOf(await send(ada, kept));
  expect(mainOf(await ada.get(product))).toMatch(/Kettle of Ada .*Mine.*€49\.90/);

  // A mistake in between makes a form no newer than the page that it came from.
  const old = formOf(await ada.get(`${campaign}/edit`));
  placeOf(await send(grace, formOf(await grace.get(`${campaign}/edit`)), { title: 'Of Grace' }));
  const wrong = await send(ada, old, { title: '' });
  expect(wrong.status).toBe(422);
  const conflict = await send(ada, formOf(wrong), { title: 'Of Ada' });
  expect([conflict.status, mainOf(conflict)]).toEqual([
    409,
    expect.stringContaining('Title Of Ada Of Grace'),
  ]);

  const history = mainOf(await ada.get(`${campaign}/history`));
  expect(history).toContain('Hours are those of the clocks of UTC.');
  expect(mainOf(await ada.get(campaign))).toMatch(/Saved \w{3} \d+ \w{3} \d{4}, [\d:]+ \(UTC\) by /);
  expect(history).toMatch(/Grace Campaign saved Title Two editors → Of Grace/);
  expect(history).toMatch(/Ada Product saved Kettle of Ada .*Sale price 45\.00 EUR → 49\.90 EUR/);
});

test('pictures that are none, mistakes in fields and foreign markup are told in the form, which keeps what was typed', async () => {
  const campaign = await newCampaign('Mistakes');
  const form = formOf(await ada.get(`${campaign}/products/new`));
  const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
  const answered = await send(ada, form, {
    name: '<script>alert(1)</script>',
    amount: '49.905',
    quantity: '-1',
    startsAt: hour(HOUR_MS / 2),
    endsAt: hour(HOUR_MS / 4),
    'attribute-0-value': 'no name',
    'new-image-0-file': { name: 'notes<i>.jpg', bytes: bytes('no picture at all') },
    'new-image-1-file': {
      name: 'x.svg',
      bytes: bytes('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    },
    'new-image-2-file': await picture(),
    'new-image-2-alt': 'A red kettle',
  });
  expect(answered.status).toBe(422);
  expect(answered.html).not.toMatch(/<script>alert|notes<i>/);
  const wrong = ['amount', 'endsAt', 'quantity', 'new-image-0-file', 'new-image-1-file', 'attribute-0-name'];
  expect(errorsIn(answered).toSorted()).toEqual(wrong.toSorted());
  for (const field of wrong) expect(answered.html).toContain(`<a href="#${field}">`);
  // The good picture is there already, and need not be chosen again.
  const again = formOf(answered);
  expect(again.fields.get('image-0-alt')).toBe('A red kettle');
  const product = placeOf(
    await send(ada, again, {
      amount: '49.90',
      quantity: '5',
      startsAt: '',
      endsAt: '',
      'attribute-0-name': 'Note',
    }),
  );
  const saved = await ada.get(product);
  expect(saved.html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(saved.html).toMatch(/<img\s[^>]*alt="A red kettle"/);
  expect(saved.headers.get('content-security-policy')).toMatch(/script-src 'self'; style-src 'self'/);

  const huge = { name: 'huge.jpg', bytes: new Uint8Array(33 * 1024 * 1024) };
  const tooLarge = await send(ada, form, { 'new-image-0-file': huge });
  expect([tooLarge.status, mainOf(tooLarge)]).toEqual([
    413,
    expect.stringContaining('takes 32 MiB with all its files'),
  ]);

  const fresh = formOf(await ada.get(`${campaign}/products/new`));
  const more = await send(
    ada,
    { ...fresh, fields: new Map([...fresh.fields, ['moreRows', 'yes']]) },
    { name: 'Typed', 'new-image-1-file': await picture(), 'new-image-1-alt': 'Not yet' },
  );
  // It takes no pictures, and says so of one that was chosen; with none the focus is in the first row that is empty.
  expect(errorsIn(more)).toEqual(['new-image-1-file']);
  expect(formOf(more).fields.get('new-image-1-alt')).toBe('Not yet');
  expect([more.status, formOf(more).fields.get('name'), formOf(more).fields.has('attribute-5-name')]).toEqual(
    [200, 'Typed', true],
  );

  const gap = {
    title: 'Spring',
    timeZone: 'Europe/Berlin',
    startsAt: '2031-03-30T02:30',
    endsAt: '2031-03-29T10:00',
    slug: 'Mistakes!',
  };
  const spring = await send(ada, formOf(await ada.get('/cms/campaigns/new')), gap);
  expect(errorsIn(spring)).toEqual(['slug', 'startsAt']);
  expect(mainOf(spring)).toContain('names an hour that does not exist');
  const taken = await send(ada, formOf(spring), { startsAt: '2031-03-28T10:00', slug: 'mistakes' });
  expect([taken.status, mainOf(taken)]).toEqual([
    422,
    expect.stringContaining('The address "mistakes" is that of the campaign "Mistakes"'),
  ]);
});

test('a viewer looks, an editor writes drafts, and only a publisher touches what sells', async () => {
  const [eve, vera] = [await signedIn('Eve', 'editor'), await signedIn('Vera', 'viewer')];
  const campaign = await newCampaign('Roles');
  const product = await newProduct(campaign, { sku: 'RO-1' });
  const statuses = (browser: CmsBrowser, paths: readonly string[]): Promise<number[]> =>
    Promise.all(paths.map(async (path) => (await browser.get(path)).status));
  const looks = [
    '/cms',
    campaign,
    product,
    `${campaign}/preview`,
    `${campaign}/history`,
    `${campaign}/products.csv`,
  ];
  const edits = [
    '/cms/campaigns/new',
    `${campaign}/edit`,
    `${product}/edit`,
    `${campaign}/clone`,
    `${product}/remove`,
  ];
  const steps = ['publish', 'pause', 'resume', 'cancel'].map((step) => `${campaign}/${step}`);
  expect(await statuses(vera, looks)).toEqual(looks.map(() => 200));
  expect(await statuses(vera, [...edits, ...steps])).toEqual([...edits, ...steps].map(() => 403));
  expect(await statuses(eve, [...looks, ...edits])).toEqual([...looks, ...edits].map(() => 200));
  expect(await statuses(eve, steps)).toEqual(steps.map(() => 403));
  expect(mainOf(await vera.get(campaign))).not.toMatch(/Edit campaign|Add product|Publish/);
  // Whoever may not mend it reads what is to be mended, without a link to a page that refuses them.
  const seen = await vera.get(campaign);
  expect(mainOf(seen)).toContain('It has no picture.');
  expect(seen.html).not.toContain('/edit');
  expect((await eve.get(campaign)).html).toContain(`<a href="${product}/edit#images">It has no picture.</a>`);

  placeOf(await press(`${campaign}/publish`));
  expect(await statuses(eve, [`${campaign}/edit`, `${product}/edit`])).toEqual([403, 403]);
  for (const [path, fields] of [
    [`${product}/stock`, { way: 'add', add: '5', requestId: 'x' }],
    [`${product}/edit`, { version: '1', name: 'Mine' }],
    [`${campaign}/cancel`, { version: '2' }],
    [`${campaign}/import`, { version: '2' }],
    [`${product}/move`, { by: 'up' }],
    [`${product}/send-again`, {}],
  ] as const) {
    const answered = await eve.post(path, { ...fields, csrf: await eve.csrf() });
    expect([path, answered.status, mainOf(answered)]).toEqual([
      path,
      403,
      expect.stringContaining('needs the role publisher'),
    ]);
    expect((await ada.post(path, { ...fields, csrf: 'forged' })).status).toBe(403);
  }
  expect(mainOf(await ada.get(campaign))).toMatch(/Roles Live/);
  expect(await stockOf(product)).toMatchObject({ loaded: 10 });
});

test('a campaign is paused, resumed and cancelled in the engine, and its clone begins anew', async () => {
  const campaign = await newCampaign('Steps');
  const product = await newProduct(campaign, { sku: 'SP-1', perCustomerLimit: '5' });
  placeOf(await press(`${campaign}/publish`));
  const grace = await engine.token('grace');
  const buy = async (key: string): Promise<unknown> =>
    (await engine.buy(grace, idOf(product), key)).body['code'];
  await engine.buy(grace, idOf(product), 'first');
  // Pausing does not depend on what was saved meanwhile, as cancelling does.
  const [pause, early] = [
    formOf(await ada.get(`${campaign}/pause`)),
    formOf(await ada.get(`${campaign}/cancel`)),
  ];
  placeOf(await send(ada, formOf(await ada.get(`${campaign}/edit`)), { description: 'In a hurry' }));
  const changed = await send(ada, early);
  expect([changed.status, mainOf(changed)]).toEqual([
    409,
    expect.stringContaining('You, in another window, changed the campaign meanwhile'),
  ]);
  placeOf(await send(ada, pause));
  const twice = await send(ada, pause);
  expect([twice.status, mainOf(twice)]).toEqual([
    422,
    expect.stringContaining('This campaign is paused already'),
  ]);
  expect(await buy('while-paused')).toBe('sale_paused');
  placeOf(await send(ada, formOf(await ada.get(`${product}/edit`)), { amount: '39.90' }));
  placeOf(await press(`${campaign}/resume`));
  expect(await buy('resumed')).toBeUndefined();
  const locked = await send(ada, formOf(await ada.get(`${product}/edit`)), { amount: '1' });
  expect([locked.status, mainOf(locked)]).toEqual([422, expect.stringContaining('pause the campaign first')]);

  const cloning = formOf(await ada.get(`${campaign}/clone`));
  const mistaken = await send(ada, cloning, { title: '', startsAt: 'soon' });
  expect([mistaken.status, errorsIn(mistaken)]).toEqual([422, ['title', 'startsAt']]);
  const [startsAt, endsAt] = [cloning.fields.get('startsAt')!, cloning.fields.get('endsAt')!].map((at) =>
    at.replace(/^\d{4}/, '2040'),
  );
  const clone = placeOf(
    await send(ada, cloning, { title: 'Steps, again', startsAt: startsAt!, endsAt: endsAt! }),
  ).replace(/\?.*/, '');
  const cloned = await ada.get(clone);
  expect(mainOf(cloned).match(/ 2040, /g)!.length).toBeGreaterThan(1);
  const edit = formOf(await ada.get(`${clone}/edit`));
  const later = { startsAt: startsAt!.replace('2040', '2044'), endsAt: endsAt!.replace('2040', '2044') };
  placeOf(await send(ada, edit, { ...later, moveProducts: 'yes' }));
  expect(mainOf(await ada.get(clone))).not.toMatch(/ 2040, | (starts|ends) (before|after|at or)/);
  expect(mainOf(cloned)).toMatch(/Steps, again Draft.*Ember kettle Not sent to the engine/);
  expect(/href="\/cms\/products\/([^"]+)"/.exec(cloned.html)![1]).not.toBe(idOf(product));

  const cancel = formOf(await ada.get(`${campaign}/cancel`));
  placeOf(await send(ada, cancel));
  const again = await send(ada, cancel);
  expect([again.status, mainOf(again)]).toEqual([
    422,
    expect.stringContaining('This campaign was cancelled'),
  ]);
  expect(await buy('cancelled')).toBe('sale_paused');
  expect(await stockOf(product)).toMatchObject({ available: 0, withdrawn: 8, reserved: 2 });
  expect(mainOf(await ada.get('/cms?phase=cancelled'))).toContain('Steps');
  expect((await ada.get(`${campaign}/edit`)).status).toBe(409);
});
