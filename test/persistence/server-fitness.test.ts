// A Postgres that cannot be used is told at the start, by what is wrong with it, and without its password.

import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  CATALOGUE_VERSION,
  migrate,
  migrateCatalogue,
  openPool,
  PostgresUnfit,
  PostgresUnreachable,
  SCHEMA_VERSION,
  type PostgresConnection,
} from '../../src/persistence/index.ts';
import { freePort } from '../servers/free-port.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';
import { SERVER_MS_MAX } from './postgres-kinds.ts';

const PASSWORD = 'not-to-be-told';

let postgres: PostgresServer;
let owner: Pool;

beforeAll(async () => {
  postgres = await startPostgres();
  owner = openPool(postgres.connection, 1, 'doorbuster test');
  await owner.query(`CREATE ROLE shop LOGIN PASSWORD '${PASSWORD}'`);
  const { rows } = await owner.query<{ hba_file: string }>('SHOW hba_file');
  await owner.query(`COPY (VALUES ('host all locked 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust'))
    TO '${rows[0]!.hba_file}'`);
  await owner.query(`CREATE ROLE locked LOGIN PASSWORD 'another'; SELECT pg_reload_conf()`);
}, SERVER_MS_MAX);
afterAll(async () => {
  await owner?.end();
  await postgres?.stop();
}, SERVER_MS_MAX);

async function migrated(connection: PostgresConnection): Promise<Awaited<ReturnType<typeof migrate>>> {
  const pool = openPool(connection, 1, 'doorbuster test');
  try {
    return await migrate(pool);
  } finally {
    await pool.end();
  }
}

const asShop = (): Promise<unknown> => migrated({ ...postgres.connection, user: 'shop' });

describe('a user without rights', () => {
  beforeEach(async () => {
    await owner.query('DROP SCHEMA IF EXISTS doorbuster CASCADE');
  });

  test('is told each GRANT that is missing, until it can work', async () => {
    const told = async (message: string): Promise<void> => {
      const refused = asShop();
      await expect(refused).rejects.toThrow(PostgresUnfit);
      await expect(refused).rejects.toThrow(message);
    };
    await told(
      'CREATE SCHEMA doorbuster AUTHORIZATION "shop"; or: GRANT CREATE ON DATABASE "postgres" TO "shop";',
    );
    await owner.query('CREATE SCHEMA doorbuster');
    await told('GRANT USAGE, CREATE ON SCHEMA doorbuster TO "shop";');
    await owner.query('GRANT USAGE ON SCHEMA doorbuster TO shop');
    await told('GRANT CREATE ON SCHEMA doorbuster TO "shop";');
    await migrate(owner);
    await told(
      'GRANT SELECT, INSERT, UPDATE ON doorbuster.doorbuster_schema, doorbuster.journal, doorbuster.orders',
    );
    await owner.query('GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA doorbuster TO shop');
    expect(await asShop()).toEqual({ from: SCHEMA_VERSION, to: SCHEMA_VERSION });
  });

  test('may delete what people wrote and take back', async () => {
    await owner.query('DROP SCHEMA IF EXISTS doorbuster_catalogue CASCADE');
    await migrateCatalogue(owner);
    await owner.query(`GRANT USAGE, CREATE ON SCHEMA doorbuster_catalogue TO shop;
      GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA doorbuster_catalogue TO shop`);
    const pool = openPool({ ...postgres.connection, user: 'shop' }, 1, 'doorbuster test');
    try {
      await expect(migrateCatalogue(pool)).rejects.toThrow(
        /may not read and write .*GRANT SELECT, INSERT, UPDATE, DELETE ON doorbuster_catalogue\.campaigns/,
      );
      await owner.query('GRANT DELETE ON ALL TABLES IN SCHEMA doorbuster_catalogue TO shop');
      expect(await migrateCatalogue(pool)).toMatchObject({ from: CATALOGUE_VERSION });
    } finally {
      await pool.end();
    }
  });

  test('may make the schema where it may', async () => {
    await owner.query('CREATE SCHEMA doorbuster AUTHORIZATION shop');
    expect(await asShop()).toMatchObject({ from: 0 });
  });

  test('cannot bring tables of an older version forward that it does not own', async () => {
    await migrate(owner);
    await owner.query(`ALTER TABLE doorbuster.products DROP COLUMN retired_at;
      DELETE FROM doorbuster.doorbuster_schema WHERE version = 2;
      GRANT USAGE, CREATE ON SCHEMA doorbuster TO shop;
      GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA doorbuster TO shop`);
    await expect(asShop()).rejects.toThrow(/does not own .*doorbuster\.products.* Start once as their owner/);
    expect(await migrate(owner)).toMatchObject({ from: 1 });
  });
});

describe('a server that does not do', () => {
  test('is too old', async () => {
    const connect = async () => {
      const client = await owner.connect();
      const query = client.query.bind(client) as (...args: unknown[]) => Promise<{ rows: object[] }>;
      const older = async (...args: unknown[]): Promise<unknown> => {
        const result = await query(...args);
        const rows = result.rows.map((row) =>
          'versionNumber' in row ? { ...row, versionNumber: 130_018, version: '13.18' } : row,
        );
        return { ...result, rows };
      };
      return Object.assign(client, { query: older });
    };
    await expect(migrate({ connect } as unknown as Pool)).rejects.toThrow(
      'This Postgres is version 13.18, and Doorbuster needs 14 or newer',
    );
  });

  test('takes no writes', async () => {
    await owner.query('CREATE DATABASE resting');
    await owner.query('ALTER DATABASE resting SET default_transaction_read_only = on');
    await expect(migrated({ ...postgres.connection, database: 'resting' })).rejects.toThrow(
      'This Postgres takes no writes',
    );
  });

  test('cannot write every name', async () => {
    await owner.query("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    await expect(migrated({ ...postgres.connection, database: 'narrow' })).rejects.toThrow(
      'The database "narrow" has the encoding LATIN1',
    );
  });
});

test.each<[string, (url: URL) => void | Promise<void>, RegExp]>([
  ['a wrong password', (url) => void (url.username = 'locked'), /refuses the password of the user "locked"/],
  [
    'no password',
    (url) => {
      url.username = 'locked';
      url.password = '';
    },
    /wants a password of the user "locked", and none is given/,
  ],
  [
    'an unknown user',
    (url) => void (url.username = 'nobody'),
    /does not let the user "nobody" in: role "nobody"/,
  ],
  [
    'an unknown database',
    (url) => void (url.pathname = '/elsewhere'),
    /127\.0\.0\.1:\d+ has no database "elsewhere"/,
  ],
  [
    'a port where nobody listens',
    async (url) => void (url.port = String(await freePort())),
    /nobody listens at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/,
  ],
  [
    'an unknown host',
    (url) => void (url.hostname = 'db.invalid'),
    /the host name db\.invalid is unknown here/,
  ],
])('%s is told by its name', async (_, change, told) => {
  const url = new URL(`postgres://shop:${PASSWORD}@127.0.0.1:${postgres.connection.port}/postgres`);
  await change(url);
  const error: unknown = await migrated({ connectionString: url.href }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PostgresUnreachable);
  expect((error as Error).message).toMatch(told);
  expect((error as Error).message).not.toContain(PASSWORD);
});
