// What comes from the internet and is wrong: each gets an answer that says so, and none of it changes anything.

/* oxlint-disable vitest/expect-expect -- expectProblem asserts, too */

import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, Engine } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { expectProblem } from './problems.ts';
import { openSocket, send, sendBytes, type RawRequest } from './raw.ts';
import { inSeconds, sign } from './tokens.ts';

const PRODUCT = 'target';
const ORDER_BYTES_MAX = 4 * 1024;
const ADMIN_BYTES_MAX = 64 * 1024;

let engine: Engine;
let token = '';
let orderId = '';
let before: unknown;

beforeAll(async () => {
  engine = await Engine.start({ env: { WORKERS: '1' } });
  await engine.product(PRODUCT, { perCustomerLimit: 10 });
  token = sign({ sub: 'victim', exp: inSeconds(3_600) });
  const { body } = await engine.buy(token, PRODUCT, 'first');
  orderId = String(body['id']);
  before = await state();
});

afterAll(() => engine?.remove());

/** Everything that a wrong request could change. */
async function state(): Promise<unknown> {
  const admin = { token: ADMIN_TOKEN };
  const { body: audit } = await engine.call('GET', '/v1/admin/audit', admin);
  const { ok, figures } = audit as { ok: boolean; figures: Record<string, number> };
  const { body: stock } = await engine.call('GET', `/v1/admin/products/${PRODUCT}/stock`, admin);
  const { body: order } = await engine.call('GET', `/v1/orders/${orderId}`, { token });
  return { ok, events: figures['events'], products: figures['products'], stock, order };
}

const good = { productId: PRODUCT, quantity: 1 };

const order = (body: Buffer | string, headers: Record<string, string> = {}): RawRequest => ({
  method: 'POST',
  path: '/v1/orders',
  headers: { Authorization: `Bearer ${token}`, 'Idempotency-Key': 'bad', ...headers },
  body,
});

const admin = (
  method: string,
  path: string,
  body: object | string,
  headers: Record<string, string> = {},
) => ({
  method,
  path,
  headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Idempotency-Key': 'bad', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

type Refused = readonly [what: string, body: Buffer | string, detail: RegExp];

describe('the body of an order', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const json = (product: unknown, quantity: unknown): string =>
    JSON.stringify({ productId: product, quantity });

  const wrong: readonly Refused[] = [
    ['empty', '', /body: is empty; send a JSON object/],
    ['white space', '  \n', /body: is not JSON/],
    ['not JSON', 'productId=target&quantity=1', /body: is not JSON/],
    ['JSON that breaks off', '{"productId":"target","quantity":1', /body: is not JSON/],
    ['two JSON values', '{"productId":"target","quantity":1}{}', /body: is not JSON/],
    ['a trailing comma', '{"productId":"target","quantity":1,}', /body: is not JSON/],
    ['NaN', '{"productId":"target","quantity":NaN}', /body: is not JSON/],
    ['Infinity', '{"productId":"target","quantity":Infinity}', /body: is not JSON/],
    ['a hexadecimal quantity', '{"productId":"target","quantity":0x1}', /body: is not JSON/],
    ['null', 'null', /body: .*object/],
    ['a number', '1', /body: .*object/],
    ['a text', '"target"', /body: .*object/],
    ['an array', JSON.stringify([good]), /body: .*object/],
    ['arrays in arrays', nested(ORDER_BYTES_MAX / 2), /body: .*object/],
    ['arrays in a field', `{"productId":"target","quantity":${nested(1_900)}}`, /quantity: .*number/],
    ['no fields', '{}', /productId: .*string.*quantity: .*number/],
    ['no quantity', '{"productId":"target"}', /quantity: .*number/],
    ['no product', '{"quantity":1}', /productId: .*string/],
    ['an unknown field', JSON.stringify({ ...good, price: 1 }), /"price"/],
    ['__proto__', `{"productId":"target","quantity":1,"__proto__":{"quantity":1}}`, /"__proto__"/],
    ['only __proto__', `{"__proto__":{"productId":"target","quantity":1}}`, /"__proto__"|productId/],
    ['constructor', JSON.stringify({ ...good, constructor: 1 }), /"constructor"/],
    ['one name twice', '{"productId":"target","quantity":1,"quantity":2}', /one name twice/],
    ['one name twice, escaped', '{"productId":"target","quantity":1,"quantit\\u0079":2}', /one name twice/],
    ['a text as quantity', json(PRODUCT, '1'), /quantity: .*number/],
    ['true as quantity', json(PRODUCT, true), /quantity: .*number/],
    ['null as quantity', json(PRODUCT, null), /quantity: .*number/],
    ['an array as quantity', json(PRODUCT, [1]), /quantity: .*number/],
    ['zero', json(PRODUCT, 0), /quantity: .*>=1/],
    ['minus zero', '{"productId":"target","quantity":-0}', /quantity: .*>=1/],
    ['less than nothing', json(PRODUCT, -1), /quantity: .*>=1/],
    ['half a unit', json(PRODUCT, 0.5), /quantity: .*int/],
    ['almost one', '{"productId":"target","quantity":1.0000001}', /quantity: .*int/],
    ['more than an order may have', json(PRODUCT, 10_001), /quantity: .*<=10000/],
    ['more than an integer holds', json(PRODUCT, 2 ** 53), /quantity: /],
    ['more than a number holds', '{"productId":"target","quantity":1e999}', /quantity: /],
    ['a number as product', json(7, 1), /productId: .*string/],
    ['an object as product', json({ id: PRODUCT }, 1), /productId: .*string/],
    ['an empty product', json('', 1), /productId: must be 1 to 64 letters/],
    ['a product of 65 letters', json('p'.repeat(65), 1), /productId: must be 1 to 64 letters/],
    ['a path as product', json('../target', 1), /productId: must be 1 to 64 letters/],
    ['a product with a NUL', json('target\0', 1), /productId: must be 1 to 64 letters/],
    ['a product with a line end', json('target\n', 1), /productId: must be 1 to 64 letters/],
    ['a product in other letters', json('tаrget', 1), /productId: must be 1 to 64 letters/],
    ['a product with a lone surrogate', '{"productId":"\\ud800","quantity":1}', /productId: must be 1 to 64/],
    [
      'bytes that are not UTF-8',
      Buffer.from('{"productId":"target","quantity":1,"\xff":1}', 'latin1'),
      /UTF-8/,
    ],
    ['UTF-16', Buffer.from(JSON.stringify(good), 'utf16le'), /UTF-8|JSON/],
    ['a compressed body', Buffer.from('1f8b0800000000000003', 'hex'), /UTF-8|JSON/],
  ];

  test.each(wrong)('%s is refused by name', async (_, body, detail) => {
    expectProblem(await send(engine, order(body)), 400, 'invalid_request', detail);
    expectProblem(await send(engine, { ...order(body), chunked: true }), 400, 'invalid_request', detail);
  });

  test('every wrong field is named at once, apart', async () => {
    const { errors } = expectProblem(
      await send(engine, order('{"productId":"","quantity":0}')),
      400,
      'invalid_request',
    );
    expect(errors).toHaveLength(2);
    expect(errors!.map(({ field }) => field)).toEqual(['productId', 'quantity']);
  });

  test('a byte order mark is left out, in both kinds of body', async () => {
    const marked = `\uFEFF${JSON.stringify({ ...good, quantity: 0 })}`;
    expectProblem(await send(engine, order(marked)), 400, 'invalid_request', /^quantity/);
    expectProblem(
      await send(engine, { ...order(marked), chunked: true }),
      400,
      'invalid_request',
      /^quantity/,
    );
  });

  test('a body that is too large is refused, whether it says so or not', async () => {
    const large = JSON.stringify({ ...good, padding: 'x'.repeat(ORDER_BYTES_MAX) });
    for (const chunked of [false, true]) {
      expectProblem(await send(engine, { ...order(large), chunked }), 413, 'payload_too_large', /4096 bytes/);
    }
    const stock = admin('POST', `/v1/admin/products/${PRODUCT}/stock`, `"${'x'.repeat(ADMIN_BYTES_MAX)}"`);
    for (const chunked of [false, true]) {
      expectProblem(await send(engine, { ...stock, chunked }), 413, 'payload_too_large', /65536 bytes/);
    }
  });

  test('a body that never ends is cut off', async () => {
    const socket = openSocket(engine);
    const head = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nIdempotency-Key: bad\r\n`;
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    let [answer, isClosed] = ['', false];
    socket.on('data', (piece: Buffer) => (answer += piece.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => (isClosed = true));
    const more = (): boolean => socket.writable && socket.write(`400\r\n${'x'.repeat(0x400)}\r\n`);
    await waitUntil('the server ends the connection', () => {
      more();
      return isClosed;
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"payload_too_large"');
  });

  test('a body shorter than its Content-Length is no order', async () => {
    const head = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nIdempotency-Key: bad\r\n`;
    const answer = await sendBytes(engine, `${head}Content-Length: 500\r\n\r\n${JSON.stringify(good)}`, true);
    expectProblem(answer, 400, 'invalid_request', /not HTTP/);
    expect(engine.output).not.toContain('a request failed');
  });
});

describe('the headers', () => {
  test.each([
    ['missing', {}, 'idempotency_key_missing', /1 to 128 printable ASCII/],
    ['empty', { 'Idempotency-Key': '' }, 'idempotency_key_missing', /1 to 128 printable ASCII/],
    ['overlong', { 'Idempotency-Key': 'k'.repeat(129) }, 'invalid_request', /1 to 128 printable ASCII/],
    ['with a space', { 'Idempotency-Key': 'a b' }, 'invalid_request', /1 to 128 printable ASCII/],
    ['not ASCII', { 'Idempotency-Key': 'schlüssel' }, 'invalid_request', /1 to 128 printable ASCII/],
    ['with a tab', { 'Idempotency-Key': 'a\tb' }, 'invalid_request', /1 to 128 printable ASCII/],
  ] as const)('a key that is %s is refused', async (_, headers, code, detail) => {
    const authorization = { Authorization: `Bearer ${token}` };
    const body = JSON.stringify(good);
    const buying = { method: 'POST', path: '/v1/orders', headers: { ...authorization, ...headers }, body };
    expectProblem(await send(engine, buying), 400, code, detail);
    const stock = { ...buying, path: `/v1/admin/products/${PRODUCT}/stock`, body: '{"quantity":1}' };
    const loading = { ...stock, headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, ...headers } };
    expectProblem(await send(engine, loading), 400, code, detail);
  });

  test('an expectation that nobody knows is passed over', async () => {
    const headers = { Expect: 'the-unexpected', Authorization: `Bearer ${token}`, 'Idempotency-Key': 'bad' };
    const answer = await send(engine, { method: 'POST', path: '/v1/orders', headers, body: '{}' });
    expectProblem(answer, 400, 'invalid_request', /productId/);
  });

  test('two keys in one request are refused', async () => {
    const head = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n`;
    const body = JSON.stringify(good);
    const keys = 'Idempotency-Key: a\r\nIdempotency-Key: b\r\n';
    const answer = await sendBytes(engine, `${head}${keys}Content-Length: ${body.length}\r\n\r\n${body}`);
    expectProblem(answer, 400, 'invalid_request', /Idempotency-Key/);
  });

  test('headers that are too large are 431', async () => {
    const answer = await sendBytes(
      engine,
      `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expectProblem(answer, 431, 'payload_too_large', /headers/);
  });
});

describe('the token', () => {
  const at = inSeconds(3_600);
  const valid = (): string => sign({ sub: 'victim', exp: at });
  const [head = '', , signature = ''] = valid().split('.');
  const forged = Buffer.from(JSON.stringify({ sub: 'admin', exp: at })).toString('base64url');
  const bearer = (made: string): string => `Bearer ${made}`;

  test.each([
    ['missing', undefined, /Bearer <token>/],
    ['of another scheme', `Basic ${Buffer.from('a:b').toString('base64')}`, /Bearer <token>/],
    ['empty', 'Bearer ', /Bearer <token>|1 to 4096/],
    ['not a token', bearer('x'), /not accepted/],
    ['three dots', bearer('...'), /not accepted/],
    ['broken off', bearer(valid().slice(0, -5)), /not accepted/],
    [
      'forged: another customer under an old signature',
      bearer(`${head}.${forged}.${signature}`),
      /not accepted/,
    ],
    ['unsigned', bearer(sign({ sub: 'victim', exp: at }, { algorithm: 'none' })), /not accepted/],
    [
      'of another algorithm',
      bearer(sign({ sub: 'victim', exp: at }, { algorithm: 'HS512' })),
      /not accepted/,
    ],
    [
      'signed by a stranger',
      bearer(sign({ sub: 'victim', exp: at }, { secret: 'x'.repeat(32) })),
      /not accepted/,
    ],
    ['expired', bearer(sign({ sub: 'victim', exp: inSeconds(-1) })), /expired/],
    ['not valid yet', bearer(sign({ sub: 'victim', exp: at, nbf: at - 10 })), /not accepted/],
    ['without a customer', bearer(sign({ exp: at })), /sub claim/],
    ['without an end', bearer(sign({ sub: 'victim' })), /exp claim/],
    ['with a text as its end', bearer(sign({ sub: 'victim', exp: `${at}` })), /exp/],
    ['with null as its end', bearer(sign({ sub: 'victim', exp: null })), /exp/],
    ['with a number as customer', bearer(sign({ sub: 7, exp: at })), /sub/],
    ['with an array as customer', bearer(sign({ sub: ['victim'], exp: at })), /sub/],
    ['with an empty customer', bearer(sign({ sub: '', exp: at })), /sub/],
    ['with a customer of 129 characters', bearer(sign({ sub: 'v'.repeat(129), exp: at })), /sub/],
    ['with a line end in its customer', bearer(sign({ sub: 'victim\n', exp: at })), /sub/],
    ['with a NUL in its customer', bearer(sign({ sub: 'victim\0', exp: at })), /sub/],
    ['with half a character as customer', bearer(sign(`{"sub":"\\ud83d","exp":${at}}`)), /sub/],
    ['of JSON that is no object', bearer(sign('"victim"')), /token/i],
    ['of null', bearer(sign('null')), /token/i],
    ['of no JSON', bearer(sign('victim')), /not accepted/],
    [
      'overlong',
      bearer(sign({ sub: 'victim', exp: at, padding: 'x'.repeat(4_096) })),
      /1 to 4096 characters/,
    ],
  ] as const)('that is %s is refused', async (_, authorization, detail) => {
    const headers = { 'Idempotency-Key': 'bad', ...(authorization && { Authorization: authorization }) };
    const buying = { method: 'POST', path: '/v1/orders', headers, body: JSON.stringify(good) };
    expectProblem(await send(engine, buying), 401, 'unauthenticated', detail);
    const asking = { method: 'GET', path: `/v1/orders/${orderId}`, headers };
    expectProblem(await send(engine, asking), 401, 'unauthenticated', detail);
  });

  test('that was good is refused from its end on, though it was seen before', async () => {
    const brief = sign({ sub: 'victim', exp: inSeconds(2) });
    const ask = () => engine.call('GET', `/v1/orders/${orderId}`, { token: brief });
    expect((await ask()).status).toBe(200);
    const answer = await waitUntil('the token ends', async () => {
      const asked = await ask();
      return asked.status !== 200 && asked;
    });
    expectProblem(answer, 401, 'unauthenticated', /expired/);
  });

  test('is taken under any spelling of its scheme', async () => {
    const headers = { Authorization: `bearer ${token}` };
    const { status } = await send(engine, { method: 'GET', path: `/v1/orders/${orderId}`, headers });
    expect(status).toBe(200);
  });

  test('of a shopper opens no admin call, nor does none', async () => {
    const calls: readonly [string, string, string?][] = [
      ['PUT', `/v1/admin/products/${PRODUCT}`, '{}'],
      ['POST', `/v1/admin/products/${PRODUCT}/stock`, '{"quantity":1}'],
      ['GET', `/v1/admin/products/${PRODUCT}/stock`],
      ['POST', `/v1/admin/products/${PRODUCT}/pause`],
      ['POST', `/v1/admin/products/${PRODUCT}/resume`],
      ['GET', '/v1/admin/shards'],
      ['GET', '/v1/admin/audit'],
      ['POST', '/v1/admin/profiles', '{"worker":0,"kind":"cpu","seconds":60}'],
      ['DELETE', '/v1/admin/anything'],
    ];
    for (const [method, path, body] of calls) {
      const ask = (headers: Record<string, string>) =>
        send(engine, {
          method,
          path,
          headers: { ...headers, 'Idempotency-Key': 'bad' },
          ...(body && { body }),
        });
      expectProblem(await ask({ Authorization: `Bearer ${token}` }), 403, 'forbidden', /admin token/);
      expectProblem(await ask({ Authorization: `Bearer ${ADMIN_TOKEN}x` }), 403, 'forbidden', /admin token/);
      expectProblem(await ask({}), 401, 'unauthenticated', /Bearer <token>/);
    }
  });
});

describe('the admin’s bodies', () => {
  const product = {
    name: 'Target',
    startsAt: '2020-01-01T00:00:00Z',
    endsAt: '2040-01-01T00:00:00Z',
    price: { amount: 1, currency: 'EUR' },
  };
  const path = `/v1/admin/products/${PRODUCT}`;

  test.each([
    ['no name', { ...product, name: undefined }, /name: /],
    ['an empty name', { ...product, name: ' ' }, /name: /],
    ['an overlong name', { ...product, name: 'x'.repeat(201) }, /name: /],
    ['a NUL in the name', { ...product, name: 'a\0b' }, /name: .*control characters/],
    ['a line end in the name', { ...product, name: 'a\nb' }, /name: .*control characters/],
    ['half a character in the name', { ...product, name: 'a\ud800' }, /name: .*well-formed/],
    ['a NUL in the description', { ...product, description: 'a\0b' }, /description: .*control characters/],
    [
      'half a character in the description',
      { ...product, description: '\udc00' },
      /description: .*well-formed/,
    ],
    ['an overlong description', { ...product, description: 'x'.repeat(5_001) }, /description: /],
    [
      'a start without an offset',
      { ...product, startsAt: '2030-01-01T00:00:00' },
      /startsAt: must be an ISO 8601/,
    ],
    ['a start that is a number', { ...product, startsAt: 0 }, /startsAt: /],
    ['a day that does not exist', { ...product, startsAt: '2030-02-30T00:00:00Z' }, /startsAt: /],
    ['a start before 1970', { ...product, startsAt: '1969-12-31T23:59:59Z' }, /startsAt: .*1970/],
    ['a start in the year 0', { ...product, startsAt: '0000-01-01T00:00:00Z' }, /startsAt: .*1970/],
    ['an end beyond the year 9999', { ...product, endsAt: '9999-12-31T23:59:59-01:00' }, /endsAt: .*9999/],
    ['an end at its start', { ...product, endsAt: product.startsAt }, /endsAt: must be later/],
    ['no price', { ...product, price: undefined }, /price: /],
    ['a price below nothing', { ...product, price: { amount: -1, currency: 'EUR' } }, /price.amount: /],
    ['a price in fractions', { ...product, price: { amount: 0.5, currency: 'EUR' } }, /price.amount: /],
    ['a price beyond all bounds', { ...product, price: { amount: 1e15, currency: 'EUR' } }, /price.amount: /],
    ['a price as a text', { ...product, price: { amount: '1', currency: 'EUR' } }, /price.amount: /],
    ['no currency', { ...product, price: { amount: 1 } }, /price.currency: /],
    [
      'a currency of its own',
      { ...product, price: { amount: 1, currency: 'euro' } },
      /price.currency: .*ISO 4217/,
    ],
    ['a limit of nothing', { ...product, perCustomerLimit: 0 }, /perCustomerLimit: /],
    ['a limit in halves', { ...product, perCustomerLimit: 1.5 }, /perCustomerLimit: /],
    ['a hold below nothing', { ...product, holdSeconds: -1 }, /holdSeconds: /],
    ['a hold of more than a week', { ...product, holdSeconds: 604_801 }, /holdSeconds: /],
    ['an unknown field', { ...product, stock: 5 }, /"stock"/],
    ['an unknown field in the price', { ...product, price: { ...product.price, tax: 1 } }, /"tax"/],
  ] as const)('a product with %s is refused by name', async (_, body, detail) => {
    expectProblem(await send(engine, admin('PUT', path, body)), 400, 'invalid_request', detail);
  });

  test.each([
    ['nothing', { quantity: 0 }, /quantity: must not be 0/],
    ['half a unit', { quantity: 0.5 }, /quantity: /],
    ['more than ten million', { quantity: 10_000_001 }, /quantity: /],
    ['less than minus ten million', { quantity: -10_000_001 }, /quantity: /],
    ['a text', { quantity: '5' }, /quantity: /],
    ['null', { quantity: null }, /quantity: /],
    ['two quantities', '{"quantity":1,"quantity":1}', /one name twice/],
  ] as const)('a stock change of %s is refused by name', async (_, body, detail) => {
    expectProblem(await send(engine, admin('POST', `${path}/stock`, body)), 400, 'invalid_request', detail);
  });

  test.each([
    ['If-Match', 'W/"1"'],
    ['If-Match', '1'],
    ['If-Match', '"0"'],
    ['If-Match', '"1", "2"'],
    ['If-Match', '"99999999999999999999"'],
    ['If-None-Match', '"1"'],
  ])('%s: %s is refused', async (name, value) => {
    const detail = new RegExp(`${name}: `);
    expectProblem(
      await send(engine, admin('PUT', path, product, { [name]: value })),
      400,
      'invalid_request',
      detail,
    );
  });

  test('both conditions at once are refused', async () => {
    const both = { 'If-Match': '"1"', 'If-None-Match': '*' };
    expectProblem(
      await send(engine, admin('PUT', path, product, both)),
      400,
      'invalid_request',
      /contradicts/,
    );
  });
});

describe('the address', () => {
  test.each([
    ['/v1/products/%00', 400, 'invalid_request'],
    ['/v1/products/a%2fb', 400, 'invalid_request'],
    ['/v1/products/%zz', 400, 'invalid_request'],
    ['/v1/products/%ff', 400, 'invalid_request'],
    ['/v1/products/%F0%9F%92%A9', 400, 'invalid_request'],
    [`/v1/products/${'p'.repeat(65)}`, 400, 'invalid_request'],
    ['/v1/products/__proto__', 400, 'invalid_request'],
    ['/v1/products/constructor', 404, 'not_found'],
    ['/v1/products/..', 404, 'not_found'],
    ['/v1/products/../../etc/passwd', 404, 'not_found'],
    ['/v1/products/%2e%2e', 404, 'not_found'],
    ['/v1/products/a\\b', 400, 'invalid_request'],
    ['/v1/products/', 404, 'not_found'],
    ['//v1/products/target', 404, 'not_found'],
    ['/V1/time', 404, 'not_found'],
    ['/v1/time/', 404, 'not_found'],
    ['/static/../../package.json', 404, 'not_found'],
    ['/v1/events', 400, 'invalid_request'],
    ['/v1/events?product=', 400, 'invalid_request'],
    [
      `/v1/events?${'product=a&'.repeat(50)}${Array.from({ length: 51 }, (_, n) => `product=p${n}`).join('&')}`,
      400,
      'invalid_request',
    ],
    ['nowhere', 400, 'invalid_request'],
  ] as const)('%s is answered as a problem', async (target, status, code) => {
    const answer = await sendBytes(engine, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expectProblem(answer, status, code);
  });

  test.each([
    ['productId alone', `productId=${PRODUCT}`, /idempotencyKey: /],
    ['idempotencyKey alone', 'idempotencyKey=first', /productId: /],
    ['an overlong key', `productId=${PRODUCT}&idempotencyKey=${'k'.repeat(129)}`, /idempotencyKey: must be/],
    ['a NUL in the key', `productId=${PRODUCT}&idempotencyKey=a%00b`, /idempotencyKey: must be/],
    ['a NUL in the product', `productId=target%00&idempotencyKey=first`, /productId: must be/],
  ])('an order is not looked for by %s', async (_, query, detail) => {
    const answer = await engine.call('GET', `/v1/orders?${query}`, { token });
    expectProblem(answer, 400, 'invalid_request', detail);
  });

  test.each([
    ['PATCH', '/v1/orders', 'GET, POST, HEAD'],
    ['OPTIONS', '/v1/orders', 'GET, POST, HEAD'],
    ['PUT', `/v1/orders/${'0'.repeat(26)}`, 'GET, DELETE, HEAD'],
    ['GET', `/v1/orders/${'0'.repeat(26)}/payment`, 'POST'],
    ['DELETE', `/v1/products/${PRODUCT}`, 'GET, HEAD'],
    ['POST', '/v1/time', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['GET', '/v1/dev/tokens', 'POST'],
    ['TRACE', '/livez', 'GET, HEAD'],
  ])('%s %s is 405, and Allow says what is right', async (method, path, allow) => {
    const answer = await send(engine, { method, path, headers: { Authorization: `Bearer ${token}` } });
    expectProblem(answer, 405, 'method_not_allowed', /Allow/);
    expect(answer.headers['allow']).toBe(allow);
  });

  test('a wrong method on an admin’s address is 405 for the admin alone', async () => {
    const request = { method: 'DELETE', path: `/v1/admin/products/${PRODUCT}` };
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const answer = await send(engine, { ...request, headers });
    expectProblem(answer, 405, 'method_not_allowed');
    expect(answer.headers['allow']).toBe('PUT');
    expectProblem(await send(engine, request), 401, 'unauthenticated');
  });
});

describe('what is not HTTP', () => {
  const chunked = 'Transfer-Encoding: chunked\r\n';
  test.each([
    ['a TLS greeting', Buffer.from('1603010200010001fc0303', 'hex')],
    ['an SSH greeting', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['a word', 'hello\r\n\r\n'],
    ['an unknown version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost x\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n'],
    ['two lengths', 'POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    ['a length below nothing', 'POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['a length in letters', 'POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n'],
    ['both framings', `POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n${chunked}\r\n0\r\n\r\n`],
    ['no Host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['a Host with a path', 'GET /livez HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n'],
  ])('%s gets an answer that says so', async (_, bytes) => {
    expectProblem(await sendBytes(engine, bytes), 400, 'invalid_request', /not HTTP|Host/);
  });

  test('a broken chunk in a body is no order', async () => {
    const head = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nIdempotency-Key: bad\r\n`;
    const answer = await sendBytes(engine, `${head}${chunked}\r\nzz\r\n${JSON.stringify(good)}\r\n0\r\n\r\n`);
    expectProblem(answer, 400, 'invalid_request');
  });

  test.runIf(existsSync('/proc/self/fd'))(
    'a refused connection is let go, whether its client ends it or not',
    async () => {
      const openFiles = (): number => readdirSync(`/proc/${engine.pid}/fd`).length;
      const sockets = Array.from({ length: 100 }, () => openSocket(engine, { allowHalfOpen: true }));
      let refused = 0;
      for (const socket of sockets) {
        socket.on('end', () => refused++);
        socket.resume().write('hello\r\n\r\n');
      }
      await waitUntil('all are refused', () => refused === sockets.length);
      const before = openFiles();
      // Node itself lets them go after half a minute.
      const isLetGo = (): boolean => openFiles() <= before - sockets.length / 2;
      await waitUntil('the node has let them go', isLetGo, undefined, 15_000);
      for (const socket of sockets) socket.destroy();
    },
  );
});

test('after all of it the journal, the stock and the order are as before', async () => {
  expect(await state()).toEqual(before);
  expect(before).toMatchObject({
    ok: true,
    stock: { available: 99, reserved: 1 },
    order: { status: 'reserved' },
  });
  const { body: metrics } = await engine.call<string>('GET', '/metrics');
  expect(metrics).toMatch(/doorbuster_shards\{phase="open"\} 16\n/);
  expect(metrics).toMatch(/doorbuster_commands_pending 0\n/);
  expect(engine.output).not.toMatch(/"level":(40|50|60)/);
});
