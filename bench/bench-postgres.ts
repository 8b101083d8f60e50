// The Postgres of a benchmark: the embedded one in the run's folder, or, on the server that DATABASE_URL names, a database
// of the run's own, dropped afterwards.

import { randomUUID } from 'node:crypto';
import { openPool, startEmbeddedPostgres, type PostgresConnection } from '../src/persistence/index.ts';
import { copyPostgresTemplate } from './postgres-template.ts';

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
