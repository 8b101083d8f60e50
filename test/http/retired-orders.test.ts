import { expect, test } from 'vitest';
import { customerKeyOf, keyOf, orderIdText, requestKeyOf, type Reserve } from '../../src/actors/index.ts';
import { OrderCache, RetiredOrders } from '../../src/http/index.ts';
import { MemoryCache, type Cache, type OrderReads, type OrderRow } from '../../src/persistence/index.ts';
import { waitUntil } from '../harness/wait-until.ts';

const reserve: Reserve = {
  kind: 'reserve',
  productId: 'sku',
  orderId: keyOf('order'),
  customerId: 'ada',
  customerKey: customerKeyOf('ada'),
  idempotencyKey: 'k',
  requestKey: requestKeyOf('sku', 'ada', 'k'),
  quantity: 2,
};
const row: OrderRow = {
  id: orderIdText(reserve.orderId),
  productId: 'sku',
  customerId: 'ada',
  quantity: 2,
  unitPrice: { amount: 1_999, currency: 'EUR' },
  status: 'cancelled',
  createdAt: 1_700_000_000_000,
  holdExpiresAt: 1_700_000_060_000,
};

/** @param cache empty when none is given */
function retiredOrders(ofRetired: OrderReads['ofRetired'], cache: Cache = new MemoryCache()): RetiredOrders {
  return new RetiredOrders({ ofRetired } as OrderReads, new OrderCache(cache));
}

test('a purchase is told as it was accepted: a repetition as such, and the very one as itself', async () => {
  const retired = retiredOrders(() => Promise.resolve({ order: row, version: 7 }));
  const order = { orderId: reserve.orderId, status: 'reserved', holdExpiresAt: row.holdExpiresAt };
  expect(await retired.bought({ ...reserve, orderId: keyOf('again') })).toMatchObject({
    order,
    replayed: true,
  });
  expect(await retired.bought(reserve)).toMatchObject({ order, replayed: false });
  const atOnce = () => Promise.resolve({ order: { ...row, holdExpiresAt: null }, version: 7 });
  expect(await retiredOrders(atOnce).bought(reserve)).toMatchObject({ order: { status: 'paid' } });
});

test('questions are bounded, and each gives its place back, however it ends', async () => {
  const open: PromiseWithResolvers<{ order: undefined }>[] = [];
  const retired = retiredOrders(() => {
    open.push(Promise.withResolvers());
    return open.at(-1)!.promise;
  });
  const ask = () => retired.found('sku', 'ada', 'k');
  const asked = Array.from({ length: 100 }, ask);
  expect(await ask()).toEqual({ outcome: 'refused', refusal: 'overloaded' });
  open[0]!.resolve({ order: undefined });
  open[1]!.reject(new Error('Postgres is away'));
  expect(await asked[0]).toMatchObject({ refusal: 'not_found' });
  await expect(asked[1]).rejects.toThrow('away');
  const more = [ask(), ask()];
  expect(await ask()).toMatchObject({ refusal: 'overloaded' });
  for (const { resolve } of open) resolve({ order: undefined });
  expect(await Promise.all(more)).toMatchObject([{ refusal: 'not_found' }, { refusal: 'not_found' }]);
});

test('an order is read from Postgres once, however it was asked for; then the cache tells the same', async () => {
  let reads = 0;
  const cache = new MemoryCache();
  const retired = retiredOrders(() => {
    reads++;
    return Promise.resolve({ order: row, version: 7 });
  }, cache);
  const first = await retired.found('sku', 'ada', 'k');
  await waitUntil('it is cached', async () => (await cache.get('order', row.id)) !== undefined);
  expect(await retired.order('sku', reserve.orderId, 'ada')).toEqual(first);
  expect(await retired.order('sku', reserve.orderId, 'ada', 'cancelled')).toEqual(first);
  expect(await retired.order('sku', reserve.orderId, 'ada', 'paid')).toMatchObject({
    outcome: 'conflict',
    refusal: 'order_state_conflict',
  });
  expect(reads).toBe(1);
});

test('a cached order is shown to its customer alone, and one that is newer there stays', async () => {
  let reads = 0;
  const cache = new MemoryCache();
  const older = { ...row, status: 'reserved' } as const;
  const retired = retiredOrders(({ customerId }) => {
    reads++;
    return Promise.resolve(customerId === 'ada' ? { order: older, version: 6 } : { order: undefined });
  }, cache);
  const { id, ...newer } = row;
  await cache.put('order', id, 7, newer);
  expect(await retired.order('sku', reserve.orderId, 'bob')).toMatchObject({ refusal: 'not_found' });
  expect(reads).toBe(1);
  await retired.found('sku', 'ada', 'k');
  expect(reads).toBe(2);
  expect(await retired.order('sku', reserve.orderId, 'ada')).toMatchObject({
    order: { status: 'cancelled' },
  });
  expect(reads).toBe(2);
});

test.each([
  ['nothing that is an order', 'garbage'],
  ['an order without a status', { ...row, status: undefined }],
  ['an order with a status that there is not', { ...row, status: 'stolen' }],
  ['an order whose status would still change', { ...row, status: 'reserved' }],
  ['an order that waits for its refund', { ...row, status: 'refund_due' }],
  ['an order of another product', { ...row, productId: 'another' }],
  ['an order of less than one unit', { ...row, quantity: 0 }],
  ['an order of broken units', { ...row, quantity: 1.5 }],
  ['an order of more units than an order can have', { ...row, quantity: 10_001 }],
  ['an order at a price below 0', { ...row, unitPrice: { amount: -1, currency: 'EUR' } }],
  ['an order at a price that there is not', { ...row, unitPrice: { amount: 1e308, currency: 'EUR' } }],
  ['an order in what is no currency', { ...row, unitPrice: { amount: 1, currency: 'euro' } }],
  ['an order of a time that no date can be', { ...row, createdAt: 9e15 }],
  ['an order of a time far beyond', { ...row, createdAt: 1e300 }],
  ['an order of a broken millisecond', { ...row, createdAt: 0.5 }],
  ['an order with a hold before all times', { ...row, holdExpiresAt: -1 }],
])('in the cache: %s; it is read from Postgres', async (_, entry) => {
  const cache = new MemoryCache();
  await cache.put('order', row.id, 7, entry);
  let reads = 0;
  const retired = retiredOrders(() => {
    reads++;
    return Promise.resolve({ order: row, version: 7 });
  }, cache);
  const { id: _id, customerId: _customerId, ...told } = row;
  expect(await retired.order('sku', reserve.orderId, 'ada')).toEqual({
    outcome: 'order',
    order: { ...told, orderId: reserve.orderId },
  });
  expect(reads).toBe(1);
});

test('nothing is cached while Postgres has not come to the end of the sale, nor what is not there', async () => {
  const cache = new MemoryCache();
  let told: Awaited<ReturnType<OrderReads['ofRetired']>>;
  const retired = retiredOrders(() => Promise.resolve(told), cache);
  await expect(retired.order('sku', reserve.orderId, 'ada')).rejects.toThrow('unavailable');
  told = { order: undefined };
  expect(await retired.order('sku', reserve.orderId, 'ada')).toMatchObject({ refusal: 'not_found' });
  expect(await cache.get('order', row.id)).toBeUndefined();
  told = { order: row, version: 7 };
  expect(await retired.order('sku', reserve.orderId, 'ada')).toMatchObject({ outcome: 'order' });
});
