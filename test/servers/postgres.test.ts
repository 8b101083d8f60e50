// The Postgres of the tests is started with the shipped configuration, byte for byte.

import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from './postgres.ts';
import { shippedFile } from './shipped-file.ts';

test('it reads the shipped file, and what stands there counts', async () => {
  const postgres = await startPostgres();
  const client = new Client(postgres.connection);
  try {
    await client.connect();
    const { rows } = await client.query<Record<string, string>>(
      `SELECT current_setting('config_file') AS file, current_setting('fsync') AS fsync,
        current_setting('max_connections') AS connections, current_setting('log_min_duration_statement') AS slow`,
    );
    const [{ file, ...settings }] = rows as [Record<string, string>];
    expect(readFileSync(file!, 'utf8')).toBe(readFileSync(shippedFile('postgres/postgresql.conf'), 'utf8'));
    expect(settings).toEqual({ fsync: 'on', connections: '200', slow: '1s' });
  } finally {
    await client.end();
    await postgres.stop();
  }
});
