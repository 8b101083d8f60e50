import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { assertBelongsTogether, JournalBehindPostgres, Projection } from '../../src/persistence/index.ts';
import {
  empty,
  openEmptyPool,
  POSTGRES_KINDS,
  SERVER_MS_MAX,
  type StartedPostgres,
} from './postgres-kinds.ts';
import { ScriptedJournal } from './scripted-journal.ts';

describe.each(POSTGRES_KINDS)('a journal and its $kind Postgres', { timeout: SERVER_MS_MAX }, ({ start }) => {
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

  async function project(): Promise<{ shard: number; head: number }> {
    const journal = new ScriptedJournal();
    journal.configure('sku');
    journal.append();
    await new Projection(pool).apply(journal.records);
    const { shard, sequence } = journal.records.at(-1)!;
    return { shard, head: sequence };
  }

  test('belong together from the first start on', async () => {
    expect(await assertBelongsTogether(pool, { id: 'one', heads: new Map() })).toEqual(new Map());
    const { shard, head } = await project();
    const positions = await assertBelongsTogether(pool, { id: 'one', heads: new Map([[shard, head + 5]]) });
    expect(positions.get(shard)).toBe(head);
  });

  test('a journal that lost records is refused, by its shard', async () => {
    await assertBelongsTogether(pool, { id: 'one', heads: new Map() });
    const { shard, head } = await project();
    const shorter = assertBelongsTogether(pool, { id: 'one', heads: new Map([[shard, head - 1]]) });
    await expect(shorter).rejects.toThrow(JournalBehindPostgres);
    await expect(assertBelongsTogether(pool, { id: 'one', heads: new Map() })).rejects.toThrow(
      `shard ${shard}`,
    );
  });

  test('another journal is refused however long it is', async () => {
    await assertBelongsTogether(pool, { id: 'one', heads: new Map() });
    const { shard, head } = await project();
    const other = assertBelongsTogether(pool, { id: 'two', heads: new Map([[shard, head + 1_000]]) });
    await expect(other).rejects.toThrow(/holds the orders of journal one, and this journal is two/);
  });
});
