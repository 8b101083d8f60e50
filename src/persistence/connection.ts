// Where Postgres is, and how the engine opens a pool of clients to it. The same for the embedded and the real server.
//
// A connection is plain data, so that it can be handed to a thread. Whoever opens a pool ends it.

import { Pool, type PoolConfig } from 'pg';

export type PostgresConnection =
  | { readonly connectionString: string }
  | {
      /** A host name, or the folder of a Unix socket. */
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly user: string;
    };

/** What ends when Postgres does not answer. Each is far above what a healthy server needs. */
export const POSTGRES_LIMITS = {
  connectTimeoutMs: 5_000,
  /** The server gives a statement up. */
  statementTimeoutMs: 30_000,
  /** The client gives it up, for the server that no longer says anything. */
  queryTimeoutMs: 35_000,
  idleInTransactionTimeoutMs: 60_000,
  idleClientTimeoutMs: 60_000,
} as const;

/**
 * @param max clients at most
 * @param applicationName as Postgres shows it in pg_stat_activity
 */
export function openPool(connection: PostgresConnection, max: number, applicationName: string): Pool {
  const config: PoolConfig = {
    ...connection,
    max,
    application_name: applicationName,
    keepAlive: true,
    connectionTimeoutMillis: POSTGRES_LIMITS.connectTimeoutMs,
    statement_timeout: POSTGRES_LIMITS.statementTimeoutMs,
    query_timeout: POSTGRES_LIMITS.queryTimeoutMs,
    idle_in_transaction_session_timeout: POSTGRES_LIMITS.idleInTransactionTimeoutMs,
    idleTimeoutMillis: POSTGRES_LIMITS.idleClientTimeoutMs,
  };
  const pool = new Pool(config);
  // An idle client that loses its server raises this on the pool, and without a listener it would end the process. The
  // pool has already dropped the client; whoever asks next is told by their own query.
  pool.on('error', () => {});
  return pool;
}
