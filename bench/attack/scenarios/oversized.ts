// Everything larger than it may be: bodies, keys, tokens, tickets, addresses, queries, numbers and nesting, with a length and without.

import { send } from '../../../test/http/raw.ts';
import { inSeconds, sign } from '../../../test/http/tokens.ts';
import type { Call } from '../client.ts';
import type { Shopper } from '../honest.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const ROUNDS = 20;
const KIB = 1_024;
const MIB = 1_024 * KIB;
const RIGHT = [
  'invalid_request',
  'payload_too_large',
  'unauthenticated',
  'forbidden',
  'not_found',
  'rate_limited',
  'ticket_invalid',
  'idempotency_key_missing',
  'status 431',
  'status 413',
  'closed',
];

export const oversized: Scenario = {
  name: 'oversized',
  tries: 'sends bodies, keys, tokens, tickets, addresses and numbers that are far too large',
  ground: 'node',
  async run(stage) {
    const productId = await stage.sale();
    await stage.beside({ productId, shoppers: stage.sized(40, 5) }, async () => {
      for (let round = 0; round < stage.sized(ROUNDS); round++) {
        const attacker = stage.shopper('giant');
        const { token, address: from } = attacker;
        await Promise.all([
          ...Object.entries(callsOf(productId, attacker)).map(async ([what, call]) =>
            stage.tally.mustBlock(await stage.client.send({ token, from, ...call }), what, RIGHT),
          ),
          unmeasured(stage, attacker),
        ]);
      }
    });
  },
};

function callsOf(productId: string, { id }: Shopper): Record<string, Call> {
  const order = { method: 'POST', path: '/v1/orders', key: 'giant' };
  const good = { productId, quantity: 1 };
  const long = (bytes: number): string => 'x'.repeat(bytes);
  const deep = '['.repeat(2_000) + ']'.repeat(2_000);
  return {
    'an order of 8 KiB': { ...order, body: { ...good, padding: long(8 * KIB) } },
    'an order of 4 MiB': { ...order, body: { ...good, padding: long(4 * MIB) } },
    'an order nested 2,000 deep': { ...order, body: `{"productId":"${productId}","quantity":${deep}}` },
    'a quantity of 400 digits': {
      ...order,
      body: `{"productId":"${productId}","quantity":1${'0'.repeat(400)}}`,
    },
    'more units than an order may have': { ...order, body: { productId, quantity: 10_001 } },
    'a product id of 3 KiB': { ...order, body: { productId: long(3 * KIB), quantity: 1 } },
    'a key of 129 characters': { ...order, key: long(129), body: good },
    'a key of 10 KiB': { ...order, key: long(10 * KIB), body: good },
    'a token of 10 KiB': { ...order, token: long(10 * KIB), body: good },
    'a good token that is too long': {
      ...order,
      token: sign({ sub: id, exp: inSeconds(3_600), padding: long(4 * KIB) }),
      body: good,
    },
    'a customer of 200 characters': {
      ...order,
      token: sign({ sub: long(200), exp: inSeconds(3_600) }),
      body: good,
    },
    'an address of 12 KiB': { method: 'GET', path: `/v1/products/${long(12 * KIB)}` },
    'an address of 12 KiB that is broken': { method: 'GET', path: `/v1/products/${'%FF'.repeat(4 * KIB)}` },
    'an order id of 8 KiB': { method: 'GET', path: `/v1/orders/${long(8 * KIB)}` },
    'a question by a key of 8 KiB': {
      method: 'GET',
      path: `/v1/orders?productId=${productId}&idempotencyKey=${long(8 * KIB)}`,
    },
    'a cursor of 8 KiB': { method: 'GET', path: `/v1/orders?before=${long(8 * KIB)}` },
    'a payment of 4 MiB': {
      method: 'POST',
      path: '/v1/orders/none/payment',
      body: { method: 'card', token: long(4 * MIB) },
    },
    'an admin’s call of 4 MiB from nobody': {
      method: 'PUT',
      path: `/v1/admin/products/${productId}`,
      body: { name: long(4 * MIB) },
    },
    'headers of 40 KiB': { method: 'GET', path: '/v1/time', headers: { 'X-Padding': long(40 * KIB) } },
    'cookies of 40 KiB': { method: 'GET', path: '/', headers: { Cookie: `a=${long(40 * KIB)}` } },
  };
}

/** A body that does not say how long it is. */
async function unmeasured({ ground, tally }: Stage, { token, address }: Shopper): Promise<void> {
  const headers = {
    Authorization: `Bearer ${token}`,
    'Idempotency-Key': 'giant',
    'Content-Type': 'application/json',
    'X-Forwarded-For': address,
  };
  const body = Buffer.alloc(MIB, ' ');
  const request = { method: 'POST', path: '/v1/orders', headers, body, chunked: true };
  let status: number;
  try {
    ({ status } = await send({ url: ground.urls[0]! }, request));
  } catch {
    return tally.block('closed');
  }
  if (status < 400) tally.breach(`a body without a length: answered ${status}`);
  else tally.block(status === 413 ? 'payload_too_large' : `status ${status}`);
}
