// Every outcome of buying, paying, cancelling and asking, through a real node.

/* oxlint-disable vitest/expect-expect -- expectProblem asserts, too */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, Engine, type Answer } from '../harness/engine.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { expectProblem } from './problems.ts';

interface OrderBody {
  readonly id: string;
  readonly status: string;
  readonly quantity: number;
  readonly createdAt: string;
  readonly holdExpiresAt: string | null;
}

let engine: Engine;
let customers = 0;

beforeAll(async () => {
  engine = await Engine.start();
  await beginShortHolds();
});
afterAll(() => engine?.remove());

/** A customer whom no other test knows. */
const somebody = (): Promise<string> => engine.token(`customer-${++customers}`);

const get = (token: string, id: string): Promise<Answer> => engine.call('GET', `/v1/orders/${id}`, { token });
const cancel = (token: string, id: string): Promise<Answer> =>
  engine.call('DELETE', `/v1/orders/${id}`, { token });
const pay = (token: string, id: string, by = 'demo'): Promise<Answer> =>
  engine.call('POST', `/v1/orders/${id}/payment`, { token, body: { method: 'card', token: by } });
const findByKey = (token: string, productId: string, key: string): Promise<Answer> =>
  engine.call('GET', `/v1/orders?${new URLSearchParams({ productId, idempotencyKey: key }).toString()}`, {
    token,
  });

async function stock(productId: string): Promise<Record<string, number>> {
  const { body } = await engine.call('GET', `/v1/admin/products/${productId}/stock`, { token: ADMIN_TOKEN });
  const { loaded, available, reserved, sold, withdrawn } = body as Record<string, number>;
  expect(available! + reserved! + sold! + withdrawn!).toBe(loaded);
  return { available: available!, reserved: reserved!, sold: sold! };
}

/** Buys what must be sold. */
async function bought(token: string, productId: string, key = 'key', quantity = 1): Promise<OrderBody> {
  const answer = await engine.buy(token, productId, key, quantity);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body as unknown as OrderBody;
}

describe('buying', () => {
  test('an order is created, and its Location shows it', async () => {
    await engine.product('created', { holdSeconds: 120 });
    const token = await engine.token('ada');
    const answer = await engine.buy(token, 'created', 'key');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('idempotency-replayed')).toBeNull();
    const order = answer.body as unknown as OrderBody;
    expect(order).toEqual({
      id: expect.stringMatching(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/),
      productId: 'created',
      customerId: 'ada',
      quantity: 1,
      unitPrice: { amount: 1_999, currency: 'EUR' },
      status: 'reserved',
      createdAt: expect.any(String),
      holdExpiresAt: expect.any(String),
    });
    expect(Date.parse(order.holdExpiresAt!) - Date.parse(order.createdAt)).toBe(120_000);
    const location = answer.headers.get('location')!;
    expect(location).toBe(`/v1/orders/${order.id}`);
    expect((await engine.call('GET', location, { token })).body).toEqual(order);
  });

  test('a repetition is answered with the acceptance, whatever became of the order since', async () => {
    await engine.product('repeated', { perCustomerLimit: 5 });
    const token = await somebody();
    for (const [key, then] of [
      ['unchanged', async () => undefined],
      ['cancelled', cancel],
      ['paid', pay],
    ] as const) {
      const first = await engine.buy(token, 'repeated', key);
      await then(token, (first.body as unknown as OrderBody).id);
      const second = await engine.buy(token, 'repeated', key);
      expect(second.status).toBe(201);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect(second.headers.get('location')).toBe(first.headers.get('location'));
      expect(JSON.stringify(second.body)).toBe(JSON.stringify(first.body));
    }
    expect(await stock('repeated')).toEqual({ available: 98, reserved: 1, sold: 1 });
  });

  test('a repetition is answered also while the sale is paused and after its end', async () => {
    await engine.product('closing', { quantity: 5 });
    const token = await somebody();
    const order = await bought(token, 'closing');
    await engine.call('POST', '/v1/admin/products/closing/pause', { token: ADMIN_TOKEN });
    expect((await engine.buy(token, 'closing', 'key')).body).toEqual(order);
    await engine.product('closing', { quantity: 0, startsInMs: -20_000, endsInMs: -10_000 });
    expect((await engine.buy(token, 'closing', 'key')).body).toEqual(order);
    expect((await stock('closing')).reserved).toBe(1);
  });

  test('the last unit sells, then it is sold out', async () => {
    await engine.product('last', { quantity: 2 });
    await bought(await somebody(), 'last');
    await bought(await somebody(), 'last');
    expectProblem(await engine.buy(await somebody(), 'last', 'key'), 409, 'sold_out');
    expect(await stock('last')).toEqual({ available: 0, reserved: 2, sold: 0 });
  });

  test('a refusal is not remembered: the same key buys when units are back', async () => {
    await engine.product('back', { quantity: 1 });
    const [first, second] = [await somebody(), await somebody()];
    const order = await bought(first, 'back');
    expectProblem(await engine.buy(second, 'back', 'same'), 409, 'sold_out');
    await cancel(first, order.id);
    const answer = await engine.buy(second, 'back', 'same');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('idempotency-replayed')).toBeNull();
  });

  test('more than is left is refused whole, and fewer can be bought', async () => {
    await engine.product('few', { quantity: 5, perCustomerLimit: 10 });
    await bought(await somebody(), 'few', 'key', 3);
    const token = await somebody();
    expectProblem(await engine.buy(token, 'few', 'key', 3), 409, 'insufficient_stock', /fewer/i);
    await bought(token, 'few', 'key', 2);
    expect(await stock('few')).toEqual({ available: 0, reserved: 5, sold: 0 });
  });

  test('the limit counts units over several orders, and cancelling makes room', async () => {
    await engine.product('limited', { perCustomerLimit: 3 });
    const token = await somebody();
    const first = await bought(token, 'limited', 'first', 2);
    expectProblem(await engine.buy(token, 'limited', 'second', 2), 409, 'limit_reached');
    await pay(token, (await bought(token, 'limited', 'third', 1)).id);
    expectProblem(await engine.buy(token, 'limited', 'fourth', 1), 409, 'limit_reached');
    await cancel(token, first.id);
    await bought(token, 'limited', 'fifth', 2);
    expectProblem(await engine.buy(token, 'limited', 'sixth', 1), 409, 'limit_reached');
    expectProblem(await engine.buy(await somebody(), 'limited', 'whole', 4), 409, 'limit_reached');
  });

  test('outside its window and while paused a sale sells nothing, and says why', async () => {
    await engine.product('later', { startsInMs: 3_600_000, endsInMs: 7_200_000 });
    await engine.product('over', { startsInMs: -20_000, endsInMs: -10_000 });
    await engine.product('paused');
    await engine.call('POST', '/v1/admin/products/paused/pause', { token: ADMIN_TOKEN });
    const token = await somebody();
    expectProblem(await engine.buy(token, 'later', 'key'), 409, 'sale_not_started', /startsAt/);
    expectProblem(await engine.buy(token, 'over', 'key'), 409, 'sale_ended');
    expectProblem(await engine.buy(token, 'paused', 'key'), 409, 'sale_paused');
    await engine.call('POST', '/v1/admin/products/paused/resume', { token: ADMIN_TOKEN });
    await bought(token, 'paused');
    expectProblem(await engine.buy(token, 'no-such-product', 'key'), 404, 'not_found');
  });

  test('a key with another quantity is refused, and changes nothing', async () => {
    await engine.product('reused', { perCustomerLimit: 5 });
    const token = await somebody();
    const order = await bought(token, 'reused', 'key', 1);
    expectProblem(await engine.buy(token, 'reused', 'key', 2), 422, 'idempotency_key_reused', /new key/);
    expect((await engine.buy(token, 'reused', 'key', 1)).body).toEqual(order);
    expect((await stock('reused')).reserved).toBe(1);
  });

  test('without a key nothing is bought', async () => {
    await engine.product('keyless');
    const body = { productId: 'keyless', quantity: 1 };
    const answer = await engine.call('POST', '/v1/orders', { token: await somebody(), body });
    expectProblem(answer, 400, 'idempotency_key_missing', /Idempotency-Key/);
    expect((await stock('keyless')).available).toBe(100);
  });

  test('a key belongs to one customer and one product', async () => {
    await engine.product('scope-a');
    await engine.product('scope-b');
    const [one, other] = [await somebody(), await somebody()];
    const orders = [
      await bought(one, 'scope-a', 'shared'),
      await bought(one, 'scope-b', 'shared'),
      await bought(other, 'scope-a', 'shared'),
    ];
    expect(new Set(orders.map(({ id }) => id)).size).toBe(3);
    expect((await findByKey(other, 'scope-a', 'shared')).body).toEqual(orders[2]);
    expect((await findByKey(one, 'scope-b', 'shared')).body).toEqual(orders[1]);
    expectProblem(await findByKey(other, 'scope-b', 'shared'), 404, 'not_found');
  });

  test('without a hold time an order is sold at once and for good', async () => {
    await engine.product('at-once', { holdSeconds: 0 });
    const token = await somebody();
    const order = await bought(token, 'at-once');
    expect(order).toMatchObject({ status: 'paid', holdExpiresAt: null });
    expect(await stock('at-once')).toEqual({ available: 99, reserved: 0, sold: 1 });
    expect((await pay(token, order.id)).body).toEqual(order);
    const { detail } = expectProblem(await cancel(token, order.id), 409, 'order_state_conflict', /state/);
    expect(detail).toContain('order');
    expect((await stock('at-once')).sold).toBe(1);
  });
});

describe('asking', () => {
  test('an order is shown to its customer, and to nobody else', async () => {
    await engine.product('private');
    const [owner, stranger] = [await somebody(), await somebody()];
    const order = await bought(owner, 'private', 'secret-key');
    expect((await get(owner, order.id)).body).toEqual(order);
    expectProblem(await get(stranger, order.id), 404, 'not_found');
    expectProblem(await cancel(stranger, order.id), 404, 'not_found');
    expectProblem(await pay(stranger, order.id), 404, 'not_found');
    expectProblem(await pay(stranger, order.id, 'decline'), 404, 'not_found');
    expectProblem(await findByKey(stranger, 'private', 'secret-key'), 404, 'not_found');
    expect((await get(owner, order.id)).body).toEqual(order);
  });

  test('the order of a key is found in its present state, and a key without one is 404', async () => {
    await engine.product('by-key');
    const token = await somebody();
    expectProblem(await findByKey(token, 'by-key', 'key'), 404, 'not_found');
    const order = await bought(token, 'by-key');
    expect((await findByKey(token, 'by-key', 'key')).body).toEqual(order);
    await cancel(token, order.id);
    expect((await findByKey(token, 'by-key', 'key')).body).toEqual({ ...order, status: 'cancelled' });
    expectProblem(await findByKey(token, 'no-such-product', 'key'), 404, 'not_found');
  });

  test('what is no order id is nobody’s order', async () => {
    const token = await somebody();
    await engine.product('shape');
    const { id } = await bought(token, 'shape');
    const wrong = [
      'x',
      '0',
      id.slice(1),
      `${id}0`,
      `8${id.slice(1)}`,
      `${id.slice(0, -1)}u`,
      id.toUpperCase(),
    ];
    for (const text of [
      ...wrong,
      `${id}%00`,
      '%2e%2e%2fadmin',
      '__proto__',
      '%F0%9F%92%A9',
      '0'.repeat(26),
    ]) {
      expectProblem(await get(token, text), 404, 'not_found');
      expectProblem(await cancel(token, text), 404, 'not_found');
      expectProblem(await pay(token, text), 404, 'not_found');
    }
  });

  test('the list comes to hold every order of the customer as it is, newest first', async () => {
    await engine.product('listed', { perCustomerLimit: 3 });
    const token = await somebody();
    const paid = await bought(token, 'listed', 'one');
    await pay(token, paid.id);
    const cancelled = await bought(token, 'listed', 'two');
    await cancel(token, cancelled.id);
    const reserved = await bought(token, 'listed', 'three');
    const present = await Promise.all(
      [reserved, cancelled, paid].map(async ({ id }) => (await get(token, id)).body),
    );
    const list = await waitUntil('the list is up to date', async () => {
      const { body } = await engine.call<{ orders: OrderBody[]; asOf: string }>('GET', '/v1/orders', {
        token,
      });
      return Date.parse(body.asOf) >= Date.parse(reserved.createdAt) && body;
    });
    const newestFirst = (orders: readonly object[]) =>
      (orders as OrderBody[]).toSorted((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
    expect(newestFirst(list.orders)).toEqual(list.orders);
    expect(
      newestFirst(list.orders)
        .map((order) => JSON.stringify(order))
        .toSorted(),
    ).toEqual(present.map((order) => JSON.stringify(order)).toSorted());
    const { body } = await engine.call('GET', '/v1/orders', { token: await somebody() });
    expect(body).toMatchObject({ orders: [] });
  });
});

describe('paying and cancelling', () => {
  test('a payment sells the units, and repeating it gives the same answer', async () => {
    await engine.product('payment');
    const token = await somebody();
    const order = await bought(token, 'payment');
    const answers = [
      await pay(token, order.id),
      await pay(token, order.id),
      await pay(token, order.id, 'decline'),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body).toEqual({ ...order, status: 'paid' });
    }
    expect(await stock('payment')).toEqual({ available: 99, reserved: 0, sold: 1 });
    expectProblem(await cancel(token, order.id), 409, 'order_state_conflict');
    expect((await get(token, order.id)).body).toMatchObject({ status: 'paid' });
  });

  test('a declined payment changes nothing, and another one can follow', async () => {
    await engine.product('declined');
    const token = await somebody();
    const order = await bought(token, 'declined');
    expectProblem(await pay(token, order.id, 'decline'), 402, 'payment_declined', /nothing was charged/i);
    expect((await get(token, order.id)).body).toEqual(order);
    expect((await pay(token, order.id)).status).toBe(200);
  });

  test('a pending or reviewed payment is 202 until it is decided', async () => {
    await engine.product('undecided');
    for (const [by, status] of [
      ['pending', 'payment_pending'],
      ['review', 'in_review'],
    ] as const) {
      const token = await somebody();
      const { id } = await bought(token, 'undecided');
      for (let time = 0; time < 2; time++) {
        const answer = await pay(token, id, by);
        expect(answer.status).toBe(202);
        expect(answer.body).toMatchObject({ id, status });
      }
      expect(await get(token, id)).toMatchObject({ status: 200, body: { status } });
      if (status === 'in_review') {
        // A person decides, whatever card is tried meanwhile.
        expect(await pay(token, id)).toMatchObject({ status: 202, body: { status } });
        continue;
      }
      expect(await pay(token, id)).toMatchObject({ status: 200, body: { status: 'paid' } });
      expect(await pay(token, id, by)).toMatchObject({ status: 200, body: { status: 'paid' } });
    }
    expect(await stock('undecided')).toEqual({ available: 98, reserved: 1, sold: 1 });
  });

  test('cancelling gives the units back, once, and repeating it gives the same answer', async () => {
    await engine.product('cancelled', { perCustomerLimit: 4 });
    const token = await somebody();
    const { id } = await bought(token, 'cancelled', 'key', 4);
    expect((await stock('cancelled')).available).toBe(96);
    const [first, second] = [await cancel(token, id), await cancel(token, id)];
    expect(first).toMatchObject({ status: 200, body: { id, status: 'cancelled' } });
    expect([second.status, second.body]).toEqual([first.status, first.body]);
    expect(await stock('cancelled')).toEqual({ available: 100, reserved: 0, sold: 0 });
  });

  test('nothing is taken for a cancelled order, and nothing is sold', async () => {
    await engine.product('too-late');
    const token = await somebody();
    const { id } = await bought(token, 'too-late');
    await cancel(token, id);
    for (let time = 0; time < 2; time++) {
      const answer = await pay(token, id);
      expectProblem(answer, 409, 'order_state_conflict');
      expect(answer.body).toMatchObject({ order: { id, status: 'cancelled' } });
    }
    expect(await get(token, id)).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect(await stock('too-late')).toEqual({ available: 100, reserved: 0, sold: 0 });
  });
});

// Nothing expires in the first ten seconds after a start, so these orders are made before all other tests.

interface ShortHold {
  readonly token: string;
  readonly id: string;
}

const shortHolds = new Map<string, ShortHold>();

async function beginShortHolds(): Promise<void> {
  for (const productId of ['expiring', 'in-time', 'taken', 'limit-taken']) {
    await engine.product(productId, { quantity: productId === 'limit-taken' ? 2 : 1, holdSeconds: 1 });
    const token = await somebody();
    shortHolds.set(productId, { token, id: (await bought(token, productId)).id });
  }
}

async function expired(productId: string): Promise<ShortHold> {
  const { token, id } = shortHolds.get(productId)!;
  await waitUntil(`the hold of ${productId} runs out`, async () => {
    const { body } = await get(token, id);
    return (body as unknown as OrderBody).status === 'expired';
  });
  return { token, id };
}

describe('a hold that ran out', () => {
  test('makes its unit available to others, and the order expired', async () => {
    const { token, id } = await expired('expiring');
    expect(await stock('expiring')).toEqual({ available: 1, reserved: 0, sold: 0 });
    await bought(await somebody(), 'expiring');
    expectProblem(await cancel(token, id), 409, 'order_state_conflict');
    expect((await engine.buy(token, 'expiring', 'key')).body).toMatchObject({ id, status: 'reserved' });
  });

  test('is honoured by a late payment while the unit is there', async () => {
    const { token, id } = await expired('in-time');
    expect(await pay(token, id)).toMatchObject({ status: 200, body: { status: 'paid' } });
    expect(await pay(token, id)).toMatchObject({ status: 200, body: { status: 'paid' } });
    expect(await stock('in-time')).toEqual({ available: 0, reserved: 0, sold: 1 });
  });

  test('takes no money when somebody else has the unit', async () => {
    const { token, id } = await expired('taken');
    const other = await somebody();
    await pay(other, (await bought(other, 'taken')).id);
    for (let time = 0; time < 2; time++) {
      expectProblem(await pay(token, id), 409, 'order_state_conflict');
    }
    expect(await get(token, id)).toMatchObject({ status: 200, body: { status: 'expired' } });
    expect(await stock('taken')).toEqual({ available: 0, reserved: 0, sold: 1 });
  });

  test('is paid back when the customer has bought up to the limit again', async () => {
    const { token, id } = await expired('limit-taken');
    await pay(token, (await bought(token, 'limit-taken', 'again')).id);
    expectProblem(await pay(token, id), 409, 'order_state_conflict', /given back/);
    expect(await get(token, id)).toMatchObject({ status: 200, body: { status: 'refunded' } });
    expect(await stock('limit-taken')).toEqual({ available: 1, reserved: 0, sold: 1 });
  });

  test('cannot be kept by a payment that is only pending', async () => {
    await engine.product('pending-late', { quantity: 1, holdSeconds: 1 });
    const token = await somebody();
    const { id } = await bought(token, 'pending-late');
    shortHolds.set('pending-late', { token, id });
    await pay(token, id, 'pending');
    await expired('pending-late');
    expectProblem(await pay(token, id, 'pending'), 409, 'order_state_conflict');
    expect(await stock('pending-late')).toEqual({ available: 1, reserved: 0, sold: 0 });
  });
});

test('the journal, Postgres and the actors agree on all of it', async () => {
  const { body } = await engine.call('GET', '/v1/admin/audit', { token: ADMIN_TOKEN });
  expect(body).toMatchObject({ ok: true, violations: [] });
});
