// Databases with the tables of a node, on one Postgres server that all tests share. Making one takes a tenth of a second, where
// an embedded Postgres takes seconds of CPU to start, so nodes have one of these when a test does not say otherwise.
//
// Tests of what a server does when it ends start their own (postgres.ts).

import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import type { PostgresServer } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    sharedPostgres: PostgresServer['connection'];
  }
}

export const NODE_TEMPLATE = 'doorbuster_node_template';

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

/** By a connection of its own. */
export async function query(connection: PostgresServer['connection'], statement: string): Promise<void> {
  const client = new Client(connection);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
