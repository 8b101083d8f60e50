import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { migrate, openPool, SCHEMA_VERSION, SchemaRefused } from '../../src/persistence/index.ts';
import { POSTGRES_KINDS, SERVER_MS_MAX, snapshot, type StartedPostgres } from './postgres-kinds.ts';

describe.each(POSTGRES_KINDS)('the schema in $kind Postgres', { timeout: SERVER_MS_MAX }, ({ start }) => {
  let postgres: StartedPostgres;
  let pool: Pool;

  beforeAll(async () => {
    postgres = await start();
    pool = openPool(postgres.connection, 4, 'doorbuster test');
  }, SERVER_MS_MAX);
  afterAll(async () => {
    await pool?.end();
    await postgres?.stop();
  }, SERVER_MS_MAX);
  beforeEach(() => pool.query('DROP SCHEMA IF EXISTS doorbuster CASCADE'));

  test('is made in an empty database, once', async () => {
    expect(await migrate(pool)).toEqual({ from: 0, to: SCHEMA_VERSION });
    expect(await migrate(pool)).toEqual({ from: SCHEMA_VERSION, to: SCHEMA_VERSION });
    expect(await snapshot(pool)).toEqual({ positions: [], orders: [], products: [], stockMovements: [] });
  });

  test('is made in an empty schema that somebody prepared', async () => {
    await pool.query('CREATE SCHEMA doorbuster');
    expect(await migrate(pool)).toEqual({ from: 0, to: SCHEMA_VERSION });
  });

  test('is made once by nodes that start together', async () => {
    const pools = [1, 2, 3].map(() => openPool(postgres.connection, 1, 'doorbuster test'));
    const migrated = await Promise.all(pools.map((racing) => migrate(racing)));
    await Promise.all(pools.map((racing) => racing.end()));
    expect(migrated.map(({ from }) => from).sort((one, other) => one - other)).toEqual([
      0,
      SCHEMA_VERSION,
      SCHEMA_VERSION,
    ]);
    const { rows } = await pool.query('SELECT version FROM doorbuster.doorbuster_schema ORDER BY version');
    expect(rows).toEqual(Array.from({ length: SCHEMA_VERSION }, (_, step) => ({ version: step + 1 })));
  });

  test('is refused when a newer version made it', async () => {
    await migrate(pool);
    await pool.query('INSERT INTO doorbuster.doorbuster_schema (version) VALUES ($1)', [SCHEMA_VERSION + 1]);
    const refused = migrate(pool);
    await expect(refused).rejects.toThrow(SchemaRefused);
    await expect(refused).rejects.toThrow(`has version ${SCHEMA_VERSION + 1}`);
  });

  test("is refused by name, and left alone, when it holds somebody else's tables", async () => {
    await pool.query('CREATE SCHEMA doorbuster');
    await pool.query(
      "CREATE TABLE doorbuster.orders (note text); INSERT INTO doorbuster.orders VALUES ('theirs')",
    );
    const refused = migrate(pool);
    await expect(refused).rejects.toThrow(SchemaRefused);
    await expect(refused).rejects.toThrow('doorbuster.orders');
    expect((await pool.query('SELECT note FROM doorbuster.orders')).rows).toEqual([{ note: 'theirs' }]);
  });

  test("somebody else's tables elsewhere are none of its business", async () => {
    await pool.query('CREATE TABLE public.orders (note text)');
    expect(await migrate(pool)).toMatchObject({ from: 0 });
    await pool.query('DROP TABLE public.orders');
  });
});
