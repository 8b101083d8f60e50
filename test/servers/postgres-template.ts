// A folder of the embedded Postgres as its first start leaves it, before anything is in it. Making one takes seconds and
// copying it does not, so tests that start nodes copy it. Made before all tests and removed after them.

import { cpSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { startEmbeddedPostgres } from '../../src/persistence/index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresTemplate: string;
  }
}

export interface PostgresTemplate {
  /** The data folder that holds it. */
  readonly folder: string;
  remove(): void;
}

export async function makePostgresTemplate(): Promise<PostgresTemplate> {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-template-'));
  const postgres = await startEmbeddedPostgres(folder);
  await postgres.stop();
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Into a data folder of which no node made anything yet; any other is left as it is. */
export function copyPostgresTemplate(dataDir: string): void {
  const isFolder = statSync(dataDir, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isFolder || ['postgres', 'journal.sqlite'].some((name) => existsSync(join(dataDir, name)))) return;
  cpSync(inject('postgresTemplate'), dataDir, { recursive: true });
}

/** Nothing is in Postgres any more, as if somebody had deleted its folder and the node had made it anew. */
export function emptyPostgres(dataDir: string): void {
  const folder = join(dataDir, 'postgres');
  rmSync(folder, { recursive: true });
  cpSync(join(inject('postgresTemplate'), 'postgres'), folder, { recursive: true });
}
