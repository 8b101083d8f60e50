// projection: records of a real journal through the real feed, pump, thread pool and statements into Postgres, against the
// bare INSERT … SELECT unnest(…) ON CONFLICT DO NOTHING of rows of the same shape into a table of the same layout, indexes too,
// on the same Postgres, with one connection each and as many rows in one transaction. They take turns in one run, so that
// both tables grow alike. On the embedded Postgres, or on a server with DATABASE_URL, in a database of the run's own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { audit } from '../src/audit.ts';
import { migrate, openPool } from '../src/persistence/index.ts';
import { cpuTimeOf, since } from './process-cpu.ts';
import { JournalFile } from './journal-file.ts';
import { startBenchPostgres } from './bench-postgres.ts';
import { Projected } from './projected.ts';
import { RawOrders } from './raw-orders.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';
import { someProducts } from './sale.ts';

const PRODUCTS = 8;
/** As many as an append holds with 64 connections, about. */
const ORDERS_PER_RECORD = 32;
const TURNS = 4;
/** Only to choose how many orders make a run of the wanted length. */
const ORDERS_PER_SECOND_EXPECTED = 40_000;
const RECORDS_PER_PULL = 200;

export const projection: Scenario = { modes: { sqlite: 'rows committed in Postgres' }, run };

async function run({ seconds, orders: wanted, threads, say }: ScenarioOptions): Promise<ScenarioResult> {
  const orders = wanted ?? Math.ceil((seconds * ORDERS_PER_SECOND_EXPECTED) / 2);
  const perTurn = Math.ceil(orders / TURNS);
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  const path = join(folder, 'journal.sqlite');
  const postgres = await startBenchPostgres(folder);
  const { connection } = postgres;
  const pool = openPool(connection, 1, 'doorbuster bench');
  const file = new JournalFile({
    path,
    products: someProducts(PRODUCTS),
    ordersPerRecord: ORDERS_PER_RECORD,
  });
  try {
    await migrate(pool);
    say(`  ${await versionOf(pool)}`);
    const raw = await RawOrders.make(pool);
    const projected = Projected.of(path, connection);
    await projected.until(PRODUCTS * 2);
    let ordersMs = 0;
    let rawMs = 0;
    let records = PRODUCTS * 2;
    const before = cpuTimeOf(process.pid);
    let after = before;
    for (let turn = 0; turn <= TURNS; turn++) {
      const appends = file.prepare(perTurn);
      const rows = RawOrders.batchesOf(appends, rowsPerTransaction(appends));
      records += appends.length;
      const cpuBefore = cpuTimeOf(process.pid);
      const startedAt = performance.now();
      file.commit(appends);
      projected.committed();
      await projected.until(records);
      const projectedAt = performance.now();
      const cpu = since(cpuBefore, cpuTimeOf(process.pid));
      await raw.insert(rows);
      const insertedAt = performance.now();
      say(
        `  turn ${turn} of ${TURNS}: ${rate(perTurn, projectedAt - startedAt)} orders/s projected, ` +
          `${rate(perTurn, insertedAt - projectedAt)} rows/s inserted${turn === 0 ? ' (does not count)' : ''}`,
      );
      if (turn === 0) continue;
      ordersMs += projectedAt - startedAt;
      rawMs += insertedAt - projectedAt;
      after = new Map([...after].map(([name, micros]) => [name, micros + (cpu.get(name) ?? 0)]));
    }
    await projected.stop();
    const files = { journal: path, snapshots: join(folder, 'snapshots'), archives: join(folder, 'archives') };
    const report = await audit({ ...files, connection, live: [] });
    const missing = Math.abs(report.figures.rows - report.figures.orders);
    const cpuFigures = [...since(before, after)].map(([name, micros]) => [
      `cpuMicros of ${name}`,
      round(micros / (perTurn * TURNS)),
    ]);
    return {
      ratio: round(rawMs / ordersMs),
      orders: perTurn * TURNS,
      ordersPerSecond: rate(perTurn * TURNS, ordersMs),
      rawRowsPerSecond: rate(perTurn * TURNS, rawMs),
      ...(threads ? (Object.fromEntries(cpuFigures) as Record<string, number>) : {}),
      violations: report.violations.length + missing,
    };
  } finally {
    file.close();
    await pool.end();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As many rows as the projection's transactions have: so many records, or so many bytes. */
function rowsPerTransaction(appends: readonly { bytes: Uint8Array }[]): number {
  const bytes = appends.reduce((sum, append) => sum + append.bytes.length, 0) / appends.length;
  return ORDERS_PER_RECORD * Math.min(RECORDS_PER_PULL, Math.floor((1024 * 1024) / bytes));
}

async function versionOf(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ version: string }>('SELECT version()');
  return rows[0]!.version;
}

const rate = (count: number, ms: number): number => Math.round(count / (ms / 1_000));
