// The schema `doorbuster` and how it came to be: numbered steps, each applied once, in order.
//
// A step that was released is never changed; another one follows it, and schema-shape.ts says what it adds. Nothing here touches tables that the engine did not
// make: what it finds in its place it refuses by name.

import type { Pool, PoolClient } from 'pg';
import { differences, readTables, shapeOf, VERSIONS_TABLE, type FoundTable } from './schema-shape.ts';
import {
  assertMayAlter,
  assertMayEnter,
  assertMayMakeTables,
  assertMayUse,
  readServerFacts,
} from './server-fitness.ts';
import { PostgresUnreachable } from './unreachable.ts';

/** The database holds something that this version must not touch. Only a person can decide what becomes of it. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused';
}

export interface Migrated {
  /** The version that was found, 0 for none. */
  readonly from: number;
  readonly to: number;
}

// Two nodes may start at once: the second waits here for the first. The number only has to be nobody else's.
const LOCK = 4_713_250_211;

/** Names in one message. */
const TOLD_MAX = 20;

// Texts that are compared by machines have the collation "C": a page of keys then begins where the last one ended, on
// every server. Positions are rewritten with each batch, so their pages are left half empty for it.
const STEPS: readonly string[] = [
  `CREATE TABLE doorbuster.orders (
     id text COLLATE "C" PRIMARY KEY,
     product_id text COLLATE "C" NOT NULL,
     customer_id text COLLATE "C" NOT NULL,
     idempotency_key text COLLATE "C" NOT NULL,
     quantity int NOT NULL CHECK (quantity > 0),
     unit_amount bigint NOT NULL CHECK (unit_amount >= 0),
     currency text NOT NULL,
     status text NOT NULL CHECK (status IN ('reserved', 'payment_pending', 'in_review', 'paid', 'cancelled',
       'expired', 'refund_due', 'refunded')),
     created_at timestamptz NOT NULL,
     hold_expires_at timestamptz,
     version bigint NOT NULL,
     shard int NOT NULL,
     UNIQUE (customer_id, product_id, idempotency_key)
   );
   CREATE INDEX orders_of_customer ON doorbuster.orders (customer_id, created_at DESC, id DESC);
   CREATE TABLE doorbuster.products (
     id text COLLATE "C" PRIMARY KEY,
     name text NOT NULL,
     description text NOT NULL,
     starts_at timestamptz NOT NULL,
     ends_at timestamptz NOT NULL,
     unit_amount bigint NOT NULL CHECK (unit_amount >= 0),
     currency text NOT NULL,
     per_customer_limit int NOT NULL,
     hold_seconds int NOT NULL,
     paused boolean NOT NULL DEFAULT false,
     revision int NOT NULL,
     version bigint NOT NULL,
     shard int NOT NULL
   );
   CREATE TABLE doorbuster.stock_movements (
     product_id text COLLATE "C" NOT NULL,
     request_id text COLLATE "C" NOT NULL,
     kind text NOT NULL CHECK (kind IN ('loaded', 'withdrawn')),
     quantity bigint NOT NULL CHECK (quantity > 0),
     at timestamptz NOT NULL,
     version bigint NOT NULL,
     PRIMARY KEY (product_id, request_id)
   );
   CREATE TABLE doorbuster.positions (
     shard int PRIMARY KEY,
     sequence bigint NOT NULL,
     record_at timestamptz
   ) WITH (fillfactor = 50);
   CREATE TABLE doorbuster.journal (id text PRIMARY KEY);`,
  `ALTER TABLE doorbuster.products ADD COLUMN retired_at timestamptz;`,
];

export const SCHEMA_VERSION = STEPS.length;

/** @throws SchemaRefused when the schema is newer, somebody else's, or not what its version says @throws PostgresUnfit @throws PostgresUnreachable */
export async function migrate(pool: Pool): Promise<Migrated> {
  const client = await pool.connect().catch((error: unknown) => {
    throw new PostgresUnreachable(error, pool);
  });
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const from = await versionOf(client);
    for (let version = from + 1; version <= SCHEMA_VERSION; version++) {
      await client.query(STEPS[version - 1]!);
      await client.query('INSERT INTO doorbuster.doorbuster_schema (version) VALUES ($1)', [version]);
    }
    await client.query('COMMIT');
    client.release();
    return { from, to: SCHEMA_VERSION };
  } catch (error) {
    client.release(true); // the server rolls back what a lost client left open
    throw error;
  }
}

/** The version of the schema, whose tables look like it. The schema is made when it is not there at all. */
async function versionOf(client: PoolClient): Promise<number> {
  const facts = await readServerFacts(client);
  assertMayEnter(facts);
  const tables = await readTables(client);
  const names = [...tables.keys()];
  if (!tables.has(VERSIONS_TABLE)) {
    if (names.length > 0) throw notOurs(names);
    assertMayMakeTables(facts);
    if (!facts.hasSchema) await client.query('CREATE SCHEMA doorbuster');
    await client.query(
      `CREATE TABLE doorbuster.${VERSIONS_TABLE} (
         version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())`,
    );
    return 0;
  }
  assertLooksLike(tables, 0);
  assertMayUse(
    [...tables.values()].filter(({ name }) => OUR_TABLES.has(name)),
    facts,
  );
  const version = await readVersion(client);
  if (version === 0 && names.length > 1) throw notOurs(names);
  assertLooksLike(tables, version);
  if (version < SCHEMA_VERSION) {
    assertMayMakeTables(facts);
    assertMayAlter(
      Object.keys(shapeOf(version)).map((name) => tables.get(name)!),
      facts,
    );
  }
  return version;
}

const OUR_TABLES: ReadonlySet<string> = new Set(Object.keys(shapeOf(SCHEMA_VERSION)));

async function readVersion(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    `SELECT coalesce(max(version), 0) AS version FROM doorbuster.${VERSIONS_TABLE}`,
  );
  const { version } = rows[0]!;
  if (version <= SCHEMA_VERSION) return version;
  throw new SchemaRefused(
    `The schema "doorbuster" has version ${version}, and this Doorbuster knows versions up to ${SCHEMA_VERSION}: a ` +
      'newer Doorbuster has worked in this database. Start that version, or give this one a database of its own.',
  );
}

function assertLooksLike(tables: ReadonlyMap<string, FoundTable>, version: number): void {
  const wrong = differences(tables, version);
  if (wrong.length === 0) return;
  const told = [...wrong.slice(0, TOLD_MAX), ...(wrong.length > TOLD_MAX ? ['and more'] : [])].join('; ');
  throw new SchemaRefused(
    `The schema "doorbuster" is not what version ${version} made: ${told}. Somebody changed it, or a part of a backup was put ` +
      'back, or it is not Doorbuster’s. Put it right, or put it out of the way (ALTER SCHEMA doorbuster RENAME TO ' +
      'doorbuster_old): the next start makes it anew, and fills it from the journal. Or give Doorbuster a database of its own.',
  );
}

function notOurs(names: readonly string[]): SchemaRefused {
  const told = names
    .filter((name) => name !== VERSIONS_TABLE)
    .slice(0, TOLD_MAX)
    .map((name) => `doorbuster.${name}`);
  const lacks = names.includes(VERSIONS_TABLE) ? 'no version in' : 'not';
  return new SchemaRefused(
    `The schema "doorbuster" holds ${told.join(', ')}, but ${lacks} doorbuster.${VERSIONS_TABLE}: Doorbuster did not make it, or ` +
      'a part of a backup was put back. Rename that schema, or give Doorbuster a database of its own.',
  );
}
