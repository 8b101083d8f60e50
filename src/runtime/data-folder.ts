// DATA_DIR belongs to one process at a time. The lock is a held SQLite lock: the kernel drops it with the process,
// however it dies, so no stale lock file ever stands in the way.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export class DataFolderBusy extends Error {
  override readonly name = 'DataFolderBusy';
}

export class DataFolderUnusable extends Error {
  override readonly name = 'DataFolderUnusable';
}

export interface DataFolder {
  readonly path: string;
  readonly journal: string;
  /** Tells commands on this machine where the node listens. */
  readonly nodeFile: string;
  release(): void;
}

export function lockDataFolder(path: string): DataFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = (error as Error).message;
    throw new DataFolderUnusable(`DATA_DIR ${path} cannot be made or used as a folder: ${why}.`, {
      cause: error,
    });
  }
  const lock = new DatabaseSync(join(path, 'lock.sqlite'));
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw new DataFolderBusy(
      `DATA_DIR ${path} is in use by another process. Stop that one, or give this one a DATA_DIR of its own.`,
      { cause: error },
    );
  }
  return { ...dataFiles(path), release: () => lock.close() };
}

export const dataFiles = (path: string) => ({
  path,
  journal: join(path, 'journal.sqlite'),
  nodeFile: join(path, 'node.json'),
});
