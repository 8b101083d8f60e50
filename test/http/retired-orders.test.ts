import { expect, test } from 'vitest';
import { customerKeyOf, keyOf, orderIdText, requestKeyOf, type Reserve } from '../../src/actors/index.ts';
import { RetiredOrders } from '../../src/http/index.ts';
import type { OrderReads, OrderRow } from '../../src/persistence/index.ts';

const readsOf = (ofRetired: OrderReads['ofRetired']): OrderReads => ({ ofRetired }) as OrderReads;

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

test('a purchase is told as it was accepted: a repetition as such, and the very one as itself', async () => {
  const retired = new RetiredOrders(readsOf(() => Promise.resolve({ order: row })));
  const order = { orderId: reserve.orderId, status: 'reserved', holdExpiresAt: row.holdExpiresAt };
  expect(await retired.bought({ ...reserve, orderId: keyOf('again') })).toMatchObject({
    order,
    replayed: true,
  });
  expect(await retired.bought(reserve)).toMatchObject({ order, replayed: false });
  const atOnce = readsOf(() => Promise.resolve({ order: { ...row, holdExpiresAt: null } }));
  expect(await new RetiredOrders(atOnce).bought(reserve)).toMatchObject({ order: { status: 'paid' } });
});

test('questions are bounded, and each gives its place back, however it ends', async () => {
  const open: PromiseWithResolvers<{ order: undefined }>[] = [];
  const retired = new RetiredOrders(
    readsOf(() => {
      open.push(Promise.withResolvers());
      return open.at(-1)!.promise;
    }),
  );
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
