// Whether a Postgres, and the rights of its user, are what the engine needs: asked once, at a start, so that what is
// missing is told by name and not by the first statement that happens to fail.

import type { PoolClient } from 'pg';
import { ExpectedError } from '../runtime/expected-error.ts';
import type { FoundTable } from './schema-shape.ts';

/** This server, or this user's rights on it, do not do. Only a person can change that. */
export class PostgresUnfit extends ExpectedError {
  override readonly name = 'PostgresUnfit';
}

/** The statements would run on older ones; nobody mends those any more, and nobody has tried. */
export const POSTGRES_VERSION_MIN = 14;

export interface ServerFacts {
  /** That is asked about. */
  readonly schema: string;
  readonly user: string;
  readonly database: string;
  readonly hasSchema: boolean;
  readonly mayMakeSchema: boolean;
  readonly mayEnterSchema: boolean;
  readonly mayMakeTables: boolean;
}

interface ServerRow extends Omit<ServerFacts, 'schema'> {
  readonly versionNumber: number;
  readonly version: string;
  readonly isReadOnly: boolean;
  readonly encoding: string;
}

const READ_FACTS = `
  SELECT current_setting('server_version_num')::int AS "versionNumber", current_setting('server_version') AS version,
    current_setting('transaction_read_only') = 'on' AS "isReadOnly", current_setting('server_encoding') AS encoding,
    current_user::text AS user, current_database()::text AS database, schema.oid IS NOT NULL AS "hasSchema",
    has_database_privilege(current_database(), 'CREATE') AS "mayMakeSchema",
    coalesce(has_schema_privilege(schema.oid, 'USAGE'), false) AS "mayEnterSchema",
    coalesce(has_schema_privilege(schema.oid, 'CREATE'), false) AS "mayMakeTables"
  FROM (SELECT) AS one LEFT JOIN pg_namespace AS schema ON nspname = $1`;

/** @throws PostgresUnfit when it is too old, takes no writes, or cannot hold every name */
export async function readServerFacts(
  client: Pick<PoolClient, 'query'>,
  schema: string,
): Promise<ServerFacts> {
  const { rows } = await client.query<ServerRow>(READ_FACTS, [schema]);
  const { versionNumber, version, isReadOnly, encoding, ...facts } = rows[0]!;
  if (versionNumber < POSTGRES_VERSION_MIN * 10_000)
    throw new PostgresUnfit(
      `This Postgres is version ${version}, and Doorbuster needs ${POSTGRES_VERSION_MIN} or newer: upgrade the server, or name ` +
        'another in DATABASE_URL.',
    );
  if (isReadOnly)
    throw new PostgresUnfit(
      'This Postgres takes no writes: it is a standby, or default_transaction_read_only is on for this user or database. Name ' +
        'the primary in DATABASE_URL.',
    );
  if (encoding !== 'UTF8')
    throw new PostgresUnfit(
      `The database ${quoted(facts.database)} has the encoding ${encoding}, which cannot hold every name of a product or customer: ` +
        "make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.",
    );
  return { schema, ...facts };
}

/** @throws PostgresUnfit */
export function assertMayEnter({
  schema,
  user,
  database,
  hasSchema,
  mayMakeSchema,
  mayEnterSchema,
}: ServerFacts): void {
  if (!hasSchema && !mayMakeSchema)
    throw new PostgresUnfit(
      `The user ${quoted(user)} may not make the schema "${schema}" in the database ${quoted(database)}. As its owner, either: ` +
        `CREATE SCHEMA ${schema} AUTHORIZATION ${quoted(user)}; or: GRANT CREATE ON DATABASE ${quoted(database)} TO ${quoted(user)};`,
    );
  if (hasSchema && !mayEnterSchema)
    throw new PostgresUnfit(
      `The user ${quoted(user)} may not use the schema "${schema}". As its owner: GRANT USAGE, CREATE ON SCHEMA ${schema} TO ` +
        `${quoted(user)};`,
    );
}

/** @throws PostgresUnfit */
export function assertMayMakeTables({ schema, user, hasSchema, mayMakeTables }: ServerFacts): void {
  if (!hasSchema || mayMakeTables) return;
  throw new PostgresUnfit(
    `The user ${quoted(user)} may not make tables in the schema "${schema}". As its owner: GRANT CREATE ON SCHEMA ${schema} TO ` +
      `${quoted(user)};`,
  );
}

/** @throws PostgresUnfit */
export function assertMayUse(
  tables: readonly FoundTable[],
  rights: readonly string[],
  { schema, user }: ServerFacts,
): void {
  const closed = tables.filter(({ mayUse }) => !mayUse).map(({ name }) => `${schema}.${name}`);
  if (closed.length === 0) return;
  throw new PostgresUnfit(
    `The user ${quoted(user)} may not read and write ${closed.join(', ')}. As the owner: GRANT ${rights.join(', ')} ON ` +
      `${closed.join(', ')} TO ${quoted(user)};`,
  );
}

/** @throws PostgresUnfit */
export function assertMayAlter(tables: readonly FoundTable[], { schema, user }: ServerFacts): void {
  const closed = tables.filter(({ mayAlter }) => !mayAlter).map(({ name }) => `${schema}.${name}`);
  if (closed.length === 0) return;
  throw new PostgresUnfit(
    `The tables are of an older version, and the user ${quoted(user)} does not own ${closed.join(', ')}, so it cannot change them. ` +
      'Start once as their owner, or as the owner: ALTER TABLE … OWNER TO ' +
      `${quoted(user)}; for each of them.`,
  );
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
