// projection-settings: the same records into Postgres with other settings, in turns: records in one transaction, threads (each
// with one connection and its share of the shards). Once with 32 orders in a record, as in a rush, and once with one. On the
// embedded Postgres, or on a server with DATABASE_URL, in a database of the run's own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { audit } from '../src/audit.ts';
import { migrate, openPool, type PostgresConnection } from '../src/persistence/index.ts';
import { startBenchPostgres } from './bench-postgres.ts';
import { JournalFile } from './journal-file.ts';
import { postgresCpuMicros } from './postgres-cpu.ts';
import { ownCpuMicros } from './process-cpu.ts';
import { Projected, type ProjectedOptions } from './projected.ts';
import { someProducts } from './sale.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const PRODUCTS = 8;
const TURNS = 2;
/** Threads begin and statements are prepared before the clock runs. */
const WARM_UP_RECORDS = 64;
/** Only to choose how many orders make a run of the wanted length. */
const ORDERS_PER_SECOND_EXPECTED = 20_000;
/** One order in a record costs more. */
const SHARE_OF_SINGLES = 1 / 16;
/** A transaction for each record is slower still, and fewer of them tell as much. */
const SHARE_OF_SLOW = 1 / 4;
const MEBIBYTE = 1024 * 1024;

interface Variant extends ProjectedOptions {
  readonly name: string;
  readonly isSlow?: boolean;
}

const USUAL = '200Records1Workers';
const VARIANTS: readonly Variant[] = [
  { name: '1Records1Workers', recordsPerPull: 1, isSlow: true },
  { name: '20Records1Workers', recordsPerPull: 20 },
  { name: USUAL, recordsPerPull: 200 },
  { name: '1000Records1Workers', recordsPerPull: 1_000, bytesPerTaskMax: 4 * MEBIBYTE },
  { name: '200Records2Workers', recordsPerPull: 200, workers: 2 },
  { name: '200Records4Workers', recordsPerPull: 200, workers: 4 },
];
const SHAPES = [32, 1] as const;

export const projectionSettings: Scenario = { modes: { sqlite: 'rows committed in Postgres' }, run };

interface Sum {
  orders: number;
  elapsedMs: number;
  nodeMicros: number;
  serverMicros: number;
}

const NOTHING: Sum = { orders: 0, elapsedMs: 0, nodeMicros: 0, serverMicros: 0 };

async function run({
  seconds,
  orders: wanted,
  turns = TURNS,
  say,
}: ScenarioOptions): Promise<ScenarioResult> {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  const path = join(folder, 'journal.sqlite');
  const postgres = await startBenchPostgres(folder);
  const { connection } = postgres;
  const perTurn = Math.ceil(
    (wanted ?? seconds * ORDERS_PER_SECOND_EXPECTED) / (VARIANTS.length * SHAPES.length * turns),
  );
  const pool = openPool(connection, 1, 'doorbuster bench');
  const file = new JournalFile({ path, products: someProducts(PRODUCTS), ordersPerRecord: SHAPES[0] });
  const sums = new Map<string, Sum>();
  try {
    await migrate(pool);
    const { rows } = await pool.query<{ version: string }>('SELECT version()');
    say(`  ${rows[0]!.version}`);
    const first = Projected.of(path, connection);
    await first.until(PRODUCTS * 2);
    await first.stop();
    for (let turn = 0; turn <= turns; turn++) {
      for (const shape of SHAPES) {
        // Nothing of the first turn counts, and one variant warms Postgres up for all.
        for (const variant of turn === 0 ? VARIANTS.filter(({ name }) => name === USUAL) : VARIANTS) {
          const share = (shape === 1 ? SHARE_OF_SINGLES : 1) * (variant.isSlow ? SHARE_OF_SLOW : 1);
          const part = await turnOf(variant, shape, Math.ceil(perTurn * share), {
            path,
            file,
            pool,
            to: connection,
          });
          say(
            `  turn ${turn} of ${turns}, ${shape} in a record, ${variant.name}: ${rate(part)} orders/s${turn === 0 ? ' (does not count)' : ''}`,
          );
          if (turn > 0) add(sums, `${shape}Orders${variant.name}`, part);
        }
      }
    }
    const files = { journal: path, snapshots: join(folder, 'snapshots'), archives: join(folder, 'archives') };
    const report = await audit({ ...files, connection, live: [] });
    const missing = Math.abs(report.figures.rows - report.figures.orders);
    const usual = rate(sums.get(`${SHAPES[0]}Orders${USUAL}`)!);
    return {
      // Grouped, to a transaction for each record.
      ratio: round(usual / rate(sums.get(`${SHAPES[0]}Orders${VARIANTS[0]!.name}`)!)),
      ...figuresOf(sums),
      violations: report.violations.length + missing,
    };
  } finally {
    file.close();
    await pool.end();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly path: string;
  readonly file: JournalFile;
  readonly pool: Pool;
  readonly to: PostgresConnection;
}

async function turnOf(variant: Variant, shape: number, orders: number, place: Place): Promise<Sum> {
  const { path, file, pool, to } = place;
  const { name: _, isSlow: __, ...options } = variant;
  const warmUp = file.prepare(WARM_UP_RECORDS * shape, shape);
  const projected = Projected.of(path, to, options, file.newest - warmUp.length);
  try {
    file.commit(warmUp);
    projected.committed();
    await projected.until(warmUp.length);
    const appends = file.prepare(orders, shape);
    const serverBefore = await postgresCpuMicros(pool);
    const nodeBefore = ownCpuMicros();
    const startedAt = performance.now();
    file.commit(appends);
    projected.committed();
    await projected.until(warmUp.length + appends.length);
    const elapsedMs = performance.now() - startedAt;
    const nodeMicros = ownCpuMicros() - nodeBefore;
    const serverMicros = (await postgresCpuMicros(pool)) - serverBefore;
    return { orders, elapsedMs, nodeMicros, serverMicros };
  } finally {
    await projected.stop();
  }
}

function add(sums: Map<string, Sum>, name: string, part: Sum): void {
  const sum = { ...(sums.get(name) ?? NOTHING) };
  for (const figure of ['orders', 'elapsedMs', 'nodeMicros', 'serverMicros'] as const)
    sum[figure] += part[figure];
  sums.set(name, sum);
}

const rate = ({ orders, elapsedMs }: Sum): number => Math.round(orders / (elapsedMs / 1_000));

function figuresOf(sums: ReadonlyMap<string, Sum>): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const [name, sum] of sums) {
    figures[`ordersPerSecond${name}`] = rate(sum);
    figures[`nodeCpuMicrosPerOrder${name}`] = round(sum.nodeMicros / sum.orders);
    figures[`serverCpuMicrosPerOrder${name}`] = round(sum.serverMicros / sum.orders);
  }
  return figures;
}
