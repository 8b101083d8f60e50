// Shoppers' sessions and invitations: what lets somebody in, and whatever only looks like it.

import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextPage, SHOP_PAGES } from '../../src/http/next-page.ts';
import {
  SESSION_CLAIMS_BYTES_MAX,
  SESSION_INVITATIONS_MAX,
  type Session,
} from '../../src/http/session/session.ts';
import { cookieIn, HOST, SESSION_SECRET, SessionApp } from './session-app.ts';
import { inSeconds, sign } from './tokens.ts';

const SESSION = '__Host-doorbuster_session';
const OWN = { 'Sec-Fetch-Site': 'same-origin' };
const SHOP = 'https://shop.example';

/** As a browser brings it. */
const sessionOf = (app: SessionApp, customerId = 'ada', claims: Record<string, unknown> = {}): string =>
  app.auth.sessions.sign(app.auth.sessions.begin({ customerId, name: undefined, claims }));

const cookie = (value: string, name = SESSION): { cookie: string; host: string } => ({
  cookie: `${name}=${value}`,
  host: HOST,
});

const visitorWith = (app: SessionApp, value: string, name = SESSION) =>
  app.auth.visitorOf(cookie(value, name), false);

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the session cookie', () => {
  test('is the shopper whom it was signed for, with name, claims and invitations', () => {
    const app = new SessionApp();
    const { sessions } = app.auth;
    const session = sessions.begin({ customerId: 'ada', name: 'Ada', claims: { tier: 'gold' } });
    const token = sessions.sign(
      sessions.invited(session, { campaignId: 'spring', expiresAt: app.now + 60_000 }),
    );
    expect(visitorWith(app, token)).toMatchObject({
      customerId: 'ada',
      claims: { tier: 'gold' },
      invitedTo: ['spring'],
      session: { id: session.id, name: 'Ada' },
    });
  });

  test('is nobody’s when anything of it was changed, cut off or added', () => {
    const app = new SessionApp();
    const token = sessionOf(app);
    expect(visitorWith(app, token)).toBeDefined();
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === 'A' ? 'B' : 'A';
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      // The last character of a signature has bits that mean nothing; another one of the same meaning is refused as well.
      expect(visitorWith(app, changed), `changed at ${at}`).toBeUndefined();
      expect(visitorWith(app, token.slice(0, at)), `cut off at ${at}`).toBeUndefined();
    }
    expect(visitorWith(app, `${token}A`)).toBeUndefined();
    expect(visitorWith(app, `${token}.`)).toBeUndefined();
    expect(visitorWith(app, `"${token}"`)).toBeUndefined();
  });

  test('is nobody’s without a signature, with another algorithm or another key', () => {
    const app = new SessionApp();
    const [, payload] = sessionOf(app).split('.');
    const signedWith = (header: object, secret: string, hash = 'sha256'): string => {
      const text = `${part(header)}.${payload}`;
      return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
    };
    const usual = { alg: 'HS256', typ: 'JWT' };
    for (const token of [
      `${part({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      `${part({ alg: 'NONE' })}.${payload}.`,
      `${part(usual)}.${payload}.`,
      `${part(usual)}.${payload}`,
      signedWith(usual, ''),
      // The very secret is not the key of any purpose.
      signedWith(usual, SESSION_SECRET),
      signedWith({ alg: 'HS512', typ: 'JWT' }, SESSION_SECRET, 'sha512'),
    ])
      expect(visitorWith(app, token), token).toBeUndefined();
  });

  test('is nobody’s when it was signed for another purpose: an invitation, a way, a token of the shop', () => {
    const app = new SessionApp({ sessionSecret: 'one-secret-for-all-of-it' });
    const claims = { sid: 'x', sub: 'ada', name: 'Ada', claims: {}, inv: [], exp: inSeconds(60) };
    expect(visitorWith(app, app.auth.signer('session 1', 3_800).sign(claims))).toBeDefined();
    for (const purpose of ['invitation 1', 'way 1', 'session 2', ''])
      expect(visitorWith(app, app.auth.signer(purpose, 3_800).sign(claims)), purpose).toBeUndefined();
    expect(visitorWith(app, sign(claims))).toBeUndefined();
    expect(visitorWith(app, sign(claims, { secret: 'one-secret-for-all-of-it' }))).toBeUndefined();
  });

  test('is no bearer token, and a bearer token is no cookie', async () => {
    const app = new SessionApp({ sessionSecret: 'auth-secret-of-the-tests' });
    const token = sessionOf(app);
    const asBearer = await app.get('/v1/orders', { Authorization: `Bearer ${token}` });
    expect(asBearer.status).toBe(401);
    expect(visitorWith(app, sign({ sub: 'ada', exp: inSeconds(60) }))).toBeUndefined();
  });

  test('ends at its hour, to the second', () => {
    const app = new SessionApp({ sessionMs: 60_000 });
    const begin = app.now;
    const token = sessionOf(app);
    const { expiresAt } = app.auth.sessions.read(token)!;
    expect(expiresAt).toBeGreaterThan(begin + 58_000);
    app.now = expiresAt - 1;
    expect(visitorWith(app, token)).toBeDefined();
    app.now = expiresAt;
    expect(visitorWith(app, token)).toBeUndefined();
  });

  test('never lives longer than twelve hours, whatever is set', () => {
    const app = new SessionApp({ sessionMs: 1_000 * 60 * 60 * 24 * 365 });
    const { expiresAt } = app.auth.sessions.read(sessionOf(app))!;
    expect(expiresAt - app.now).toBeLessThanOrEqual(12 * 60 * 60 * 1_000);
  });

  test('counts under the name alone that a browser takes over HTTPS from this very host', () => {
    const app = new SessionApp();
    const token = sessionOf(app);
    expect(visitorWith(app, token, 'doorbuster_session')).toBeUndefined();
    expect(visitorWith(app, token, '__Secure-doorbuster_session')).toBeUndefined();
    expect(visitorWith(app, token, '__host-doorbuster_session')).toBeUndefined();
    expect(visitorWith(app, token, `x${SESSION}`)).toBeUndefined();
    expect(visitorWith(app, token)).toBeDefined();
  });

  test('at home, without TLS, it has its plain name', () => {
    const app = new SessionApp();
    const home = { cookie: `doorbuster_session=${sessionOf(app)}`, host: 'localhost:3000' };
    expect(app.auth.visitorOf(home, false)).toBeDefined();
    expect(app.auth.visitorOf({ ...home, 'x-forwarded-proto': 'https' }, false)).toBeUndefined();
    expect(app.auth.visitorOf({ ...home, host: 'localhost.evil.example' }, false)).toBeUndefined();
  });

  test('behind a proxy that hands on neither host nor scheme, the public address says that there is TLS', async () => {
    const app = new SessionApp({ demo: true, signIn: { publicOrigin: 'https://sale.example' } });
    const proxied = { Host: 'localhost:3000' };
    const [entry] = (await app.get('/sign-in', proxied)).headers.getSetCookie();
    expect(entry).toMatch(/^__Host-doorbuster_entry=.*; Secure/);
    const visitor = (name: string) =>
      app.auth.visitorOf({ cookie: `${name}=${sessionOf(app)}`, host: 'localhost:3000' }, false);
    expect(visitor('doorbuster_session')).toBeUndefined();
    expect(visitor(SESSION)).toMatchObject({ customerId: 'ada' });
  });

  test('is nobody’s when there are two of the name: somebody else put one there', () => {
    const app = new SessionApp();
    const [own, tossed] = [sessionOf(app, 'ada'), sessionOf(app, 'mallory')];
    for (const text of [`${SESSION}=${own}; ${SESSION}=${tossed}`, `${SESSION}=${tossed};${SESSION}=${own}`])
      expect(app.auth.visitorOf({ cookie: text, host: HOST }, false)).toBeUndefined();
    const among = `other=1; ${SESSION}=${own}; x${SESSION}=${tossed}; last=${SESSION}`;
    expect(app.auth.visitorOf({ cookie: among, host: HOST }, false)).toMatchObject({ customerId: 'ada' });
  });

  test('is none in the value of another cookie, which any host of the domain can write', () => {
    const app = new SessionApp();
    const [own, tossed] = [sessionOf(app, 'ada'), sessionOf(app, 'mallory')];
    for (const text of [
      `a=b ${SESSION}=${tossed}`,
      `a=b  ${SESSION}=${tossed}; c=d`,
      `a= ${SESSION}=${tossed}`,
    ]) {
      expect(app.auth.visitorOf({ cookie: text, host: HOST }, false), text).toBeUndefined();
      const beside = { cookie: `${text}; ${SESSION}=${own}`, host: HOST };
      expect(app.auth.visitorOf(beside, false), text).toMatchObject({ customerId: 'ada' });
    }
    for (const text of [`a=b;${SESSION}=${own}`, `a=b;  ${SESSION}=${own}`, ` ${SESSION}=${own}`])
      expect(app.auth.visitorOf({ cookie: text, host: HOST }, false), text).toMatchObject({
        customerId: 'ada',
      });
  });

  test('whatever else stands in it is nobody, and no error', () => {
    const app = new SessionApp();
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.base64String()), (text) => {
        expect(visitorWith(app, text)).toBeUndefined();
        expect(app.auth.visitorOf({ cookie: text, host: HOST }, false)).toBeUndefined();
      }),
    );
    expect(visitorWith(app, 'A'.repeat(16_000))).toBeUndefined();
    expect(visitorWith(app, `${sessionOf(app)}${'A'.repeat(16_000)}`)).toBeUndefined();
  });

  test('a claim of any name is only a claim', () => {
    const app = new SessionApp();
    const claims = JSON.parse('{"__proto__":{"tier":"gold"},"constructor":"x"}') as Record<string, unknown>;
    const token = sessionOf(app, 'ada', claims);
    const visitor = visitorWith(app, token) as { claims: Record<string, unknown> };
    expect(visitor.claims['tier']).toBeUndefined();
    expect(({} as Record<string, unknown>)['tier']).toBeUndefined();
  });

  test('has room for claims up to a bound, with the longest name and all invitations', () => {
    const { sessions } = new SessionApp().auth;
    const filler = (bytes: number): Record<string, unknown> => ({ c: 'x'.repeat(bytes - '{"c":""}'.length) });
    const begin = (claims: Record<string, unknown>) =>
      sessions.begin({ customerId: '世'.repeat(128), name: '世'.repeat(500), claims });
    let fullest = begin(filler(SESSION_CLAIMS_BYTES_MAX));
    for (let number = 0; number < SESSION_INVITATIONS_MAX + 5; number++)
      fullest = sessions.invited(fullest, {
        campaignId: `campaign-${number}-0123456789`,
        expiresAt: Date.now() + 600_000,
      });
    expect(fullest.invitedTo).toHaveLength(SESSION_INVITATIONS_MAX);
    expect(fullest.invitedTo.at(-1)).toBe(`campaign-${SESSION_INVITATIONS_MAX + 4}-0123456789`);
    const token = sessions.sign(fullest);
    expect(token.length + SESSION.length).toBeLessThan(4_096 - 100);
    expect(sessions.read(token)).toMatchObject({ invitedTo: fullest.invitedTo });
    expect(() => sessions.sign(begin(filler(SESSION_CLAIMS_BYTES_MAX + 1)))).toThrow(
      /claims have 1025 bytes, and a session holds 1024/,
    );
  });
});

describe('a change with a session', () => {
  const body = JSON.stringify({ productId: 'kettle', quantity: 1 });
  const buy = async (headers: Record<string, string>): Promise<number> => {
    const app = new SessionApp();
    const signedIn = { Cookie: `${SESSION}=${sessionOf(app)}` };
    // Without an Idempotency-Key: whoever is let through is asked for it, and nothing comes of it.
    const response = await app.app.request(`https://${HOST}/v1/orders`, {
      method: 'POST',
      headers: { Host: HOST, 'Content-Length': String(body.length), ...signedIn, ...headers },
      body,
    });
    expect(app.faults).toEqual([]);
    return response.status;
  };

  test.each([
    ['a page of this server', { 'Sec-Fetch-Site': 'same-origin' }, 400],
    ['a page of this server, in an older browser', { Origin: `https://${HOST}` }, 400],
    ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }, 403],
    ['another host of the domain', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://blog.example' }, 403],
    ['an address bar', { 'Sec-Fetch-Site': 'none' }, 403],
    [
      'a site that claims to be ours, against its browser',
      { 'Sec-Fetch-Site': 'cross-site', Origin: `https://${HOST}` },
      403,
    ],
    ['another site, in an older browser', { Origin: 'https://evil.example' }, 403],
    ['a site with our name in front', { Origin: `https://${HOST}.evil.example` }, 403],
    ['a site with our name as a user', { Origin: `https://${HOST}@evil.example` }, 403],
    ['a page of ours without TLS, in an older browser', { Origin: `http://${HOST}` }, 403],
    ['another port', { Origin: `https://${HOST}:8443` }, 403],
    ['a page without an origin', { Origin: 'null' }, 403],
    ['somebody who says nothing', {}, 403],
  ] as const)('from %s', async (_, headers, status) => {
    expect(await buy(headers)).toBe(status);
  });

  test('needs no proof when it comes with a token', async () => {
    const app = new SessionApp();
    const token = sign({ sub: 'ada', exp: inSeconds(60) });
    const response = await app.app.request(`https://${HOST}/v1/orders`, {
      method: 'POST',
      headers: { Host: HOST, Authorization: `Bearer ${token}`, 'Sec-Fetch-Site': 'cross-site' },
    });
    expect(response.status).toBe(400);
  });

  test('a wrong token is not made good by a right session', async () => {
    const app = new SessionApp();
    const headers = { Authorization: 'Bearer wrong', Cookie: `${SESSION}=${sessionOf(app)}` };
    expect((await app.get('/v1/orders/x', headers)).status).toBe(401);
  });

  test('where shoppers see this server under another address, its pages are those', async () => {
    const app = new SessionApp({ signIn: { publicOrigin: 'https://outside.example' } });
    const caller = { ...cookie(sessionOf(app)), origin: 'https://outside.example' };
    expect(app.auth.visitorOf(caller, true)).toBeDefined();
    expect(() => app.auth.visitorOf({ ...caller, origin: 'https://evil.example' }, true)).toThrow(
      'forbidden',
    );
  });
});

describe('an invitation', () => {
  const invitation = { campaignId: 'spring', customerId: 'ada', expiresAt: Date.now() + 60_000 };

  test('is read by whoever has it, and made by this server alone', () => {
    const { invitations } = new SessionApp().auth;
    const token = invitations.sign(invitation);
    expect(invitations.read(token)).toMatchObject({ campaignId: 'spring', customerId: 'ada' });
    expect(token).toMatch(/^[A-Za-z0-9_.-]+$/);
    const [, payload, signature] = token.split('.');
    const other = part({ cmp: 'spring', sub: 'mallory', exp: inSeconds(60) });
    for (const forged of [
      `${part({ alg: 'none' })}.${payload}.`,
      `${part({ alg: 'none' })}.${payload}.${signature}`,
      `${token.split('.')[0]}.${other}.${signature}`,
      sign({ cmp: 'spring', sub: 'ada', exp: inSeconds(60) }),
      new SessionApp({ sessionSecret: 'another-secret-of-a-server' }).auth.invitations.sign(invitation),
      token.slice(0, -1),
      '',
      'x'.repeat(5_000),
    ])
      expect(invitations.read(forged), forged).toBeUndefined();
  });

  test('ends at its hour', () => {
    const app = new SessionApp();
    const token = app.auth.invitations.sign({ ...invitation, expiresAt: app.now + 5_000 });
    app.now += 6_000;
    expect(app.auth.invitations.read(token)).toBeUndefined();
  });

  test('in a session ends at its own hour, and a later one takes its place', () => {
    const app = new SessionApp();
    const { sessions } = app.auth;
    const until = (session: Session, campaignId: string, seconds: number): Session =>
      sessions.invited(session, { campaignId, expiresAt: app.now + seconds * 1_000 });
    const session = until(
      until(until(sessions.read(sessionOf(app))!, 'spring', 60), 'summer', 600),
      'autumn',
      60,
    );
    const token = sessions.sign(session);
    const renewed = sessions.sign(until(sessions.read(token)!, 'spring', 900));
    const at = (of: string): unknown => (visitorWith(app, of) as { invitedTo: unknown }).invitedTo;
    expect(at(token)).toEqual(['spring', 'summer', 'autumn']);
    app.now += 61_000;
    expect(at(token)).toEqual(['summer']);
    expect(at(renewed)).toEqual(['summer', 'spring']);
    app.now += 900_000;
    expect(at(renewed)).toEqual([]);
  });

  test('in the header opens its campaign to its customer, and to nobody else', () => {
    const app = new SessionApp();
    const brought = app.auth.invitations.sign(invitation);
    const visitor = (customerId: string, header: string) =>
      app.auth.visitorOf({ ...cookie(sessionOf(app, customerId)), 'doorbuster-invitation': header }, false);
    expect(visitor('ada', brought)).toMatchObject({ invitedTo: ['spring'] });
    expect(visitor('mallory', brought)).toMatchObject({ invitedTo: [] });
    expect(visitor('ada', 'wrong')).toMatchObject({ invitedTo: [] });
    expect(app.auth.visitorOf({ host: HOST, 'doorbuster-invitation': brought }, false)).toBeUndefined();
  });
});

describe('the way back after a sign-in', () => {
  test.each(['/c/spring', '/c/spring?invitation=a.b.c', '/orders/0123', '/', '/c/%E4%B8%96'])(
    'leads to %s',
    (wanted) => {
      expect(nextPage(wanted, SHOP_PAGES)).toBe(wanted);
    },
  );

  test.each([
    'https://evil.example/',
    '//evil.example/c/x',
    '///evil.example',
    String.raw`/\evil.example`,
    String.raw`\\evil.example`,
    String.raw`/\/evil.example`,
    '/\t/evil.example',
    '/\n//evil.example',
    '\u0000//evil.example',
    ' //evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/c/..//evil.example',
    '/%2e//evil.example',
    '/c/%2e%2e//evil.example',
    'http:evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '//user@evil.example',
    'https://sale.example@evil.example/',
    '/sign-in?next=/c/x',
    '/session/end',
    '/session/start?next=/x',
    '/c/../sign-in',
    '/cms',
    '/v1/orders',
    `/c/${'x'.repeat(2_000)}`,
    `/c/${'世'.repeat(700)}`,
    '',
  ])('never leads to %j', (wanted) => {
    expect(nextPage(wanted, SHOP_PAGES)).toBe('/');
  });

  test('whatever is wished, it is a path here, fit for a header', () => {
    const pieces = [
      '/',
      '\\',
      '.',
      '..',
      ':',
      '@',
      '//',
      '?',
      '#',
      '%2f',
      '%5c',
      '\t',
      '\r\n',
      'evil.example',
      'c',
      '世',
      ' ',
    ];
    const address = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 10 }).map((some) => some.join('')),
    );
    fc.assert(
      fc.property(address, (wanted) => {
        const next = nextPage(wanted, SHOP_PAGES);
        // oxlint-disable-next-line no-control-regex -- control characters are just what must not be there
        expect(next).toMatch(/^\/(?![/\\])[^\u0000-\u0020\u007f-\uffff]*$/);
        expect(new URL(next, `https://${HOST}/somewhere`).origin).toBe(`https://${HOST}`);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('handing over', () => {
  const token = (claims: object = {}, options = {}): string =>
    sign({ sub: 'ada', iat: inSeconds(0), exp: inSeconds(60), ...claims }, options);
  const shopOf = (settings = {}): SessionApp =>
    new SessionApp({ signIn: { shopOrigins: [SHOP] }, ...settings });
  const fromShop = { Origin: SHOP, 'Sec-Fetch-Site': 'cross-site' };

  test('a short-lived token becomes a session that scripts and other sites cannot have', async () => {
    const app = shopOf();
    const response = await app.post(
      '/session',
      { token: token({ name: 'Ada', tier: 'gold', jti: 'x' }), next: '/c/spring' },
      fromShop,
    );
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/c/spring');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const set = response.headers.getSetCookie().find((each) => each.startsWith(SESSION))!;
    expect(set).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(set).toMatch(/; Max-Age=43\d{3};/);
    expect(set).not.toMatch(/Domain/i);
    expect(app.auth.sessions.read(cookieIn(response, SESSION)!)).toMatchObject({
      customerId: 'ada',
      name: 'Ada',
      claims: { tier: 'gold' },
      invitedTo: [],
    });
  });

  test.each([
    ['it lives too long', { exp: inSeconds(400) }, {}],
    ['it has no iat', { iat: undefined }, {}],
    ['its iat is text', { iat: 'now' }, {}],
    ['it was made in the future', { iat: inSeconds(200), exp: inSeconds(300) }, {}],
    ['it is out of date', { iat: inSeconds(-70), exp: inSeconds(-10) }, {}],
    ['it has no exp', { exp: undefined }, {}],
    ['it is of nobody', { sub: '' }, {}],
    ['its sub has a line end', { sub: 'ada\r\nSet-Cookie: x=y' }, {}],
    ['it has another secret', {}, { secret: 'another-secret-of-somebody' }],
    ['it has no signature', {}, { algorithm: 'none' }],
    ['it has another algorithm', {}, { algorithm: 'HS512' }],
  ] as const)('is refused when %s', async (_, claims, options) => {
    const app = shopOf();
    const response = await app.post(
      '/session',
      { token: token(claims, options), next: '/c/spring' },
      fromShop,
    );
    expect(response.status).toBe(401);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await response.text()).toContain('Nobody was signed in');
    expect(app.faults).toEqual([]);
  });

  test.each([
    ['another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['another host of the shop', { Origin: 'https://blog.shop.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['the shop without TLS', { Origin: 'http://shop.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['a page that hides where it stands', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }],
    ['a browser that says only that it is another', { 'Sec-Fetch-Site': 'cross-site' }],
    ['somebody who says nothing', {}],
  ])('signs nobody in from %s, whose token ever it is', async (_, headers) => {
    const response = await shopOf().post('/session', { token: token() }, headers);
    expect(response.status).toBe(403);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await response.text()).toContain('SHOP_ORIGINS');
  });

  test('a session before it, and its id, are gone after it', async () => {
    const app = shopOf();
    const before = app.auth.sessions.begin({ customerId: 'mallory', name: undefined, claims: {} });
    const headers = { ...fromShop, Cookie: `${SESSION}=${app.auth.sessions.sign(before)}` };
    const response = await app.post('/session', { token: token() }, headers);
    const after = app.auth.sessions.read(cookieIn(response, SESSION)!)!;
    expect(after.customerId).toBe('ada');
    expect(after.id).not.toBe(before.id);
  });

  test('claims that no cookie has room for are the shop’s mistake, and it is told so', async () => {
    const response = await shopOf().post(
      '/session',
      { token: token({ groups: 'g'.repeat(1_100) }) },
      fromShop,
    );
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/claims have \d+ bytes, and a session holds 1024 at most/);
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  test('a form too large, of another kind or without a token is refused', async () => {
    const app = shopOf();
    expect((await app.post('/session', { token: 'x'.repeat(17_000) }, fromShop)).status).toBe(413);
    expect((await app.post('/session', { next: '/' }, fromShop)).status).toBe(400);
    const json = await app.app.request(`https://${HOST}/session`, {
      method: 'POST',
      headers: { Host: HOST, 'Content-Type': 'application/json', ...fromShop },
      body: JSON.stringify({ token: token() }),
    });
    expect(json.status).toBe(400);
    expect(app.faults).toEqual([]);
  });

  test('leads nowhere else than here', async () => {
    const response = await shopOf().post('/session', { token: token(), next: '//evil.example' }, fromShop);
    expect(response.headers.get('location')).toBe('/');
  });

  test('outside demo mode nobody becomes somebody by a name', async () => {
    const app = shopOf();
    const response = await app.post('/session', { customer: 'ada', csrf: 'x' }, OWN);
    expect(response.status).toBe(400);
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  test('the token must be of the issuer and for the audience that are set', async () => {
    const app = shopOf({ issuer: 'https://id.shop.example', audience: 'sale' });
    const right = { iss: 'https://id.shop.example', aud: 'sale' };
    const status = async (claims: object): Promise<number> =>
      (await app.post('/session', { token: token(claims) }, fromShop)).status;
    expect(await status(right)).toBe(303);
    expect(await status({ ...right, aud: ['other', 'sale'] })).toBe(303);
    expect(await status({ ...right, aud: 'other' })).toBe(401);
    expect(await status({ ...right, aud: ['other'] })).toBe(401);
    expect(await status({ ...right, aud: { sale: true } })).toBe(401);
    expect(await status({ iss: right.iss })).toBe(401);
    expect(await status({ ...right, iss: 'https://id.shop.example.evil.example' })).toBe(401);
    expect(await status({ aud: 'sale' })).toBe(401);
  });
});

describe('/sign-in', () => {
  test('leads to the shop’s own, which learns where to lead back to', async () => {
    const app = new SessionApp({ signIn: { signInUrl: `${SHOP}/login?from=sale` } });
    const response = await app.get('/sign-in?next=%2Fc%2Fspring%3Finvitation%3Da');
    expect(response.status).toBe(303);
    const to = new URL(response.headers.get('location')!);
    expect(to.origin + to.pathname).toBe(`${SHOP}/login`);
    expect(Object.fromEntries(to.searchParams)).toEqual({ from: 'sale', next: '/c/spring?invitation=a' });
  });

  test('passes no foreign address on to the shop', async () => {
    const app = new SessionApp({ signIn: { signInUrl: `${SHOP}/login` } });
    const response = await app.get(`/sign-in?next=${encodeURIComponent('https://evil.example/')}`);
    expect(new URL(response.headers.get('location')!).searchParams.get('next')).toBe('/');
  });

  test('leads whoever is signed in straight on', async () => {
    const app = new SessionApp({ signIn: { signInUrl: `${SHOP}/login` } });
    const response = await app.get('/sign-in?next=/c/spring', { Cookie: `${SESSION}=${sessionOf(app)}` });
    expect(response.headers.get('location')).toBe('/c/spring');
  });

  test('a form that comes too late is told so, before a link leads on', async () => {
    const app = new SessionApp({ signIn: { signInUrl: `${SHOP}/login` } });
    const response = await app.get('/sign-in?signed-out&next=%2Fc%2Fspring');
    expect(response.status).toBe(401);
    const html = await response.text();
    expect(html).toContain('You are signed out');
    expect(html).toContain('href="/sign-in?next=%2Fc%2Fspring"');
  });

  test('without any way to sign in it says where to come from', async () => {
    const response = await new SessionApp().get('/sign-in');
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('Come through the shop’s door');
  });
});

describe('the demonstration’s sign-in', () => {
  const ENTRY = '__Host-doorbuster_entry';
  const proxied = { 'X-Forwarded-Proto': 'https' };

  async function open(app: SessionApp): Promise<{ csrf: string; headers: Record<string, string> }> {
    const page = await app.get('/sign-in?next=/c/spring', proxied);
    const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())![1]!;
    return { csrf, headers: { ...proxied, ...OWN, Cookie: `${ENTRY}=${cookieIn(page, ENTRY)}` } };
  }

  test('makes anybody whom they like, with what the samples’ shop says of them', async () => {
    const app = new SessionApp({ demo: true });
    const { csrf, headers } = await open(app);
    const session = async (fields: Record<string, string>) => {
      const response = await app.post('/session', { csrf, next: '/c/spring', ...fields }, headers);
      expect(response.headers.get('location')).toBe('/c/spring');
      return app.auth.sessions.read(cookieIn(response, SESSION)!);
    };
    expect(await session({ customer: ' Zoë ' })).toMatchObject({ customerId: 'Zoë', claims: {} });
    expect(await session({ sample: 'grace' })).toMatchObject({
      customerId: 'grace',
      name: 'Grace',
      claims: { tier: 'gold' },
    });
  });

  test('takes no form of another page, another browser or another site', async () => {
    const app = new SessionApp({ demo: true });
    const { csrf, headers } = await open(app);
    const status = async (fields: Record<string, string>, more: Record<string, string>): Promise<number> =>
      (await app.post('/session', { customer: 'ada', ...fields }, more)).status;
    expect(await status({ csrf }, headers)).toBe(303);
    expect(await status({}, headers)).toBe(403);
    expect(await status({ csrf: `${csrf}x` }, headers)).toBe(403);
    expect(await status({ csrf }, { ...headers, Cookie: '' })).toBe(403);
    expect(await status({ csrf }, { ...headers, Cookie: `${ENTRY}=AAAAAAAAAAAAAAAAAAAAAA` })).toBe(403);
    expect(await status({ csrf }, { ...headers, 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
  });

  test('says what is wrong with a name, and shows no markup that somebody put there', async () => {
    const app = new SessionApp({ demo: true });
    const { csrf, headers } = await open(app);
    const response = await app.post('/session', { csrf, customer: '', next: '/"><script>' }, headers);
    expect(response.status).toBe(400);
    const html = await response.text();
    expect(html).toContain('Type a name of 1 to 128 characters');
    expect(html).not.toContain('<script>');
    expect((await app.post('/session', { csrf, customer: 'x'.repeat(129) }, headers)).status).toBe(400);
  });
});

describe('signing out', () => {
  test('removes the cookie, for a form of this very session', async () => {
    const app = new SessionApp();
    const session = app.auth.sessions.begin({ customerId: 'ada', name: undefined, claims: {} });
    const { csrfOf } = await import('../../src/http/form-secret.ts');
    const headers = { ...OWN, Cookie: `${SESSION}=${app.auth.sessions.sign(session)}` };
    const wrong = await app.post('/session/end', { csrf: csrfOf('another') }, headers);
    expect(wrong.status).toBe(403);
    expect(wrong.headers.getSetCookie()).toEqual([]);
    const right = await app.post('/session/end', { csrf: csrfOf(session.id), next: '/' }, headers);
    expect(right.status).toBe(303);
    expect(right.headers.getSetCookie()).toEqual([
      `${SESSION}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
    ]);
  });

  test('without a session there is nothing to do but to remove what is left of one', async () => {
    const response = await new SessionApp().post('/session/end', {}, OWN);
    expect(response.status).toBe(303);
    expect(cookieIn(response, SESSION)).toBe('');
  });

  test.each([
    ['that says where it is', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['in an older browser', { Origin: 'https://evil.example' }],
    ['that hides where it is', { Origin: 'null' }],
  ])('another site cannot do it to anybody: %s', async (_, headers) => {
    // A browser keeps a cookie of SameSite=Lax back, and would all the same do what the answer says.
    const response = await new SessionApp().post('/session/end', {}, headers);
    expect(response.headers.getSetCookie()).toEqual([]);
  });
});
