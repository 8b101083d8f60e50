// The Postgres of a benchmark: the embedded one in the run's folder, or, on the server that DATABASE_URL names, a database
// of the run's own, dropped afterwards.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openPool, startEmbeddedPostgres, type PostgresConnection } from '../src/persistence/index.ts';
import { copyDatabase } from '../test/servers/database-copy.ts';

export interface BenchPostgres {
  readonly connection: PostgresConnection;
  stop(): Promise<void>;
}

export async function startBenchPostgres(folder: string): Promise<BenchPostgres> {
  const url = process.env['DATABASE_URL'];
  if (url === undefined || url === '') {
    copyPostgresTemplate(folder);
    return startEmbeddedPostgres(folder);
  }
  const pool = openPool({ connectionString: url }, 1, 'doorbuster bench');
  const name = `doorbuster_bench_${randomUUID().replaceAll('-', '')}`;
  await pool.query(`CREATE DATABASE ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return {
    connection: { connectionString: own.href },
    async stop() {
      await pool.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await pool.end();
    },
  };
}

/** A data folder as the embedded Postgres leaves it at first, which takes seconds to make: the tests have one for all runs. */
export function copyPostgresTemplate(folder: string): void {
  const template = process.env['BENCH_POSTGRES_TEMPLATE'];
  if (template !== undefined) copyDatabase(join(template, 'postgres'), join(folder, 'postgres'));
}
