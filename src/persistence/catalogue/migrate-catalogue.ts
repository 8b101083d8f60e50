// The schema `doorbuster_catalogue`: what people wrote, which is nowhere else. It stands apart from the schema `doorbuster`,
// which may be dropped at any time, since the journal makes it again.

import type { Pool } from 'pg';
import { ACCOUNT_TABLES } from '../accounts/tables.ts';
import { ASSET_TABLES } from '../assets/tables.ts';
import { CATALOGUE_TABLES } from './tables.ts';

/** A step that was released is never changed; another one follows it. */
const STEPS: readonly string[] = [ACCOUNT_TABLES + ASSET_TABLES + CATALOGUE_TABLES];

/** Two nodes may start at once: the second waits for the first. The number only has to be nobody else's. */
const LOCK = 4_713_250_212;

export async function migrateCatalogue(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query(
      `CREATE SCHEMA IF NOT EXISTS doorbuster_catalogue;
       CREATE TABLE IF NOT EXISTS doorbuster_catalogue.doorbuster_schema (
         version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())`,
    );
    const { rows } = await client.query<{ version: number }>(
      'SELECT coalesce(max(version), 0) AS version FROM doorbuster_catalogue.doorbuster_schema',
    );
    for (let version = rows[0]!.version + 1; version <= STEPS.length; version++) {
      await client.query(STEPS[version - 1]!);
      await client.query('INSERT INTO doorbuster_catalogue.doorbuster_schema (version) VALUES ($1)', [
        version,
      ]);
    }
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}
