// Nothing is in a node's Postgres any more, as if somebody had deleted it and made it anew.

import { openPool, type PostgresConnection } from '../../src/persistence/index.ts';

/** While no node uses it. */
export async function emptyPostgres(connection: PostgresConnection): Promise<void> {
  const pool = openPool(connection, 1, 'doorbuster test');
  try {
    await pool.query('DROP SCHEMA doorbuster CASCADE');
  } finally {
    await pool.end();
  }
}
