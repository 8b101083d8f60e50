// The Postgres server that all tests share: from before the first until after the last, without fsync, since none of them kills it.
// What they have of it: node-database.ts.

import { migrate, migrateCatalogue, openPool } from '../../src/persistence/index.ts';
import { NODE_TEMPLATE, query } from './node-database.ts';
import { startPostgres, type PostgresServer } from './postgres.ts';

/** Several nodes and pools of each of the test files that run at once. */
const CONNECTIONS_MAX = 500;

/** For the set-up before all tests, which provides `connection` as `sharedPostgres`. */
export async function startSharedPostgres(): Promise<PostgresServer> {
  const server = await startPostgres({ fsync: 'off', max_connections: String(CONNECTIONS_MAX) });
  await query(server.connection, `CREATE DATABASE ${NODE_TEMPLATE}`);
  const pool = openPool({ ...server.connection, database: NODE_TEMPLATE }, 1, 'doorbuster test template');
  await migrate(pool);
  await migrateCatalogue(pool);
  await pool.end();
  return server;
}
