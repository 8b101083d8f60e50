// feed: how fast the feed on JetStream catches up, by how many records it asks the server for ahead (prefetch): alone, where every
// record is acknowledged at once, and with the pump into Postgres behind it. One server and three, the same records each time.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { migrate, openPool, type PostgresConnection } from '../src/persistence/index.ts';
import { AppendLane } from './append-lane.ts';
import { startBenchPostgres } from './bench-postgres.ts';
import { JETSTREAM_MODE } from './environment.ts';
import { NatsPlace, type NatsBenchJournal } from './nats-place.ts';
import { Projected } from './projected.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const SHARDS = 8;
const ORDERS_PER_RECORD = 32;
const PREFETCH = [20, 100, 200, 400, 1_000];
const RECORDS_PER_PULL = 200;
const IN_FLIGHT_MAX = 4_000;
const ACK_WAIT_MS = 60_000;
const TURNS = 2;
/** Only to choose how many records make a run of the wanted length. */
const ORDERS_PER_SECOND_EXPECTED = 20_000;

export const feed: Scenario = { modes: { jetstream: JETSTREAM_MODE }, run };

interface Sum {
  records: number;
  elapsedMs: number;
  clientMicros: number;
  serverMicros: number;
}

const NOTHING: Sum = { records: 0, elapsedMs: 0, clientMicros: 0, serverMicros: 0 };

async function run({
  seconds,
  orders: wanted,
  turns = TURNS,
  say,
}: ScenarioOptions): Promise<ScenarioResult> {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  const postgres = await startBenchPostgres(folder);
  const pool = openPool(postgres.connection, 1, 'doorbuster bench');
  const places: NatsPlace[] = [];
  const perRun = wanted ?? (seconds * ORDERS_PER_SECOND_EXPECTED) / (PREFETCH.length * turns * 2);
  const sums = new Map<string, Sum>();
  let violations = 0;
  try {
    await migrate(pool);
    for (const replicas of [1, 3] as const) places.push(await NatsPlace.start(replicas, say));
    for (const place of places) {
      const journal = await place.make(folder, SHARDS);
      const records = await fill(journal, Math.ceil(perRun / ORDERS_PER_RECORD / SHARDS));
      for (let turn = 0; turn <= turns; turn++) {
        // Nothing of the first turn counts, and one of them warms everything up for all.
        for (const prefetchMax of turn === 0 ? PREFETCH.slice(0, 1) : PREFETCH) {
          const options = { name: `f${turn}-${prefetchMax}`, prefetchMax, inFlightMax: IN_FLIGHT_MAX };
          const alone = await drained(place, journal, options, records);
          const ahead = { ...options, name: `p${options.name}` };
          const pumped = await projectedOf(place, journal, ahead, records, postgres.connection);
          violations += await missingRows(pool, records);
          say(
            `  ${place.name}, prefetch ${prefetchMax}: ${rate(alone)} records/s alone, ${rate(pumped)} into Postgres`,
          );
          if (turn === 0) continue;
          add(sums, `Alone${prefetchMax}Prefetch${place.name}`, alone);
          add(sums, `Postgres${prefetchMax}Prefetch${place.name}`, pumped);
        }
      }
      await journal.remove();
    }
    const figures = figuresOf(sums);
    const into = (prefetch: number): number => figures[`recordsPerSecondPostgres${prefetch}PrefetchR3`]!;
    return { ratio: round(into(PREFETCH[0]!) / into(PREFETCH.at(-1)!)), ...figures, violations };
  } finally {
    await pool.end();
    await Promise.all(places.map((place) => place.stop()));
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns how many records there are, the claims and the products among them */
async function fill({ journal }: NatsBenchJournal, recordsPerShard: number): Promise<number> {
  const shards = Array.from({ length: SHARDS }, async (_, shard) => {
    const lane = await AppendLane.open(journal, shard);
    lane.prepare(recordsPerShard * ORDERS_PER_RECORD);
    for (let record = 0; record < recordsPerShard; record++) await lane.append(ORDERS_PER_RECORD);
  });
  await Promise.all(shards);
  return SHARDS * (recordsPerShard + 2);
}

type FeedOptions = Omit<Parameters<NatsBenchJournal['feed']>[0], 'ackWaitMs'>;

async function drained(
  place: NatsPlace,
  journal: NatsBenchJournal,
  options: FeedOptions,
  count: number,
): Promise<Sum> {
  const meter = new Meter(place);
  const from = await journal.feed({ ...options, ackWaitMs: ACK_WAIT_MS });
  for (let came = 0; came < count;) {
    const { records } = await from.pull(RECORDS_PER_PULL);
    from.ack(records.map(({ sequence }) => sequence));
    came += records.length;
  }
  const sum = meter.sum(count);
  await from.close();
  return sum;
}

async function projectedOf(
  place: NatsPlace,
  journal: NatsBenchJournal,
  options: FeedOptions,
  count: number,
  connection: PostgresConnection,
): Promise<Sum> {
  const from = await journal.feed({ ...options, ackWaitMs: ACK_WAIT_MS });
  const projected = new Projected(from, connection, { recordsPerPull: RECORDS_PER_PULL });
  try {
    // The thread has begun, and its statements are prepared.
    const first = await projected.until(1);
    const meter = new Meter(place);
    await projected.until(count);
    return meter.sum(count - first);
  } finally {
    await projected.stop();
  }
}

/** And the tables are empty again. */
async function missingRows(pool: Pool, records: number): Promise<number> {
  const { rows } = await pool.query<{ count: string }>('SELECT count(*) FROM doorbuster.orders');
  await pool.query(
    'TRUNCATE doorbuster.orders, doorbuster.products, doorbuster.stock_movements, doorbuster.positions',
  );
  return Math.abs(Number(rows[0]!.count) - (records - 2 * SHARDS) * ORDERS_PER_RECORD);
}

class Meter {
  readonly #place: NatsPlace;
  readonly #serverBefore: number;
  readonly #cpuBefore = process.cpuUsage();
  readonly #startedAt = performance.now();

  constructor(place: NatsPlace) {
    this.#place = place;
    this.#serverBefore = place.serverCpuMicros();
  }

  sum(records: number): Sum {
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    return {
      records,
      elapsedMs: performance.now() - this.#startedAt,
      clientMicros: user + system,
      serverMicros: this.#place.serverCpuMicros() - this.#serverBefore,
    };
  }
}

function add(sums: Map<string, Sum>, name: string, part: Sum): void {
  const sum = { ...(sums.get(name) ?? NOTHING) };
  for (const figure of ['records', 'elapsedMs', 'clientMicros', 'serverMicros'] as const)
    sum[figure] += part[figure];
  sums.set(name, sum);
}

const rate = ({ records, elapsedMs }: Sum): number => Math.round(records / (elapsedMs / 1_000));

function figuresOf(sums: ReadonlyMap<string, Sum>): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const [name, sum] of sums) {
    figures[`recordsPerSecond${name}`] = rate(sum);
    figures[`clientCpuMicrosPerRecord${name}`] = round(sum.clientMicros / sum.records);
    figures[`serverCpuMicrosPerRecord${name}`] = round(sum.serverMicros / sum.records);
  }
  return figures;
}
