// Tokens that a provider signs with keys of its own (JWKS): who is let in, and what happens when its keys change or it is away.

import { createHmac, createPublicKey } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { KEYS_BYTES_MAX, KEYS_COOL_DOWN_MS, KEYS_FRESH_MS } from '../../src/http/key-set.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { SessionApp } from './session-app.ts';
import { inSeconds, sign } from './tokens.ts';

interface SigningKey {
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

async function makeKey(kid: string | undefined, algorithm = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return {
    algorithm,
    privateKey,
    publicKey,
    jwk: { ...(await exportJWK(publicKey)), ...(kid !== undefined && { kid }) },
  };
}

/** Whoever is led there gets keys. */
const ELSEWHERE = '/elsewhere';

let first: SigningKey;
let second: SigningKey;
let rsa: SigningKey;
let server: Server;
let url = '';
/** What the provider answers with. */
let answer: () => { status: number; body: string; headers?: Record<string, string> };
let asked = 0;
let app: SessionApp;

beforeAll(async () => {
  [first, second, rsa] = await Promise.all([makeKey('first'), makeKey('second'), makeKey('rsa', 'RS256')]);
  server = createServer(({ url: path }, outgoing) => {
    asked++;
    const elsewhere = { status: 200, body: JSON.stringify({ keys: [first.jwk] }), headers: {} };
    const { status, body, headers } = path === ELSEWHERE ? elsewhere : answer();
    outgoing.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

beforeEach(() => {
  asked = 0;
  serve(first.jwk, rsa.jwk);
  app = new SessionApp({
    authSecret: undefined,
    jwksUrl: url,
    issuer: 'https://id.example',
    audience: 'sale',
  });
});

const serve = (...keys: JWK[]): void => {
  answer = () => ({ status: 200, body: JSON.stringify({ keys }) });
};

const away = (): void => {
  answer = () => ({ status: 500, body: 'no' });
};

const claims = { sub: 'ada', iss: 'https://id.example', aud: 'sale', tier: 'gold' };

const tokenOf = (
  { algorithm, privateKey, jwk }: SigningKey,
  more: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> =>
  new SignJWT({ ...claims, exp: inSeconds(60), ...more })
    .setProtectedHeader({ alg: algorithm, ...(jwk.kid !== undefined && { kid: jwk.kid }), ...header })
    .sign(privateKey);

/** The customer, or the problem's code. */
async function who(token: string): Promise<string> {
  try {
    return (await app.auth.shopperOf({ authorization: `Bearer ${token}` }, true)).customerId;
  } catch (error) {
    return `${(error as { code: string }).code}: ${String((error as { extra?: { detail?: string } }).extra?.detail)}`;
  }
}

test.each([
  ['ES256', () => first],
  ['RS256', () => rsa],
])('a token signed with %s is its customer’s, at the second time without waiting', async (_, key) => {
  const token = await tokenOf(key());
  const authorization = `Bearer ${token}`;
  const asking = app.auth.shopperOf({ authorization }, true);
  expect(asking).toBeInstanceOf(Promise);
  expect(await asking).toMatchObject({ customerId: 'ada', claims: { tier: 'gold' } });
  expect(app.auth.shopperOf({ authorization }, true)).toMatchObject({ customerId: 'ada' });
  expect(asked).toBe(1);
});

test('what is remembered ends at its hour', async () => {
  const token = await tokenOf(first, { exp: Math.floor(app.now / 1_000) + 30 });
  expect(await who(token)).toBe('ada');
  app.now += 31_000;
  expect(await who(token)).toContain('has expired');
});

describe('nobody is let in by a token', () => {
  const text = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  test('without a signature', async () => {
    const payload = text({ ...claims, exp: inSeconds(60) });
    for (const alg of ['none', 'None', 'NONE', '']) {
      expect(await who(`${text({ alg, kid: 'first' })}.${payload}.`)).toContain('unauthenticated');
    }
    const [header, body] = (await tokenOf(first)).split('.');
    expect(await who(`${header}.${body}.`)).toContain('unauthenticated');
    expect(await who(`${header}.${body}`)).toContain('unauthenticated');
  });

  test('signed by HS256 with the public key as its secret', async () => {
    const pem = createPublicKey({ key: rsa.jwk, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const der = createPublicKey({ key: rsa.jwk, format: 'jwk' }).export({
      type: 'spki',
      format: 'der',
    });
    const secrets = [pem, der, JSON.stringify(rsa.jwk), rsa.jwk.n!, ''];
    for (const withSharedSecret of [false, true]) {
      app = new SessionApp({ jwksUrl: url, ...(withSharedSecret ? {} : { authSecret: undefined }) });
      for (const kid of ['rsa', 'first', undefined])
        for (const secret of secrets) {
          const signed = `${text({ alg: 'HS256', typ: 'JWT', kid })}.${text({ ...claims, exp: inSeconds(60) })}`;
          const signature = createHmac('sha256', secret).update(signed).digest('base64url');
          expect(await who(`${signed}.${signature}`)).toContain('unauthenticated');
        }
    }
  });

  test('signed by a secret that stands in the key set itself', async () => {
    serve(first.jwk, {
      kty: 'oct',
      kid: 'secret',
      k: Buffer.from('a secret for everybody').toString('base64url'),
    });
    const token = sign({ ...claims, exp: inSeconds(60) }, { secret: 'a secret for everybody' });
    expect(await who(token)).toContain('unauthenticated');
  });

  test('that brings its own key', async () => {
    const stranger = await makeKey('first');
    expect(await who(await tokenOf(stranger))).toContain('unauthenticated');
    const { jwk } = stranger;
    const header = { jwk, jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x', kid: 'first' };
    expect(await who(await tokenOf(stranger, {}, header))).toContain('unauthenticated');
  });

  test('for somebody else, of somebody else, too early or too late', async () => {
    expect(await who(await tokenOf(first, { aud: 'another' }))).toContain('aud');
    expect(await who(await tokenOf(first, { aud: undefined }))).toContain('aud');
    expect(await who(await tokenOf(first, { iss: 'https://evil.example' }))).toContain('iss');
    expect(await who(await tokenOf(first, { exp: inSeconds(-5) }))).toContain('expired');
    expect(await who(await tokenOf(first, { exp: undefined }))).toContain('"exp" claim');
    expect(await who(await tokenOf(first, { nbf: inSeconds(60) }))).toContain('"nbf" claim');
    expect(await who(await tokenOf(first, { sub: 'ada\u0000' }))).toContain('sub');
    expect(await who(await tokenOf(first, { sub: 'x'.repeat(129) }))).toContain('sub');
  });

  test('that was changed', async () => {
    const token = await tokenOf(first);
    const [header, , signature] = token.split('.');
    const forged = `${header}.${text({ ...claims, sub: 'mallory', exp: inSeconds(60) })}.${signature}`;
    expect(await who(token)).toBe('ada');
    expect(await who(forged)).toContain('unauthenticated');
    expect(await who(`${token}A`)).toContain('unauthenticated');
  });

  test('with an extension that nobody here knows', async () => {
    const key = first;
    const token = await new SignJWT({ ...claims, exp: inSeconds(60) })
      .setProtectedHeader({ alg: 'ES256', kid: 'first', crit: ['x'], x: true })
      .sign(key.privateKey, { crit: { x: true } });
    expect(await who(token)).toContain('unauthenticated');
  });

  test('under a shared secret where there is none', async () => {
    expect(await who(sign({ ...claims, exp: inSeconds(60) }))).toContain('unauthenticated');
    expect(await who(sign({ ...claims, exp: inSeconds(60) }, { secret: '' }))).toContain('unauthenticated');
    expect(await who('...')).toContain('unauthenticated');
    expect(await who('x'.repeat(4_097))).toContain('4096');
  });
});

test('both kinds of tokens may be taken at once', async () => {
  app = new SessionApp({ jwksUrl: url });
  expect(await who(await tokenOf(first))).toBe('ada');
  expect(await who(sign({ sub: 'grace', exp: inSeconds(60) }))).toBe('grace');
});

describe('when the keys change', () => {
  test('a token of a new key is let in as soon as the provider names it', async () => {
    expect(await who(await tokenOf(first))).toBe('ada');
    serve(first.jwk, second.jwk);
    app.now += KEYS_COOL_DOWN_MS;
    expect(await who(await tokenOf(second))).toBe('ada');
    expect(asked).toBe(2);
  });

  test('one of a key that is gone is refused, though it was let in before', async () => {
    const [old, fresh] = [await tokenOf(first, { exp: inSeconds(3_600) }), await tokenOf(second)];
    expect(await who(old)).toBe('ada');
    serve(second.jwk);
    app.now += KEYS_COOL_DOWN_MS;
    expect(await who(fresh)).toBe('ada');
    expect(await who(old)).toContain('no key of the provider');
  });

  test('they are asked for again after a while, without a token that names a new one', async () => {
    const token = await tokenOf(first, { exp: inSeconds(3_600) });
    expect(await who(token)).toBe('ada');
    serve(second.jwk);
    app.now += KEYS_FRESH_MS;
    expect(await who(token)).toBe('ada');
    await waitUntil('the key that is gone counts no more', async () => (await who(token)).includes('no key'));
    expect(asked).toBe(2);
  });

  test('whoever makes up keys cannot make us ask for them all the time', async () => {
    expect(await who(await tokenOf(first))).toBe('ada');
    for (let number = 0; number < 20; number++)
      expect(await who(await tokenOf({ ...second, jwk: { kid: `made-up-${number}` } }))).toContain('no key');
    expect(asked).toBe(1);
    app.now += KEYS_COOL_DOWN_MS;
    const many = await Promise.all(
      Array.from({ length: 20 }, async (_, number) =>
        who(await tokenOf({ ...second, jwk: { kid: `x${number}` } })),
      ),
    );
    expect(many.every((each) => each.includes('no key'))).toBe(true);
    expect(asked).toBe(2);
  });

  test('a token without the name of its key is let in while one key fits, and says so when several do', async () => {
    const nameless = await makeKey(undefined);
    serve(nameless.jwk);
    const token = await tokenOf(nameless);
    expect(await who(token)).toBe('ada');
    serve(nameless.jwk, second.jwk);
    app.now += KEYS_FRESH_MS;
    await who(token);
    await waitUntil('two keys are known', async () =>
      (await who(token)).includes('several of the provider’s'),
    );
  });
});

describe('when the provider is away', () => {
  test('before it ever answered, nobody can be told from anybody: try later', async () => {
    away();
    expect(await who(await tokenOf(first))).toContain('unavailable: The keys of the shop’s provider');
    serve(first.jwk);
    app.now += KEYS_COOL_DOWN_MS;
    expect(await who(await tokenOf(first))).toBe('ada');
  });

  test('the keys that are known go on being used, however old', async () => {
    expect(await who(await tokenOf(first))).toBe('ada');
    away();
    for (let round = 0; round < 5; round++) {
      app.now += KEYS_FRESH_MS;
      const exp = Math.floor(app.now / 1_000) + 60;
      expect(await who(await tokenOf(first, { exp }))).toBe('ada');
    }
    expect(await who(await tokenOf(second, { exp: Math.floor(app.now / 1_000) + 60 }))).toContain(
      'unavailable',
    );
  });

  test.each([
    ['no JSON', { status: 200, body: '<html>' }],
    ['no list', { status: 200, body: '{"keys":"all"}' }],
    ['null', { status: 200, body: 'null' }],
    ['no key', { status: 200, body: '{"keys":[]}' }],
    ['only a secret', { status: 200, body: '{"keys":[{"kty":"oct","k":"AAAA"}]}' }],
    [
      'too many keys',
      { status: 200, body: JSON.stringify({ keys: Array.from({ length: 101 }, () => ({ kty: 'RSA' })) }) },
    ],
    ['too much', { status: 200, body: `{"keys":[{"kty":"EC","kid":"x"}]${' '.repeat(KEYS_BYTES_MAX)}}` }],
    ['a way to somebody else', { status: 302, body: '', headers: { Location: ELSEWHERE } }],
  ])('an answer with %s is none', async (_, wrong) => {
    answer = () => wrong;
    expect(await who(await tokenOf(first))).toContain('unavailable');
    // Nor does it put an end to what is known.
    serve(first.jwk);
    app.now += KEYS_COOL_DOWN_MS;
    expect(await who(await tokenOf(first, { exp: inSeconds(600) }))).toBe('ada');
    answer = () => wrong;
    app.now += KEYS_FRESH_MS;
    expect(await who(await tokenOf(first, { exp: inSeconds(3_600) }))).toBe('ada');
  });
});

test('a purchase with a token that was not seen yet is let through as well, and a wrong one is told', async () => {
  const buy = async (token: string): Promise<number> =>
    (
      await app.app.request('https://sale.example/v1/orders', {
        method: 'POST',
        headers: { Host: 'sale.example', Authorization: `Bearer ${token}` },
      })
    ).status;
  // Without an Idempotency-Key whoever is let through is asked for it.
  expect(await buy(await tokenOf(first))).toBe(400);
  expect(await buy(await tokenOf(second))).toBe(401);
  away();
  app = new SessionApp({ authSecret: undefined, jwksUrl: url });
  expect(await buy(await tokenOf(first))).toBe(503);
  expect(app.faults).toEqual([]);
});

test('a provider’s token is taken for a hand-over, when it is short-lived', async () => {
  const iat = Math.floor(app.now / 1_000);
  const status = async (seconds: number): Promise<number> => {
    const token = await tokenOf(first, { iat, exp: iat + seconds });
    return (await app.post('/session', { token }, { 'Sec-Fetch-Site': 'same-origin' })).status;
  };
  expect(await status(60)).toBe(303);
  expect(await status(3_600)).toBe(401);
});
