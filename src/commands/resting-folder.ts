// A data folder on which no node runs, locked for as long as a command works on its files.

import { existsSync } from 'node:fs';
import { CommandError } from '../node-client.ts';
import { startEmbeddedPostgres, type PostgresConnection } from '../persistence/index.ts';
import { dataFiles, lockDataFolder, type DataFolder } from '../runtime/index.ts';

/** @throws CommandError when there is no journal @throws DataFolderBusy */
export async function withRestingFolder<T>(
  dataDir: string,
  work: (folder: DataFolder) => T | Promise<T>,
): Promise<T> {
  assertHasJournal(dataDir);
  const folder = lockDataFolder(dataDir);
  try {
    return await work(folder);
  } finally {
    folder.release();
  }
}

/** @throws CommandError */
export function assertHasJournal(dataDir: string): void {
  if (existsSync(dataFiles(dataDir).journal)) return;
  throw new CommandError(
    `There is no journal in DATA_DIR ${dataDir}. Name another: --data-dir, or --url of a running node.`,
  );
}

/** The Postgres of DATABASE_URL, or the embedded one of the folder. */
export async function withPostgres<T>(
  { path }: DataFolder,
  work: (connection: PostgresConnection) => Promise<T>,
): Promise<T> {
  const databaseUrl = process.env['DATABASE_URL'];
  if (databaseUrl !== undefined) return work({ connectionString: databaseUrl });
  const postgres = await startEmbeddedPostgres(path);
  try {
    return await work(postgres.connection);
  } finally {
    await postgres.stop();
  }
}
