// The two kinds of Postgres that the engine runs on, for tests that must hold on both.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { ProjectedMovement } from '../../src/actors/index.ts';
import {
  migrate,
  openPool,
  readProjected,
  startEmbeddedPostgres,
  type PostgresConnection,
  type OrderRowProjected,
  type ProductRowProjected,
  type ProjectedPosition,
} from '../../src/persistence/index.ts';
import { createEmptyDatabase } from '../servers/node-database.ts';
import { copyPostgresTemplate } from '../servers/postgres-template.ts';

export interface StartedPostgres {
  readonly connection: PostgresConnection;
  stop(): Promise<void>;
}

export interface PostgresKind {
  readonly kind: 'embedded' | 'real';
  readonly start: () => Promise<StartedPostgres>;
}

export const POSTGRES_KINDS: readonly PostgresKind[] = [
  { kind: 'embedded', start: startInTemporaryFolder },
  { kind: 'real', start: startInEmptyDatabase },
];

/** Starting a server, making its folder, and all tests of a file on it. */
export const SERVER_MS_MAX = 180_000;

export async function startInTemporaryFolder(): Promise<StartedPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'));
  copyPostgresTemplate(folder);
  const embedded = await startEmbeddedPostgres(folder);
  const stop = async (): Promise<void> => {
    await embedded.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { connection: embedded.connection, stop };
}

/** Of the server that all tests share; the others neither see it nor wait for it. */
export async function startInEmptyDatabase(): Promise<StartedPostgres> {
  const database = await createEmptyDatabase();
  return { connection: database.connection, stop: () => database.drop() };
}

/** A pool to an empty schema. */
export async function openEmptyPool(connection: PostgresConnection, max = 4): Promise<Pool> {
  const pool = openPool(connection, max, 'doorbuster test');
  await empty(pool);
  return pool;
}

export async function empty(pool: Pool): Promise<void> {
  await pool.query('DROP SCHEMA IF EXISTS doorbuster CASCADE');
  await migrate(pool);
}

export interface Snapshot {
  readonly positions: ProjectedPosition[];
  readonly orders: OrderRowProjected[];
  readonly products: ProductRowProjected[];
  readonly stockMovements: ProjectedMovement[];
}

/** Everything that is projected. */
export async function snapshot(pool: Pool): Promise<Snapshot> {
  const seen: Snapshot = { positions: [], orders: [], products: [], stockMovements: [] };
  await readProjected(pool, {
    positions: (rows) => void seen.positions.push(...rows),
    orders: (rows) => void seen.orders.push(...rows),
    products: (rows) => void seen.products.push(...rows),
    stockMovements: (rows) => void seen.stockMovements.push(...rows),
  });
  return seen;
}

/** Orders as their actors know them: which record changed them last is the journal's affair. */
export const withoutVersions = (
  orders: readonly OrderRowProjected[],
): (Omit<OrderRowProjected, 'version'> & { version: undefined })[] =>
  orders.map((order) => ({ ...order, version: undefined }));
