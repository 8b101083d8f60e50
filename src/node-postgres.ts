// The Postgres of a node: the one that is named, or an embedded one; with tables as this version wants them, of this very
// journal.

import type { Config } from './config.ts';
import { messageOf, StartError } from './start-error.ts';
import {
  assertBelongsTogether,
  migrate,
  migrateCatalogue,
  openPool,
  PostgresOfAnotherJournal,
  PostgresUnfit,
  PostgresUnreachable,
  SchemaRefused,
  startEmbeddedPostgres,
  type PostgresConnection,
} from './persistence/index.ts';
import type { Sequence } from './runtime/index.ts';

export interface NodePostgres {
  readonly connection: PostgresConnection;
  /** Resolves when it can be used no more, as far as this node would know. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

/** @returns undefined for a node of a cluster that does without */
export async function startPostgres({
  databaseUrl,
  cluster,
  dataDir,
}: Pick<Config, 'databaseUrl' | 'cluster' | 'dataDir'>): Promise<NodePostgres | undefined> {
  if (databaseUrl !== undefined) {
    const failed = new Promise<Error>(() => undefined);
    return { connection: { connectionString: databaseUrl }, failed, stop: () => Promise.resolve() };
  }
  return cluster === undefined ? startEmbeddedPostgres(dataDir) : undefined;
}

const TOLD_BY_NAME = [SchemaRefused, PostgresOfAnotherJournal, PostgresUnfit, PostgresUnreachable];

/** @returns how far it is, for each shard @throws those of TOLD_BY_NAME @throws StartError */
export async function preparePostgres(
  connection: PostgresConnection,
  journalId: string,
): Promise<Map<number, Sequence>> {
  const pool = openPool(connection, 1, 'doorbuster start');
  try {
    await migrate(pool);
    await migrateCatalogue(pool);
    return await assertBelongsTogether(pool, journalId);
  } catch (error) {
    if (TOLD_BY_NAME.some((expected) => error instanceof expected)) throw error;
    throw new StartError(
      `Postgres cannot be used: ${messageOf(error)}. Check DATABASE_URL, and that the server runs.`,
      { cause: error },
    );
  } finally {
    await pool.end();
  }
}
