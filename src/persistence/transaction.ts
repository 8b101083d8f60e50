// One transaction. It waits for nothing but Postgres: the embedded one has a single session for everybody.

import type { Pool, PoolClient } from 'pg';

export type Statements = Pick<PoolClient, 'query'>;

/** Whatever is thrown undoes all of it. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const value = await work(client);
    await client.query('COMMIT');
    client.release();
    return value;
  } catch (error) {
    await client.query('ROLLBACK').then(
      () => client.release(),
      () => client.release(true), // the server rolls back what a lost client left open
    );
    throw error;
  }
}
