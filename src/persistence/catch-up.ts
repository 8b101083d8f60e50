// Brings Postgres up to the journal's head by reading the journal itself, shard by shard from Postgres's position.
//
// The feed hands out only what nobody has acknowledged. After Postgres was lost, replaced, or put back from a backup, the
// records that it misses are acknowledged long since: so this runs at the start, before the pump. On a Postgres
// that misses nothing it reads one head a shard. It may run beside a pump, or on two nodes at once.

import type { Pool } from 'pg';
import type { Journal, Sequence, StoredRecord } from '../runtime/ports.ts';
import { Projection } from './projection.ts';

/**
 * Postgres has applied records that the journal does not have: acknowledged orders were lost from the journal, or this
 * database belongs to another one. The shard must not be started.
 */
export class JournalBehindProjection extends Error {
  override readonly name = 'JournalBehindProjection';
  readonly shard: number;

  constructor(shard: number, position: Sequence, head: Sequence) {
    super(
      `Postgres has applied record ${position} of shard ${shard}, but the journal's newest record of it is ` +
        `${head === 0 ? 'none' : head}. Either the journal lost acknowledged records: restore it from the copy that ` +
        'reaches furthest. Or this database belongs to another journal: give each its own.',
    );
    this.shard = shard;
  }
}

export interface CaughtUp {
  readonly shards: number;
  readonly records: number;
}

/** A record may take 256 KiB, so one transaction takes few of them. */
const BYTES_PER_BATCH = 1024 * 1024;
const RECORDS_PER_BATCH = 500;

/** @throws JournalBehindProjection, ProjectionDiverged, or whatever a journal or a Postgres that is away says */
export async function catchUp(journal: Journal, pool: Pool, shards: Iterable<number>): Promise<CaughtUp> {
  const positions = await readPositions(pool);
  const projection = new Projection(pool);
  let count = 0;
  let records = 0;
  for (const shard of shards) {
    const head = (await journal.head(shard))?.sequence ?? 0;
    const position = positions.get(shard) ?? 0;
    if (position > head) throw new JournalBehindProjection(shard, position, head);
    if (position === head) continue;
    count++;
    for await (const piece of journal.replay(shard, position + 1, head)) {
      for (const batch of batches(piece)) records += (await projection.apply(batch)).applied;
    }
  }
  return { shards: count, records };
}

/** How far Postgres has each shard. A shard without an entry has nothing in Postgres. */
export async function readPositions(pool: Pool): Promise<Map<number, Sequence>> {
  const { rows } = await pool.query<{ shard: number; sequence: Sequence }>(
    'SELECT shard, sequence::float8 AS sequence FROM doorbuster.positions',
  );
  return new Map(rows.map(({ shard, sequence }) => [shard, sequence]));
}

function* batches(records: readonly StoredRecord[]): Generator<StoredRecord[]> {
  let batch: StoredRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    bytes += record.bytes.length;
    if (batch.length === RECORDS_PER_BATCH || (batch.length > 0 && bytes > BYTES_PER_BATCH)) {
      yield batch;
      batch = [];
      bytes = record.bytes.length;
    }
    batch.push(record);
  }
  if (batch.length > 0) yield batch;
}
