// The schema `doorbuster_catalogue`: what people wrote, which is nowhere else. It stands apart from the schema `doorbuster`,
// which may be dropped at any time, since the journal makes it again.

import type { Pool } from 'pg';
import { ACCOUNT_SHAPE, ACCOUNT_TABLES } from '../accounts/tables.ts';
import { ASSET_SHAPE, ASSET_TABLES } from '../assets/tables.ts';
import { ELIGIBILITY_SHAPE, ELIGIBILITY_TABLES } from '../eligibility/tables.ts';
import { migrateSchema, type Migrated } from '../migrations.ts';
import { RISK_SHAPE, RISK_TABLES } from '../risk-tables.ts';
import type { SchemaPlan } from '../schema-shape.ts';
import { CATALOGUE_SHAPE, CATALOGUE_TABLES } from './tables.ts';

export const CATALOGUE_SCHEMA: SchemaPlan = {
  name: 'doorbuster_catalogue',
  lock: 4_713_250_212,
  steps: [ACCOUNT_TABLES + ASSET_TABLES + CATALOGUE_TABLES, ELIGIBILITY_TABLES, RISK_TABLES],
  added: [{ ...ACCOUNT_SHAPE, ...ASSET_SHAPE, ...CATALOGUE_SHAPE }, ELIGIBILITY_SHAPE, RISK_SHAPE],
  rights: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  remedy:
    'It holds campaigns, accounts and images, which are nowhere else: put it right, or put the whole backup of it back. To begin ' +
    'with an empty one, put it out of the way (ALTER SCHEMA doorbuster_catalogue RENAME TO doorbuster_catalogue_old).',
};

export const CATALOGUE_VERSION = CATALOGUE_SCHEMA.steps.length;

/** @throws as `migrateSchema` */
export const migrateCatalogue = (pool: Pool): Promise<Migrated> => migrateSchema(pool, CATALOGUE_SCHEMA);
