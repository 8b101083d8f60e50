// Who may enter, in the CMS: lists put in force by its forms, looked into and removed, and invitations.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Editor } from '../../src/persistence/index.ts';
import type { CmsBrowser, Page } from '../harness/cms-browser.ts';
import { formOf, mainOf, placeOf, send } from '../harness/cms-forms.ts';
import { CmsApp } from './cms-app.ts';

const EDA: Editor = { id: 'u1', name: 'Eda', role: 'publisher' };

let app: CmsApp;
let publisher: CmsBrowser;
let made = 0;

beforeAll(async () => {
  app = await CmsApp.start();
  publisher = await app.signedIn('pia');
});
afterAll(() => app?.stop());

async function campaign(): Promise<{ id: string; path: string; slug: string }> {
  const saved = await app.context.cms.catalogue.createCampaign(EDA, {
    title: 'May days',
    slug: `may-days-${++made}`,
    description: '',
    startsAt: app.now + 60_000,
    endsAt: app.now + 3_600_000,
    timeZone: 'UTC',
    entry: { kind: 'list' },
  });
  if (saved.outcome !== 'saved') throw new Error(saved.outcome);
  const { id, slug } = saved.value;
  return { id, slug, path: `/cms/campaigns/${id}/entry` };
}

const file = (text: string) => ({ name: 'list.csv', bytes: new Uint8Array(Buffer.from(text)) });
const upload = async (browser: CmsBrowser, path: string, text: string, skipBad = ''): Promise<Page> =>
  send(browser, formOf(await browser.get(path), `${path}/list`), { list: file(text), skipBad });

describe('the list', () => {
  test('is put in force by a form, told, looked into, and removed', async () => {
    const { path, id } = await campaign();
    expect(mainOf(await publisher.get(path))).toContain('There is no list yet.');
    const place = placeOf(await upload(publisher, path, 'customerId\nada\ngrace\nada\n'));
    expect(place).toBe(`${path}?loaded=2-1-0`);
    const page = mainOf(await publisher.get(place));
    expect(page).toContain('The list is in force: 2 customers. Repeated 1, left out 0.');
    expect(page).toContain('by pia');
    expect(mainOf(await publisher.get(`${path}?customer=grace`))).toContain('grace is on the list.');
    expect(mainOf(await publisher.get(`${path}?customer=eve`))).toContain('eve is not on the list.');
    expect((await publisher.get(`${path}?customer=${'x'.repeat(129)}`)).status).toBe(422);
    const history = mainOf(await publisher.get(`/cms/campaigns/${id}/history`));
    expect(history).toContain('List of customers put in force');
    const remove = formOf(await publisher.get(path), `${path}/remove-list`);
    expect(placeOf(await send(publisher, remove))).toBe(`${path}?done=list-removed`);
    expect(await app.context.cms.lists.current(id)).toBeUndefined();
  });

  test('that is missing is loaded where the check leads; before publishing it is told for whom', async () => {
    const { path, id } = await campaign();
    const saved = await app.context.cms.catalogue.addProduct(EDA, id, {
      sku: `lamp-${id}`,
      name: 'Lamp',
      description: '',
      startsAt: app.now + 60_000,
      endsAt: app.now + 3_600_000,
      listAmount: undefined,
      amount: 4_990,
      currency: 'EUR',
      quantity: 5,
      perCustomerLimit: 1,
      holdSeconds: 60,
      attributes: [],
      images: [],
    });
    expect(saved.outcome).toBe('saved');
    const publish = `/cms/campaigns/${id}/publish`;
    const [, href] =
      /href="([^"]+)">The campaign has no list/.exec((await publisher.get(publish)).html) ?? [];
    expect(href).toBe(`${path}#list`);
    expect((await publisher.get(href!.split('#')[0]!)).html).toContain('id="list"');
    await upload(publisher, path, 'ada\ngrace\n');
    const asked = mainOf(await publisher.get(publish));
    expect(asked).toContain('For whom: Customers on the campaign’s list, 2 customers');
  });

  test('is refused with its bad lines, or taken without them', async () => {
    const { path, id } = await campaign();
    const text = 'ada\n"grace\n<b>x</b>,y\n';
    const refused = await upload(publisher, path, text);
    expect(refused.status).toBe(422);
    expect(mainOf(refused)).toContain('Nothing was changed: the file has 2 bad lines');
    expect(mainOf(refused)).toContain('It has quotes that do not fit');
    expect(refused.html).toContain('&lt;b&gt;x&lt;/b&gt;,y');
    expect(await app.context.cms.lists.current(id)).toBeUndefined();
    expect(placeOf(await upload(publisher, path, text, 'yes'))).toBe(`${path}?loaded=1-0-2`);
  });

  test('is refused when no file was chosen, or nobody is in it', async () => {
    const { path } = await campaign();
    const form = formOf(await publisher.get(path), `${path}/list`);
    const none = await send(publisher, form, { list: { name: '', bytes: new Uint8Array() } });
    expect(none.status).toBe(422);
    expect(mainOf(none)).toContain('Choose a CSV file.');
    expect(mainOf(await upload(publisher, path, 'customerId\n'))).toContain('The file has no customers.');
  });

  test('with a file that holds what looks like the form’s own boundary arrives whole', async () => {
    const { path, id } = await campaign();
    const names = Array.from({ length: 20_000 }, (_, number) => `--customer-${number}\r`);
    await upload(publisher, path, `${names.join('\n')}\n--\r\n`);
    // `--` is a customer, too.
    expect((await app.context.cms.lists.current(id))?.customers).toBe(20_001);
  });

  test('is for those who may change the campaign, and with the secret of their session', async () => {
    const { path, id } = await campaign();
    const viewer = await app.signedIn('vic', 'viewer');
    const page = await viewer.get(path);
    expect(page.status).toBe(200);
    expect(page.html).not.toContain(`${path}/list`);
    const form = formOf(await publisher.get(path), `${path}/list`);
    const fields = { ...Object.fromEntries(form.fields), csrf: 'another' };
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    body.append('list', new Blob(['ada\n']), 'list.csv');
    expect((await publisher.post(`${path}/list`, body)).status).toBe(403);
    expect((await viewer.post(`${path}/list`, body)).status).toBe(403);
    expect(await app.context.cms.lists.current(id)).toBeUndefined();
    expect((await publisher.get('/cms/campaigns/nobody/entry')).status).toBe(404);
  });

  test.each([
    ['without an end', (body: string) => body.slice(0, -10)],
    ['without a boundary', () => 'customers'],
    ['with a field that is too long', (body: string) => body.replace('value-of-x', 'v'.repeat(10_000))],
  ])('is refused when its form arrives %s', async (_, broken) => {
    const { path, id } = await campaign();
    const csrf = formOf(await publisher.get(path), `${path}/list`).fields.get('csrf')!;
    const part = (name: string, value: string, more = ''): string =>
      `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
    const body = `${part('x', 'value-of-x')}${part('csrf', csrf)}${part('list', 'ada\n', '; filename="l.csv"')}--b--\r\n`;
    const post = (text: string): Promise<Page> =>
      publisher.post(`${path}/list`, new Blob([text], { type: 'multipart/form-data; boundary=b' }));
    expect((await post(broken(body))).status).toBe(400);
    expect(await app.context.cms.lists.current(id)).toBeUndefined();
    expect((await post(body)).status).toBe(303);
  });
});

describe('invitations', () => {
  test('are links as CSV, of typed ids and of a file', async () => {
    const { path, slug, id } = await campaign();
    const form = formOf(await publisher.get(path), `${path}/invitations`);
    const answer = await send(publisher, form, {
      customerIds: 'ada\n\ngrace',
      invited: file('\uFEFFcustomerId\r\n"lovelace, a."\r\n=lin\r\n'),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/csv');
    expect(answer.headers.get('content-disposition')).toContain(`${slug}-invitations.csv`);
    const [header, ...lines] = answer.html.trim().split('\r\n');
    expect(header).toBe('customerId,link');
    expect(lines.map((line) => line.split(',http')[0])).toEqual(['ada', 'grace', '"lovelace, a."', "'=lin"]);
    // Where shoppers see this server, whatever host the editor's browser or a proxy names.
    expect(lines[0]).toContain(`,https://sale.example/c/${slug}?invitation=`);
    expect((await publisher.get(path)).html).toContain(`https://sale.example/c/${slug}`);
    const token = /\?invitation=(.+)$/.exec(lines[1]!)![1]!;
    expect(app.context.auth.invitations.read(token)).toMatchObject({ campaignId: id, customerId: 'grace' });
  });

  test.each([
    ['nobody', '', 'Write at least one customer id'],
    ['what is no id', `ada\n${'x'.repeat(129)}`, 'Line 2 is no customer id'],
    ['too many', Array.from({ length: 10_001 }, (_, at) => `c${at}`).join('\n'), 'At most 10,000'],
  ])('are refused for %s, and what was typed comes back', async (_, typed, problem) => {
    const { path } = await campaign();
    const form = formOf(await publisher.get(path), `${path}/invitations`);
    const answer = await send(publisher, form, { customerIds: typed });
    expect(answer.status).toBe(422);
    expect(mainOf(answer)).toContain(problem);
    expect(answer.html).toContain(typed.split('\n').at(-1)!);
  });
});
