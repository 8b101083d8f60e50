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

export type Shape = Readonly<Record<string, readonly string[]>>;

/** One schema, from its first version to this one. */
export interface SchemaPlan {
  readonly name: string;
  /** Two nodes may start at once: the second waits here for the first. The number only has to be nobody else's. */
  readonly lock: number;
  /** A step that was released is never changed; another one follows it. */
  readonly steps: readonly string[];
  /** By version: what its step added. Statements that name a conflict need the unique keys, pages of lists the index. */
  readonly added: readonly Shape[];
  /** What the engine does to rows. */
  readonly rights: readonly ('SELECT' | 'INSERT' | 'UPDATE' | 'DELETE')[];
  /** What a person can do about tables that are not as their version made them. */
  readonly remedy: string;
}

export const VERSIONS_TABLE = 'doorbuster_schema';

const VERSIONS: Shape = {
  [VERSIONS_TABLE]: ['version integer NOT NULL', 'applied_at timestamp with time zone NOT NULL'],
};

const READ_TABLES = `
  SELECT relname::text AS name, relkind IN ('r', 'p') AS "isTable",
    (SELECT bool_and(has_table_privilege(c.oid, needed)) FROM unnest($2::text[]) AS needed) AS "mayUse",
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
  FROM pg_class AS c WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
    AND relkind IN ('r', 'p', 'v', 'm', 'f')
  ORDER BY relname`;

/** Everything in the schema that has rows. */
export async function readTables(
  client: Pick<PoolClient, 'query'>,
  { name, rights }: SchemaPlan,
): Promise<Map<string, FoundTable>> {
  const { rows } = await client.query<FoundTable>(READ_TABLES, [name, rights]);
  return new Map(rows.map((table) => [table.name, table]));
}

/** @returns every difference by its name; none when the tables are as this version made them */
export function differences(
  plan: SchemaPlan,
  found: ReadonlyMap<string, FoundTable>,
  version: number,
): string[] {
  return Object.entries(shapeOf(plan, version)).flatMap(([name, lines]) => {
    const place = `${plan.name}.${name}`;
    const table = found.get(name);
    if (table === undefined) return [`${place} is missing`];
    if (!table.isTable) return [`${place} is not a table`];
    return differencesOf(place, table, lines);
  });
}

/** The engine's tables in this version, each with its columns and keys. */
export function shapeOf({ added }: SchemaPlan, version: number): Shape {
  const shape: Record<string, readonly string[]> = { ...VERSIONS };
  for (const step of added.slice(0, version))
    for (const [name, lines] of Object.entries(step)) shape[name] = [...(shape[name] ?? []), ...lines];
  return shape;
}

function differencesOf(place: string, table: FoundTable, lines: readonly string[]): string[] {
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
