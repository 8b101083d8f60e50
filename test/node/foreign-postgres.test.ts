// A DATABASE_URL that leads to somebody else's tables, to tables that are not what their version made, or to those of another
// journal: the node does not start, says by name what is wrong, and touches nothing.

import { rmSync } from 'node:fs';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate, openPool, SCHEMA_VERSION } from '../../src/persistence/index.ts';
import { ADMIN_TOKEN, AUTH_SECRET, temporaryFolder } from '../harness/engine.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';
import { doorbuster } from './command.ts';

const dataDir = temporaryFolder();
let postgres: PostgresServer;
let databases = 0;

beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);
afterAll(async () => {
  await postgres?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function run(database: string, statements: string): Promise<object[]> {
  const client = new Client({ ...postgres.connection, database });
  await client.connect();
  try {
    return (await client.query<object>(statements)).rows;
  } finally {
    await client.end();
  }
}

async function withOurTables(database: string): Promise<void> {
  const pool = openPool({ ...postgres.connection, database }, 1, 'test');
  await migrate(pool);
  await pool.end();
}

test.each<[string, boolean, string, string, RegExp, object[]]>([
  [
    'somebody else’s tables',
    false,
    "CREATE SCHEMA doorbuster; CREATE TABLE doorbuster.orders (note text); INSERT INTO doorbuster.orders VALUES ('theirs')",
    'SELECT note FROM doorbuster.orders',
    /doorbuster\.orders/,
    [{ note: 'theirs' }],
  ],
  [
    'tables of an older version, under the number of this one',
    true,
    'ALTER TABLE doorbuster.products DROP COLUMN retired_at',
    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'doorbuster' AND column_name = 'retired_at'",
    /not what version \d+ made: doorbuster\.products\.retired_at is missing/,
    [],
  ],
  [
    'tables of a newer version',
    true,
    `INSERT INTO doorbuster.doorbuster_schema (version) VALUES (${SCHEMA_VERSION + 1})`,
    'SELECT max(version) AS version FROM doorbuster.doorbuster_schema',
    new RegExp(`has version ${SCHEMA_VERSION + 1}`),
    [{ version: SCHEMA_VERSION + 1 }],
  ],
  [
    'the orders of another journal',
    true,
    "INSERT INTO doorbuster.journal (id) VALUES ('another'); INSERT INTO doorbuster.positions (shard, sequence) VALUES (1, 5)",
    'SELECT id FROM doorbuster.journal',
    /journal/,
    [{ id: 'another' }],
  ],
])('%s are refused by name, and left alone', async (_, isOurs, statements, look, told, left) => {
  const database = `foreign_${++databases}`;
  await run('postgres', `CREATE DATABASE ${database}`);
  if (isOurs) await withOurTables(database);
  await run(database, statements);
  const { host, port, user } = postgres.connection;
  const env = {
    PORT: '0',
    DATA_DIR: dataDir,
    ADMIN_TOKEN,
    AUTH_SECRET,
    SHARDS: '16',
    DATABASE_URL: `postgres://${user}@${host}:${port}/${database}`,
  };
  const { code, stdout, stderr } = await doorbuster(['start'], env);
  expect({ code, ready: stdout.includes('is ready') }).toEqual({ code: 1, ready: false });
  expect(stderr).toMatch(told);
  expect(await run(database, look)).toEqual(left);
});
