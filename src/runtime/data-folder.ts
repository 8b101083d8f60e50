// DATA_DIR belongs to one process at a time. The lock is a held SQLite lock: the kernel drops it with the process,
// however it dies, so no stale lock file ever stands in the way.

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExpectedError } from './expected-error.ts';

const SQLITE_BUSY = 5;
/** So long a node that starts waits for a command that is looking at this moment. */
const LOCK_MS_MAX = 500;

const HOLD = 'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE';
/** Shuts nobody out who looks, too: of two commands at the same moment none takes the other for a node. */
const LOOK = 'BEGIN; SELECT * FROM sqlite_schema';

export class DataFolderBusy extends ExpectedError {
  override readonly name = 'DataFolderBusy';
}

export class DataFolderUnusable extends ExpectedError {
  override readonly name = 'DataFolderUnusable';
}

export interface DataFolder {
  readonly path: string;
  readonly journal: string;
  readonly lock: string;
  /** A folder. */
  readonly snapshots: string;
  /** A folder; made by the first archive. */
  readonly archives: string;
  /** The operators' file that was last applied. */
  readonly placement: string;
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
  const files = dataFiles(path);
  const release = tryLock(files.lock, path, HOLD);
  if (release !== undefined) {
    // That of a node that was killed: a stranger may listen there by now, and would be sent the admin token.
    rmSync(files.nodeFile, { force: true });
    return { ...files, release };
  }
  throw new DataFolderBusy(
    `DATA_DIR ${path} is in use by another process. Stop that one, or give this one a DATA_DIR of its own.`,
  );
}

/** Whether a process holds the folder at this moment. What its files say of a running node counts only then. */
export function isDataFolderLocked(path: string): boolean {
  const { lock } = dataFiles(path);
  if (!existsSync(lock)) return false;
  const release = tryLock(lock, path, LOOK);
  release?.();
  return release === undefined;
}

/** @returns undefined when somebody else holds it @throws DataFolderUnusable */
function tryLock(file: string, path: string, statements: string): (() => void) | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: statements === HOLD ? LOCK_MS_MAX : 0 });
    database.exec(statements);
    const held = database;
    return () => held.close();
  } catch (error) {
    database?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    const why = (error as Error).message;
    throw new DataFolderUnusable(
      `DATA_DIR ${path} cannot be locked: ${why}. This user must be able to write in it, and its disk must have room; ` +
        'lock.sqlite holds nothing and can be deleted while no node runs.',
      { cause: error },
    );
  }
}

export const dataFiles = (path: string) => ({
  path,
  journal: join(path, 'journal.sqlite'),
  lock: join(path, 'lock.sqlite'),
  snapshots: join(path, 'snapshots'),
  archives: join(path, 'archives'),
  placement: join(path, 'placement.json'),
  nodeFile: join(path, 'node.json'),
});
