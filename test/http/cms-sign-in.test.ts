// Signing in to the CMS and out of it, and all that people try instead.

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  DEVICE_MS_MAX,
  HasherBusy,
  LOCKED_MS,
  SESSION_IDLE_MS_MAX,
  SESSION_MS_MAX,
  TRIES_PER_ADDRESS_MAX,
  TRIES_PER_EMAIL_MAX,
} from '../../src/persistence/index.ts';
import { csrfIn, textOf, type CmsBrowser, type Page } from '../harness/cms-browser.ts';
import { CmsApp, PASSWORD } from './cms-app.ts';

const COOKIE = 'doorbuster_cms';
const DEVICE = `${COOKIE}_device`;
const WRONG = 'not the right password';
const MINUTE_MS = 60_000;

let cms: CmsApp;

beforeAll(async () => {
  cms = await CmsApp.start();
});
afterAll(() => cms?.stop());
afterEach(async () => {
  if (cms.faults.length > 0) throw new AggregateError(cms.faults, 'what no handler foresaw');
  // Each test has its own e-mails; all come from one address.
  await cms.pool.query("DELETE FROM doorbuster_catalogue.sign_in_tries WHERE key LIKE 'address %'");
});

const cookieOf = (browser: CmsBrowser): string => browser.cookies.get(COOKIE)!;

async function failTimes(times: number, email: string, password = WRONG): Promise<Page> {
  let page: Page | undefined;
  for (let time = 0; time < times; time++) page = await cms.browser().signIn(email, password);
  return page!;
}

/** Without what differs from page to page: the form's secret and the e-mail that was typed. */
const withoutTyped = ({ html }: Page): string =>
  html.replaceAll(/(name="csrf" value|id="email" name="email" type="email" value)="[^"]*"/g, '$1');

describe('signing in', () => {
  test('leads to the page that was asked for', async () => {
    const email = await cms.account('asker');
    const browser = cms.browser();
    const asked = await browser.get('/cms/history?before=17&x=%26');
    expect(asked.status).toBe(303);
    const to = asked.headers.get('location')!;
    expect(to).toBe(`/cms/sign-in?next=${encodeURIComponent('/cms/history?before=17&x=%26')}`);
    const form = await browser.get(to);
    const next = textOf(/name="next" value="([^"]*)"/.exec(form.html)![1]!);
    const done = await browser.post('/cms/sign-in', { csrf: csrfIn(form), email, password: PASSWORD, next });
    expect(done.status).toBe(303);
    expect(done.headers.get('location')).toBe('/cms/history?before=17&x=%26');
    expect(await browser.isSignedIn()).toBe(true);
  });

  test('takes the e-mail in any case and with spaces around it', async () => {
    await cms.account('grace');
    expect(await cms.browser().signIn('  Grace@SHOP.example ', PASSWORD)).toMatchObject({ status: 303 });
  });

  test('shows who is signed in, with HTML in names as text, and goes past the sign-in page', async () => {
    const email = 'mallory@shop.example';
    const name = '<img src=x onerror=alert(1)>"\'&';
    await cms.users.add({ email, name, role: 'viewer', password: PASSWORD });
    const browser = cms.browser();
    await browser.signIn(email, PASSWORD);
    const { html } = await browser.get('/cms');
    expect(html).not.toContain('<img src=x');
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
    expect(html).toContain('Viewer');
    const again = await browser.get('/cms/sign-in?next=/cms/history');
    expect([again.status, again.headers.get('location')]).toEqual([303, '/cms/history']);
  });

  test('keeps what was typed, as text, but never the password', async () => {
    const page = await cms.browser().signIn('"><script>alert(1)</script>', 'a password that is wrong');
    expect(page.status).toBe(401);
    expect(page.html).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
    expect(page.html).not.toContain('<script>');
    expect(page.html).not.toContain('a password that is wrong');
    expect(page.html).toContain('<title>Error: Sign in');
  });

  test('with an empty field is told so and counts as no try', async () => {
    const browser = cms.browser();
    const before = cms.hasher.computed;
    for (const [email, password] of [
      ['', PASSWORD],
      ['empty@shop.example', ''],
    ]) {
      const page = await browser.signIn(email!, password!);
      expect(page.status).toBe(400);
      expect(page.html).toContain('Type your e-mail and your password.');
    }
    expect(cms.hasher.computed).toBe(before);
  });

  test('a wrong password and an unknown e-mail have the same answer, and cost a hash each', async () => {
    const email = await cms.account('known');
    const computed = cms.hasher.computed;
    const wrong = await cms.browser().signIn(email, WRONG);
    expect(cms.hasher.computed).toBe(computed + 1);
    const unknown = await cms.browser().signIn('nobody@shop.example', WRONG);
    expect(cms.hasher.computed).toBe(computed + 2);
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.html).toContain('E-mail or password is wrong. 4 tries are left');
    expect(withoutTyped(unknown)).toBe(withoutTyped(wrong));
    expect(wrong.headers.getSetCookie()).toEqual(unknown.headers.getSetCookie());
  });

  test.each(['//evil.example', '/\\evil.example', 'https://evil.example/cms/history', 'javascript:alert(1)'])(
    'never leads elsewhere: %s',
    async (next) => {
      const email = await cms.account(`lured-${Buffer.from(next).toString('hex')}`);
      const browser = cms.browser();
      const form = await browser.get(`/cms/sign-in?next=${encodeURIComponent(next)}`);
      expect(form.html).toContain('name="next" value="/cms"');
      const csrf = csrfIn(form);
      const done = await browser.post('/cms/sign-in', { csrf, email, password: PASSWORD, next });
      expect([done.status, done.headers.get('location')]).toEqual([303, '/cms']);
    },
  );

  test.each([
    '/cms/../',
    '/cms/..//evil.example',
    '/cmsx',
    '/',
    '/cms/sign-out',
    '/cms/sign-in?next=/cms',
    '/v1/products/a',
    `/cms/${'x'.repeat(3_000)}`,
    '\t//evil.example',
    'http://node.invalid@evil.example/cms',
  ])('and not past the CMS: %s', async (next) => {
    const form = await cms.browser().get(`/cms/sign-in?next=${encodeURIComponent(next)}`);
    expect(form.html).toContain('name="next" value="/cms"');
  });

  test('a whole address is not followed, whatever its path', async () => {
    const next = encodeURIComponent('http://node.invalid/cms/history');
    expect((await cms.browser().get(`/cms/sign-in?next=${next}`)).html).toContain('name="next" value="/cms"');
  });
});

describe('the cookie', () => {
  const attributesOf = (page: Page, name: string): string[] =>
    page.headers
      .getSetCookie()
      .find((cookie) => cookie.startsWith(`${name}=`))!
      .split('; ')
      .slice(1)
      .toSorted();
  const always = ['HttpOnly', 'Path=/cms', 'SameSite=Lax'];

  test('goes to the CMS alone, to no script, along with no other site’s form, and ends after 12 hours', async () => {
    const email = await cms.account('cookie');
    const page = await cms.browser().signIn(email, PASSWORD);
    expect(attributesOf(page, COOKIE)).toEqual(['HttpOnly', 'Max-Age=43200', 'Path=/cms', 'SameSite=Lax']);
    const form = await cms.browser().get('/cms/sign-in');
    expect(attributesOf(form, `${COOKIE}_entry`)).toEqual(always);
  });

  test('is Secure everywhere but on the machine itself and in demo mode', async () => {
    const email = await cms.account('secure');
    const far = cms.browser({ origin: 'http://shop.example' });
    const page = await far.signIn(email, PASSWORD);
    expect(attributesOf(page, `__Secure-${COOKIE}`)).toContain('Secure');
    expect(await far.isSignedIn()).toBe(true);
    const proxied = await cms
      .browser({ demo: true })
      .signIn(email, PASSWORD, { headers: { 'x-forwarded-proto': 'https' } });
    expect(attributesOf(proxied, `__Secure-${COOKIE}`)).toContain('Secure');
    for (const near of [
      cms.browser({ origin: 'http://127.0.0.1:3000' }),
      cms.browser({ origin: 'http://[::1]:3000' }),
      cms.browser({ origin: 'http://shop.example', demo: true }),
    ]) {
      expect(attributesOf(await near.signIn(email, PASSWORD), COOKIE)).not.toContain('Secure');
      expect(await near.isSignedIn()).toBe(true);
    }
  });

  test('a browser that keeps none is told so, and what it takes', async () => {
    const email = await cms.account('cookieless');
    const browser = cms.browser({ origin: 'http://shop.example' });
    const csrf = await browser.csrf('/cms/sign-in');
    browser.cookies.clear();
    const page = await browser.post('/cms/sign-in', { csrf, email, password: PASSWORD });
    expect(page.status).toBe(400);
    expect(page.html).toContain('Your browser sent no cookie back');
    expect(page.html).toContain('https://');
    expect(browser.cookies.size).toBe(0);
  });

  test('that an attacker put there is not taken over', async () => {
    const victim = cms.browser();
    const planted = Buffer.alloc(32, 7).toString('base64url');
    victim.cookies.set(COOKIE, planted);
    await victim.signIn(await cms.account('victim'), PASSWORD);
    expect(cookieOf(victim)).not.toBe(planted);
    const attacker = cms.browser();
    attacker.cookies.set(COOKIE, planted);
    expect(await attacker.isSignedIn()).toBe(false);
  });

  test('of another session ends with the sign-in that follows it', async () => {
    const email = await cms.account('second');
    const attacker = await cms.signedIn('attacker');
    const victim = cms.browser();
    const form = await victim.get('/cms/sign-in');
    victim.cookies.set(COOKIE, cookieOf(attacker));
    await victim.post('/cms/sign-in', { csrf: csrfIn(form), email, password: PASSWORD });
    expect(cookieOf(victim)).not.toBe(cookieOf(attacker));
    expect(await victim.isSignedIn()).toBe(true);
    expect(await attacker.isSignedIn()).toBe(false);
  });

  test('is in the table as its hash alone', async () => {
    const browser = await cms.signedIn('hashed');
    const { rows } = await cms.pool.query<{ row: string }>(
      'SELECT s::text AS row FROM doorbuster_catalogue.sessions s',
    );
    const token = cookieOf(browser);
    expect(rows.length).toBeGreaterThan(0);
    for (const { row } of rows) {
      expect(row).not.toContain(token);
      expect(row).not.toContain(Buffer.from(token, 'base64url').toString('hex'));
    }
  });

  test.each(['', 'x', 'a'.repeat(5_000), '%00', Buffer.alloc(31).toString('base64url')])(
    'that is none signs nobody in: %#',
    async (value) => {
      const browser = cms.browser();
      browser.cookies.set(COOKIE, value);
      expect((await browser.get('/cms')).status).toBe(303);
    },
  );
});

describe('failed tries', () => {
  test('lock an e-mail, which is said, and the right password is refused too, until it ends', async () => {
    const email = await cms.account('guessed');
    const last = await failTimes(TRIES_PER_EMAIL_MAX, email);
    expect(last.status).toBe(429);
    expect(last.html).toContain('Too many failed tries. Try again in 15 minutes');
    expect(last.headers.get('retry-after')).toBe('900');
    const computed = cms.hasher.computed;
    cms.now += 10 * MINUTE_MS;
    const right = await cms.browser().signIn(email, PASSWORD);
    expect(right.status).toBe(429);
    expect(right.html).toContain('Try again in 5 minutes');
    expect(cms.hasher.computed).toBe(computed);
    cms.now += 5 * MINUTE_MS - 1;
    expect((await cms.browser().signIn(email, PASSWORD)).status).toBe(429);
    cms.now += 1;
    expect((await cms.browser().signIn(email, PASSWORD)).status).toBe(303);
  });

  test('lock an e-mail that nobody has just the same', async () => {
    const known = await failTimes(TRIES_PER_EMAIL_MAX, await cms.account('locked'));
    const unknown = await failTimes(TRIES_PER_EMAIL_MAX, 'ghost@shop.example');
    expect(unknown.status).toBe(429);
    expect(withoutTyped(unknown)).toBe(withoutTyped(known));
  });

  test('of one e-mail lock no other, and end no session', async () => {
    const browser = await cms.signedIn('working');
    await failTimes(TRIES_PER_EMAIL_MAX, 'working@shop.example');
    expect(await browser.isSignedIn()).toBe(true);
    expect((await cms.browser().signIn(await cms.account('other'), PASSWORD)).status).toBe(303);
  });

  test('are forgotten after a right one', async () => {
    const email = await cms.account('clumsy');
    for (let round = 0; round < 2; round++) {
      expect((await failTimes(TRIES_PER_EMAIL_MAX - 1, email)).status).toBe(401);
      expect((await cms.browser().signIn(email, PASSWORD)).status).toBe(303);
    }
  });

  test('at once are no more than one after another', async () => {
    const email = await cms.account('stormed');
    const computed = cms.hasher.computed;
    const pages = await Promise.all(Array.from({ length: 12 }, () => cms.browser().signIn(email, WRONG)));
    expect(cms.hasher.computed - computed).toBeLessThanOrEqual(TRIES_PER_EMAIL_MAX);
    expect(pages.filter(({ status }) => status === 401)).toHaveLength(TRIES_PER_EMAIL_MAX - 1);
    expect(pages.filter(({ status }) => status === 429)).toHaveLength(12 - TRIES_PER_EMAIL_MAX + 1);
  });

  test('of one address are bounded, whatever the e-mails', async () => {
    const email = await cms.account('elsewhere');
    await cms.browser({ address: '192.0.2.9' }).signIn('first@shop.example', WRONG);
    // As many as are allowed, without the seconds that their hashes take.
    const { rowCount } = await cms.pool.query(
      "UPDATE doorbuster_catalogue.sign_in_tries SET tries = $1 WHERE key = 'address 192.0.2.9'",
      [TRIES_PER_ADDRESS_MAX - 1],
    );
    expect(rowCount).toBe(1);
    expect((await cms.browser({ address: '192.0.2.9' }).signIn('y@shop.example', WRONG)).status).toBe(401);
    const computed = cms.hasher.computed;
    const refused = await cms.browser({ address: '192.0.2.9' }).signIn(email, PASSWORD);
    expect(refused.status).toBe(429);
    expect(cms.hasher.computed).toBe(computed);
    expect((await cms.browser({ address: '192.0.2.10' }).signIn(email, PASSWORD)).status).toBe(303);
    cms.now += LOCKED_MS;
    expect((await cms.browser({ address: '192.0.2.9' }).signIn(email, PASSWORD)).status).toBe(303);
  });

  test('of strangers lock out strangers alone: a browser that signed in before has tries of its own', async () => {
    const email = await cms.account('regular');
    const browser = cms.browser({ address: '192.0.2.30' });
    const signedIn = await browser.signIn(email, PASSWORD);
    expect(signedIn.headers.getSetCookie().find((cookie) => cookie.startsWith(DEVICE))).toMatch(
      /; Max-Age=7776000; Path=\/cms\/sign-in; HttpOnly; SameSite=Strict$/,
    );
    const device = browser.cookies.get(DEVICE)!;
    const again = (typed: string, password: string, token = device): Promise<Page> => {
      const fresh = cms.browser({ address: '192.0.2.30' });
      fresh.cookies.set(DEVICE, token);
      return fresh.signIn(typed, password);
    };
    await failTimes(TRIES_PER_EMAIL_MAX, email);
    await cms.pool.query(
      `INSERT INTO doorbuster_catalogue.sign_in_tries (key, tries, ends_at) VALUES ('address 192.0.2.30', $1, $2)
       ON CONFLICT (key) DO UPDATE SET tries = excluded.tries, ends_at = excluded.ends_at`,
      [TRIES_PER_ADDRESS_MAX, new Date(cms.now + LOCKED_MS)],
    );
    expect((await cms.browser().signIn(email, PASSWORD)).status).toBe(429);
    expect((await cms.browser({ address: '192.0.2.30' }).signIn('z@shop.example', WRONG)).status).toBe(429);
    expect((await again(email, PASSWORD)).status).toBe(303);
    // Not for another e-mail, nor when it was made up.
    expect((await again(await cms.account('neighbour'), PASSWORD)).status).toBe(429);
    const [id, endsAt, sum] = device.split('.');
    for (const wrong of [`${id}.${Number(endsAt) + 1}.${sum}`, `${id}.${endsAt}.${'A'.repeat(43)}`, 'x'])
      expect((await again(email, PASSWORD, wrong)).status).toBe(429);
    // Its own tries are bounded, too, until somebody mends the account.
    let page: Page | undefined;
    for (let time = 0; time < TRIES_PER_EMAIL_MAX; time++) page = await again(email, WRONG);
    expect(page!.status).toBe(429);
    expect((await again(email, PASSWORD)).status).toBe(429);
    await cms.users.change(email, { disabled: false });
    expect((await again(email, PASSWORD)).status).toBe(303);
    await failTimes(TRIES_PER_EMAIL_MAX, email);
    cms.now += DEVICE_MS_MAX;
    await failTimes(TRIES_PER_EMAIL_MAX, email);
    expect((await again(email, PASSWORD)).status).toBe(429);
  });

  test('through a trusted proxy are of whom it says, and of nobody else’s word', async () => {
    const keysAfter = async (address: string, forwarded: string): Promise<string[]> => {
      await cms.pool.query("DELETE FROM doorbuster_catalogue.sign_in_tries WHERE key LIKE 'address %'");
      const headers = { 'x-forwarded-for': forwarded };
      await cms.browser({ address }).signIn(`${crypto.randomUUID()}@shop.example`, WRONG, { headers });
      const { rows } = await cms.pool.query<{ key: string }>(
        "SELECT key FROM doorbuster_catalogue.sign_in_tries WHERE key LIKE 'address %'",
      );
      return rows.map(({ key }) => key.slice('address '.length));
    };
    for (const [address, forwarded, counted] of [
      ['10.9.1.1', '203.0.113.7', '203.0.113.7'],
      ['::ffff:10.9.1.1', '198.51.100.1, 203.0.113.7:4711, 10.9.2.2', '203.0.113.7'],
      ['fd00::9', 'x, [2001:db8:1:2:3::4]:80', '2001:db8:1:2::/64'],
      ['10.9.1.1', '203.0.113.7, somebody', '10.9.1.1'],
      ['10.9.1.1', '10.9.3.3', '10.9.3.3'],
      ['203.0.113.9', '203.0.113.7', '203.0.113.9'],
    ] as const)
      expect(await keysAfter(address, forwarded)).toEqual([counted]);
  });

  test('of one address count for 15 minutes, of one e-mail until there is none for so long', async () => {
    const address = '192.0.2.20';
    const tries = async (): Promise<unknown[]> => {
      const { rows } = await cms.pool.query<{ tries: number }>(
        "SELECT tries FROM doorbuster_catalogue.sign_in_tries WHERE key IN ('address 192.0.2.20', 'email slow@shop.example') ORDER BY key",
      );
      return rows.map((row) => row.tries);
    };
    for (const wanted of [
      [1, 1],
      [2, 2],
      [1, 3],
    ]) {
      await cms.browser({ address }).signIn('slow@shop.example', WRONG);
      expect(await tries()).toEqual(wanted);
      cms.now += LOCKED_MS * 0.6;
    }
    cms.now += LOCKED_MS * 0.4;
    await cms.browser({ address }).signIn('slow@shop.example', WRONG);
    expect(await tries()).toEqual([1, 1]);
  });

  test('of one network of IPv6 count together', async () => {
    await cms.browser({ address: '2001:db8:1:2::1' }).signIn('six@shop.example', WRONG);
    await cms.browser({ address: '2001:db8:1:2:aaaa:bbbb:cccc:dddd' }).signIn('six@shop.example', WRONG);
    await cms.browser({ address: '::ffff:192.0.2.44' }).signIn('six@shop.example', WRONG);
    const { rows } = await cms.pool.query(
      "SELECT key, tries FROM doorbuster_catalogue.sign_in_tries WHERE key LIKE 'address %' ORDER BY key",
    );
    expect(rows).toEqual([
      { key: 'address 192.0.2.44', tries: 1 },
      { key: 'address 2001:db8:1:2::/64', tries: 2 },
    ]);
  });

  test('at a busy moment are told to come again, and were not counted', async () => {
    const email = await cms.account('crowded');
    const matches = vi.spyOn(cms.hasher, 'matches').mockRejectedValue(new HasherBusy('too many'));
    const page = await cms.browser().signIn(email, PASSWORD);
    matches.mockRestore();
    expect(page.status).toBe(503);
    expect(page.html).toContain('Too busy');
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0);
    const { rows } = await cms.pool.query(
      'SELECT key FROM doorbuster_catalogue.sign_in_tries WHERE tries > 0',
    );
    expect(rows.map(({ key }) => String(key)).filter((key) => /crowded|address/.test(key))).toEqual([]);
    expect((await cms.browser().signIn(email, PASSWORD)).status).toBe(303);
  });
});

describe('a session', () => {
  test('ends at the server with the sign-out, and the browser forgets it', async () => {
    const browser = await cms.signedIn('leaver');
    const token = cookieOf(browser);
    const out = await browser.post('/cms/sign-out', { csrf: await browser.csrf() });
    expect([out.status, out.headers.get('location')]).toEqual([303, '/cms/sign-in?signed-out']);
    expect(browser.cookies.has(COOKIE)).toBe(false);
    expect((await browser.get('/cms/sign-in?signed-out')).html).toContain('You are signed out.');
    browser.cookies.set(COOKIE, token);
    expect(await browser.isSignedIn()).toBe(false);
  });

  test('ends after two hours without use, and goes on with it', async () => {
    const browser = await cms.signedIn('idler');
    cms.now += SESSION_IDLE_MS_MAX - 1;
    expect(await browser.isSignedIn()).toBe(true);
    cms.now += SESSION_IDLE_MS_MAX - 1;
    expect(await browser.isSignedIn()).toBe(true);
    cms.now += SESSION_IDLE_MS_MAX;
    expect(await browser.isSignedIn()).toBe(false);
  });

  test('ends after twelve hours in any case', async () => {
    const browser = await cms.signedIn('worker');
    const end = cms.now + SESSION_MS_MAX;
    while (cms.now + 60 * MINUTE_MS < end) {
      cms.now += 60 * MINUTE_MS;
      expect(await browser.isSignedIn()).toBe(true);
    }
    cms.now = end - 1;
    expect(await browser.isSignedIn()).toBe(true);
    cms.now = end;
    expect(await browser.isSignedIn()).toBe(false);
  });

  test('ends when its account is disabled, whose password then says so', async () => {
    const browser = await cms.signedIn('fired');
    await cms.users.change('fired@shop.example', { disabled: true });
    expect(await browser.isSignedIn()).toBe(false);
    const right = await cms.browser().signIn('fired@shop.example', PASSWORD);
    expect(right.status).toBe(403);
    expect(right.html).toContain('This account is disabled');
    const wrong = await cms.browser().signIn('fired@shop.example', WRONG);
    expect(wrong.html).toContain('E-mail or password is wrong');
    await cms.users.change('fired@shop.example', { disabled: false });
    expect(await browser.isSignedIn()).toBe(false);
    expect((await cms.browser().signIn('fired@shop.example', PASSWORD)).status).toBe(303);
  });

  test('ends when the password changes, and the old one is no more', async () => {
    const browser = await cms.signedIn('changer');
    await cms.users.change('changer@shop.example', { password: 'another long password' });
    expect(await browser.isSignedIn()).toBe(false);
    expect((await cms.browser().signIn('changer@shop.example', PASSWORD)).status).toBe(401);
    expect((await cms.browser().signIn('changer@shop.example', 'another long password')).status).toBe(303);
  });

  test('of one person has nothing to do with that of another', async () => {
    const [one, other] = [await cms.signedIn('one'), await cms.signedIn('another')];
    await one.post('/cms/sign-out', { csrf: await one.csrf() });
    expect(await other.isSignedIn()).toBe(true);
  });
});

describe('forms of others', () => {
  test('without the secret, with a wrong one or with that of another session change nothing', async () => {
    const browser = await cms.signedIn('target');
    const foreign = await (await cms.signedIn('foreign')).csrf();
    for (const fields of [{}, { csrf: '' }, { csrf: 'x' }, { csrf: foreign }, { csrf: cookieOf(browser) }]) {
      const page = await browser.post('/cms/sign-out', fields);
      expect(page.status).toBe(403);
      expect(page.html).toContain('This form is not of your session');
    }
    expect(await browser.isSignedIn()).toBe(true);
  });

  test('sign nobody in: the form’s secret belongs to the browser that loaded it', async () => {
    const email = await cms.account('signed-in-by-others');
    const attackersCsrf = await cms.browser().csrf('/cms/sign-in');
    const victim = cms.browser();
    await victim.get('/cms/sign-in');
    const computed = cms.hasher.computed;
    const page = await victim.post('/cms/sign-in', { csrf: attackersCsrf, email, password: PASSWORD });
    expect(page.status).toBe(403);
    expect(cms.hasher.computed).toBe(computed);
    expect(victim.cookies.has(COOKIE)).toBe(false);
  });

  test.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:3001' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://localhost:3000' },
    { 'sec-fetch-site': 'none' },
  ])('from another site are refused, secret or not: %o', async (headers) => {
    const browser = await cms.signedIn(`site-${Buffer.from(JSON.stringify(headers)).toString('hex')}`);
    const csrf = await browser.csrf();
    const page = await browser.post('/cms/sign-out', { csrf }, headers);
    expect(page.status).toBe(403);
    expect(page.html).toContain('This form is of another site');
    expect(await browser.isSignedIn()).toBe(true);
  });

  test.each([{ origin: 'http://localhost:3000' }, { 'sec-fetch-site': 'same-origin' }, {}])(
    'the own ones are taken: %o',
    async (headers) => {
      const browser = await cms.signedIn(`own-${Buffer.from(JSON.stringify(headers)).toString('hex')}`);
      const csrf = await browser.csrf();
      const page = await browser.post('/cms/sign-out', { csrf }, headers);
      expect(page.status).toBe(303);
    },
  );

  test('from a browser that is not signed in are refused with a word about what was typed', async () => {
    const page = await cms.browser().post('/cms', { csrf: 'x', title: 'a long text' });
    expect(page.status).toBe(401);
    expect(page.html).toContain('You are signed out');
    expect(page.html).toContain('Back button shows what you typed');
  });
});

describe('bad input', () => {
  test('a body that is too large is refused before it is looked at', async () => {
    const browser = cms.browser();
    const csrf = await browser.csrf('/cms/sign-in');
    const page = await browser.post('/cms/sign-in', { csrf, password: 'x'.repeat(20_000) });
    expect(page.status).toBe(413);
    expect(page.html).toContain('This is too large');
  });

  test('fields that are too long are wrong, and cost and count nothing', async () => {
    const email = await cms.account('long');
    const computed = cms.hasher.computed;
    const pages = [
      await cms.browser().signIn(email, 'x'.repeat(500)),
      await cms.browser().signIn(`${'x'.repeat(300)}@shop.example`, WRONG),
    ];
    expect(pages.map(({ status }) => status)).toEqual([401, 401]);
    expect(cms.hasher.computed).toBe(computed);
  });

  test('control characters reach no table', async () => {
    const page = await cms.browser().signIn('nul\0@shop.example', `${WRONG}\0`);
    expect(page.status).toBe(401);
  });

  test('what is no form is told so', async () => {
    const browser = await cms.signedIn('curl');
    const page = await browser.post('/cms/sign-out', {}, { 'content-type': 'application/json' });
    expect(page.status).toBe(415);
    expect(await browser.isSignedIn()).toBe(true);
  });
});

test('every page forbids inline scripts, frames and keeping it', async () => {
  const browser = await cms.signedIn('reader');
  const stranger = cms.browser();
  const pages = [
    await stranger.get('/cms/sign-in'),
    await stranger.get('/cms'),
    await stranger.signIn('x@shop.example', WRONG),
    await stranger.post('/cms', {}),
    await stranger.post('/cms/sign-in', {}, { 'sec-fetch-site': 'cross-site' }),
    await browser.get('/cms'),
    await browser.get('/cms/no-such-page'),
    await browser.post('/cms/sign-out', {}),
  ];
  expect(pages.map(({ status }) => status)).toEqual([200, 303, 401, 401, 403, 200, 404, 403]);
  for (const { headers, html } of pages) {
    const policy = headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("style-src 'self';");
    expect(policy).toContain("img-src 'self' https://cdn.example;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).not.toMatch(/unsafe|\*|data:|blob:/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i);
  }
});
