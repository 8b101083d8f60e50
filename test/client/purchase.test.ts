// A purchase, step by step: what the shopper sees of it, and what the shop is asked.

import { describe, expect, test, vi } from 'vitest';
import type { Order, Purchase } from '../../src/client/index.ts';
import { given, order, refused, ScriptedClient, tokenOf } from './scripted-client.ts';

const lost = (): never => {
  throw new TypeError('fetch failed');
};
const isAsking = ({ method }: { method: string }): boolean => method === 'GET';
const customer = 'ada';

/** Phases and orders, in their order. */
function storyOf(purchase: Purchase): string[] {
  const story: string[] = [];
  purchase.onChange(() => story.push(purchase.refusal ? `refused ${purchase.refusal.code}` : purchase.phase));
  purchase.onOrder(({ id }, { isRecovered }) => story.push(isRecovered ? `found ${id}` : `got ${id}`));
  return story;
}

describe('a purchase', () => {
  test('that is answered is one call, and leaves no key behind', async () => {
    const shop = new ScriptedClient(() => given(order(), 201), { customer });
    const purchase = shop.client.purchase('ember-kettle');
    const story = storyOf(purchase);
    await purchase.buy();
    expect(story).toEqual(['sending', 'got order-1', 'idle']);
    await purchase.recover();
    expect(shop.paths).toEqual(['POST /v1/orders']);
    expect(shop.client.orderBook().shownFor('ember-kettle')?.order.id).toBe('order-1');
  });

  test('has its key stored before it leaves', async () => {
    let stored: string | null = null;
    const shop: ScriptedClient = new ScriptedClient(
      () => {
        stored = shop.world.storage.getItem('doorbuster:attempt:ada:ember-kettle');
        return given(order(), 201);
      },
      { customer },
    );
    await shop.client.purchase('ember-kettle').buy();
    expect(stored).toContain(shop.asked[0]!.headers['Idempotency-Key']);
  });

  test('of two presses is one', async () => {
    const shop = new ScriptedClient(() => given(order(), 201), { customer });
    const purchase = shop.client.purchase('ember-kettle');
    await Promise.all([purchase.buy(), purchase.buy(), shop.client.purchase('ember-kettle').buy()]);
    expect(shop.paths).toEqual(['POST /v1/orders']);
  });

  test.each([
    [{}, 'got order-1'],
    [{ 'Idempotency-Replayed': 'true' }, 'found order-1'],
  ])('that is sent again says that it was found only when the shop had it: %o', async (headers, told) => {
    let sent = 0;
    const shop = new ScriptedClient(
      (asked) => {
        if (isAsking(asked)) return sent > 1 ? given(order()) : refused(404, 'not_found');
        return sent++ === 0 ? lost() : Response.json(order(), { status: 201, headers });
      },
      { customer },
    );
    const purchase = shop.client.purchase('ember-kettle');
    const story = storyOf(purchase);
    const bought = purchase.buy();
    await shop.pass(5_000);
    await bought;
    expect(story).toContain(told);
  });

  test('gives a shop that is slower than its calls wait a minute each fourth time', async () => {
    const limits = vi.spyOn(AbortSignal, 'timeout');
    const shop = new ScriptedClient(lost, { customer });
    void shop.client.purchase('ember-kettle').buy();
    await shop.pass(60_000);
    // Locks of the browser have a limit of their own.
    const ofCalls = limits.mock.calls.map(([ms]) => ms).filter((ms) => ms >= 10_000);
    expect(ofCalls.slice(0, 6)).toEqual([10_000, 10_000, 10_000, 10_000, 60_000, 10_000]);
    limits.mockRestore();
  });

  test('whose answer is lost is asked for by its key, and the order is found as it stands', async () => {
    const shop = new ScriptedClient(
      (asked) => (isAsking(asked) ? given(order({ status: 'paid' })) : lost()),
      { customer },
    );
    const purchase = shop.client.purchase('ember-kettle');
    const story = storyOf(purchase);
    const orders: Order[] = [];
    purchase.onOrder((found) => orders.push(found));
    void purchase.buy();
    await shop.pass(10_000);
    expect(story).toEqual(['sending', 'checking', 'found order-1', 'idle']);
    expect(orders[0]!.status).toBe('paid');
    const key = shop.asked[0]!.headers['Idempotency-Key'];
    expect(shop.paths).toEqual([
      'POST /v1/orders',
      `GET /v1/orders?productId=ember-kettle&idempotencyKey=${key}`,
    ]);
  });

  test('that never arrived is sent again with the same key', async () => {
    let posts = 0;
    const shop = new ScriptedClient(
      (asked) => {
        if (isAsking(asked)) return refused(404, 'not_found');
        posts++;
        return posts === 1 ? lost() : refused(409, 'sold_out');
      },
      { customer },
    );
    const purchase = shop.client.purchase('ember-kettle');
    void purchase.buy();
    await shop.pass(10_000);
    expect(purchase).toMatchObject({ phase: 'idle', refusal: { code: 'sold_out', isInDoubt: false } });
    const keys = shop.asked
      .filter(({ method }) => method === 'POST')
      .map(({ headers }) => headers['Idempotency-Key']);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    // Its first request could still arrive, so the next press has the same key, and the next page asks for it.
    void purchase.buy(2);
    await shop.pass(10_000);
    expect(shop.asked.at(-1)!.headers['Idempotency-Key']).toBe(keys[0]);
  });

  test('that was accepted with another quantity is found, not refused', async () => {
    const shop = new ScriptedClient(
      (asked) => (isAsking(asked) ? given(order({ quantity: 1 })) : refused(422, 'idempotency_key_reused')),
      { customer },
    );
    const purchase = shop.client.purchase('ember-kettle');
    const story = storyOf(purchase);
    void purchase.buy(2);
    await shop.pass(10_000);
    expect(story).toEqual(['sending', 'checking', 'found order-1', 'idle']);
  });

  test('that is repeated tells of the order as it stands, not as it was accepted', async () => {
    let posts = 0;
    const shop = new ScriptedClient(
      (asked) => {
        if (!isAsking(asked)) return ++posts === 1 ? lost() : given(order(), 201);
        return posts === 1 ? refused(404, 'not_found') : given(order({ status: 'cancelled' }));
      },
      { customer },
    );
    const orders: Order[] = [];
    shop.client.purchase('ember-kettle').onOrder((found) => orders.push(found));
    void shop.client.purchase('ember-kettle').buy();
    await shop.pass(10_000);
    expect(orders.map(({ status }) => status)).toEqual(['cancelled']);
  });

  test('that is refused at once has a new key the next time', async () => {
    const shop = new ScriptedClient(() => refused(409, 'limit_reached'), { customer });
    const purchase = shop.client.purchase('ember-kettle');
    await purchase.buy();
    expect(purchase.refusal).toEqual({
      code: 'limit_reached',
      detail: 'because of limit_reached',
      until: null,
      isInDoubt: false,
    });
    await purchase.buy();
    const [one, two] = shop.asked.map(({ headers }) => headers['Idempotency-Key']);
    expect(one).not.toBe(two);
    purchase.dismiss();
    expect(purchase.refusal).toBeNull();
  });

  test('that the shop was too busy for says when to try again', async () => {
    const shop = new ScriptedClient(() => refused(429, 'rate_limited', { 'Retry-After': '30' }), {
      customer,
    });
    const purchase = shop.client.purchase('ember-kettle');
    await purchase.buy();
    expect(purchase.refusal).toMatchObject({ code: 'rate_limited', until: 30_000, isInDoubt: false });
  });

  test('waits as long as the shop says before it asks again, and a little longer by chance', async () => {
    const shop = new ScriptedClient(
      (asked) =>
        isAsking(asked) ? given(order()) : refused(503, 'outcome_unknown', { 'Retry-After': '20' }),
      { customer },
    );
    void shop.client.purchase('ember-kettle').buy();
    await shop.pass(22_400);
    expect(shop.asked).toHaveLength(1);
    await shop.pass(200);
    expect(shop.asked).toHaveLength(2);
  });

  test('in doubt is not refused by a shop that does not know the shopper any more', async () => {
    let isSignedIn = true;
    const shop = new ScriptedClient(
      (asked) => {
        if (!isSignedIn) return refused(401, 'unauthenticated');
        return isAsking(asked) ? given(order()) : lost();
      },
      { customer },
    );
    const purchase = shop.client.purchase('ember-kettle');
    void purchase.buy();
    await shop.pass(0);
    isSignedIn = false;
    await shop.pass(10_000);
    expect(purchase.refusal).toMatchObject({ code: 'unauthenticated', isInDoubt: true });
    isSignedIn = true;
    const story = storyOf(purchase);
    await purchase.recover();
    expect(story).toEqual(['checking', 'found order-1', 'idle']);
  });

  test('in doubt is not refused by a shop that does not listen to it any more', async () => {
    const shop = new ScriptedClient(
      ({ method }) => (method === 'POST' ? lost() : refused(403, 'forbidden')),
      { customer },
    );
    const purchase = shop.client.purchase('ember-kettle');
    void purchase.buy();
    await shop.pass(10_000);
    expect(purchase.refusal).toEqual({
      code: 'outcome_unknown',
      detail: 'because of forbidden',
      until: null,
      isInDoubt: true,
    });
  });

  test('that nobody answers for an hour ends in doubt, and keeps its key', async () => {
    const shop = new ScriptedClient(lost, { customer });
    const purchase = shop.client.purchase('ember-kettle');
    void purchase.buy();
    await shop.pass(2 * 3_600_000);
    expect(purchase).toMatchObject({ phase: 'idle', refusal: { code: 'outcome_unknown', isInDoubt: true } });
    const asked = shop.asked.length;
    expect(asked).toBeLessThan(500);
    void purchase.buy();
    await shop.pass(0);
    expect(shop.asked[asked]!.headers['Idempotency-Key']).toBe(shop.asked[0]!.headers['Idempotency-Key']);
  });

  test.each([0, -1, 1.5, NaN, 2 ** 60])('of %d units is a mistake of the front end', async (quantity) => {
    const shop = new ScriptedClient(() => given(order(), 201), { customer });
    await expect(shop.client.purchase('ember-kettle').buy(quantity)).rejects.toThrow('a whole number from 1');
    expect(shop.asked).toEqual([]);
  });
});

describe('the next page', () => {
  /** A page that closes while its purchase is in doubt. */
  async function leave(): Promise<ScriptedClient> {
    const left = new ScriptedClient(lost, { customer });
    void left.client.purchase('ember-kettle').buy();
    await left.pass(0);
    return left;
  }

  test('finds the order that an earlier one was not told of', async () => {
    const { world } = await leave();
    const shop = new ScriptedClient(() => given(order()), { customer, storage: world.storage });
    const purchase = shop.client.purchase('ember-kettle');
    const story = storyOf(purchase);
    await purchase.recover();
    expect(story).toEqual(['checking', 'found order-1', 'idle']);
    await purchase.recover();
    expect(shop.asked).toHaveLength(1);
  });

  test('says once that nothing arrived, does not buy, and keeps the key for the next press', async () => {
    const { world, asked } = await leave();
    const shop = new ScriptedClient(() => refused(404, 'not_found'), { customer, storage: world.storage });
    const purchase = shop.client.purchase('ember-kettle');
    const story = storyOf(purchase);
    await purchase.recover();
    await purchase.recover();
    expect(story).toEqual(['checking', 'refused never_arrived', 'checking', 'idle']);
    await purchase.buy();
    expect(shop.asked.at(-1)!.headers['Idempotency-Key']).toBe(asked[0]!.headers['Idempotency-Key']);
  });

  test('is told of an order that arrives after it has said that nothing did', async () => {
    const { world } = await leave();
    let isThere = false;
    const shop = new ScriptedClient(() => (isThere ? given(order()) : refused(404, 'not_found')), {
      customer,
      storage: world.storage,
    });
    const purchase = shop.client.purchase('ember-kettle');
    const story = storyOf(purchase);
    await purchase.recover();
    await shop.pass(3_500);
    isThere = true;
    await shop.pass(60_000);
    expect(story).toEqual(['checking', 'refused never_arrived', 'checking', 'found order-1', 'idle']);
    // Twice while nothing had arrived, and then once.
    expect(shop.asked).toHaveLength(3);
  });

  test('of another customer neither asks for the key nor uses it', async () => {
    const { world, asked } = await leave();
    const shop = new ScriptedClient(() => given(order({ customerId: 'bob' }), 201), {
      token: () => tokenOf('bob'),
      storage: world.storage,
    });
    await shop.client.purchase('ember-kettle').recover();
    expect(shop.asked).toEqual([]);
    await shop.client.purchase('ember-kettle').buy();
    expect(shop.asked[0]!.headers['Idempotency-Key']).not.toBe(asked[0]!.headers['Idempotency-Key']);
  });
});

test('that is refused asks once more when another page has gone out with its key', async () => {
  let refuse = (): void => undefined;
  const one = new ScriptedClient(
    (asked) =>
      isAsking(asked)
        ? given(order())
        : new Promise((resolve) => {
            refuse = () => resolve(refused(409, 'sold_out'));
          }),
    { customer },
  );
  const other = new ScriptedClient(lost, { customer, storage: one.world.storage });
  const purchase = one.client.purchase('ember-kettle');
  const story = storyOf(purchase);
  void purchase.buy();
  await one.pass(0);
  void other.client.purchase('ember-kettle').buy();
  await other.pass(0);
  refuse();
  await one.pass(10_000);
  expect(story).toEqual(['sending', 'checking', 'found order-1', 'idle']);
});

describe('a store', () => {
  test.each(['no JSON', '7', '{"key":7}', '{"key":"a b","quantity":1}', '{"key":"k","quantity":"1"}'])(
    'with %s in it has no key',
    async (text) => {
      const shop = new ScriptedClient(() => given(order(), 201), { customer });
      shop.world.storage.setItem('doorbuster:attempt:ada:ember-kettle', text);
      await shop.client.purchase('ember-kettle').recover();
      expect(shop.asked).toEqual([]);
    },
  );

  test('that is forbidden or full is replaced by memory', async () => {
    const fails = (): never => {
      throw new DOMException('QuotaExceededError');
    };
    const storage = { getItem: () => null, setItem: fails, removeItem: fails };
    let posts = 0;
    const shop = new ScriptedClient(
      (asked) => {
        if (isAsking(asked)) return refused(404, 'not_found');
        return ++posts === 1 ? lost() : refused(409, 'sold_out');
      },
      { customer, storage },
    );
    void shop.client.purchase('ember-kettle').buy();
    await shop.pass(10_000);
    void shop.client.purchase('ember-kettle').buy();
    await shop.pass(0);
    const keys = shop.asked
      .filter(({ method }) => method === 'POST')
      .map(({ headers }) => headers['Idempotency-Key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });
});

test('two pages without locks that begin at once use one key', async () => {
  const answer = (): Response => given(order(), 201);
  const ports = { hasLocks: false, exclusively: async <T>(_: string, act: () => T) => act() };
  const one = new ScriptedClient(answer, { customer, ports });
  // The other page read before the first had written: its own key lands on top.
  const { storage } = one.world;
  const other = new ScriptedClient(answer, {
    customer,
    ports,
    storage: {
      getItem: (name) => (other.world.nowMs === 0 ? null : storage.getItem(name)),
      setItem: (name, text) => storage.setItem(name, text),
      removeItem: (name) => storage.removeItem(name),
    },
  });
  void one.client.purchase('ember-kettle').buy();
  void other.client.purchase('ember-kettle').buy();
  await one.pass(0);
  await other.pass(0);
  await Promise.all([one.pass(100), other.pass(100)]);
  const keys = [one, other].map(({ asked }) => asked[0]!.headers['Idempotency-Key']);
  expect(keys[0]).toBe(keys[1]);
});
