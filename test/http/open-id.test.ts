// Signing in at a real OpenID provider, there and back, and what happens to whoever comes back another way.

/* oxlint-disable vitest/expect-expect -- expectNobody asserts, too */

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EXCHANGES_MAX, PROVIDER_COOL_DOWN_MS } from '../../src/http/session/open-id.ts';
import { WAY_SECONDS_MAX } from '../../src/http/session/provider-routes.ts';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  signInAtProvider,
  startOpenIdProvider,
  type OpenIdProvider,
} from '../servers/open-id-provider.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { cookieIn, HOST, SessionApp } from './session-app.ts';

const SESSION = '__Host-doorbuster_session';
const WAY = '__Host-doorbuster_way';
const PUBLIC = `https://${HOST}`;
const CALLBACK = `${PUBLIC}/session/callback`;

let provider: OpenIdProvider;
let app: SessionApp;

const appAt = (issuer: string, clientSecret: string | undefined = CLIENT_SECRET): SessionApp =>
  new SessionApp({
    signIn: {
      publicOrigin: PUBLIC,
      provider: { issuer, clientId: CLIENT_ID, clientSecret, scopes: 'openid profile' },
    },
  });

beforeAll(async () => {
  provider = await startOpenIdProvider(CALLBACK, { tier: 'gold' });
});

afterAll(() => provider?.stop());

beforeEach(() => {
  app = appAt(provider.issuer);
});

interface Begun {
  readonly address: string;
  readonly way: string;
}

async function begin(next = '/c/spring', at = app): Promise<Begun> {
  const response = await at.get(`/session/start?next=${encodeURIComponent(next)}`);
  expect(response.status).toBe(303);
  return { address: response.headers.get('location')!, way: cookieIn(response, WAY)! };
}

/** @param back the address that the provider sent the browser to */
const finish = (back: string, way: string | undefined, at = app): Promise<Response> => {
  const { pathname, search } = new URL(back);
  return at.get(pathname + search, way === undefined ? {} : { Cookie: `${WAY}=${way}` });
};

async function expectNobody(response: Response, status: number): Promise<string> {
  expect(response.status).toBe(status);
  expect(cookieIn(response, SESSION)).toBeUndefined();
  expect(app.faults).toEqual([]);
  return response.text();
}

test('/sign-in leads there, and what comes back is a session at the page that was wished for', async () => {
  const signIn = await app.get('/sign-in?next=%2Fc%2Fspring%3Finvitation%3Da');
  expect(signIn.headers.get('location')).toBe('/session/start?next=%2Fc%2Fspring%3Finvitation%3Da');
  const { address, way } = await begin('/c/spring?invitation=a');
  const asked = new URL(address).searchParams;
  expect(asked.get('code_challenge_method')).toBe('S256');
  expect(asked.get('redirect_uri')).toBe(CALLBACK);
  expect(asked.get('state')!.length).toBeGreaterThan(20);
  expect(asked.get('nonce')!.length).toBeGreaterThan(20);
  const response = await finish(await signInAtProvider(address, 'ada'), way);
  expect(response.status).toBe(303);
  expect(response.headers.get('location')).toBe('/c/spring?invitation=a');
  const session = app.auth.sessions.read(cookieIn(response, SESSION)!)!;
  expect(session).toMatchObject({
    customerId: 'ada',
    name: 'ada of the provider',
    claims: { tier: 'gold' },
    invitedTo: [],
  });
  // What is the provider's own business stays out of the cookie.
  expect(Object.keys(session.claims)).toEqual(['tier']);
  expect(cookieIn(response, WAY)).toBe('');
});

test('the way back is signed, for scripts unseen, and short', async () => {
  const response = await app.get('/session/start');
  const cookie = response.headers.getSetCookie().find((each) => each.startsWith(WAY))!;
  expect(cookie).toMatch(/; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
});

describe('nobody is signed in', () => {
  let begun: Begun;
  let back: string;

  beforeEach(async () => {
    begun = await begin();
    back = await signInAtProvider(begun.address, 'ada');
  });

  const changed = (name: string, value: string): string => {
    const address = new URL(back);
    address.searchParams.set(name, value);
    return address.href;
  };

  test('in another browser than where it was begun: that of a victim', async () => {
    expect(await expectNobody(await finish(back, undefined), 400)).toContain('not begun here');
    const others = await begin();
    await expectNobody(await finish(back, others.way), 400);
  });

  test('with another state, code or issuer', async () => {
    await expectNobody(await finish(changed('state', 'another'), begun.way), 400);
    await expectNobody(await finish(changed('iss', 'https://evil.example'), begun.way), 400);
    await expectNobody(await finish(changed('code', 'made-up'), begun.way), 400);
  });

  test('twice with one code', async () => {
    expect((await finish(back, begun.way)).status).toBe(303);
    await expectNobody(await finish(back, begun.way), 400);
  });

  test('without the verifier or the nonce that it was begun with', async () => {
    const way = app.auth.signer('way 1', 3_800).read(begun.way)!;
    const forged = (more: object): string => app.auth.signer('way 1', 3_800).sign({ ...way, ...more });
    await expectNobody(await finish(back, forged({ verifier: 'v'.repeat(43) })), 400);
    const again = await begin();
    const secondBack = await signInAtProvider(again.address, 'ada');
    const second = app.auth.signer('way 1', 3_800).read(again.way)!;
    const other = app.auth.signer('way 1', 3_800).sign({ ...second, nonce: 'another' });
    await expectNobody(await finish(secondBack, other), 400);
  });

  test('with a way that was changed, or signed as something else, or is too old', async () => {
    await expectNobody(await finish(back, `${begun.way}x`), 400);
    const way = app.auth.signer('way 1', 3_800).read(begun.way)!;
    await expectNobody(await finish(back, app.auth.signer('session 1', 3_800).sign(way)), 400);
    app.now += WAY_SECONDS_MAX * 1_000;
    await expectNobody(await finish(back, begun.way), 400);
  });

  test('when they did not want to', async () => {
    const state = new URL(back).searchParams.get('state')!;
    const denied = `${CALLBACK}?error=access_denied&state=${state}&iss=${encodeURIComponent(provider.issuer)}`;
    expect(await expectNobody(await finish(denied, begun.way), 403)).toContain(
      'ended before it was finished',
    );
  });

  test('by an answer that is huge or empty', async () => {
    const huge = await finish(`${CALLBACK}?code=${'x'.repeat(9_000)}`, begun.way);
    expect(await expectNobody(huge, 400)).toContain('not begun here');
    await expectNobody(await finish(CALLBACK, begun.way), 400);
  });

  test('and nothing that the address says becomes markup', async () => {
    const response = await finish(changed('error', '<script>alert(1)</script>'), begun.way);
    expect(await expectNobody(response, 400)).not.toContain('<script>alert');
  });
});

test('nobody is led elsewhere afterwards', async () => {
  const { address, way } = await begin('//evil.example/');
  const response = await finish(await signInAtProvider(address, 'ada'), way);
  expect(response.headers.get('location')).toBe('/');
});

test('a wrong client secret signs nobody in', async () => {
  app = appAt(provider.issuer, 'not-the-secret');
  const { address, way } = await begin();
  await expectNobody(await finish(await signInAtProvider(address, 'ada'), way), 400);
});

test('without a provider there is no such address', async () => {
  app = new SessionApp();
  await expectNobody(await app.get('/session/start'), 404);
  await expectNobody(await app.get('/session/callback?code=x'), 404);
});

describe('a provider that is away', () => {
  test('before it ever answered: a page says so, and later it works', async () => {
    const late = await startOpenIdProvider(CALLBACK);
    await late.stop();
    app = appAt(late.issuer);
    const response = await app.get('/session/start');
    expect(await expectNobody(response, 503)).toContain('Sign-in is not possible just now');
    const again = await startOpenIdProvider(CALLBACK, {}, late.issuer);
    try {
      app.now += PROVIDER_COOL_DOWN_MS;
      const { address, way } = await begin();
      expect((await finish(await signInAtProvider(address, 'ada'), way)).status).toBe(303);
    } finally {
      await again.stop();
    }
  });

  test('between there and back: a page says so', async () => {
    const shortLived = await startOpenIdProvider(CALLBACK);
    app = appAt(shortLived.issuer);
    const { address, way } = await begin();
    const back = await signInAtProvider(address, 'ada');
    await shortLived.stop();
    expect(await expectNobody(await finish(back, way), 503)).toContain('does not answer');
  });
});

test('one way, come back with again and again, asks the provider no more than so often at once', async () => {
  const asked: ServerResponse[] = [];
  const slow = createServer((incoming, outgoing) => {
    if (incoming.url === '/token') return void asked.push(outgoing);
    const { port } = slow.address() as AddressInfo;
    const issuer = `http://127.0.0.1:${port}`;
    outgoing.setHeader('Content-Type', 'application/json');
    outgoing.end(
      JSON.stringify({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ['code'],
      }),
    );
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const at = appAt(`http://127.0.0.1:${(slow.address() as AddressInfo).port}`);
  const { address, way } = await begin('/', at);
  const back = `${CALLBACK}?code=made-up&state=${new URL(address).searchParams.get('state')}`;
  let answered = 0;
  const answers = Array.from({ length: EXCHANGES_MAX + 20 }, async () => {
    const response = await finish(back, way, at);
    answered++;
    return response.status;
  });
  // Those over the bound hear of it at once; the others when the provider answers, or has not for too long.
  await waitUntil('the answers or the questions', () => answered + asked.length >= EXCHANGES_MAX + 20);
  for (const outgoing of asked) outgoing.writeHead(500).end();
  expect(new Set(await Promise.all(answers))).toEqual(new Set([503]));
  expect(asked.length).toBeLessThanOrEqual(EXCHANGES_MAX);
  const before = asked.length;
  // There is room again.
  const again = finish(back, way, at);
  await waitUntil('a further question', () => asked.length > before);
  asked.at(-1)!.writeHead(400).end();
  expect((await again).status).toBe(400);
  slow.closeAllConnections();
  await new Promise((resolve) => slow.close(resolve));
});
