// A DATABASE_URL that leads to somebody else's tables, to tables that are not what their version made, or to those of another
// journal: the node does not start, says by name what is wrong, and touches nothing.

import { rmSync } from 'node:fs';
import { Client } from 'pg';
import { afterAll, expect, test } from 'vitest';
import { SCHEMA_VERSION } from '../../src/persistence/index.ts';
import { ADMIN_TOKEN, AUTH_SECRET, temporaryFolder } from '../harness/engine.ts';
import { createEmptyDatabase, createNodeDatabase, type Database } from '../servers/node-database.ts';
import { doorbuster } from './command.ts';

const dataDir = temporaryFolder();
const databases: Database[] = [];

afterAll(async () => {
  for (const database of databases) await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function run({ connection }: Database, statements: string): Promise<object[]> {
  const client = new Client(connection);
  await client.connect();
  try {
    return (await client.query<object>(statements)).rows;
  } finally {
    await client.end();
  }
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
  const database = await (isOurs ? createNodeDatabase() : createEmptyDatabase());
  databases.push(database);
  await run(database, statements);
  const env = {
    PORT: '0',
    DATA_DIR: dataDir,
    ADMIN_TOKEN,
    AUTH_SECRET,
    SHARDS: '16',
    DATABASE_URL: database.url,
  };
  const { code, stdout, stderr } = await doorbuster(['start'], env);
  expect({ code, ready: stdout.includes('is ready') }).toEqual({ code: 1, ready: false });
  expect(stderr).toMatch(told);
  expect(await run(database, look)).toEqual(left);
});
