import * as fc from 'fast-check';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { orderIdText } from '../../src/actors/index.ts';
import { ProductReads, Projection } from '../../src/persistence/index.ts';
import type { StoredRecord } from '../../src/runtime/ports.ts';
import {
  empty,
  openEmptyPool,
  POSTGRES_KINDS,
  SERVER_MS_MAX,
  snapshot,
  withoutVersions,
  type StartedPostgres,
} from './postgres-kinds.ts';
import { playSale, saleSteps } from './sale-script.ts';
import { CONFIGURATION, ScriptedJournal, smallSale } from './scripted-journal.ts';

describe.each(POSTGRES_KINDS)(
  'the projection into $kind Postgres',
  { timeout: SERVER_MS_MAX },
  ({ start }) => {
    let postgres: StartedPostgres;
    let pool: Pool;
    let projection: Projection;

    beforeAll(async () => {
      postgres = await start();
      pool = await openEmptyPool(postgres.connection);
    }, SERVER_MS_MAX);
    afterAll(async () => {
      await pool?.end();
      await postgres?.stop();
    }, SERVER_MS_MAX);
    beforeEach(async () => {
      await empty(pool);
      projection = new Projection(pool);
    });

    const statuses = async (): Promise<Record<string, string>> =>
      Object.fromEntries((await snapshot(pool)).orders.map(({ id, status }) => [id, status]));

    test('a reserved order has every column of the order that was acknowledged', async () => {
      const { journal } = smallSale(['ann']);
      await projection.apply(journal.records);
      const { orders, positions } = await snapshot(pool);
      expect(orders).toEqual(journal.orders().map((order) => ({ ...order, version: 1 })));
      expect(orders[0]).toMatchObject({ status: 'reserved', holdExpiresAt: journal.now + 600_000 });
      expect(positions).toEqual([{ shard: 0, sequence: 1, recordAt: journal.now }]);
    });

    test('an order without a hold is paid at once', async () => {
      const { journal } = smallSale(['ann'], 0);
      await projection.apply(journal.records);
      expect((await snapshot(pool)).orders).toMatchObject([{ status: 'paid', holdExpiresAt: null }]);
    });

    test.each(['in one batch', 'record by record'])('statuses follow the journal, %s', async (way) => {
      const { journal, orders } = smallSale([
        'paid',
        'cancelled',
        'expired',
        'refunded',
        'pending',
        'review',
        'reserved',
      ]);
      const [paid, cancelled, expired, refunded, pending, review, reserved] = orders as [string, ...string[]];
      journal.pay('sku', paid);
      journal.cancel('sku', cancelled!);
      journal.cancel('sku', refunded!);
      journal.append();
      journal.pay('sku', refunded!);
      journal.pay('sku', pending!, 'payment_pending');
      journal.pay('sku', review!, 'in_review');
      journal.append();
      journal.now += 600_000;
      journal.command('sku', { kind: 'expire', orderId: expired! });
      journal.command('sku', { kind: 'refund', orderId: refunded! });
      journal.append();
      if (way === 'in one batch') await projection.apply(journal.records);
      else for (const record of journal.records) await projection.apply([record]);
      expect(await statuses()).toEqual({
        [orderIdText(paid)]: 'paid',
        [orderIdText(cancelled!)]: 'cancelled',
        [orderIdText(expired!)]: 'expired',
        [orderIdText(refunded!)]: 'refunded',
        [orderIdText(pending!)]: 'payment_pending',
        [orderIdText(review!)]: 'in_review',
        [orderIdText(reserved!)]: 'reserved',
      });
    });

    test('products keep their last configuration and whether they are paused', async () => {
      const journal = new ScriptedJournal();
      journal.configure('sku');
      journal.append();
      journal.command('sku', { kind: 'pause', productId: 'sku' });
      journal.append();
      journal.configure('sku', { name: 'Better headphones' });
      journal.append();
      for (const record of journal.records) await projection.apply([record]);
      const { name: _, amount, ...rest } = CONFIGURATION;
      expect((await snapshot(pool)).products).toEqual([
        {
          id: 'sku',
          ...rest,
          unitAmount: amount,
          name: 'Better headphones',
          paused: true,
          retiredAt: null,
          revision: 2,
          version: 3,
          shard: 0,
        },
      ]);
    });

    test.each(['in one batch', 'record by record'])('a product is retired, %s', async (way) => {
      const journal = new ScriptedJournal();
      journal.configure('sku');
      journal.append();
      journal.command('sku', { kind: 'pause', productId: 'sku' });
      journal.append();
      expect(journal.retire('sku')).toBe(true);
      journal.append();
      if (way === 'in one batch') await projection.apply(journal.records);
      else for (const record of journal.records) await projection.apply([record]);
      const retired = { id: 'sku', paused: true, retiredAt: journal.now, revision: 1, version: 3 };
      expect((await snapshot(pool)).products).toMatchObject([retired]);
    });

    test('stock movements are there one by one', async () => {
      const journal = new ScriptedJournal();
      journal.configure('sku');
      journal.loadStock('sku', 10, 'first');
      journal.command('sku', { kind: 'withdrawStock', productId: 'sku', requestId: 'second', quantity: 4 });
      journal.append();
      await projection.apply(journal.records);
      const rest = { productId: 'sku', at: journal.now, version: 1 };
      expect((await snapshot(pool)).stockMovements).toEqual([
        { ...rest, requestId: 'first', kind: 'loaded', quantity: 10 },
        { ...rest, requestId: 'second', kind: 'withdrawn', quantity: 4 },
      ]);
    });

    test('a claim, which has no events, moves the position', async () => {
      const journal = new ScriptedJournal();
      journal.append();
      expect(await projection.apply(journal.records)).toMatchObject({
        applied: 1,
        duplicates: 0,
        deferred: [],
      });
      expect((await snapshot(pool)).positions).toMatchObject([{ sequence: 1 }]);
    });

    test('a list of products that was read before a change is older than the version that the change tells', async () => {
      const reads = new ProductReads(pool);
      const journal = new ScriptedJournal();
      const changes = [
        () => journal.configure('sku'),
        () => journal.command('sku', { kind: 'pause', productId: 'sku' }),
        () => journal.configure('another'),
      ];
      for (const [at, change] of changes.entries()) {
        const before = await reads.listIds(10);
        change();
        journal.append();
        const { productsVersion } = await projection.apply([journal.records[at]!]);
        expect(before.version).toBeLessThan(productsVersion!);
        const after = await reads.listIds(10);
        expect(after.version).toBeGreaterThanOrEqual(productsVersion!);
        expect(after.ids).toEqual((await reads.list(10)).map(({ id }) => id));
      }
      journal.loadStock('sku', 1);
      journal.append();
      expect(await projection.apply(journal.records.slice(-1))).toMatchObject({
        applied: 1,
        productsVersion: undefined,
      });
      const { version } = await reads.listIds(10);
      expect(journal.retire('sku')).toBe(true);
      journal.append();
      const { productsVersion } = await projection.apply(journal.records.slice(-1));
      expect(version, 'a retirement is a change, too').toBeLessThan(productsVersion!);
    });

    test('records that come again change nothing', async () => {
      const { journal, orders } = smallSale(['ann', 'bob']);
      journal.pay('sku', orders[0]!);
      journal.append();
      await projection.apply(journal.records);
      const before = await snapshot(pool);
      expect(await projection.apply(journal.records)).toEqual({ applied: 0, duplicates: 2, deferred: [] });
      expect(await projection.apply([journal.records[0]!])).toEqual({
        applied: 0,
        duplicates: 1,
        deferred: [],
      });
      expect(await snapshot(pool)).toEqual(before);
    });

    test('a record whose predecessor is missing is deferred with all behind it, and other shards go on', async () => {
      const journal = new ScriptedJournal((productId) => Number(productId));
      for (let round = 0; round < 3; round++) {
        for (const shard of [1, 2]) {
          journal.configure(String(shard), { name: `round ${round}` });
          journal.append(shard);
        }
      }
      const [first, other, missing, otherNext, , otherLast] = journal.records as [
        StoredRecord,
        ...StoredRecord[],
      ];
      const last = journal.records[4]!;
      await projection.apply([first]);
      expect(await projection.apply([last, other!, otherNext!, otherLast!])).toMatchObject({
        applied: 3,
        duplicates: 0,
        deferred: [last.sequence],
      });
      expect((await snapshot(pool)).positions).toMatchObject([{ sequence: 1 }, { sequence: 6 }]);
      expect(await projection.apply([last, missing!])).toMatchObject({
        applied: 2,
        duplicates: 0,
        deferred: [],
      });
    });

    test('random splits, shuffles and repetitions of a random sale make the same rows as the journal in order', async () => {
      const splits = fc.infiniteStream(fc.record({ take: fc.integer({ min: 1, max: 6 }), from: fc.nat(40) }));
      await fc.assert(
        fc.asyncProperty(saleSteps, splits, async (steps, choices) => {
          const journal = playSale(steps);
          await empty(pool);
          await new Projection(pool).apply(journal.records);
          const inOrder = await snapshot(pool);
          expect(withoutVersions(inOrder.orders)).toEqual(journal.orders());

          await empty(pool);
          const shuffled = new Projection(pool);
          const waiting = [...journal.records];
          let applied = 0;
          while (waiting.length > 0) {
            const { take, from } = choices.next().value;
            // A batch from near the front, now and then with a record that was there before.
            const batch = waiting.splice(from % Math.min(waiting.length, 8), take);
            const again = from % 3 === 0 ? [journal.records[from % journal.records.length]!] : [];
            const result = await shuffled.apply([...again, ...batch].toReversed());
            applied += result.applied;
            const deferred = new Set(result.deferred);
            waiting.push(...batch.filter(({ sequence }) => deferred.has(sequence)));
          }
          expect(await snapshot(pool)).toEqual(inOrder);
          expect(applied).toBe(journal.records.length);
        }),
        { numRuns: 20, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
      );
    });
  },
);
