import { Client, type Pool, type PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPool, Projection, ProjectionDiverged } from '../../src/persistence/index.ts';
import {
  empty,
  openEmptyPool,
  POSTGRES_KINDS,
  SERVER_MS_MAX,
  snapshot,
  withoutVersions,
  type StartedPostgres,
} from './postgres-kinds.ts';
import { ScriptedJournal, smallSale } from './scripted-journal.ts';

describe.each(POSTGRES_KINDS)(
  'the projection into $kind Postgres, when things go wrong',
  { timeout: SERVER_MS_MAX },
  ({ kind, start }) => {
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

    test('a connection that is lost at any statement leaves rows and position together', async () => {
      const { journal, orders } = smallSale(['ann', 'bob']);
      await projection.apply(journal.records);
      journal.pay('sku', orders[0]!);
      journal.reserve('sku', 'cem', 'key');
      journal.loadStock('sku', 7, 'more');
      journal.configure('sku', { name: 'Other' });
      journal.append();
      const before = await snapshot(pool);
      let cuts = 0;
      for (let isDone = false; !isDone; cuts++) {
        const cutting = openPool(postgres.connection, 1, 'cut');
        const outcome = await new Projection(cutPool(cutting, cuts, (client) => cut(client)))
          .apply(journal.records)
          .then(
            () => 'applied',
            () => 'lost',
          );
        await cutting.end();
        isDone = outcome === 'applied';
        expect(isDone || (await snapshot(pool)), `cut before statement ${cuts}`).toEqual(isDone || before);
      }
      expect(cuts).toBeGreaterThan(6);
      expect((await snapshot(pool)).positions).toMatchObject([{ sequence: 2 }]);
      expect(await projection.apply(journal.records)).toEqual({ applied: 0, duplicates: 2, deferred: [] });
    });

    test('a commit whose answer was lost is not applied again', async () => {
      const { journal } = smallSale(['ann']);
      const cutting = openPool(postgres.connection, 1, 'cut');
      const lost = new Projection(cutPool(cutting, 'after commit', (client) => cut(client))).apply(
        journal.records,
      );
      await expect(lost).rejects.toThrow('the answer was lost');
      await cutting.end();
      expect(await projection.apply(journal.records)).toEqual({ applied: 0, duplicates: 1, deferred: [] });
      expect((await snapshot(pool)).orders).toHaveLength(1);
    });

    test('two projections that race for the same records apply each of them once', async () => {
      const journal = new ScriptedJournal((productId) => Number(productId));
      for (let round = 0; round < 30; round++) {
        for (const shard of [5, 2, 7]) {
          if (round === 0) journal.configure(String(shard));
          if (round === 0) journal.loadStock(String(shard), 1_000);
          for (let order = 0; order < 5; order++)
            journal.reserve(String(shard), `customer ${round}/${order}`, 'key');
          journal.append(shard);
        }
      }
      const pools = [1, 2, 3].map(() => openPool(postgres.connection, 1, 'race'));
      const counts = await Promise.all(
        pools.map(async (racing, racer) => {
          const projection = new Projection(racing);
          let count = 0;
          for (let at = 0; at < journal.records.length; at += 3 + racer) {
            count += (await projection.apply(journal.records.slice(at, at + 3 + racer))).applied;
          }
          return count;
        }),
      );
      await Promise.all(pools.map((racing) => racing.end()));
      // Whoever is behind finds duplicates, whoever is ahead is deferred: at the end one pass fills what is left.
      const rest = await projection.apply(journal.records);
      expect(counts.reduce((sum, count) => sum + count, rest.applied)).toBe(journal.records.length);
      expect(withoutVersions((await snapshot(pool)).orders)).toEqual(journal.orders());
    });

    test('a change of an order that is not there is a divergence, and nothing of its batch is written', async () => {
      const { journal, orders } = smallSale(['ann', 'bob']);
      await projection.apply(journal.records);
      await pool.query('DELETE FROM doorbuster.orders WHERE customer_id = $1', ['ann']);
      const before = await snapshot(pool);
      journal.pay('sku', orders[0]!);
      journal.pay('sku', orders[1]!);
      journal.reserve('sku', 'cem', 'key');
      journal.append();
      await expect(projection.apply(journal.records)).rejects.toThrow(ProjectionDiverged);
      expect(await snapshot(pool)).toEqual(before);
    });

    test('a new order that is already there is a divergence', async () => {
      const { journal } = smallSale(['ann']);
      await projection.apply(journal.records);
      await pool.query('DELETE FROM doorbuster.positions');
      await expect(new Projection(pool).apply(journal.records)).rejects.toThrow(ProjectionDiverged);
    });

    test('a second order for one customer, product and key is a divergence', async () => {
      const { journal } = smallSale(['ann']);
      await projection.apply(journal.records);
      await pool.query("UPDATE doorbuster.orders SET id = 'other'");
      await pool.query('DELETE FROM doorbuster.positions');
      await pool.query('DELETE FROM doorbuster.stock_movements');
      await pool.query('DELETE FROM doorbuster.products');
      const again = new Projection(pool).apply(journal.records);
      await expect(again).rejects.toThrow(/idempotency_key/);
      await expect(again).rejects.toThrow(ProjectionDiverged);
    });

    test('a record of another journal, which follows what this one never had, is a divergence', async () => {
      const { journal } = smallSale(['ann']);
      journal.append();
      await projection.apply(journal.records);
      const foreign = new ScriptedJournal();
      for (let count = 0; count < 2; count++) foreign.append(1);
      foreign.append(0);
      foreign.append(1);
      foreign.append(0); // 5 follows 3
      const position = (await snapshot(pool)).positions[0]!.sequence;
      await pool.query('UPDATE doorbuster.positions SET sequence = 4');
      expect(position).toBe(2);
      await expect(projection.apply([foreign.records[4]!])).rejects.toThrow(ProjectionDiverged);
    });

    async function cut(client: PoolClient): Promise<void> {
      if (kind === 'embedded') {
        (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
        return;
      }
      const { processID } = client as unknown as { processID: number };
      const killer = new Client({ ...postgres.connection });
      await killer.connect();
      await killer.query('SELECT pg_terminate_backend($1)', [processID]);
      await killer.end();
    }
  },
);

/** A pool whose client is cut off just before its nth statement, or just after its COMMIT. */
function cutPool(
  pool: Pool,
  when: number | 'after commit',
  cut: (client: PoolClient) => Promise<void>,
): Pool {
  const connect = async (): Promise<PoolClient> => {
    const client = await pool.connect();
    client.on('error', () => {});
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
    let count = 0;
    const cutting = async (...args: unknown[]): Promise<unknown> => {
      if (count++ === when) await cut(client);
      const result = await query(...args);
      if (when === 'after commit' && args[0] === 'COMMIT') {
        await cut(client);
        throw new Error('the answer was lost');
      }
      return result;
    };
    return Object.assign(client, { query: cutting });
  };
  return { connect } as unknown as Pool;
}
