// Postgres without a server: PGlite on a thread of its own, reached by the same client over a socket.
//
// It runs without fsync: it survives a kill, and not surely a power loss. What the projection wrote is made again from the journal;
// what people wrote in the CMS (the schema `doorbuster_catalogue`) is nowhere else. The caller must hold the lock of the data folder, since two processes in one folder destroy it.
// Whoever starts it stops it, after every pool to it has ended.

import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ExpectedError } from '../runtime/expected-error.ts';
import { threadFile } from '../runtime/thread-file.ts';
import type { PostgresConnection } from './connection.ts';
import type { EmbeddedPostgresReport, EmbeddedPostgresStart } from './embedded-postgres-thread.ts';

export interface EmbeddedPostgres {
  readonly connection: PostgresConnection;
  /** Closes the folder and removes the socket; bounded in time. */
  stop(): Promise<void>;
  /** Resolves when Postgres ended though nobody stopped it. */
  readonly failed: Promise<Error>;
}

/** The folder of the embedded Postgres cannot be opened. Trying again does not help. */
export class EmbeddedPostgresUnusable extends ExpectedError {
  override readonly name = 'EmbeddedPostgresUnusable';
  readonly folder: string;

  constructor(folder: string, cause: string) {
    super(
      `The embedded Postgres cannot open its folder ${folder} (${cause}). Put a backup of this folder in its place ` +
        'and start again. Or move it away: orders and products are projected again from the journal, and the CMS begins without ' +
        'its campaigns, accounts and images, which are nowhere else.',
    );
    this.folder = folder;
  }
}

/** A first start makes a database, which takes some seconds; one after a kill reads the log first. */
const START_MS_MAX = 120_000;
const STOP_MS_MAX = 15_000;

// pg finds a Unix socket by folder and port, and the file's name is made of the port.
const PORT = 5432;
const SOCKET_FILE = `.s.PGSQL.${PORT}`;

/** @param dataDir the engine's data folder; Postgres lives in `postgres` under it */
export async function startEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  const dataFolder = resolve(dataDir, 'postgres');
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  await chmod(dataFolder, 0o700);
  const socketNote = resolve(dataDir, 'postgres.socket-folder');
  const socketFolder =
    process.platform === 'win32' ? undefined : await makeSocketFolder(socketNote, dataFolder);
  const removeSocket = async (): Promise<void> => {
    if (socketFolder === undefined) return;
    await rm(socketFolder, { recursive: true, force: true });
    await rm(socketNote, { force: true });
  };
  const thread = startThread({
    dataFolder,
    socketPath: socketFolder === undefined ? undefined : join(socketFolder, SOCKET_FILE),
  });
  try {
    const port = await ready(thread, dataFolder);
    const connection = {
      host: socketFolder ?? '127.0.0.1',
      port: port ?? PORT,
      database: 'postgres',
      user: 'postgres',
    };
    return supervise(thread, connection, dataFolder, removeSocket);
  } catch (error) {
    await thread.terminate();
    await removeSocket();
    throw error;
  }
}

/**
 * Not in the data folder: a socket's path ends at about a hundred characters. Who may enter this folder is the only check of who
 * may connect. A killed process leaves it behind, and its place is noted for the next start to remove, with the folder that
 * it served: a copy of that folder has the note, too, and must not touch what its original may be using.
 */
async function makeSocketFolder(note: string, dataFolder: string): Promise<string> {
  const prefix = join(tmpdir(), 'doorbuster-pg-');
  const { dev, ino } = await stat(dataFolder);
  const [left = '', servedFor] = (await readFile(note, 'utf8').catch(() => '')).split('\n');
  const isOurs = servedFor === `${dev}:${ino}`;
  if (isOurs && left.startsWith(prefix) && !left.slice(prefix.length).includes(sep)) {
    await rm(left, { recursive: true, force: true });
  }
  const folder = await mkdtemp(prefix);
  await writeFile(note, `${folder}\n${dev}:${ino}`);
  return folder;
}

function startThread(start: EmbeddedPostgresStart): Worker {
  return new Worker(threadFile('./embedded-postgres-thread', import.meta.url), {
    workerData: start,
    name: 'embedded-postgres',
  });
}

/** Resolves with the loopback port, if there is one. */
function ready(thread: Worker, dataFolder: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const unusable = (cause: string): void => reject(new EmbeddedPostgresUnusable(dataFolder, cause));
    const timer = setTimeout(() => unusable(`no answer in ${START_MS_MAX} ms`), START_MS_MAX);
    thread.once('error', (error: Error) => unusable(error.message));
    thread.once('exit', (code) => {
      clearTimeout(timer);
      unusable(`its thread ended with code ${code}`);
    });
    thread.on('message', (report: EmbeddedPostgresReport) => {
      clearTimeout(timer);
      if (report.kind === 'ready') resolve(report.port);
      else unusable('cause' in report ? report.cause : report.kind);
    });
  });
}

function supervise(
  thread: Worker,
  connection: PostgresConnection,
  dataFolder: string,
  removeSocket: () => Promise<void>,
): EmbeddedPostgres {
  let isStopping = false;
  const { promise: failed, resolve: fail } = Promise.withResolvers<Error>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const failure = (cause: string): void => {
    end();
    if (!isStopping) fail(new Error(`The embedded Postgres in ${dataFolder} failed: ${cause}`));
  };
  thread.once('error', (error: Error) => failure(error.message));
  thread.once('exit', (code) => failure(`its thread ended with code ${code}`));
  thread.on('message', (report: EmbeddedPostgresReport) => {
    if (report.kind === 'stopped') end();
    else if ('cause' in report) failure(report.cause);
  });

  const stopOnce = async (): Promise<void> => {
    isStopping = true;
    thread.postMessage('stop', []);
    const timer = setTimeout(end, STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
    await thread.terminate();
    await removeSocket();
  };
  let stopping: Promise<void> | undefined;
  return { connection, failed, stop: () => (stopping ??= stopOnce()) };
}
