import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  assertBelongsTogether,
  PositionsWitness,
  PostgresOfAnotherJournal,
  Projection,
} from '../../src/persistence/index.ts';
import { lostBefore } from '../../src/runtime/index.ts';
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
    expect(await assertBelongsTogether(pool, 'one')).toEqual(new Map());
    const { shard, head } = await project();
    expect(await assertBelongsTogether(pool, 'one')).toEqual(new Map([[shard, head]]));
  });

  test('a journal that lost records is known by its shard, and by how many they are', async () => {
    const { shard, head } = await project();
    const positions = await assertBelongsTogether(pool, 'one');
    expect(lostBefore(new Map([[shard, head]]), 'Postgres has', positions)).toEqual(new Map());
    expect(lostBefore(new Map([[shard, head + 5]]), 'Postgres has', positions)).toEqual(new Map());
    const lost = lostBefore(new Map([[shard, head - 1]]), 'Postgres has', positions);
    expect([...lost.keys()]).toEqual([shard]);
    expect(lost.get(shard)).toMatch(
      new RegExp(`Postgres has shard ${shard} up to record ${head}.*at least 1 and at most 1 of this shard`),
    );
    expect(lostBefore(new Map(), 'Postgres has', positions).get(shard)).toMatch(
      /record of that shard is none/,
    );
  });

  test('Postgres is a witness at a claim, and knows nothing when it does not answer', async () => {
    const { shard, head } = await project();
    const { of } = new PositionsWitness(pool);
    expect(await Promise.all([of(shard), of(shard), of(shard + 1)])).toEqual([
      { what: 'Postgres has', sequence: head },
      { what: 'Postgres has', sequence: head },
      undefined,
    ]);
    const ended = await openEmptyPool(postgres.connection);
    await ended.end();
    expect(await new PositionsWitness(ended).of(shard)).toBeUndefined();
  });

  test('another journal is refused however long it is', async () => {
    await assertBelongsTogether(pool, 'one');
    await project();
    const other = assertBelongsTogether(pool, 'two');
    await expect(other).rejects.toThrow(PostgresOfAnotherJournal);
    await expect(other).rejects.toThrow(/holds the orders of journal one, and this journal is two/);
  });
});
