import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  CATALOGUE_VERSION,
  migrate,
  migrateCatalogue,
  openPool,
  SCHEMA_VERSION,
  SchemaRefused,
} from '../../src/persistence/index.ts';
import { CATALOGUE_SCHEMA } from '../../src/persistence/catalogue/catalogue-schema.ts';
import { PROJECTION_SCHEMA } from '../../src/persistence/projection-schema.ts';
import { readTables, shapeOf, type SchemaPlan } from '../../src/persistence/schema-shape.ts';
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

  test('is known column by column, so that none can be missed', async () => {
    await migrate(pool);
    const { found, known } = await columnsOf(pool, PROJECTION_SCHEMA);
    expect(found).toEqual(known);
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

  test('goes forward from the version before, with what is in it', async () => {
    await migrate(pool);
    await pool.query(`ALTER TABLE doorbuster.products DROP COLUMN retired_at;
      DELETE FROM doorbuster.doorbuster_schema WHERE version = 2;
      INSERT INTO doorbuster.journal VALUES ('kept')`);
    expect(await migrate(pool)).toEqual({ from: 1, to: SCHEMA_VERSION });
    expect((await pool.query('SELECT id FROM doorbuster.journal')).rows).toEqual([{ id: 'kept' }]);
    expect(await migrate(pool)).toEqual({ from: SCHEMA_VERSION, to: SCHEMA_VERSION });
  });

  test.each([
    ['a table is gone', 'DROP TABLE doorbuster.positions', /doorbuster\.positions is missing/],
    [
      'columns are gone',
      'ALTER TABLE doorbuster.orders DROP COLUMN quantity, DROP COLUMN shard',
      /doorbuster\.orders\.quantity is missing; doorbuster\.orders\.shard is missing/,
    ],
    [
      'the version says more than is there',
      'ALTER TABLE doorbuster.products DROP COLUMN retired_at',
      /not what version 2 made: doorbuster\.products\.retired_at is missing\./,
    ],
    [
      'a column has another type',
      'ALTER TABLE doorbuster.products ALTER COLUMN unit_amount TYPE int',
      /doorbuster\.products\.unit_amount is integer NOT NULL, not bigint NOT NULL/,
    ],
    [
      'a text is sorted in another way',
      'ALTER TABLE doorbuster.orders ALTER COLUMN id TYPE text COLLATE "default"',
      /doorbuster\.orders\.id is text NOT NULL, not text COLLATE "C" NOT NULL/,
    ],
    [
      'a key is gone',
      'ALTER TABLE doorbuster.stock_movements DROP CONSTRAINT stock_movements_pkey',
      /doorbuster\.stock_movements lacks UNIQUE \(product_id, request_id\)/,
    ],
    [
      'an index is gone',
      'DROP INDEX doorbuster.orders_of_customer',
      /doorbuster\.orders lacks an index on \(customer_id, created_at, id\)/,
    ],
    [
      'a view stands for a table',
      'ALTER TABLE doorbuster.journal RENAME TO kept; CREATE VIEW doorbuster.journal AS SELECT id FROM doorbuster.kept',
      /doorbuster\.journal is not a table/,
    ],
    [
      'a row needs what nobody writes',
      'ALTER TABLE doorbuster.orders ADD COLUMN note text NOT NULL',
      /doorbuster\.orders\.note is unknown, and no row can be without it/,
    ],
    [
      'the version is gone',
      'DELETE FROM doorbuster.doorbuster_schema',
      /but no version in doorbuster\.doorbuster_schema/,
    ],
    [
      'the versions are somebody else’s',
      'ALTER TABLE doorbuster.doorbuster_schema ALTER COLUMN version TYPE text',
      /doorbuster\.doorbuster_schema\.version is text NOT NULL, not integer NOT NULL/,
    ],
  ])('is refused by name when %s', async (_, statements, told) => {
    await migrate(pool);
    await pool.query(statements);
    const refused = migrate(pool);
    await expect(refused).rejects.toThrow(SchemaRefused);
    await expect(refused).rejects.toThrow(told);
  });

  test('may have columns, indexes and tables of others beside its own', async () => {
    await migrate(pool);
    await pool.query(`ALTER TABLE doorbuster.orders ADD COLUMN note text, ADD COLUMN seen int NOT NULL DEFAULT 0;
      CREATE INDEX by_status ON doorbuster.orders (status, lower(id)) WHERE status = 'paid';
      CREATE TABLE doorbuster.reports (day date NOT NULL)`);
    expect(await migrate(pool)).toEqual({ from: SCHEMA_VERSION, to: SCHEMA_VERSION });
  });

  test("somebody else's tables elsewhere are none of its business", async () => {
    await pool.query('CREATE TABLE public.orders (note text)');
    expect(await migrate(pool)).toMatchObject({ from: 0 });
    await pool.query('DROP TABLE public.orders');
  });
});

describe.each(POSTGRES_KINDS)(
  'the schema of the catalogue in $kind Postgres',
  { timeout: SERVER_MS_MAX },
  ({ start }) => {
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
    beforeEach(() => pool.query('DROP SCHEMA IF EXISTS doorbuster_catalogue CASCADE'));

    const ADD_USER = `INSERT INTO doorbuster_catalogue.users (id, email, name, role, password_hash, created_at)
      VALUES ('u1', 'eda@example.com', 'Eda', 'editor', 'hash', now())`;

    test('is made once, beside the projection’s, which may go and come back without it', async () => {
      expect(await migrateCatalogue(pool)).toEqual({ from: 0, to: CATALOGUE_VERSION });
      expect(await migrateCatalogue(pool)).toEqual({ from: CATALOGUE_VERSION, to: CATALOGUE_VERSION });
      await pool.query(ADD_USER);
      await migrate(pool);
      await pool.query('DROP SCHEMA doorbuster CASCADE');
      await migrate(pool);
      expect(await migrateCatalogue(pool)).toEqual({ from: CATALOGUE_VERSION, to: CATALOGUE_VERSION });
      expect((await pool.query('SELECT name FROM doorbuster_catalogue.users')).rows).toEqual([
        { name: 'Eda' },
      ]);
    });

    test('is known column by column, so that none can be missed', async () => {
      await migrateCatalogue(pool);
      const { found, known } = await columnsOf(pool, CATALOGUE_SCHEMA);
      expect(found).toEqual(known);
    });

    test('is made once by nodes that start together', async () => {
      const pools = [1, 2, 3].map(() => openPool(postgres.connection, 1, 'doorbuster test'));
      const migrated = await Promise.all(pools.map((racing) => migrateCatalogue(racing)));
      await Promise.all(pools.map((racing) => racing.end()));
      expect(migrated.filter(({ from }) => from === 0)).toHaveLength(1);
    });

    test.each([
      [
        'a newer version made it',
        `INSERT INTO doorbuster_catalogue.doorbuster_schema (version) VALUES (${CATALOGUE_VERSION + 1})`,
        new RegExp(`"doorbuster_catalogue" has version ${CATALOGUE_VERSION + 1}`),
      ],
      [
        'a table is gone',
        'DROP TABLE doorbuster_catalogue.sessions',
        /doorbuster_catalogue\.sessions is missing.* nowhere else.* put the whole backup/,
      ],
      [
        'a key is gone',
        'ALTER TABLE doorbuster_catalogue.campaigns DROP CONSTRAINT campaigns_slug_key',
        /doorbuster_catalogue\.campaigns lacks UNIQUE \(slug\)/,
      ],
      [
        'an index is gone',
        'DROP INDEX doorbuster_catalogue.outbox_of_product',
        /doorbuster_catalogue\.outbox lacks an index on \(product_id, id\)/,
      ],
      [
        'a column has another type',
        'ALTER TABLE doorbuster_catalogue.products ALTER COLUMN amount TYPE int',
        /doorbuster_catalogue\.products\.amount is integer, not bigint/,
      ],
      [
        'the version is gone',
        'DELETE FROM doorbuster_catalogue.doorbuster_schema',
        /but no version in doorbuster_catalogue\.doorbuster_schema/,
      ],
    ])('is refused by name, and left alone, when %s', async (_, statements, told) => {
      await migrateCatalogue(pool);
      await pool.query(`${ADD_USER}; ${statements}`);
      const refused = migrateCatalogue(pool);
      await expect(refused).rejects.toThrow(SchemaRefused);
      await expect(refused).rejects.toThrow(told);
      expect((await pool.query('SELECT name FROM doorbuster_catalogue.users')).rows).toEqual([
        { name: 'Eda' },
      ]);
    });

    test("is refused by name, and left alone, when it holds somebody else's tables", async () => {
      await pool.query(
        "CREATE SCHEMA doorbuster_catalogue; CREATE TABLE doorbuster_catalogue.users AS SELECT 'theirs' AS note",
      );
      await expect(migrateCatalogue(pool)).rejects.toThrow('holds doorbuster_catalogue.users, but not');
      expect((await pool.query('SELECT note FROM doorbuster_catalogue.users')).rows).toEqual([
        { note: 'theirs' },
      ]);
    });
  },
);

/** Of each table: those that are there, and those that are expected. */
async function columnsOf(pool: Pool, plan: SchemaPlan): Promise<{ found: object; known: object }> {
  const client = await pool.connect();
  const tables = await readTables(client, plan);
  client.release();
  const found = [...tables].map(([name, table]) => [name, new Set(table.columns)]);
  const known = Object.entries(shapeOf(plan, plan.steps.length)).map(([name, lines]) => [
    name,
    new Set(lines.filter((line) => !line.includes('('))),
  ]);
  return { found: Object.fromEntries(found) as object, known: Object.fromEntries(known) as object };
}
