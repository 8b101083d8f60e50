import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { catchUp, JournalBehindProjection, Projection } from '../../src/persistence/index.ts';
import type { Journal } from '../../src/runtime/ports.ts';
import {
  empty,
  openEmptyPool,
  POSTGRES_KINDS,
  SERVER_MS_MAX,
  snapshot,
  withoutVersions,
  type StartedPostgres,
} from './postgres-kinds.ts';
import { ScriptedJournal } from './scripted-journal.ts';

describe.each(POSTGRES_KINDS)(
  'catching up with the journal in $kind Postgres',
  { timeout: SERVER_MS_MAX },
  ({ start }) => {
    let postgres: StartedPostgres;
    let pool: Pool;
    let journal: ScriptedJournal;

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
      journal = new ScriptedJournal((productId) => Number(productId));
      for (let round = 0; round < 30; round++) {
        for (const shard of [3, 8]) {
          journal.configure(String(shard), { name: `round ${round}` });
          journal.loadStock(String(shard), 10, `round ${round}`);
          journal.reserve(String(shard), `customer ${round}`, 'key');
          journal.append(shard);
        }
      }
    });

    const shards = [1, 3, 8];
    const port = (): Journal => journal as unknown as Journal;

    test('an empty Postgres gets everything, and a second time nothing', async () => {
      expect(await catchUp(port(), pool, shards)).toEqual({ shards: 2, records: 60 });
      expect(withoutVersions((await snapshot(pool)).orders)).toEqual(journal.orders());
      expect(await catchUp(port(), pool, shards)).toEqual({ shards: 0, records: 0 });
    });

    test('a Postgres put back from a backup gets what it misses', async () => {
      await new Projection(pool).apply(journal.records.slice(0, 21));
      expect(await catchUp(port(), pool, shards)).toEqual({ shards: 2, records: 39 });
      expect(withoutVersions((await snapshot(pool)).orders)).toEqual(journal.orders());
    });

    test('a journal that is behind Postgres is refused by the name of its shard', async () => {
      await new Projection(pool).apply(journal.records);
      journal.records.splice(-1);
      const refused = catchUp(port(), pool, shards);
      await expect(refused).rejects.toThrow(JournalBehindProjection);
      await expect(refused).rejects.toThrow('shard 8');
    });
  },
);
