// The thread of the embedded Postgres: opens the data folder, listens, and closes both when it is told to.
//
// embedded-postgres.ts starts it and ends it, and hears from it what these types say. Nothing else may open the data
// folder: PGlite has no lock of its own.

import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { EmbeddedSession } from './embedded-session.ts';

export interface EmbeddedPostgresStart {
  readonly dataFolder: string;
  /** Where to listen: a Unix socket's path, or undefined for any free loopback port. */
  readonly socketPath: string | undefined;
}

export type EmbeddedPostgresReport =
  | { readonly kind: 'ready'; readonly port: number | undefined }
  | { readonly kind: 'unusable'; readonly cause: string }
  | { readonly kind: 'failed'; readonly cause: string }
  | { readonly kind: 'stopped' };

/** Clients at once: the projection's workers, the reads of every worker thread, an audit. */
const CONNECTIONS_MAX = 200;

/** Shoppers come first. On Linux this is the priority of the calling thread alone; elsewhere it would be the whole process's. */
const NICE = 10;
if (process.platform === 'linux') setPriority(0, NICE);

const { dataFolder, socketPath } = workerData as EmbeddedPostgresStart;
const report = (message: EmbeddedPostgresReport): void => parentPort!.postMessage(message, []);
const causeOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function open(): Promise<EmbeddedSession | undefined> {
  try {
    const onFailure = (error: Error): void => report({ kind: 'failed', cause: error.message });
    const session = new EmbeddedSession({ dataDir: dataFolder }, onFailure);
    await session.waitReady;
    // A folder whose files do not belong together may open, and fail at the first look.
    await session.query('SELECT count(*) FROM pg_class');
    return session;
  } catch (error) {
    report({ kind: 'unusable', cause: causeOf(error) });
    return undefined;
  }
}

const session = await open();
if (session !== undefined) {
  const address = socketPath === undefined ? { host: '127.0.0.1', port: 0 } : { path: socketPath };
  const server = new PGLiteSocketServer({ db: session, maxConnections: CONNECTIONS_MAX, ...address });
  await server.start();
  parentPort!.once('message', () => {
    void stop(server, session);
  });
  const port = socketPath === undefined ? Number(server.getServerConn().split(':').at(-1)) : undefined;
  report({ kind: 'ready', port });
}

/** Clients first, so that nobody is in mid-statement when the folder closes. */
async function stop(server: PGLiteSocketServer, session: EmbeddedSession): Promise<void> {
  try {
    await server.stop();
    await session.close();
    report({ kind: 'stopped' });
  } catch (error) {
    report({ kind: 'failed', cause: causeOf(error) });
  }
}
