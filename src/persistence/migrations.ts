// How the schemas come to be (projection-schema.ts, catalogue/catalogue-schema.ts): numbered steps, each applied once, in order.
//
// Nothing here touches tables that the engine did not make: what it finds in its place it refuses by name.

import type { Pool, PoolClient } from 'pg';
import { ExpectedError } from '../runtime/expected-error.ts';
import { PROJECTION_SCHEMA } from './projection-schema.ts';
import {
  differences,
  readTables,
  shapeOf,
  VERSIONS_TABLE,
  type FoundTable,
  type SchemaPlan,
} from './schema-shape.ts';
import {
  assertMayAlter,
  assertMayEnter,
  assertMayMakeTables,
  assertMayUse,
  readServerFacts,
} from './server-fitness.ts';
import { PostgresUnreachable } from './unreachable.ts';

/** The database holds something that this version must not touch. Only a person can decide what becomes of it. */
export class SchemaRefused extends ExpectedError {
  override readonly name = 'SchemaRefused';
}

export interface Migrated {
  /** The version that was found, 0 for none. */
  readonly from: number;
  readonly to: number;
}

/** Names in one message. */
const TOLD_MAX = 20;

export const SCHEMA_VERSION = PROJECTION_SCHEMA.steps.length;

/** The projection's. @throws as `migrateSchema` */
export const migrate = (pool: Pool): Promise<Migrated> => migrateSchema(pool, PROJECTION_SCHEMA);

/** @throws SchemaRefused when the schema is newer, somebody else's, or not what its version says @throws PostgresUnfit @throws PostgresUnreachable */
export async function migrateSchema(pool: Pool, plan: SchemaPlan): Promise<Migrated> {
  const to = plan.steps.length;
  const client = await pool.connect().catch((error: unknown) => {
    throw new PostgresUnreachable(error, pool);
  });
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [plan.lock]);
    const from = await versionOf(client, plan);
    for (let version = from + 1; version <= to; version++) {
      await client.query(plan.steps[version - 1]!);
      await client.query(`INSERT INTO ${plan.name}.${VERSIONS_TABLE} (version) VALUES ($1)`, [version]);
    }
    await client.query('COMMIT');
    client.release();
    return { from, to };
  } catch (error) {
    client.release(true); // the server rolls back what a lost client left open
    throw error;
  }
}

/** The version of the schema, whose tables look like it. The schema is made when it is not there at all. */
async function versionOf(client: PoolClient, plan: SchemaPlan): Promise<number> {
  const facts = await readServerFacts(client, plan.name);
  assertMayEnter(facts);
  const tables = await readTables(client, plan);
  const names = [...tables.keys()];
  if (!tables.has(VERSIONS_TABLE)) {
    if (names.length > 0) throw notOurs(plan, names);
    assertMayMakeTables(facts);
    if (!facts.hasSchema) await client.query(`CREATE SCHEMA ${plan.name}`);
    await client.query(
      `CREATE TABLE ${plan.name}.${VERSIONS_TABLE} (
         version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())`,
    );
    return 0;
  }
  assertLooksLike(plan, tables, 0);
  const ours = new Set(Object.keys(shapeOf(plan, plan.steps.length)));
  assertMayUse(
    [...tables.values()].filter(({ name }) => ours.has(name)),
    plan.rights,
    facts,
  );
  const version = await readVersion(client, plan);
  if (version === 0 && names.length > 1) throw notOurs(plan, names);
  assertLooksLike(plan, tables, version);
  if (version < plan.steps.length) {
    assertMayMakeTables(facts);
    assertMayAlter(
      Object.keys(shapeOf(plan, version)).map((name) => tables.get(name)!),
      facts,
    );
  }
  return version;
}

async function readVersion(client: PoolClient, { name, steps }: SchemaPlan): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    `SELECT coalesce(max(version), 0) AS version FROM ${name}.${VERSIONS_TABLE}`,
  );
  const { version } = rows[0]!;
  if (version <= steps.length) return version;
  throw new SchemaRefused(
    `The schema "${name}" has version ${version}, and this Doorbuster knows versions up to ${steps.length}: a ` +
      'newer Doorbuster has worked in this database. Start that version, or give this one a database of its own.',
  );
}

function assertLooksLike(plan: SchemaPlan, tables: ReadonlyMap<string, FoundTable>, version: number): void {
  const wrong = differences(plan, tables, version);
  if (wrong.length === 0) return;
  const told = [...wrong.slice(0, TOLD_MAX), ...(wrong.length > TOLD_MAX ? ['and more'] : [])].join('; ');
  throw new SchemaRefused(
    `The schema "${plan.name}" is not what version ${version} made: ${told}. Somebody changed it, or a part of a backup was put ` +
      `back, or it is not Doorbuster’s. ${plan.remedy} Or give Doorbuster a database of its own.`,
  );
}

function notOurs({ name: schema }: SchemaPlan, names: readonly string[]): SchemaRefused {
  const told = names
    .filter((name) => name !== VERSIONS_TABLE)
    .slice(0, TOLD_MAX)
    .map((name) => `${schema}.${name}`);
  const lacks = names.includes(VERSIONS_TABLE) ? 'no version in' : 'not';
  return new SchemaRefused(
    `The schema "${schema}" holds ${told.join(', ')}, but ${lacks} ${schema}.${VERSIONS_TABLE}: Doorbuster did not make it, or ` +
      'a part of a backup was put back. Rename that schema, or give Doorbuster a database of its own.',
  );
}
