// What the tables of each version of the schema look like, and how those that are there differ. A version number says what
// was once made; somebody may have changed it since, or put back a part of a backup.
//
// More than is expected is left alone: columns, indexes and tables that somebody added for reports do no harm, unless a
// row cannot be written without them.

import type { PoolClient } from 'pg';

export interface FoundTable {
  readonly name: string;
  readonly isTable: boolean;
  /** Everything that the engine does to rows. */
  readonly mayUse: boolean;
  readonly mayAlter: boolean;
  /** As in CREATE TABLE, but for defaults and checks. */
  readonly columns: readonly string[];
  /** Columns that a row must name. */
  readonly required: readonly string[];
  /** `UNIQUE (a, b)`, or `(a, b)` for an index. */
  readonly keys: readonly string[];
}

type Shape = Readonly<Record<string, readonly string[]>>;

export const VERSIONS_TABLE = 'doorbuster_schema';

const VERSIONS: Shape = {
  [VERSIONS_TABLE]: ['version integer NOT NULL', 'applied_at timestamp with time zone NOT NULL'],
};

/** By version: what its step added. Statements that name a conflict need the unique keys, pages of lists the index. */
const ADDED: readonly Shape[] = [
  {
    orders: [
      'id text COLLATE "C" NOT NULL',
      'product_id text COLLATE "C" NOT NULL',
      'customer_id text COLLATE "C" NOT NULL',
      'idempotency_key text COLLATE "C" NOT NULL',
      'quantity integer NOT NULL',
      'unit_amount bigint NOT NULL',
      'currency text NOT NULL',
      'status text NOT NULL',
      'created_at timestamp with time zone NOT NULL',
      'hold_expires_at timestamp with time zone',
      'version bigint NOT NULL',
      'shard integer NOT NULL',
      'UNIQUE (id)',
      'UNIQUE (customer_id, product_id, idempotency_key)',
      '(customer_id, created_at, id)',
    ],
    products: [
      'id text COLLATE "C" NOT NULL',
      'name text NOT NULL',
      'description text NOT NULL',
      'starts_at timestamp with time zone NOT NULL',
      'ends_at timestamp with time zone NOT NULL',
      'unit_amount bigint NOT NULL',
      'currency text NOT NULL',
      'per_customer_limit integer NOT NULL',
      'hold_seconds integer NOT NULL',
      'paused boolean NOT NULL',
      'revision integer NOT NULL',
      'version bigint NOT NULL',
      'shard integer NOT NULL',
      'UNIQUE (id)',
    ],
    stock_movements: [
      'product_id text COLLATE "C" NOT NULL',
      'request_id text COLLATE "C" NOT NULL',
      'kind text NOT NULL',
      'quantity bigint NOT NULL',
      'at timestamp with time zone NOT NULL',
      'version bigint NOT NULL',
      'UNIQUE (product_id, request_id)',
    ],
    positions: [
      'shard integer NOT NULL',
      'sequence bigint NOT NULL',
      'record_at timestamp with time zone',
      'UNIQUE (shard)',
    ],
    journal: ['id text NOT NULL', 'UNIQUE (id)'],
  },
  { products: ['retired_at timestamp with time zone'] },
];

const READ_TABLES = `
  SELECT relname::text AS name, relkind IN ('r', 'p') AS "isTable",
    has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
      AS "mayUse",
    pg_has_role(relowner, 'USAGE') AS "mayAlter",
    ARRAY (SELECT attname || ' ' || format_type(atttypid, atttypmod)
        || CASE WHEN collname <> 'default' THEN ' COLLATE "' || collname || '"' ELSE '' END
        || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
      FROM pg_attribute LEFT JOIN pg_collation ON pg_collation.oid = attcollation
      WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum) AS columns,
    ARRAY (SELECT attname::text FROM pg_attribute
      WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attnotnull AND NOT atthasdef AND attidentity = ''
      ORDER BY attnum) AS required,
    ARRAY (SELECT CASE WHEN indisunique THEN 'UNIQUE ' ELSE '' END || '(' || (
        SELECT string_agg(attname, ', ' ORDER BY place) FROM unnest(indkey::int2[]) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute ON attrelid = c.oid AND attnum = number WHERE place <= indnkeyatts) || ')'
      FROM pg_index WHERE indrelid = c.oid AND indisvalid AND indpred IS NULL AND indexprs IS NULL) AS keys
  FROM pg_class AS c WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'doorbuster')
    AND relkind IN ('r', 'p', 'v', 'm', 'f')
  ORDER BY relname`;

/** Everything in the schema that has rows. */
export async function readTables(client: Pick<PoolClient, 'query'>): Promise<Map<string, FoundTable>> {
  const { rows } = await client.query<FoundTable>(READ_TABLES);
  return new Map(rows.map((table) => [table.name, table]));
}

/** @returns every difference by its name; none when the tables are as this version made them */
export function differences(found: ReadonlyMap<string, FoundTable>, version: number): string[] {
  return Object.entries(shapeOf(version)).flatMap(([name, lines]) => {
    const table = found.get(name);
    if (table === undefined) return [`doorbuster.${name} is missing`];
    if (!table.isTable) return [`doorbuster.${name} is not a table`];
    return differencesOf(table, lines);
  });
}

/** The engine's tables in this version, each with its columns and keys. */
export function shapeOf(version: number): Shape {
  const shape: Record<string, readonly string[]> = { ...VERSIONS };
  for (const added of ADDED.slice(0, version))
    for (const [name, lines] of Object.entries(added)) shape[name] = [...(shape[name] ?? []), ...lines];
  return shape;
}

function differencesOf(table: FoundTable, lines: readonly string[]): string[] {
  const place = `doorbuster.${table.name}`;
  const columns = new Map(table.columns.map(columnOf));
  const known = new Set<string>();
  const told: string[] = [];
  for (const line of lines) {
    if (line.includes('(')) {
      if (!table.keys.some((key) => key === line || key === `UNIQUE ${line}`))
        told.push(`${place} lacks ${line.startsWith('UNIQUE') ? line : `an index on ${line}`}`);
      continue;
    }
    const [name, wanted] = columnOf(line);
    const is = columns.get(name);
    known.add(name);
    if (is === undefined) told.push(`${place}.${name} is missing`);
    else if (is !== wanted) told.push(`${place}.${name} is ${is}, not ${wanted}`);
  }
  const foreign = table.required.filter((name) => !known.has(name));
  return [...told, ...foreign.map((name) => `${place}.${name} is unknown, and no row can be without it`)];
}

function columnOf(line: string): [name: string, type: string] {
  const end = line.indexOf(' ');
  return [line.slice(0, end), line.slice(end + 1)];
}
