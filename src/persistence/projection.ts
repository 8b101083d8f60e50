// Brings journal records into Postgres, exactly once each: the rows and the position that says how far they go are
// written in one transaction.
//
//   position 17   records 17←12  (again)     ──▶ duplicate: skipped
//                         19←17               ──▶ applied, and the position is 19
//                         23←21               ──▶ deferred: 21 has not come yet
//
// Each record names its predecessor, so records may come twice, out of order and from two projections at once, and still
// make the same rows. It never skips a record and never guesses. Whoever opened the pool ends it.

import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { decodeRecord, decodeRecordHeader } from '../actors/index.ts';
import type { Sequence, StoredRecord } from '../runtime/ports.ts';
import { arrayLiteral } from './array-literal.ts';
import { RowFold } from './row-fold.ts';
import { ProjectionDiverged, writeRows, type RunStatement } from './row-writes.ts';

export interface Projected {
  readonly applied: number;
  /** Records that Postgres held already. */
  readonly duplicates: number;
  /** Records whose predecessor is missing: nothing of them was written, give them again later. */
  readonly deferred: Sequence[];
  /** Lists of products that were read before this version are out of date; undefined when no product changed. */
  readonly productsVersion: number | undefined;
}

interface PlacedRecord extends StoredRecord {
  readonly previous: Sequence;
  readonly at: number;
}

interface Position {
  sequence: Sequence;
  recordAt: number;
}

const ENSURE_POSITIONS = `
  INSERT INTO doorbuster.positions (shard, sequence) SELECT shard, 0 FROM unnest($1::int[]) AS batch (shard)
  ON CONFLICT (shard) DO NOTHING`;

const LOCK_POSITIONS = `
  SELECT shard, sequence::float8 AS sequence FROM doorbuster.positions WHERE shard = ANY ($1::int[])
  ORDER BY shard FOR UPDATE`;

const MOVE_POSITIONS = `
  UPDATE doorbuster.positions SET sequence = batch.sequence, record_at = to_timestamp(batch.at / 1000)
  FROM unnest($1::int[], $2::bigint[], $3::float8[]) AS batch (shard, sequence, at)
  WHERE positions.shard = batch.shard RETURNING pg_current_xact_id()::text::float8 AS transaction`;

/**
 * A commit that the server forgets when it crashes would leave it behind what the feed was told, and the shards of those records
 * set aside. Whoever made a server lazy for other work did not mean these; any other value waits for a disk.
 */
const COMMIT_DURABLY = `
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`;

/** A record that nobody here can read, or whose values Postgres does not take. Nothing of its batch was written. */
export class RecordRefused extends Error {
  override readonly name = 'RecordRefused';
}

/** Classes of Postgres's errors. Broken uniqueness, a broken check, a missing value. */
const CONTRADICTION = '23';
/** Data that no column takes, and rows that are too large: the same at every try. */
const REFUSALS = new Set(['22', '54']);

export class Projection {
  readonly #pool: Pool;
  /** Shards whose position is surely there to be locked. */
  readonly #ensured = new Set<number>();
  /** The embedded Postgres has one session for all its clients, so a client's prepared statements need names of its own. */
  readonly #suffixes = new WeakMap<PoolClient, string>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * @param records of any shards, in any order
   * @throws ProjectionDiverged when Postgres contradicts the journal
   * @throws RecordRefused; anything else may succeed when it is tried again. In any case the batch is written whole or not at all
   */
  async apply(records: readonly StoredRecord[]): Promise<Projected> {
    if (records.length === 0) return { applied: 0, duplicates: 0, deferred: [], productsVersion: undefined };
    const placed = records.map((record) => ({ ...decodeRecordHeader(record.bytes), ...record }));
    placed.sort((one, other) => one.sequence - other.sequence);
    const shards = [...new Set(placed.map((record) => record.shard))].sort((one, other) => one - other);

    const client = await this.#pool.connect();
    let productsVersion: number | undefined;
    try {
      if (!this.#suffixes.has(client)) await client.query(COMMIT_DURABLY);
      const run = this.#runOn(client);
      await this.#ensurePositions(run, shards);
      await client.query('BEGIN');
      const positions = await this.#lockPositions(run, shards);
      const { due, duplicates, deferred } = chain(placed, positions);
      if (due.length > 0) {
        const rows = fold(due);
        await writeRows(run, rows);
        const transaction = await movePositions(run, due, positions);
        if (changesProducts(rows)) productsVersion = transaction + 1;
      }
      await client.query('COMMIT');
      client.release();
      return { applied: due.length, duplicates, deferred, productsVersion };
    } catch (error) {
      // Closed rather than rolled back: whatever state it is in, the server rolls back what a lost client left open.
      client.release(true);
      throw namedError(error);
    }
  }

  #runOn(client: PoolClient): RunStatement {
    let suffix = this.#suffixes.get(client);
    if (suffix === undefined) this.#suffixes.set(client, (suffix = randomUUID()));
    return (name, text, values) => client.query({ name: `${name}-${suffix}`, text, values: [...values] });
  }

  /** A row that is not there cannot be locked. Before the transaction, so that its locks are all taken in one order. */
  async #ensurePositions(run: RunStatement, shards: readonly number[]): Promise<void> {
    const unknown = shards.filter((shard) => !this.#ensured.has(shard));
    if (unknown.length === 0) return;
    await run('ensure-positions', ENSURE_POSITIONS, [arrayLiteral(unknown)]);
    for (const shard of unknown) this.#ensured.add(shard);
  }

  async #lockPositions(run: RunStatement, shards: readonly number[]): Promise<Map<number, Position>> {
    const { rows } = await run('lock-positions', LOCK_POSITIONS, [arrayLiteral(shards)]);
    if (rows.length !== shards.length) {
      this.#ensured.clear();
      throw new Error('positions were removed from Postgres while the projection was at work');
    }
    return new Map(
      (rows as { shard: number; sequence: Sequence }[]).map(({ shard, sequence }) => [
        shard,
        { sequence, recordAt: 0 },
      ]),
    );
  }
}

/** Whose turn it is. Moves the positions along. */
function chain(
  records: readonly PlacedRecord[],
  positions: ReadonlyMap<number, Position>,
): { due: PlacedRecord[]; duplicates: number; deferred: Sequence[] } {
  const due: PlacedRecord[] = [];
  const deferred: Sequence[] = [];
  let duplicates = 0;
  for (const record of records) {
    const position = positions.get(record.shard)!;
    if (record.sequence <= position.sequence) {
      duplicates++;
    } else if (record.previous === position.sequence) {
      due.push(record);
      position.sequence = record.sequence;
      position.recordAt = record.at;
    } else if (record.previous < position.sequence) {
      throw new ProjectionDiverged(
        `Record ${record.sequence} of shard ${record.shard} follows record ${record.previous}, but Postgres has ` +
          `applied record ${position.sequence} in between`,
      );
    } else {
      deferred.push(record.sequence);
    }
  }
  return { due, duplicates, deferred };
}

function fold(records: readonly PlacedRecord[]): RowFold {
  const rows = new RowFold();
  for (const { sequence, shard, bytes } of records) {
    try {
      rows.add(sequence, decodeRecord(bytes));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new RecordRefused(`Record ${sequence} of shard ${shard} cannot be read: ${why}`, {
        cause: error,
      });
    }
  }
  return rows;
}

const changesProducts = ({ configurations, switches, retirements }: RowFold): boolean =>
  configurations.size + switches.size + retirements.size > 0;

/** @returns the number of the transaction */
async function movePositions(
  run: RunStatement,
  due: readonly PlacedRecord[],
  positions: ReadonlyMap<number, Position>,
): Promise<number> {
  const moved = [...new Set(due.map((record) => record.shard))];
  const reached = moved.map((shard) => positions.get(shard)!);
  const sequences = arrayLiteral(reached.map((position) => position.sequence));
  const recordAts = arrayLiteral(reached.map((position) => position.recordAt));
  const { rows } = await run('move-positions', MOVE_POSITIONS, [arrayLiteral(moved), sequences, recordAts]);
  return (rows[0] as { transaction: number }).transaction;
}

function namedError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const errorClass = String(error.code).slice(0, 2);
  if (errorClass === CONTRADICTION) return new ProjectionDiverged(error.message, { cause: error });
  if (REFUSALS.has(errorClass))
    return new RecordRefused(`Postgres refuses it: ${error.message}`, { cause: error });
  return error;
}
