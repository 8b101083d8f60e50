import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPool, ProjectionPump } from '../../src/persistence/index.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';
import { fiveShardSale } from './five-shard-sale.ts';
import { rememberingLog } from './log.ts';
import { MemoryFeed } from './memory-feed.ts';
import { TcpProxy } from '../harness/tcp-proxy.ts';
import { openEmptyPool, SERVER_MS_MAX, snapshot, withoutVersions } from './postgres-kinds.ts';
import { waitUntil } from '../harness/wait-until.ts';

describe('the pump when Postgres goes away', { timeout: SERVER_MS_MAX }, () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await startPostgres();
  }, SERVER_MS_MAX);
  afterAll(() => postgres?.stop(), SERVER_MS_MAX);

  test.each(['halt', 'kill'] as const)(
    'after a %s of the server it catches up, and says so once',
    async (end) => {
      const pool = await openEmptyPool(postgres.connection);
      const feed = new MemoryFeed();
      const log = rememberingLog();
      const { connection } = postgres;
      const pump = new ProjectionPump({ feed, connection, workers: 2, logger: log, recordsPerPull: 20 });
      pump.start();
      const journal = fiveShardSale(100);
      feed.add(journal.records.slice(0, 200));
      await waitUntil(
        'the first records are in',
        () => feed.open === 0,
        () => pump.stats(),
      );

      await postgres[end]();
      feed.add(journal.records.slice(200));
      await waitUntil(
        'tried some times',
        () => pump.stats().failures > 4,
        () => pump.stats(),
      );
      expect(feed.open).toBe(300);
      expect(pump.stats()).toMatchObject({ state: 'unavailable', applied: 200 });
      expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
      // However many wait: two tasks for each worker are in memory.
      expect(feed.handedOut).toBe(pump.stats().inFlight);
      expect(feed.handedOutMost).toBeLessThanOrEqual(2 * 2 * 20);

      await postgres.restart();
      await waitUntil(
        'all acknowledged',
        () => feed.open === 0,
        () => pump.stats(),
      );
      expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
      expect(withoutVersions((await snapshot(pool)).orders)).toEqual(journal.orders());
      await pump.stop();
      await pool.end();
    },
  );

  test('a commit whose answer is lost gives each order once', async () => {
    const pool = await openEmptyPool(postgres.connection);
    // A commit waits for the test, so that the answer to it can be swallowed.
    await pool.query(`CREATE FUNCTION doorbuster.wait_for_test() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER held AFTER INSERT ON doorbuster.orders DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION doorbuster.wait_for_test()`);
    const holder = await pool.connect();
    await holder.query('SELECT pg_advisory_lock(1)');
    const proxy = await TcpProxy.to(postgres.connection.port);
    const feed = new MemoryFeed();
    const connection = { ...postgres.connection, port: proxy.port };
    const pump = new ProjectionPump({ feed, connection, workers: 1, logger: rememberingLog() });
    const journal = fiveShardSale(20);
    feed.add(journal.records);
    pump.start();
    const count = async (statement: string): Promise<number> => (await pool.query(statement)).rowCount ?? 0;
    const committing = `SELECT FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'advisory'`;
    await waitUntil('it commits', async () => (await count(committing)) > 0);
    proxy.mute();
    await holder.query('SELECT pg_advisory_unlock(1)');
    await waitUntil('it is committed', async () => (await count('SELECT FROM doorbuster.orders')) > 0);
    await waitUntil('the answer was lost', () => proxy.answersSwallowed > 0);
    expect(feed.acknowledged.size).toBe(0);
    proxy.cut();
    proxy.heal();
    await waitUntil(
      'all acknowledged',
      () => feed.open === 0,
      () => pump.stats(),
    );
    expect(pump.stats().duplicates).toBeGreaterThan(0);
    expect(withoutVersions((await snapshot(pool)).orders)).toEqual(journal.orders());
    await pump.stop();
    holder.release();
    await proxy.close();
    await pool.end();
  });

  test('a server that does not wait for its disk waits for these commits', async () => {
    const pool = await openEmptyPool(postgres.connection);
    await pool.query(`ALTER ROLE postgres SET synchronous_commit = off;
      CREATE TABLE public.seen (value text);
      CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO public.seen VALUES (current_setting(''synchronous_commit'')); RETURN NULL; END';
      CREATE TRIGGER seen AFTER INSERT ON doorbuster.orders EXECUTE FUNCTION public.see()`);
    const other = openPool(postgres.connection, 1, 'somebody else');
    expect((await other.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: 'off' }]);
    await other.end();
    const feed = new MemoryFeed();
    const { connection } = postgres;
    const pump = new ProjectionPump({ feed, connection, workers: 1, logger: rememberingLog() });
    feed.add(fiveShardSale(10).records);
    pump.start();
    await waitUntil(
      'all acknowledged',
      () => feed.open === 0,
      () => pump.stats(),
    );
    expect((await pool.query('SELECT DISTINCT value FROM public.seen')).rows).toEqual([{ value: 'on' }]);
    await pump.stop();
    await pool.query(
      'ALTER ROLE postgres RESET synchronous_commit; DROP TABLE public.seen; DROP FUNCTION public.see CASCADE',
    );
    await pool.end();
  });

  test('a batch that takes too long loses its thread, and is tried again', async () => {
    const pool = await openEmptyPool(postgres.connection);
    const lock = await pool.connect();
    await lock.query('BEGIN; LOCK TABLE doorbuster.products');
    const feed = new MemoryFeed();
    const log = rememberingLog();
    const { connection } = postgres;
    const pump = new ProjectionPump({ feed, connection, workers: 1, logger: log, taskMsMax: 2_000 });
    const journal = fiveShardSale(20);
    feed.add(journal.records);
    pump.start();
    await waitUntil(
      'the thread was ended, and the one after it',
      () => pump.stats().failures > 1,
      () => pump.stats(),
    );
    expect(log.lines).toMatchObject([{ fields: { cause: expect.stringContaining('longer than 2000 ms') } }]);
    await lock.query('COMMIT');
    lock.release();
    await waitUntil(
      'all acknowledged',
      () => feed.open === 0,
      () => pump.stats(),
    );
    expect(withoutVersions((await snapshot(pool)).orders)).toEqual(journal.orders());
    await pump.stop();
    await pool.end();
  });

  test('it stops in bounded time without a server, and nothing is acknowledged', async () => {
    await postgres.halt();
    const feed = new MemoryFeed();
    const options = {
      feed,
      connection: postgres.connection,
      workers: 1,
      logger: rememberingLog(),
      stopMsMax: 1_000,
    };
    const pump = new ProjectionPump(options);
    const journal = fiveShardSale(10);
    feed.add(journal.records);
    pump.start();
    await waitUntil('it has tried', () => pump.stats().failures > 0);
    await pump.stop();
    expect(feed.acknowledged.size).toBe(0);
    expect(feed.handedOut).toBe(0);
    await postgres.restart();
  });
});
