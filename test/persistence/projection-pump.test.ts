import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ProjectionPump, type ProjectionPumpOptions } from '../../src/persistence/index.ts';
import type { StoredRecord } from '../../src/runtime/ports.ts';
import { rememberingLog, type Log } from './log.ts';
import { MemoryFeed } from './memory-feed.ts';
import {
  empty,
  openEmptyPool,
  POSTGRES_KINDS,
  SERVER_MS_MAX,
  snapshot,
  withoutVersions,
  type StartedPostgres,
} from './postgres-kinds.ts';
import { fiveShardSale } from './five-shard-sale.ts';
import { SALE_STARTS_AT, ScriptedJournal } from './scripted-journal.ts';
import { waitUntil } from '../harness/wait-until.ts';

function shuffled(records: readonly StoredRecord[]): StoredRecord[] {
  const key = ({ sequence }: StoredRecord): number => (sequence * 7_919) % 104_729;
  return [...records].sort((one, other) => key(one) - key(other));
}

describe.each(POSTGRES_KINDS)('the pump into $kind Postgres', { timeout: SERVER_MS_MAX }, ({ start }) => {
  let postgres: StartedPostgres;
  let pool: Pool;
  let feed: MemoryFeed;
  let log: Log;
  let pumps: ProjectionPump[];

  beforeAll(async () => {
    postgres = await start();
    pool = await openEmptyPool(postgres.connection);
  }, SERVER_MS_MAX);
  afterAll(async () => {
    await pool?.end();
    await postgres?.stop();
  }, SERVER_MS_MAX);
  beforeEach(async () => {
    await empty(pool);
    feed = new MemoryFeed();
    log = rememberingLog();
    pumps = [];
  });
  afterEach(async () => {
    await Promise.all(pumps.map((pump) => pump.stop()));
  });

  function startPump(options: Partial<ProjectionPumpOptions> = {}): ProjectionPump {
    const pump = new ProjectionPump({
      feed,
      connection: postgres.connection,
      workers: 2,
      logger: log,
      ...options,
    });
    pumps.push(pump);
    pump.start();
    return pump;
  }

  test('every record ends in Postgres and is acknowledged', async () => {
    const journal = fiveShardSale(60);
    feed.add(journal.records);
    const pump = startPump();
    await waitUntil(
      'all acknowledged',
      () => feed.open === 0,
      () => pump.stats(),
    );
    expect(withoutVersions((await snapshot(pool)).orders)).toEqual(journal.orders());
    expect(pump.stats()).toMatchObject({
      applied: journal.records.length,
      failures: 0,
      inFlight: 0,
      bytesInFlight: 0,
      lastRecordAt: journal.now,
      state: 'working',
    });
    expect(log.lines).toEqual([]);
  });

  test('records in any order, in small pulls, by two pumps, make the same rows', async () => {
    const journal = fiveShardSale(20);
    feed.add(shuffled(journal.records));
    const pumps = [startPump({ recordsPerPull: 20 }), startPump({ recordsPerPull: 15, workers: 1 })];
    await waitUntil(
      'all acknowledged',
      () => feed.open === 0,
      () => pumps.map((pump) => pump.stats()),
    );
    expect(withoutVersions((await snapshot(pool)).orders)).toEqual(journal.orders());
    expect(feed.naks).toBeGreaterThan(0);
  });

  test('a record handed out again while it is in flight is applied once', async () => {
    const journal = fiveShardSale(40);
    feed = new MemoryFeed({ answerMsMax: 1 });
    feed.add(journal.records);
    const pump = startPump();
    await waitUntil(
      'all acknowledged',
      () => feed.open === 0,
      () => pump.stats(),
    );
    expect(pump.stats()).toMatchObject({ applied: journal.records.length, duplicates: 0 });
  });

  test('a gap is waited for, and everything else goes on', async () => {
    const journal = fiveShardSale(10);
    const [missing] = journal.records.splice(5, 1) as [StoredRecord];
    feed.add(journal.records);
    const pump = startPump();
    const blocked = journal.records.filter(
      ({ shard, sequence }) => shard === missing.shard && sequence > missing.sequence,
    );
    await waitUntil(
      'only the blocked shard is left',
      () => feed.open === blocked.length,
      () => pump.stats(),
    );
    expect(pump.asOf).toBeLessThan(journal.now);
    feed.add([missing]);
    await waitUntil(
      'all acknowledged',
      () => feed.open === 0,
      () => pump.stats(),
    );
    expect(withoutVersions((await snapshot(pool)).orders)).toEqual(journal.orders());
  });

  test('a record that this version cannot read holds up nothing but its shard, and is told of once', async () => {
    const journal = fiveShardSale(10);
    const unreadable = journal.records[0]!;
    const bytes = Uint8Array.from(unreadable.bytes);
    bytes[0] = 99;
    feed.add([{ ...unreadable, bytes }, ...journal.records.slice(1)]);
    const pump = startPump();
    const blocked = journal.records.filter(({ shard }) => shard === unreadable.shard);
    await waitUntil(
      'only that shard is left',
      () => feed.open === blocked.length,
      () => pump.stats(),
    );
    await waitUntil(
      'it was tried again',
      () => pump.stats().failures > 2,
      () => pump.stats(),
    );
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  test('what is in flight is bounded, in records and in bytes', async () => {
    const journal = fiveShardSale(100);
    feed.add(journal.records);
    const bytesMost = Math.max(...journal.records.map(({ bytes }) => bytes.length));
    const pump = startPump({ recordsPerPull: 10, bytesPerTaskMax: bytesMost * 5 });
    let bytesInFlightMost = 0;
    await waitUntil('all acknowledged', () => {
      bytesInFlightMost = Math.max(bytesInFlightMost, pump.stats().bytesInFlight);
      return feed.open === 0;
    });
    expect(feed.handedOutMost).toBeLessThanOrEqual(40);
    expect(bytesInFlightMost).toBeLessThanOrEqual(bytesMost * 5 * 4 + bytesMost);
  });

  test('a divergence stops the lane loudly, once, and acknowledges nothing of it', async () => {
    const journal = new ScriptedJournal();
    journal.configure('sku');
    journal.loadStock('sku', 10);
    const order = journal.reserve('sku', 'ann', 'key')!;
    feed.add([journal.append()]);
    const pump = startPump();
    await waitUntil('applied', () => feed.open === 0);
    await pool.query('DELETE FROM doorbuster.orders');
    journal.pay('sku', order);
    feed.add([journal.append()]);
    await waitUntil(
      'tried more than once',
      () => pump.stats().failures > 2,
      () => pump.stats(),
    );
    expect(pump.stats().state).toBe('diverged');
    expect(feed.open).toBe(1);
    expect(log.lines).toMatchObject([{ level: 'error' }]);
  });

  test('asOf is the time of the oldest record on its way, and the present when there is none', async () => {
    let now = SALE_STARTS_AT;
    const pump = startPump({ clock: { now: () => now } });
    expect(pump.asOf).toBe(0);
    await waitUntil('an empty pull', () => pump.asOf === now);
    now += 5_000;
    await waitUntil('the next empty pull', () => pump.asOf === now);

    const lock = await pool.connect();
    await lock.query('BEGIN');
    await lock.query('LOCK TABLE doorbuster.positions');
    const journal = fiveShardSale(5);
    feed.add(journal.records);
    await waitUntil(
      'in flight',
      () => pump.stats().inFlight === journal.records.length,
      () => pump.stats(),
    );
    now += 5_000;
    expect(pump.asOf).toBe(SALE_STARTS_AT + 10);
    await lock.query('COMMIT');
    lock.release();
    await waitUntil(
      'drained',
      () => pump.asOf === now,
      () => pump.asOf,
    );
  });

  test('stop finishes what is in flight and gives the rest back', async () => {
    const journal = fiveShardSale(200);
    feed.add(journal.records);
    const pump = startPump({ recordsPerPull: 20 });
    await waitUntil('under way', () => feed.acknowledged.size > 0);
    await pump.stop();
    expect(feed.handedOut).toBe(0);
    const applied = new Map((await snapshot(pool)).positions.map(({ shard, sequence }) => [shard, sequence]));
    const inRows = journal.records.filter(({ shard, sequence }) => sequence <= (applied.get(shard) ?? 0));
    expect(new Set(inRows.map(({ sequence }) => sequence))).toEqual(feed.acknowledged);
  });
});
