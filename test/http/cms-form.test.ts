// Forms of the CMS as its handlers read them, and who may send them.

import { Hono } from 'hono';
import { html } from 'hono/html';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import {
  FORM_BYTES_MAX,
  FORM_PARTS_MAX,
  FORMS_BYTES_MAX,
  LARGE_FORMS_PER_USER_MAX,
  readForm,
  type CmsForm,
} from '../../src/http/cms/form.ts';
import { campaignRoutes } from '../../src/http/cms/campaign-routes.ts';
import { gate } from '../../src/http/cms/gate.ts';
import { signInRoutes } from '../../src/http/cms/sign-in.ts';
import { mayEdit, mayPublish, requireRole, signedIn } from '../../src/http/cms/signed-in.ts';
import { errorSummary, field, textAreaField } from '../../src/http/pages/cms/field.ts';
import { CmsBrowser, csrfIn, textOf, type Page } from '../harness/cms-browser.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { NeedsPublisher } from '../../src/persistence/index.ts';
import { CmsApp } from './cms-app.ts';

const BYTES_MAX = 3 * 1024 * 1024;
const BOUNDARY = '----WebKitFormBoundary7MA4YWxkTrZu0gW';

let cms: CmsApp;
let app: Hono;
/** What the handler read. */
let read: CmsForm | undefined;
/** How many forms it read, and what it waits for before it answers. */
let reading = 0;
let waiting: Promise<void> | undefined;
/** Later forms are answered at once. */
let waitingMax = 0;
const faults: unknown[] = [];

beforeAll(async () => {
  cms = await CmsApp.start();
  app = new Hono();
  gate(app, cms.context, (error) => faults.push(error));
  signInRoutes(app, cms.context);
  signedIn(app, cms.context);
  app.get('/cms', (c) => c.html(html`<input type="hidden" name="csrf" value="${c.get('cms').csrf}" />`));
  app.post('/cms/form', async (c) => {
    read = await readForm(c, BYTES_MAX);
    if (++reading <= waitingMax) await waiting;
    return c.redirect('/cms', 303);
  });
  app.post('/cms/careless', (c) => c.redirect('/cms', 303));
  campaignRoutes(app, cms.context);
  for (const role of ['viewer', 'editor', 'publisher'] as const) {
    app.post(`/cms/for-${role}`, async (c) => {
      requireRole(c, role);
      read = await readForm(c);
      return c.redirect('/cms', 303);
    });
  }
});
afterAll(() => cms?.stop());
beforeEach(() => {
  read = undefined;
  reading = 0;
  waiting = undefined;
  waitingMax = 0;
  faults.length = 0;
});

let accounts = 0;
const signIn = async (role: 'viewer' | 'editor' | 'publisher' = 'editor'): Promise<CmsBrowser> => {
  const signedInThere = await cms.signedIn(`form-${++accounts}`, role);
  const env = { incoming: { socket: { remoteAddress: '10.1.2.3' } } };
  const browser = new CmsBrowser(async (path, init) => {
    const request = new Request(`http://localhost:3000${path}`, init);
    const body = init.body == null ? undefined : await request.arrayBuffer();
    const headers = new Headers(request.headers);
    if (body !== undefined && !headers.has('transfer-encoding'))
      headers.set('Content-Length', String(body.byteLength));
    return app.request(request.url, { method: request.method, headers, ...(body && { body }) }, env);
  });
  for (const [name, value] of signedInThere.cookies) browser.cookies.set(name, value);
  return browser;
};

/** As bytes, so that also what no browser sends can be sent. */
async function sendRaw(
  browser: CmsBrowser,
  body: string | Buffer,
  contentType: string,
  more: Record<string, string> = {},
): Promise<Page> {
  const cookies = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const bytes = Buffer.from(body);
  const headers = {
    Cookie: cookies,
    'Content-Type': contentType,
    'Content-Length': `${bytes.length}`,
    ...more,
  };
  const response = await app.request('http://localhost:3000/cms/form', {
    method: 'POST',
    headers,
    body: bytes,
  });
  return { status: response.status, headers: response.headers, html: await response.text() };
}

const part = (head: string, value: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`;

test('fields are text with plain line ends, also several of one name', async () => {
  const browser = await signIn();
  const csrf = await browser.csrf();
  const body = new URLSearchParams({ csrf, title: 'Ümlaut & 🎫', text: 'one\r\ntwo\rthree\n' });
  body.append('pick', 'a');
  body.append('pick', 'b');
  const page = await sendRaw(browser, body.toString(), 'application/x-www-form-urlencoded; charset=UTF-8');
  expect(page.status).toBe(303);
  expect(read!.fields('title')).toBe('Ümlaut & 🎫');
  expect(read!.fields('text')).toBe('one\ntwo\nthree\n');
  expect(read!.all('pick')).toEqual(['a', 'b']);
  expect([read!.fields('missing'), read!.all('missing'), read!.has('missing')]).toEqual(['', [], false]);
  expect(read!.has('title')).toBe(true);
});

test('control characters are left out, tabs and line ends stay', async () => {
  const browser = await signIn();
  await browser.post('/cms/form', { csrf: await browser.csrf(), text: 'a\0b\u001bc\td\n\u007fe\u0085' });
  expect(read!.fields('text')).toBe('abc\td\ne\u0085');
});

test('files come with the fields, byte for byte', async () => {
  const browser = await signIn();
  const form = new FormData();
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 256));
  const tricky = Buffer.from(`\r\n--${BOUNDARY}x\r\n--\r\n\r\n`);
  form.set('title', 'with "quotes" and ümlaut');
  form.append('image', new File([bytes], 'a "b"\r\n.png', { type: 'image/png' }));
  form.append('image', new File([tricky], '../../etc/passwd', { type: 'text/plain' }));
  form.append('none', new File([], ''));
  form.append('empty', new File([], 'empty.txt'));
  form.set('csrf', await browser.csrf());
  expect((await browser.post('/cms/form', form)).status).toBe(303);
  expect(read!.fields('title')).toBe('with "quotes" and ümlaut');
  const [image, other] = read!.files('image');
  expect(image).toMatchObject({ name: 'a "b"\r\n.png', type: 'image/png' });
  expect(image!.bytes.equals(bytes)).toBe(true);
  expect(other).toMatchObject({ name: '../../etc/passwd' });
  expect(other!.bytes.equals(tricky)).toBe(true);
  expect(read!.file('none')).toBeUndefined();
  expect(read!.file('empty')).toMatchObject({ name: 'empty.txt', bytes: Buffer.alloc(0) });
  expect(read!.fields('image')).toBe('');
});

test('a form with files needs the secret too, and none of another session', async () => {
  const browser = await signIn();
  const other = await signIn();
  for (const csrf of [undefined, '', await other.csrf()]) {
    const form = new FormData();
    form.set('image', new File([Buffer.from('x')], 'x.png'));
    if (csrf !== undefined) form.set('csrf', csrf);
    expect((await browser.post('/cms/form', form)).status).toBe(403);
    expect(read).toBeUndefined();
  }
});

test('the secret as a file is none', async () => {
  const browser = await signIn();
  const form = new FormData();
  form.set('csrf', new File([await browser.csrf()], 'csrf.txt'));
  expect((await browser.post('/cms/form', form)).status).toBe(403);
});

test.each<[string, (csrf: string) => string]>([
  ['no boundary in the body', () => 'csrf=x'],
  ['an end that is missing', (csrf) => part('name="csrf"', csrf)],
  ['a part that ends in its head', () => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"`],
  ['a part without a name', (csrf) => `${part('name="csrf"', csrf)}${part('x="y"', 'v')}--${BOUNDARY}--`],
  [
    'a part that is no field',
    (csrf) => `${part('name="csrf"', csrf)}--${BOUNDARY}\r\nX: y\r\n\r\nv\r\n--${BOUNDARY}--`,
  ],
  [
    'a head that is too long',
    (csrf) => `${part('name="csrf"', csrf)}${part(`name="${'n'.repeat(5_000)}"`, 'v')}--${BOUNDARY}--`,
  ],
  ['rubbish behind a boundary', (csrf) => `${part('name="csrf"', csrf)}--${BOUNDARY}rubbish`],
])('what did not arrive whole is refused: %s', async (_, bodyOf) => {
  const browser = await signIn();
  const body = bodyOf(await browser.csrf());
  const page = await sendRaw(browser, body, `multipart/form-data; boundary=${BOUNDARY}`);
  expect(page.status).toBe(400);
  expect(page.html).toContain('The form did not arrive whole');
  expect(read).toBeUndefined();
});

test('a form without a boundary, or of another kind, is told so', async () => {
  const browser = await signIn();
  expect((await sendRaw(browser, 'x', 'multipart/form-data')).status).toBe(400);
  expect((await sendRaw(browser, '{}', 'application/json')).status).toBe(415);
  expect((await sendRaw(browser, 'x', 'text/plain')).status).toBe(415);
});

test('a form may have so many fields and bytes, and not one more', async () => {
  const browser = await signIn();
  const csrf = await browser.csrf();
  const fields = (count: number): string => `csrf=${csrf}${'&a=1'.repeat(count - 1)}`;
  const parts = (count: number): string =>
    `${part('name="csrf"', csrf)}${part('name="a"', '1').repeat(count - 1)}--${BOUNDARY}--\r\n`;
  const urlencoded = 'application/x-www-form-urlencoded';
  const multipart = `multipart/form-data; boundary=${BOUNDARY}`;
  expect((await sendRaw(browser, fields(FORM_PARTS_MAX), urlencoded)).status).toBe(303);
  expect((await sendRaw(browser, fields(FORM_PARTS_MAX + 1), urlencoded)).status).toBe(413);
  expect((await sendRaw(browser, parts(FORM_PARTS_MAX), multipart)).status).toBe(303);
  expect((await sendRaw(browser, parts(FORM_PARTS_MAX + 1), multipart)).status).toBe(413);

  const filled = (bytes: number): string => `csrf=${csrf}&a=`.padEnd(bytes, 'x');
  expect((await sendRaw(browser, filled(FORM_BYTES_MAX), urlencoded)).status).toBe(303);
  read = undefined;
  // However much the route takes with files: a form of pairs has none.
  const tooLarge = await sendRaw(browser, filled(FORM_BYTES_MAX + 1), urlencoded);
  expect(tooLarge.status).toBe(413);
  expect(tooLarge.html).toContain('The form takes 0.25 MiB with all its files.');
  const withFile = (bytes: number): string => {
    const start = `${part('name="csrf"', csrf)}${part('name="f"; filename="f"', '').slice(0, -2)}`;
    const end = `\r\n--${BOUNDARY}--\r\n`;
    return start + 'x'.repeat(bytes - start.length - end.length) + end;
  };
  expect((await sendRaw(browser, withFile(BYTES_MAX), multipart)).status).toBe(303);
  read = undefined;
  const tooLargeFile = await sendRaw(browser, withFile(BYTES_MAX + 1), multipart);
  expect(tooLargeFile.status).toBe(413);
  expect(tooLargeFile.html).toContain('The form takes 3 MiB with all its files.');
  expect(read).toBeUndefined();
});

test('the texts of a form with files have as many bytes together as a form without, and not one more', async () => {
  const browser = await signIn();
  const csrf = await browser.csrf();
  const multipart = `multipart/form-data; boundary=${BOUNDARY}`;
  const body = (bytes: number): string => {
    const rest = 'x'.repeat(bytes - csrf.length - 1_000);
    const texts = `${part('name="csrf"', csrf)}${part('name="a"', 'x'.repeat(1_000))}${part('name="b"', rest)}`;
    return `${texts}${part('name="f"; filename="f"', 'y'.repeat(FORM_BYTES_MAX))}--${BOUNDARY}--\r\n`;
  };
  expect((await sendRaw(browser, body(FORM_BYTES_MAX), multipart)).status).toBe(303);
  expect(read!.file('f')!.bytes).toHaveLength(FORM_BYTES_MAX);
  read = undefined;
  const tooLong = await sendRaw(browser, body(FORM_BYTES_MAX + 1), multipart);
  expect(tooLong.status).toBe(413);
  expect(tooLong.html).toContain('All texts of a form together may have 256 KiB');
  expect(read).toBeUndefined();
});

test('pairs are counted before any is made', async () => {
  const browser = await signIn();
  const body = `csrf=${await browser.csrf()}${'&a'.repeat(FORM_PARTS_MAX)}`;
  const made = vi.spyOn(globalThis, 'URLSearchParams');
  try {
    expect((await sendRaw(browser, body, 'application/x-www-form-urlencoded')).status).toBe(413);
    expect(made).not.toHaveBeenCalled();
  } finally {
    made.mockRestore();
  }
});

test('large forms that are held at once have so many bytes, of one user and of all; a small one always finds room', async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  waiting = answered;
  const multipart = `multipart/form-data; boundary=${BOUNDARY}`;
  const fit = Math.floor(FORMS_BYTES_MAX / BYTES_MAX);
  waitingMax = fit;
  const users: { browser: CmsBrowser; csrf: string }[] = [];
  for (let user = 0; user <= fit / LARGE_FORMS_PER_USER_MAX; user++) {
    // oxlint-disable-next-line no-await-in-loop -- one account after the other
    const browser = await signIn();
    // oxlint-disable-next-line no-await-in-loop -- likewise
    users.push({ browser, csrf: await browser.csrf() });
  }
  const sendSmall = ({ browser, csrf }: (typeof users)[0]): Promise<Page> =>
    sendRaw(browser, `${part('name="csrf"', csrf)}--${BOUNDARY}--`, multipart);
  // They say that they are large: that alone is held.
  const sendLarge = ({ browser, csrf }: (typeof users)[0], typed = csrf): Promise<Page> =>
    sendRaw(browser, `${part('name="csrf"', typed)}--${BOUNDARY}--`, multipart, {
      'Content-Length': String(BYTES_MAX),
    });
  const ofOne = LARGE_FORMS_PER_USER_MAX;
  const held = Array.from({ length: fit }, (_, at) => sendLarge(users[Math.floor(at / ofOne)]!));
  await waitUntil('all of them are read', () => Promise.resolve(reading === fit));
  const tooMany = await sendLarge(users[0]!);
  expect(tooMany.status).toBe(429);
  expect(tooMany.html).toContain('You are sending files with 3 forms already.');
  const refused = await sendLarge(users.at(-1)!);
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused.html).toContain('Too many files are being sent');
  for (const user of [users[0]!, users.at(-1)!]) expect((await sendSmall(user)).status).toBe(303);
  answer();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual(held.map(() => 303));
  for (const typed of [undefined, 'wrong']) {
    for (let time = 0; time <= fit; time++) await sendLarge(users[0]!, typed);
  }
  expect((await sendLarge(users[0]!)).status).toBe(303);
});

test('a role does what the ones before it may, and is told which one it would take', async () => {
  const roles = ['viewer', 'editor', 'publisher'] as const;
  for (const [at, role] of roles.entries()) {
    const browser = await signIn(role);
    const csrf = await browser.csrf();
    for (const [needed, forRole] of roles.entries()) {
      const page = await browser.post(`/cms/for-${forRole}`, { csrf });
      expect(page.status, `${role} for ${forRole}`).toBe(at >= needed ? 303 : 403);
      if (at < needed)
        expect(textOf(page.html)).toMatch(new RegExp(`needs the role .*${forRole}.*; yours is ${role}`));
    }
    expect([mayEdit(role), mayPublish(role)]).toEqual([at >= 1, at >= 2]);
  }
});

test('a role that is taken away in mid-session holds from the next request on', async () => {
  const browser = await signIn('publisher');
  const email = `form-${accounts}@shop.example`;
  const csrf = await browser.csrf();
  expect((await browser.post('/cms/for-publisher', { csrf })).status).toBe(303);
  await cms.users.change(email, { role: 'viewer' });
  expect((await browser.post('/cms/for-publisher', { csrf })).status).toBe(403);
  expect((await browser.post('/cms/for-viewer', { csrf })).status).toBe(303);
});

/** Its last bytes are sent by `finish`. */
function sendSlowly(
  browser: CmsBrowser,
  path: string,
  fields: Record<string, string>,
): { answer: Promise<Response>; finish: () => void } {
  const bytes = Buffer.from(new URLSearchParams(fields).toString());
  const { promise, resolve: finish } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    async start(stream) {
      stream.enqueue(bytes.subarray(0, -1));
      await promise;
      stream.enqueue(bytes.subarray(-1));
      stream.close();
    },
  });
  const headers = {
    Cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    'Content-Type': 'application/x-www-form-urlencoded',
    'Transfer-Encoding': 'chunked',
  };
  const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
  return { answer: Promise.resolve(app.request(`http://localhost:3000${path}`, init)), finish };
}

test.each<[string, (email: string) => Promise<unknown>, number]>([
  ['is disabled', (email) => cms.users.change(email, { disabled: true }), 401],
  ['loses the role', (email) => cms.users.change(email, { role: 'editor' }), 403],
  ['gets another password', (email) => cms.users.change(email, { password: 'another horse battery' }), 401],
  ['stays as they are', () => Promise.resolve(), 303],
])('who %s while a form arrives', async (_, change, status) => {
  const browser = await signIn('publisher');
  const email = `form-${accounts}@shop.example`;
  const { answer, finish } = sendSlowly(browser, '/cms/for-publisher', { csrf: await browser.csrf() });
  await signIn('viewer');
  await change(email);
  finish();
  expect((await answer).status).toBe(status);
  expect(read !== undefined).toBe(status === 303);
});

test('an editor whose form arrives when the campaign is published changes nothing of it', async () => {
  const browser = await signIn('editor');
  const typed = { title: 'Draft', slug: 'slow-draft', timeZone: 'UTC', entry: 'everyone' };
  const csrf = await browser.csrf();
  const made = await browser.post('/cms/campaigns/new', { csrf, ...typed });
  const [, path, id] = /^(\/cms\/campaigns\/(\w+))/.exec(made.headers.get('location')!)!;
  const changed = { csrf, ...typed, title: 'Changed', version: '1' };
  const slow = sendSlowly(browser, `${path}/edit`, changed);
  await signIn('viewer');
  await cms.pool.query(`UPDATE doorbuster_catalogue.campaigns SET status = 'published' WHERE id = $1`, [id]);
  slow.finish();
  expect((await slow.answer).status).toBe(403);
  const editor = { id: 'u1', name: 'Eda', role: 'editor' } as const;
  const { catalogue } = cms.context.cms;
  const { campaign } = (await catalogue.campaign(id!))!;
  expect(campaign.title).toBe('Draft');
  // Nor when its status changes after the page's own look at it.
  await expect(catalogue.saveCampaign(editor, id!, 1, campaign)).rejects.toThrow(NeedsPublisher);
  await expect(catalogue.pause(editor, id!)).rejects.toThrow(NeedsPublisher);
});

test('an address that is none is not there, and words of it that are none say nothing', async () => {
  const browser = await cms.signedIn('plain', 'viewer');
  for (const path of ['/cms/campaigns/%00', '/cms/campaigns/%ed%a0%80', '/cms?before=%00', '/cms?before=%ff'])
    expect((await browser.get(path)).status, path).toBe(404);
  expect(cms.faults).toEqual([]);
  for (const word of ['constructor', '__proto__', 'toString', 'campaign-saved']) {
    const { html: shown } = await browser.get(`/cms?done=${word}`);
    expect(shown.includes('class="notice'), word).toBe(word === 'campaign-saved');
    expect(shown).not.toContain('native code');
  }
});

test('a handler that takes a form past its check is found out', async () => {
  const browser = await signIn();
  expect((await browser.post('/cms/careless', {})).status).toBe(503);
  expect(faults).toEqual([new Error('/cms/careless took a form past readForm')]);
});

test('Postgres away is a page that says what it means', async () => {
  const browser = await signIn();
  const broken = new Hono();
  const sessions = { find: () => Promise.reject(new Error('connect ECONNREFUSED')) };
  const context = { ...cms.context, cms: { ...cms.context.cms, sessions } } as never;
  gate(broken, context, (error) => faults.push(error));
  signedIn(broken, context);
  const Cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await broken.request('http://localhost:3000/cms', { headers: { Cookie } });
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('2');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.text()).toContain('most likely Postgres. Sales go on');
  expect(faults).toHaveLength(1);
});

test('fields show what was typed as text, with their errors tied to them', async () => {
  const evil = '"><script>alert(1)</script>';
  const shown = String(await field({ name: 'title', label: evil, value: evil, error: evil, hint: evil }));
  expect(shown).not.toContain('<script>');
  expect(shown).toContain('aria-describedby="title-hint title-error"');
  expect(shown).toContain('aria-invalid="true"');
  expect(shown).toContain('<label class="field-label" for="title">');
  const text = String(await textAreaField({ name: 'text', label: 'Text', value: '\n</textarea><script>' }));
  // A browser drops the first line break: the value's own is the second.
  expect(text).toContain('>\n\n&lt;/textarea&gt;&lt;script&gt;</textarea>');
  const summary = String(await errorSummary([{ field: 'title', message: evil }]));
  expect(summary).not.toContain('<script>');
  expect(summary).toContain('href="#title"');
  expect(errorSummary([])).toBe('');
});

test('the page’s secret is the session’s own', async () => {
  const [one, other] = [await signIn(), await signIn()];
  const secrets = [
    csrfIn(await one.get('/cms')),
    csrfIn(await one.get('/cms')),
    csrfIn(await other.get('/cms')),
  ];
  expect(secrets[0]).toBe(secrets[1]);
  expect(secrets[2]).not.toBe(secrets[0]);
  for (const cookie of one.cookies.values()) expect(secrets[0]).not.toContain(cookie);
});
