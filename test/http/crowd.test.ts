// A crowd in front of few units, impatient: everybody asks several times, on different connections, with double clicks.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN, Engine } from '../harness/engine.ts';
import { send, type RawAnswer } from './raw.ts';
import { inSeconds, sign } from './tokens.ts';

const CUSTOMERS = 300;
const UNITS = 40;
const CLICKS = 3;
/** Connections at one time. */
const IN_FLIGHT = 150;

let engine: Engine;

beforeAll(async () => {
  engine = await Engine.start({ demo: false });
});
afterAll(() => engine?.remove());

interface Click {
  readonly customer: string;
  readonly key: string;
}

interface Answered extends Click {
  readonly answer: RawAnswer;
}

const codeOf = ({ text }: RawAnswer): string => (JSON.parse(text) as { code: string }).code;
const idOf = ({ text }: RawAnswer): string => (JSON.parse(text) as { id: string }).id;

async function buy(productId: string, { customer, key }: Click): Promise<Answered> {
  const token = sign({ sub: customer, exp: inSeconds(600) });
  const headers = { Authorization: `Bearer ${token}`, 'Idempotency-Key': key };
  const body = JSON.stringify({ productId, quantity: 1 });
  return { customer, key, answer: await send(engine, { method: 'POST', path: '/v1/orders', headers, body }) };
}

/** All clicks in their order, a bounded number at a time, each on a connection of its own. */
async function stampede(productId: string, clicks: readonly Click[]): Promise<Answered[]> {
  const answered: Answered[] = [];
  let next = 0;
  const walk = async (): Promise<void> => {
    while (next < clicks.length) answered.push(await buy(productId, clicks[next++]!));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, walk));
  return answered;
}

test('forty units for three hundred impatient customers are sold exactly once each', async () => {
  await engine.product('rush', { quantity: UNITS, perCustomerLimit: 1 });
  const clicks = Array.from({ length: CUSTOMERS }, (_, n) => `crowd-${n}`).flatMap((customer) => [
    ...Array.from({ length: CLICKS }, () => ({ customer, key: 'click' })),
    { customer, key: 'another-tab' },
  ]);
  const answered = await stampede('rush', clicks);

  const sold = answered.filter(({ answer }) => answer.status === 201);
  const refused = answered.filter(({ answer }) => answer.status !== 201);
  expect(new Set(sold.map(({ answer }) => idOf(answer))).size).toBe(UNITS);
  expect(new Set(sold.map(({ customer }) => customer)).size).toBe(UNITS);
  expect(new Set(refused.map(({ answer }) => answer.status))).toEqual(new Set([409]));
  for (const code of new Set(refused.map(({ answer }) => codeOf(answer)))) {
    expect(['sold_out', 'limit_reached']).toContain(code);
  }

  const byKey = Map.groupBy(sold, ({ customer, key }) => `${customer} ${key}`);
  expect(byKey.size).toBe(UNITS);
  for (const answers of byKey.values()) {
    expect(new Set(answers.map(({ answer }) => answer.text)).size).toBe(1);
    const first = answers.filter(({ answer }) => answer.headers['idempotency-replayed'] === undefined);
    expect(first).toHaveLength(1);
  }

  const again = await stampede('rush', clicks);
  for (const { customer, key, answer } of again) {
    const before = byKey.get(`${customer} ${key}`);
    if (before === undefined) expect(answer.status).toBe(409);
    else expect(answer).toMatchObject({ status: 201, text: before[0]!.answer.text });
  }

  const stock = await engine.call('GET', '/v1/admin/products/rush/stock', { token: ADMIN_TOKEN });
  expect(stock.body).toMatchObject({ loaded: UNITS, available: 0, reserved: UNITS, sold: 0 });
});

test('units that come back during the rush are sold again, and never twice', async () => {
  await engine.product('returns', { quantity: UNITS, perCustomerLimit: 1 });
  const customers = Array.from({ length: 200 }, (_, n) => `returner-${n}`);
  const kept = new Set<string>();
  const given = new Set<string>();
  const visit = async (customer: string, n: number): Promise<void> => {
    const { answer } = await buy('returns', { customer, key: 'key' });
    if (answer.status !== 201) return;
    const id = idOf(answer);
    if (n % 2 === 0) return void kept.add(id);
    const headers = { Authorization: `Bearer ${sign({ sub: customer, exp: inSeconds(600) })}` };
    const cancelled = await send(engine, { method: 'DELETE', path: `/v1/orders/${id}`, headers });
    expect(cancelled.status).toBe(200);
    given.add(id);
  };
  await Promise.all(customers.map(visit));
  const { body } = await engine.call('GET', '/v1/admin/products/returns/stock', { token: ADMIN_TOKEN });
  expect(body).toMatchObject({ loaded: UNITS, reserved: kept.size, available: UNITS - kept.size });
  expect(kept.size).toBeLessThanOrEqual(UNITS);
  expect(kept.size + given.size).toBeGreaterThanOrEqual(UNITS);
});

test('afterwards every invariant holds', async () => {
  const { body } = await engine.call('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(body).toMatchObject({ ok: true, violations: [], figures: { recordsNotProjected: 0 } });
});
