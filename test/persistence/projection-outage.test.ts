import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProjectionPump } from '../../src/persistence/index.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';
import { fiveShardSale } from './five-shard-sale.ts';
import { rememberingLog } from './log.ts';
import { MemoryFeed } from './memory-feed.ts';
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
      const pump = new ProjectionPump({ feed, connection: postgres.connection, workers: 2, logger: log });
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
