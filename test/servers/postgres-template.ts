// Folders of the embedded Postgres that are made once, before all tests, and removed after them. Making one takes seconds and
// copying it does not, so tests that start nodes copy it.
//
//   postgresTemplate       as a first start leaves it, before anything is in it
//   postgresNodeTemplate   with the tables of a node, and nothing in them

import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { copyDatabase } from './database-copy.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresTemplate: string;
    postgresNodeTemplate: string;
  }
}

/** Into a data folder of which no node made anything yet; any other is left as it is. */
export const copyPostgresTemplate = (dataDir: string): void => copyInto(dataDir, inject('postgresTemplate'));

/** The same with the tables that a node makes at its first start. */
export const copyNodeTemplate = (dataDir: string): void => copyInto(dataDir, inject('postgresNodeTemplate'));

function copyInto(dataDir: string, template: string): void {
  const isFolder = statSync(dataDir, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isFolder || ['postgres', 'journal.sqlite'].some((name) => existsSync(join(dataDir, name)))) return;
  copyDatabase(join(template, 'postgres'), join(dataDir, 'postgres'));
}

/** Nothing is in Postgres any more, as if somebody had deleted its folder and the node had made it anew. */
export function emptyPostgres(dataDir: string): void {
  const folder = join(dataDir, 'postgres');
  rmSync(folder, { recursive: true });
  copyDatabase(join(inject('postgresTemplate'), 'postgres'), folder);
}
