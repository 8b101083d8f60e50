// A data folder as the embedded Postgres leaves it at first, which takes seconds to make: the tests have one for all runs.

import { join } from 'node:path';
import { copyDatabase } from '../test/servers/database-copy.ts';

/** Without a template the folder stays as it is. */
export function copyPostgresTemplate(folder: string): void {
  const template = process.env['BENCH_POSTGRES_TEMPLATE'];
  if (template !== undefined) copyDatabase(join(template, 'postgres'), join(folder, 'postgres'));
}
