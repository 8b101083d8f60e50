// Signing in at whole nodes, as browsers and programs do: with the demonstration's page, handed over by a shop, at a provider, and with
// tokens of a provider's keys. Two worker threads each: what one made, the other reads.

import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../harness/engine.ts';
import { cookiesOf, signInAsShopper } from '../harness/shopper-session.ts';
import { inSeconds, sign } from '../http/tokens.ts';
import { freePorts } from '../servers/free-port.ts';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  signInAtProvider,
  startOpenIdProvider,
  type OpenIdProvider,
} from '../servers/open-id-provider.ts';

const OWN = { 'Sec-Fetch-Site': 'same-origin' };
const SHOP = 'https://shop.example';
const THREADS = { WORKERS: '2' };

const buy = (engine: Engine, headers: Record<string, string>, key: string, productId = 'kettle') =>
  engine.call('POST', '/v1/orders', { key, headers, body: { productId, quantity: 1 } });

describe('in demo mode', () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await Engine.start({ env: THREADS });
    await engine.product('kettle', { perCustomerLimit: 10 });
  });

  afterAll(() => engine?.remove());

  test('whoever signs in at the page buys, looks and pays with the cookie alone', async () => {
    const { headers } = await signInAsShopper(engine.url, 'zoë');
    const bought = await buy(engine, headers, 'first');
    expect(bought).toMatchObject({ status: 201, body: { customerId: 'zoë', status: 'reserved' } });
    // As often as it takes to meet each thread.
    for (let time = 0; time < 8; time++) {
      const again = await buy(engine, headers, 'first');
      expect(again.body['id']).toBe(bought.body['id']);
      const shown = await engine.call('GET', `/v1/orders/${String(bought.body['id'])}`, { headers });
      expect(shown.status).toBe(200);
    }
    const payment = { method: 'card', token: 'demo' };
    const path = `/v1/orders/${String(bought.body['id'])}/payment`;
    expect(await engine.call('POST', path, { headers, body: payment })).toMatchObject({ status: 200 });
  });

  test('a page of another site changes nothing with it, and reads nothing without it', async () => {
    const { cookie } = await signInAsShopper(engine.url, 'ada');
    const order = await buy(engine, { Cookie: cookie, ...OWN }, 'own');
    const path = `/v1/orders/${String(order.body['id'])}`;
    for (const site of ['cross-site', 'same-site', 'none']) {
      const headers = { Cookie: cookie, 'Sec-Fetch-Site': site, Origin: 'https://evil.example' };
      expect(await buy(engine, headers, 'foreign')).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
      expect(await engine.call('DELETE', path, { headers })).toMatchObject({ status: 403 });
      const body = { method: 'card', token: 'demo' };
      expect(await engine.call('POST', `${path}/payment`, { headers, body })).toMatchObject({ status: 403 });
    }
    const headers = { Cookie: cookie };
    expect(await engine.call('GET', path, { headers })).toMatchObject({ body: { status: 'reserved' } });
    const asked = `/v1/orders?productId=kettle&idempotencyKey=foreign`;
    expect(await engine.call('GET', asked, { headers })).toMatchObject({ status: 404 });
    expect(await engine.call('GET', path)).toMatchObject({ status: 401 });
  });

  test('the samples’ tokens say of them what their sessions say', async () => {
    const { body } = await engine.call('POST', '/v1/dev/tokens', { body: { customerId: 'grace' } });
    const payload = String(body['token']).split('.')[1]!;
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ tier: 'gold' });
  });
});

describe('at a shop', () => {
  let engine: Engine;
  let provider: OpenIdProvider;
  let keys: Server;
  let privateKey: CryptoKey;
  let publicUrl = '';

  beforeAll(async () => {
    const [port, keysPort] = await freePorts(2);
    publicUrl = `http://127.0.0.1:${port}`;
    const pair = await generateKeyPair('ES256', { extractable: true });
    privateKey = pair.privateKey;
    const set = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one' }] });
    keys = createServer((_, outgoing) => outgoing.end(set)).listen(keysPort, '127.0.0.1');
    provider = await startOpenIdProvider(`${publicUrl}/session/callback`);
    engine = await Engine.start({
      demo: false,
      env: {
        ...THREADS,
        HOST: '127.0.0.1',
        PORT: String(port),
        PUBLIC_URL: publicUrl,
        SHOP_ORIGINS: SHOP,
        SESSION_SECRET: 'session-secret-of-the-tests',
        AUTH_JWKS_URL: `http://127.0.0.1:${keysPort}/jwks`,
        AUTH_AUDIENCE: 'sale',
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: CLIENT_ID,
        OIDC_CLIENT_SECRET: CLIENT_SECRET,
      },
    });
    await engine.product('kettle', { perCustomerLimit: 10 });
  });

  afterAll(async () => {
    await engine?.remove();
    await provider?.stop();
    keys?.close();
    keys?.closeAllConnections();
  });

  test('a program buys with a token of the provider’s keys, and with one of the shared secret', async () => {
    const token = await new SignJWT({ sub: 'ada', aud: 'sale', exp: inSeconds(60) })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(privateKey);
    const bought = await buy(engine, { Authorization: `Bearer ${token}` }, 'first');
    expect(bought).toMatchObject({ status: 201, body: { customerId: 'ada' } });
    for (let time = 0; time < 8; time++) {
      const again = await buy(engine, { Authorization: `Bearer ${token}` }, 'first');
      expect(again.body['id']).toBe(bought.body['id']);
    }
    const shared = sign({ sub: 'grace', aud: 'sale', exp: inSeconds(60) });
    expect(await buy(engine, { Authorization: `Bearer ${shared}` }, 'first')).toMatchObject({ status: 201 });
    const elsewhere = sign({ sub: 'grace', aud: 'another', exp: inSeconds(60) });
    expect(await buy(engine, { Authorization: `Bearer ${elsewhere}` }, 'second')).toMatchObject({
      status: 401,
    });
  });

  test('the shop hands a shopper over, who buys with the session', async () => {
    const token = sign({ sub: 'zoë', aud: 'sale', iat: inSeconds(0), exp: inSeconds(60), name: 'Zoë' });
    const post = (origin: string) =>
      fetch(`${engine.url}/session`, {
        method: 'POST',
        redirect: 'manual',
        headers: { Origin: origin, 'Sec-Fetch-Site': 'cross-site' },
        body: new URLSearchParams({ token, next: '/c/spring' }),
      });
    const stranger = await post('https://evil.example');
    expect(stranger.status).toBe(403);
    expect(cookiesOf(stranger)).toBe('');
    const response = await post(SHOP);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/c/spring');
    const headers = { Cookie: cookiesOf(response), ...OWN };
    expect(await buy(engine, headers, 'first')).toMatchObject({ status: 201, body: { customerId: 'zoë' } });
  });

  test('a browser signs in at the provider, and buys with the session', async () => {
    const signIn = await fetch(`${engine.url}/sign-in?next=/c/spring`, { redirect: 'manual' });
    const start = await fetch(new URL(signIn.headers.get('location')!, engine.url), { redirect: 'manual' });
    const back = await signInAtProvider(start.headers.get('location')!, 'alan');
    expect(back.startsWith(`${publicUrl}/session/callback?`)).toBe(true);
    const response = await fetch(back, { redirect: 'manual', headers: { Cookie: cookiesOf(start) } });
    expect(response.headers.get('location')).toBe('/c/spring');
    const headers = { Cookie: cookiesOf(response), ...OWN };
    expect(await buy(engine, headers, 'first')).toMatchObject({ status: 201, body: { customerId: 'alan' } });
  });

  test('headers and cookies that are huge or hostile are answered, and let nobody in', async () => {
    const cookies = [
      `doorbuster_session=${'A'.repeat(15_000)}`,
      `doorbuster_session=${'e.'.repeat(5_000)}`,
      'doorbuster_session=',
      'doorbuster_session',
      'doorbuster_session=a; doorbuster_session=b',
    ];
    for (const cookie of cookies) {
      expect(await engine.call('GET', '/v1/orders', { headers: { Cookie: cookie } })).toMatchObject({
        status: 401,
      });
      expect(await buy(engine, { Cookie: cookie, ...OWN }, 'hostile')).toMatchObject({ status: 401 });
    }
    const next = encodeURIComponent('/c/x\r\nSet-Cookie: doorbuster_session=y');
    const response = await fetch(`${engine.url}/sign-in?next=${next}`, { redirect: 'manual' });
    expect(response.status).toBe(303);
    expect(response.headers.getSetCookie()).toEqual([]);
  });
});
