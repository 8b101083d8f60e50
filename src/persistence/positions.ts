// How far Postgres is, and whether it belongs to the journal at all. Asked at the start, before anybody claims a shard:
// a claim lengthens the journal, and would hide that records are missing from it.

import type { Pool } from 'pg';
import { ExpectedError } from '../runtime/expected-error.ts';
import type { Sequence } from '../runtime/ports.ts';

/** Postgres holds another journal's orders. Only a person can decide. */
export class PostgresOfAnotherJournal extends ExpectedError {
  override readonly name = 'PostgresOfAnotherJournal';
}

/** How far Postgres has each shard. A shard without an entry has nothing in Postgres. */
export async function readPositions(pool: Pool): Promise<Map<number, Sequence>> {
  const { rows } = await pool.query<{ shard: number; sequence: Sequence }>(
    'SELECT shard, sequence::float8 AS sequence FROM doorbuster.positions',
  );
  return new Map(rows.map(({ shard, sequence }) => [shard, sequence]));
}

/**
 * @returns the positions
 * @throws PostgresOfAnotherJournal when Postgres knows another journal
 */
export async function assertBelongsTogether(pool: Pool, id: string): Promise<Map<number, Sequence>> {
  await pool.query(
    // Nodes that start together ask this together.
    'INSERT INTO doorbuster.journal (id) SELECT $1 WHERE NOT EXISTS (SELECT FROM doorbuster.journal) ON CONFLICT DO NOTHING',
    [id],
  );
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM doorbuster.journal');
  const known = rows[0]?.id;
  if (known === id) return readPositions(pool);
  throw new PostgresOfAnotherJournal(
    `This Postgres holds the orders of journal ${known}, and this journal is ${id}. If the journal was lost, restore it ` +
      'from its backup: what Postgres holds may be the last trace of acknowledged orders. If this is another shop’s ' +
      'database, give this node one of its own.',
  );
}
