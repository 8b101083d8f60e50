// A cluster's journal held against its Postgres, by the checker that the nodes' audits use, but read by the benchmark itself: no
// node is asked. When everybody has their answer and Postgres has caught up.

import type { Pool } from 'pg';
import { Checker, decodeRecord } from '../src/actors/index.ts';
import { openPool, readProjected, type PostgresConnection } from '../src/persistence/index.ts';
import {
  DEFAULT_SHARDS,
  JetStreamJournal,
  JetStreamNames,
  systemClock as clock,
  systemTimers as timers,
  type Link,
} from '../src/runtime/index.ts';
import { waitUntil } from '../test/harness/wait-until.ts';
import { recordsOf } from './nats-place.ts';

const CAUGHT_UP_MS_MAX = 300_000;
const POSITIONS = 'SELECT shard, sequence::float8 AS sequence FROM doorbuster.positions';

interface Position {
  readonly shard: number;
  readonly sequence: number;
}

/** @returns violations */
export async function auditCluster(link: Link, connection: PostgresConnection): Promise<number> {
  const journal = new JetStreamJournal({ link, clock, timers, names: new JetStreamNames() });
  const shards = Number(process.env['SHARDS'] ?? DEFAULT_SHARDS);
  const pool = openPool(connection, 1, 'doorbuster bench');
  try {
    await caughtUp(pool, journal, shards);
    const checker = new Checker();
    for await (const { sequence, bytes } of recordsOf(journal, shards))
      checker.record(sequence, decodeRecord(bytes));
    await readProjected(pool, {
      positions: (rows) =>
        checker.projectedUpTo(new Map(rows.map(({ shard, sequence }) => [shard, sequence]))),
      orders: (rows) => rows.forEach((row) => checker.row(row)),
      products: (rows) => rows.forEach((row) => checker.productRow(row)),
      stockMovements: (rows) => rows.forEach((row) => checker.movementRow(row)),
    });
    const { figures, violations } = checker.report();
    return violations.length + figures.recordsNotProjected;
  } finally {
    await pool.end();
  }
}

/** Postgres has every record that the journal has now. */
async function caughtUp(pool: Pool, journal: JetStreamJournal, shards: number): Promise<void> {
  const all = Array.from({ length: shards }, (_, shard) => shard);
  const heads = await Promise.all(all.map(async (shard) => (await journal.head(shard))?.sequence ?? 0));
  const behind = async (): Promise<number[]> => {
    const { rows } = await pool.query<Position>(POSITIONS);
    const positions = new Map(rows.map(({ shard, sequence }) => [shard, sequence]));
    return all.filter((shard) => (positions.get(shard) ?? 0) < heads[shard]!);
  };
  let late: number[] = [];
  const isIn = async (): Promise<boolean> => (late = await behind()).length === 0;
  await waitUntil('Postgres has every record', isIn, () => ({ lateShards: late }), CAUGHT_UP_MS_MAX);
}
