import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { orderIdText } from '../../src/actors/index.ts';
import {
  orderCursorText,
  OrderReads,
  parseOrderCursor,
  ProductReads,
  Projection,
  readProjected,
  type OrderCursor,
} from '../../src/persistence/index.ts';
import {
  empty,
  openEmptyPool,
  POSTGRES_KINDS,
  SERVER_MS_MAX,
  type StartedPostgres,
} from './postgres-kinds.ts';
import { CONFIGURATION, ScriptedJournal } from './scripted-journal.ts';

describe.each(POSTGRES_KINDS)('reads from $kind Postgres', { timeout: SERVER_MS_MAX }, ({ start }) => {
  let postgres: StartedPostgres;
  let pool: Pool;

  beforeAll(async () => {
    postgres = await start();
    pool = await openEmptyPool(postgres.connection);
  }, SERVER_MS_MAX);
  afterAll(async () => {
    await pool?.end();
    await postgres?.stop();
  }, SERVER_MS_MAX);
  beforeEach(() => empty(pool));

  test("a customer's orders come newest first, page by page, none twice and none of others", async () => {
    const journal = new ScriptedJournal();
    journal.configure('sku', { perCustomerLimit: 1_000 });
    journal.loadStock('sku', 1_000);
    const own: string[] = [];
    for (let order = 0; order < 25; order++) {
      if (order % 3 === 0) journal.now += 1; // so that some orders share their time
      own.push(orderIdText(journal.reserve('sku', 'ann', `key ${order}`)!));
      journal.reserve('sku', 'bob', `key ${order}`);
    }
    journal.append();
    await new Projection(pool).apply(journal.records);

    const reads = new OrderReads(pool);
    const found: string[] = [];
    const times: number[] = [];
    let before: OrderCursor | undefined;
    do {
      const { orders, next } = await reads.ofCustomer('ann', { limit: 4, before });
      found.push(...orders.map(({ id }) => id));
      times.push(...orders.map(({ createdAt }) => createdAt));
      before = next === undefined ? undefined : parseOrderCursor(orderCursorText(next));
    } while (before !== undefined);
    expect([...found].sort()).toEqual([...own].sort());
    expect(times).toEqual([...times].sort((one, other) => other - one));
    expect((await reads.ofCustomer('nobody', { limit: 10 })).orders).toEqual([]);
  });

  test('an order is read by its own customer only', async () => {
    const journal = new ScriptedJournal();
    journal.configure('sku');
    journal.loadStock('sku', 10);
    const id = orderIdText(journal.reserve('sku', 'ann', 'key', 2)!);
    journal.append();
    await new Projection(pool).apply(journal.records);
    const reads = new OrderReads(pool);
    expect((await reads.ofCustomer('ann', { limit: 1 })).orders[0]).toEqual({
      id,
      productId: 'sku',
      customerId: 'ann',
      quantity: 2,
      unitPrice: { amount: 19_900, currency: 'EUR' },
      status: 'reserved',
      createdAt: journal.now,
      holdExpiresAt: journal.now + 600_000,
    });
    expect((await reads.ofCustomer('bob', { limit: 1 })).orders).toEqual([]);
  });

  test('an order of a retired product is read by id and by key, once the retirement has come', async () => {
    const journal = new ScriptedJournal();
    journal.configure('sku', { holdSeconds: 0 });
    journal.configure('other');
    journal.loadStock('sku', 10);
    const orderId = journal.reserve('sku', 'ann', 'key', 2)!;
    const createdAt = journal.now;
    journal.append();
    const projection = new Projection(pool);
    await projection.apply(journal.records);
    const reads = new OrderReads(pool);
    const [id, ann] = [orderIdText(orderId), { productId: 'sku', customerId: 'ann' }];
    const names = [
      { ...ann, id },
      { ...ann, idempotencyKey: 'key' },
      { ...ann, idempotencyKey: 'another' },
      { ...ann, productId: 'nowhere', id },
    ];
    for (const name of names) expect(await reads.ofRetired(name)).toBeUndefined();

    expect(journal.retire('sku')).toBe(true);
    journal.append();
    await projection.apply(journal.records);
    const order = {
      id,
      productId: 'sku',
      customerId: 'ann',
      quantity: 2,
      unitPrice: { amount: 19_900, currency: 'EUR' },
      status: 'paid',
      createdAt,
      holdExpiresAt: null,
    };
    // The first record changed it last; that of the retirement touched no order.
    expect(await reads.ofRetired(names[0]!)).toEqual({ order, version: 1 });
    expect(await reads.ofRetired(names[1]!)).toEqual({ order, version: 1 });
    expect(await reads.ofRetired(names[2]!)).toEqual({ order: undefined });
    expect(await reads.ofRetired(names[3]!)).toBeUndefined();
    expect(await reads.ofRetired({ ...ann, customerId: 'bob', id })).toEqual({ order: undefined });
    expect(await reads.ofRetired({ ...ann, productId: 'other', id })).toBeUndefined();
  });

  test('products are listed with their sale, the latest start first', async () => {
    const journal = new ScriptedJournal();
    journal.configure('first');
    journal.configure('second', { startsAt: CONFIGURATION.startsAt + 1 });
    journal.append();
    await new Projection(pool).apply(journal.records);
    const products = await new ProductReads(pool).list(10);
    const { amount, currency, ...sale } = CONFIGURATION;
    expect(products).toEqual([
      expect.objectContaining({ id: 'second', startsAt: CONFIGURATION.startsAt + 1 }),
      { id: 'first', ...sale, unitPrice: { amount, currency }, paused: false, revision: 1 },
    ]);
    expect(await new ProductReads(pool).list(1)).toHaveLength(1);
  });

  test('an audit sees more rows than a page holds, each once, as of one moment', async () => {
    const journal = new ScriptedJournal();
    journal.configure('sku');
    journal.loadStock('sku', 30_000);
    for (let order = 0; order < 12_000; order++) journal.reserve('sku', `customer ${order}`, 'key');
    journal.append();
    await new Projection(pool).apply(journal.records);
    const ids: string[] = [];
    const pages: number[] = [];
    await readProjected(pool, {
      positions: (rows) => expect(rows).toHaveLength(1),
      orders: (rows) => {
        pages.push(rows.length);
        ids.push(...rows.map(({ id }) => id));
      },
      products: (rows) => expect(rows).toHaveLength(1),
      stockMovements: (rows) => expect(rows).toMatchObject([{ quantity: 30_000 }]),
    });
    expect(pages).toEqual([10_000, 2_000]);
    expect(ids).toEqual(journal.orders().map(({ id }) => id));
  });
});

describe('a cursor of orders', () => {
  test.each(['', '5', '5-', '-5', '5-short', 'x-00000000000000000000000000', `5-${'u'.repeat(26)}`])(
    'is refused when it is %o',
    (text) => {
      expect(parseOrderCursor(text)).toBeUndefined();
    },
  );
});
