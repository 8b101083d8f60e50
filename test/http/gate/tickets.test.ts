// POST /v1/tickets and what it leads to, at a real node: when tickets can be had and by whom, what they cost, and that each works once.

import { solveChallenge, type Challenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customerKeyOf } from '../../../src/actors/index.ts';
import { DEFAULT_TICKET_SETTINGS, TicketOffice } from '../../../src/http/index.ts';
import { systemClock, systemRandom } from '../../../src/runtime/index.ts';
import { AUTH_SECRET, Engine, type Answer } from '../../harness/engine.ts';
import { waitUntil } from '../../harness/wait-until.ts';
import { inSeconds, sign } from '../tokens.ts';

const WAIT_SECONDS = 5;
const MINUTE_MS = 60_000;

interface Told {
  readonly ticket: string;
  readonly expiresAt: string;
  readonly code: string;
  readonly detail: string;
  readonly fault?: string;
  readonly startsAt: string;
  readonly ticketsFrom: string;
  readonly challenge: Challenge;
  readonly wait: { readonly pass: string; readonly goodFrom: string; readonly seconds: number };
}

let engine: Engine;
let products = 0;

beforeAll(async () => {
  engine = await Engine.start({ env: { WORKERS: '2', TICKET_WAIT_SECONDS: String(WAIT_SECONDS) } });
});

afterAll(() => engine.remove());

/** @param gate of it */
async function product(
  gate: { readonly ticket?: boolean; readonly work?: boolean },
  { startsInMs = -1_000, endsInMs = 3_600_000, perCustomerLimit = 5 } = {},
): Promise<string> {
  const id = `gated-${++products}`;
  const now = Date.now();
  const put = await engine.admin('PUT', `/products/${id}`, {
    name: 'Gated',
    startsAt: new Date(now + startsInMs).toISOString(),
    endsAt: new Date(now + endsInMs).toISOString(),
    price: { amount: 1_999, currency: 'EUR' },
    perCustomerLimit,
    gate,
  });
  expect(put.status, JSON.stringify(put.body)).toBe(201);
  const path = `/products/${id}/stock`;
  const load = await engine.call('POST', `/v1/admin${path}`, {
    token: 'admin-token-of-the-tests',
    key: 'first',
    body: { quantity: 100 },
  });
  expect(load.status).toBe(200);
  return id;
}

const tokenOf = (customerId: string): string => sign({ sub: customerId, exp: inSeconds(3_600) });
const askAs = (token: string, body: object): Promise<Answer<Told>> =>
  engine.call<Told>('POST', '/v1/tickets', { token, body });
const ask = (customerId: string, body: object): Promise<Answer<Told>> => askAs(tokenOf(customerId), body);

const buy = (customerId: string, productId: string, key: string, ticket?: string) =>
  engine.call<Told & { id: string }>('POST', '/v1/orders', {
    token: tokenOf(customerId),
    key,
    body: { productId, quantity: 1 },
    headers: ticket === undefined ? {} : { 'Doorbuster-Ticket': ticket },
  });

const otherEnd = (text: string): string => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

async function solved(challenge: Challenge): Promise<string> {
  const solution = await solveChallenge({ challenge, deriveKey });
  return base64({ challenge, solution });
}

describe('a ticket', () => {
  test('lets its customer buy its product once, and the repetition of that order is answered whatever comes with it', async () => {
    const id = await product({ ticket: true });
    expect((await buy('ada', id, 'k1')).body.code).toBe('ticket_required');
    const { status, body, headers } = await ask('ada', { productId: id });
    expect(status).toBe(201);
    expect(body).toEqual({ productId: id, ticket: expect.any(String), expiresAt: expect.any(String) });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(Date.parse(body.expiresAt)).toBeGreaterThan(Date.now() + MINUTE_MS);

    const first = await buy('ada', id, 'k1', body.ticket);
    expect(first.status).toBe(201);
    expect((await buy('ada', id, 'k2', body.ticket)).body.code).toBe('ticket_invalid');
    for (const ticket of [undefined, body.ticket, 'none'])
      expect(await buy('ada', id, 'k1', ticket)).toMatchObject({ status: 201, body: { id: first.body.id } });

    const second = await ask('ada', { productId: id });
    expect((await buy('ada', id, 'k2', second.body.ticket)).status).toBe(201);
  });

  test('is nothing to another customer, for another product, or when it is made up, and is not used up by that', async () => {
    const [id, other] = [await product({ ticket: true }), await product({ ticket: true })];
    const { ticket } = (await ask('ada', { productId: id })).body;
    expect((await buy('bob', id, 'k1', ticket)).body.code).toBe('ticket_invalid');
    expect((await buy('ada', other, 'k1', ticket)).body.code).toBe('ticket_invalid');
    for (const wrong of ['', 'x', otherEnd(ticket), ticket.slice(1), ticket + ticket, 'é'.repeat(52)])
      expect((await buy('ada', id, 'k1', wrong)).body.code).toBe('ticket_invalid');
    expect((await buy('ada', id, 'k1', ticket)).status).toBe(201);
  });

  test('that is out of date is refused', async () => {
    const id = await product({ ticket: true });
    const office = new TicketOffice(
      { secret: AUTH_SECRET, clock: systemClock, random: systemRandom, campaignOf: () => undefined },
      DEFAULT_TICKET_SETTINGS,
    );
    const made = (expiresAt: number) =>
      office.issue({ customerKey: customerKeyOf('ada'), productId: id, expiresAt });
    expect((await buy('ada', id, 'k1', made(Date.now() - 1_000))).body.code).toBe('ticket_invalid');
    expect((await buy('ada', id, 'k1', made(Date.now() + MINUTE_MS))).status).toBe(201);
  });

  test('of a sale that asks for none can be had, does no harm, and is not used up', async () => {
    const id = await product({});
    const { body } = await ask('ada', { productId: id });
    expect((await buy('ada', id, 'k1', body.ticket)).status).toBe(201);
    expect((await buy('ada', id, 'k2', body.ticket)).status).toBe(201);
    expect((await buy('ada', id, 'k3', 'nonsense')).status).toBe(201);
    expect((await buy('ada', id, 'k4')).status).toBe(201);
  });
});

describe('the hour', () => {
  test('of tickets is told, and before it there is none, whatever work is sent', async () => {
    const early = await product({ ticket: true }, { startsInMs: 10 * MINUTE_MS });
    const { status, body, headers } = await ask('ada', { productId: early });
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'sale_not_started' });
    expect(Date.parse(body.startsAt) - Date.parse(body.ticketsFrom)).toBe(MINUTE_MS);
    const retryAfter = Number(headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(8 * 60);
    expect(retryAfter).toBeLessThanOrEqual(9 * 60);
    expect(body.ticket).toBeUndefined();

    const worked = await product({ ticket: true, work: true }, { startsInMs: 10 * MINUTE_MS });
    const now = await product({ ticket: true, work: true });
    const { challenge } = (await ask('ada', { productId: now })).body;
    for (const more of [{}, { solution: await solved(challenge) }, { wait: 'x' }])
      expect((await ask('ada', { productId: worked, ...more })).body.code).toBe('sale_not_started');
    const shown = await engine.call<Told>('GET', `/v1/products/${early}`);
    expect(shown.body.ticketsFrom).toBe(body.ticketsFrom);
  });

  test('has come a minute before the start: the ticket is good when the sale starts, and long enough', async () => {
    const id = await product({ ticket: true }, { startsInMs: 50_000 });
    const { status, body } = await ask('ada', { productId: id });
    expect(status).toBe(201);
    expect(Date.parse(body.expiresAt)).toBeGreaterThan(Date.now() + 2.5 * MINUTE_MS);
    expect((await buy('ada', id, 'k1', body.ticket)).body.code).toBe('sale_not_started');
  });

  test('is over with the sale', async () => {
    const id = await product({ ticket: true }, { startsInMs: -2_000, endsInMs: -1_000 });
    expect(await ask('ada', { productId: id })).toMatchObject({ status: 409, body: { code: 'sale_ended' } });
  });

  test('is told of sales with tickets alone', async () => {
    const id = await product({});
    expect((await engine.call<Told>('GET', `/v1/products/${id}`)).body.ticketsFrom).toBeUndefined();
  });
});

test('whoever is not signed in gets none, nor is there one for a product that is not there', async () => {
  const id = await product({ ticket: true });
  expect((await engine.call('POST', '/v1/tickets', { body: { productId: id } })).status).toBe(401);
  expect((await askAs('nonsense', { productId: id })).status).toBe(401);
  expect(await ask('ada', { productId: 'nowhere' })).toMatchObject({
    status: 404,
    body: { code: 'not_found' },
  });
});

describe('work', () => {
  test('is asked for, and its solution is worth one ticket however often it is sent', async () => {
    const id = await product({ ticket: true, work: true });
    const asked = await ask('ada', { productId: id });
    expect({ status: asked.status, code: asked.body.code }).toEqual({
      status: 403,
      code: 'challenge_required',
    });
    expect(asked.body.fault).toBeUndefined();
    const solution = await solved(asked.body.challenge);
    const tickets = await Promise.all(
      Array.from({ length: 8 }, () => ask('ada', { productId: id, solution })),
    );
    expect(tickets.map(({ status }) => status)).toEqual(Array(8).fill(201));
    const bought = await Promise.all(tickets.map(({ body }, at) => buy('ada', id, `k${at}`, body.ticket)));
    expect(bought.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(bought.filter(({ body }) => body.code === 'ticket_invalid')).toHaveLength(7);
  });

  test('of somebody else, for something else, or half done is worth nothing, and told apart', async () => {
    const [id, other] = [
      await product({ ticket: true, work: true }),
      await product({ ticket: true, work: true }),
    ];
    const { challenge } = (await ask('ada', { productId: id })).body;
    const solution = await solved(challenge);
    const wrong: [string, object, string][] = [
      ['bob', { productId: id, solution }, 'challenge_foreign'],
      ['ada', { productId: other, solution }, 'challenge_foreign'],
      [
        'ada',
        {
          productId: id,
          solution: base64({ challenge, solution: { counter: 0, derivedKey: 'ab'.repeat(32) } }),
        },
        'solution_wrong',
      ],
      [
        'ada',
        {
          productId: id,
          solution: base64({
            challenge: { ...challenge, parameters: { ...challenge.parameters, cost: 1 } },
            solution: { counter: 0, derivedKey: 'ab'.repeat(32) },
          }),
        },
        'challenge_forged',
      ],
    ];
    for (const [customer, body, fault] of wrong) {
      const answer = await ask(customer, body);
      expect(answer).toMatchObject({ status: 403, body: { code: 'challenge_required', fault } });
      // Whoever only came too late goes on with this one.
      expect(answer.body.challenge.parameters.nonce).not.toBe(challenge.parameters.nonce);
    }
    expect((await ask('ada', { productId: id, solution })).status).toBe(201);
  });

  test('is not asked for where a sale has no tickets', async () => {
    expect((await ask('ada', { productId: await product({ work: false }) })).status).toBe(201);
  });

  test('of another form, or too large, is refused by name, and changes nothing', async () => {
    const id = await product({ ticket: true, work: true });
    const wrong: [object | string, number, RegExp][] = [
      [{ productId: id, solution: 'not base64!' }, 400, /^solution: must be base64/],
      [{ productId: id, solution: 'bm90IGpzb24' }, 400, /^solution: must be base64 of the JSON/],
      [{ productId: id, solution: 'A'.repeat(2_049) }, 400, /^solution: must have at most 2048/],
      [{ productId: id, solution: 12 }, 400, /^solution/],
      [{ productId: id, wait: 'x'.repeat(513) }, 400, /^wait: must have at most 512/],
      [{ productId: id, wait: '' }, 400, /^wait/],
      [{ productId: id, wait: 'x', solution: 'AAAA' }, 400, /^wait: must be left out/],
      [{ productId: id, ticket: 'x' }, 400, /ticket/],
      [{ productId: '../etc' }, 400, /^productId/],
      [{}, 400, /^productId/],
      [[], 400, /^body/],
      ['{', 400, /^body: is not JSON/],
      [`{"productId":"${id}","productId":"${id}"}`, 400, /^body: has one name twice/],
      [{ productId: id, solution: 'A'.repeat(5_000) }, 413, /4096 bytes/],
    ];
    for (const [body, status, detail] of wrong) {
      const answer = await ask('ada', body as object);
      expect(answer.status, JSON.stringify(body).slice(0, 80)).toBe(status);
      expect(answer.body.detail).toMatch(detail);
    }
  });
});

describe.concurrent('the wait', () => {
  test('does instead of work: too early it is told how long, then it is worth one ticket', async () => {
    const id = await product({ ticket: true, work: true });
    const { wait } = (await ask('ada', { productId: id })).body;
    expect(wait.seconds).toBeGreaterThanOrEqual(1);
    expect(wait.seconds).toBeLessThanOrEqual(WAIT_SECONDS + 1);
    const early = await ask('ada', { productId: id, wait: wait.pass });
    expect(early).toMatchObject({ status: 403, body: { fault: 'pass_early', wait: { pass: wait.pass } } });
    expect(Number(early.headers.get('retry-after'))).toBe(early.body.wait.seconds);

    // Whoever asks for many at once waits for one; at the edge of a stretch of time, for two.
    const more = await Promise.all(Array.from({ length: 6 }, () => ask('ada', { productId: id })));
    const passes = [wait, ...more.map(({ body }) => body.wait)];
    const stretches = new Set(
      passes.map(({ goodFrom }) => Math.floor(Date.parse(goodFrom) / 1_000 / WAIT_SECONDS)),
    );
    const last = Math.max(...passes.map(({ goodFrom }) => Date.parse(goodFrom)));
    await waitUntil('the passes are good', () => Date.now() > last);
    const tickets = await Promise.all(
      passes.map(async ({ pass }) => (await ask('ada', { productId: id, wait: pass })).body.ticket),
    );
    const bought = await Promise.all(
      [...tickets, ...tickets].map((ticket, at) => buy('ada', id, `k${at}`, ticket)),
    );
    expect(bought.filter(({ status }) => status === 201)).toHaveLength(stretches.size);
    expect(bought.filter(({ body }) => body.code === 'ticket_invalid')).toHaveLength(14 - stretches.size);
  });

  test('of somebody else, or for something else, or made up is worth nothing', async () => {
    const [id, other] = [
      await product({ ticket: true, work: true }),
      await product({ ticket: true, work: true }),
    ];
    const { wait } = (await ask('ada', { productId: id })).body;
    await waitUntil('the pass is good', () => Date.now() > Date.parse(wait.goodFrom));
    for (const [customer, productId, pass] of [
      ['bob', id, wait.pass],
      ['ada', other, wait.pass],
      ['ada', id, 'made-up'],
      ['ada', id, otherEnd(wait.pass)],
    ] as const)
      expect(await ask(customer, { productId, wait: pass })).toMatchObject({
        status: 403,
        body: { code: 'challenge_required', fault: 'pass_wrong' },
      });
    expect((await ask('ada', { productId: id, wait: wait.pass })).status).toBe(201);
  });
});

test('metrics say what tickets were given for, and why there was none', async () => {
  const id = await product({ ticket: true, work: true });
  const count = async (outcome: string): Promise<number> =>
    (await engine.metric(`doorbuster_gate_total{check="tickets",outcome="${outcome}"}`)) ?? 0;
  const outcomes = [
    'challenge_required',
    'issued_for_work',
    'challenge_foreign',
    'not_found',
    'brought_wrong',
  ];
  const before = await Promise.all(outcomes.map(count));
  const { challenge } = (await ask('cy', { productId: id })).body;
  const solution = await solved(challenge);
  const { ticket } = (await ask('cy', { productId: id, solution })).body;
  await buy('cy', id, 'k1', ticket);
  await buy('cy', id, 'k2', ticket);
  await buy('dee', id, 'k1', ticket);
  await ask('dee', { productId: id, solution });
  await ask('cy', { productId: 'nowhere' });
  expect(await Promise.all(outcomes.map(count))).toEqual(before.map((each) => each + 1));
});
