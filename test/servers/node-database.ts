// Databases with the tables of a node, on one Postgres server that all tests share. Making one takes a tenth of a second, where
// an embedded Postgres takes seconds of CPU to start, so nodes have one of these when a test does not say otherwise.
//
// The server runs from before the first test until after the last, without fsync: no test here kills it. Tests of what it
// does when it ends start their own (postgres.ts).

import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { migrate, migrateCatalogue, openPool } from '../../src/persistence/index.ts';
import { startPostgres, type PostgresServer } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    sharedPostgres: PostgresServer['connection'];
  }
}

const NODE_TEMPLATE = 'doorbuster_node_template';
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

export interface Database {
  readonly connection: PostgresServer['connection'];
  readonly url: string;
  /** Whoever is still connected is cut off. */
  drop(): Promise<void>;
}

/** With the tables that a node makes at its first start, and nothing in them. */
export const createNodeDatabase = (): Promise<Database> => create(NODE_TEMPLATE);

export const createEmptyDatabase = (): Promise<Database> => create('template0');

async function create(template: string): Promise<Database> {
  const server = inject('sharedPostgres');
  const database = `test_${randomBytes(8).toString('hex')}`;
  await query(server, `CREATE DATABASE ${database} TEMPLATE ${template}`);
  return {
    connection: { ...server, database },
    url: `postgres://${server.user}@${server.host}:${server.port}/${database}`,
    drop: () => query(server, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`),
  };
}

async function query(connection: PostgresServer['connection'], statement: string): Promise<void> {
  const client = new Client(connection);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
