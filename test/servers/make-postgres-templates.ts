// Makes the folders of the embedded Postgres that tests copy (postgres-template.ts).

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, migrateCatalogue, openPool, startEmbeddedPostgres } from '../../src/persistence/index.ts';

export interface PostgresTemplates {
  /** The data folder that holds an empty one. */
  readonly bare: string;
  /** The data folder that holds one with a node's tables. */
  readonly withTables: string;
  remove(): void;
}

export async function makePostgresTemplates(): Promise<PostgresTemplates> {
  const [bare, withTables] = ['bare', 'tables'].map(() =>
    mkdtempSync(join(tmpdir(), 'doorbuster-template-')),
  );
  const first = await startEmbeddedPostgres(bare!);
  await first.stop();
  cpSync(bare!, withTables!, { recursive: true });
  const second = await startEmbeddedPostgres(withTables!);
  const pool = openPool(second.connection, 1, 'doorbuster test template');
  await migrate(pool);
  await migrateCatalogue(pool);
  await pool.end();
  await second.stop();
  const remove = (): void => {
    for (const folder of [bare!, withTables!]) rmSync(folder, { recursive: true, force: true });
  };
  return { bare: bare!, withTables: withTables!, remove };
}
