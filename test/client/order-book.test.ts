// Orders as a page knows them: newer pictures win, deeds are repeated until they are answered.

import { describe, expect, test } from 'vitest';
import type { Order } from '../../src/client/index.ts';
import { given, order, refused, ScriptedClient, type Asked } from './scripted-client.ts';

const list = (orders: readonly object[], asOf: string): Response => given({ orders, next: null, asOf });
const lost = (): never => {
  throw new TypeError('fetch failed');
};

function bookOf(answer: (asked: Asked, count: number) => Response) {
  const shop = new ScriptedClient(answer);
  shop.world.nowMs = Date.parse('2026-11-29T12:00:00.000Z');
  const book = shop.client.orderBook();
  const learn = (changes: object = {}): void => book.learn(order(changes) as Order);
  return { shop, book, learn };
}

describe('an order book', () => {
  test('takes no step back for a list that lags', async () => {
    const { book, learn } = bookOf(() => list([order()], '2026-11-29T11:59:00.000Z'));
    learn({ status: 'paid' });
    await book.refresh();
    expect(book.entries()[0]!.order.status).toBe('paid');
    const late = bookOf(() => list([order()], '2026-11-29T12:09:00.000Z'));
    late.learn({ status: 'paid' });
    await late.book.refresh();
    expect(late.book.entries()[0]!.order.status).toBe('paid');
  });

  test('knows what the list knows, newest first, and what counts against the limit', async () => {
    const orders = [
      order({ id: 'a', status: 'paid', quantity: 2, createdAt: '2026-11-29T11:00:00.000Z' }),
      order({ id: 'b', createdAt: '2026-11-29T11:30:00.000Z' }),
      order({ id: 'c', status: 'expired', createdAt: '2026-11-29T11:45:00.000Z' }),
      order({ id: 'd', productId: 'camera', createdAt: '2026-11-29T10:00:00.000Z' }),
    ];
    const { book } = bookOf(() => list(orders, '2026-11-29T12:00:00.000Z'));
    await book.refresh();
    expect(book.entries().map(({ order: { id } }) => id)).toEqual(['c', 'b', 'a', 'd']);
    expect(book.unitsHeld('ember-kettle')).toBe(3);
    expect(book.shownFor('ember-kettle')!.order.id).toBe('b');
    expect(book.shownFor('nothing')).toBeUndefined();
  });

  test('shows an end until it is dismissed', () => {
    const { book, learn } = bookOf(() => given(order()));
    learn({ status: 'expired' });
    expect(book.shownFor('ember-kettle')!.order.status).toBe('expired');
    book.dismiss('ember-kettle');
    expect(book.shownFor('ember-kettle')).toBeUndefined();
    expect(book.entries()).toHaveLength(1);
  });

  test('pays again after a lost answer, and tells of the deed meanwhile', async () => {
    const { shop, book, learn } = bookOf((_, count) =>
      count < 3 ? lost() : given(order({ status: 'paid' })),
    );
    learn();
    const deeds: (string | null)[] = [];
    book.onChange(() => deeds.push(book.entries()[0]!.deed));
    void book.pay('order-1');
    void book.cancel('order-1');
    await shop.pass(10_000);
    expect(shop.paths).toEqual(Array(3).fill('POST /v1/orders/order-1/payment'));
    expect(shop.asked[0]!.body).toEqual({ method: 'card', token: 'demo' });
    expect(book.entries()[0]).toMatchObject({ order: { status: 'paid' }, deed: null, problem: null });
    expect(deeds).toEqual(['paying', 'paying', null]);
  });

  test('says why a deed was not done, and looks how the order stands', async () => {
    const { shop, book, learn } = bookOf(({ method }) =>
      method === 'DELETE' ? refused(409, 'order_state_conflict') : given(order({ status: 'paid' })),
    );
    learn();
    await book.cancel('order-1');
    expect(book.entries()[0]).toMatchObject({ problem: 'order_state_conflict', order: { status: 'paid' } });
    expect(shop.paths).toEqual(['DELETE /v1/orders/order-1', 'GET /v1/orders/order-1']);
  });

  test('gives a deed up after eight tries, and says that nobody can be reached', async () => {
    const { shop, book, learn } = bookOf(lost);
    learn();
    void book.pay('order-1', { method: 'card', token: 'from-the-provider' });
    await shop.pass(200_000);
    expect(shop.paths.filter((path) => path.startsWith('POST'))).toHaveLength(8);
    expect(book.entries()[0]).toMatchObject({ deed: null, problem: 'unreachable' });
  });

  test.each([
    ['reserved', false],
    ['cancelled', true],
  ])('of a payment that is declined knows the order as it is then: %s', async (status, isDenied) => {
    const declined = { code: 'payment_declined', status: 402, title: 'No', order: order({ status }) };
    const { shop, book, learn } = bookOf(() => Response.json(declined, { status: 402 }));
    learn();
    await book.pay('order-1');
    expect(book.entries()[0]).toMatchObject({ problem: 'payment_declined', isDenied, order: { status } });
    expect(shop.paths).toEqual(['POST /v1/orders/order-1/payment']);
  });

  test.each([
    [
      'payment_pending',
      'reserved',
      { problem: 'payment_declined', isDenied: false, order: { status: 'reserved' } },
    ],
    ['payment_pending', 'cancelled', { problem: null, isDenied: true, order: { status: 'cancelled' } }],
    ['in_review', 'cancelled', { problem: null, isDenied: true, order: { status: 'cancelled' } }],
    ['in_review', 'paid', { problem: null, isDenied: false, order: { status: 'paid' } }],
    ['paid', 'reserved', { problem: null, isDenied: false, order: { status: 'paid' } }],
  ])('follows a payment that is undecided: %s, then %s', async (before, after, expected) => {
    const { shop, book, learn } = bookOf(() => given(order({ status: after })));
    learn({ status: before });
    await shop.pass(5_000);
    if (before === 'paid') await book.look('order-1');
    else book.watch(shop.world.nowMs);
    await shop.pass();
    expect(book.entries()[0]).toMatchObject(expected);
  });

  test('believes no older news that a payment is to be made again', async () => {
    const { shop, book, learn } = bookOf(() => given(order({ status: 'reserved' })));
    learn();
    // Asked before the payment went out, and answered after it.
    const look = book.look('order-1');
    learn({ status: 'payment_pending' });
    await look;
    await shop.pass();
    expect(book.entries()[0]).toMatchObject({ problem: null, order: { status: 'payment_pending' } });
  });

  test('cancelled by the customer elsewhere was not denied', async () => {
    const conflict = {
      code: 'order_state_conflict',
      status: 409,
      title: 'No',
      order: order({ status: 'cancelled' }),
    };
    const { book, learn } = bookOf(() => Response.json(conflict, { status: 409 }));
    learn();
    await book.pay('order-1');
    expect(book.entries()[0]).toMatchObject({ isDenied: false, order: { status: 'cancelled' } });
  });

  test('looks after a hold that has run out, now and then', async () => {
    const { shop, book, learn } = bookOf(() => given(order()));
    learn();
    const ranOut = Date.parse('2026-11-29T12:05:00.000Z');
    book.watch(ranOut - 1);
    expect(shop.asked).toHaveLength(0);
    for (let ms = 0; ms < 6_000; ms += 1_000) book.watch(ranOut + ms);
    await shop.pass(0);
    expect(shop.paths).toEqual(Array(2).fill('GET /v1/orders/order-1'));
  });

  test('forgets the oldest of very many, but none that waits', () => {
    const { book, learn } = bookOf(() => given(order()));
    learn({ id: 'waits', createdAt: '2020-01-01T00:00:00.000Z' });
    for (let n = 0; n < 600; n++)
      learn({ id: `old-${n}`, status: 'expired', createdAt: new Date(n * 60_000).toISOString() });
    const ids = book.entries().map(({ order: { id } }) => id);
    expect(ids).toHaveLength(500);
    expect(ids).toContain('waits');
    expect(ids).toContain('old-599');
    expect(ids).not.toContain('old-0');
  });
});
