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

function withByte(record: StoredRecord, at: number, byte: number): StoredRecord {
  const bytes = Uint8Array.from(record.bytes);
  bytes[at < 0 ? bytes.length + at : at] = byte;
  return { ...record, bytes };
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

  test('in a rush, what gathered is worked off before more gathers, in however small pieces it comes', async () => {
    feed = new MemoryFeed({ pieceMax: 5 });
    const { records } = fiveShardSale(20);
    feed.add(records);
    let gatherings = 0;
    // Each gathering ends when it is asked for the first time.
    const pump = startPump({ isRush: () => ++gatherings < 0 });
    await waitUntil(
      'all acknowledged, and the next ones gather',
      () => feed.open === 0 && gatherings > 0,
      () => pump.stats(),
    );
    expect(records.length).toBeGreaterThan(50);
    expect(gatherings).toBe(1);
  });

  test('in a rush, what gathered is worked off at once, also when the feed hands out fewer than a pull', async () => {
    feed = new MemoryFeed({ handedOutMax: 10, waitMs: 60_000 });
    const { records } = fiveShardSale(20);
    feed.add(records);
    let gatherings = 0;
    const pump = startPump({ isRush: () => ++gatherings < 0, recordsInFlightMax: 10 });
    await waitUntil(
      'all acknowledged, and the next ones gather',
      () => feed.open === 0 && gatherings > 0,
      () => pump.stats(),
    );
    expect(records.length).toBeGreaterThan(50);
    expect(gatherings).toBe(1);
  });

  test('when the feed has no more the next ones gather, whatever the owners’ clocks say', async () => {
    const { records } = fiveShardSale(5);
    let looks = 0;
    startPump({ isRush: () => ++looks < 0 });
    // Journaled long ago, by the pump's clock.
    for (const [at, record] of records.slice(0, 3).entries()) {
      feed.add([record]);
      await waitUntil('it is acknowledged', () => feed.open === 0);
      await waitUntil('the next ones gather', () => looks === at + 1);
    }
    expect(looks).toBe(3);
  });

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

  describe.each<[string, number, (record: StoredRecord) => StoredRecord & { damage?: string }, RegExp]>([
    [
      'of another version',
      2,
      (record) => withByte(record, 0, 99),
      /^record version 99 is unknown; this is version 1$/,
    ],
    [
      'whose events nobody can read',
      1,
      (record) => withByte(record, -1, 0xc1),
      /^Record 6 of shard 1 cannot/,
    ],
    [
      'that is damaged',
      2,
      (record) => ({ ...record, damage: 'record 6 of shard 1 is damaged: its sum' }),
      /^record 6 of shard 1 is damaged: its sum$/,
    ],
    ['that Postgres does not take', 1, (record) => record, /^Postgres refuses it: .*0x00/],
  ])('a record %s', (kind, workers, spoil, cause) => {
    test('stops nothing but its shard, however many of its records follow, and is told of once', async () => {
      const journal = fiveShardSale(1);
      if (kind === 'that Postgres does not take') journal.reserve('1', 'nul \u0000', 'key');
      const spoiled = spoil(journal.append(1));
      journal.records.pop();
      const before = journal.orders().filter(({ customerId }) => !customerId.startsWith('nul'));
      for (let round = 0; round < 40; round++) {
        journal.reserve('1', `later ${round}`, 'key');
        for (let follower = 0; follower < 3; follower++) journal.append(1);
        journal.now += 10;
        journal.reserve('2', `later ${round}`, 'key');
        journal.append(2);
      }
      const [records, laterOnes] = [journal.records, 40 * 3];
      feed = new MemoryFeed({ handedOutMax: 20 });
      feed.add([...records.slice(0, 5), spoiled, ...records.slice(5)]);
      const pump = startPump({ workers, recordsPerPull: 10 });
      await waitUntil(
        'only that shard is left',
        () => feed.open === laterOnes + 1,
        () => pump.stats(),
      );
      await waitUntil('nothing is in flight', () => pump.stats().inFlight === 0 && feed.handedOut === 0);
      const setAside = [{ shard: 1, sequence: 6 }];
      expect(pump.stats()).toMatchObject({ state: 'incomplete', setAside });
      expect(log.lines).toMatchObject([
        { level: 'error', fields: { shard: 1, record: 6, cause: expect.stringMatching(cause) } },
      ]);
      expect(pump.asOf).toBe(SALE_STARTS_AT + 10);
      expect(pump.caughtUpTo).toBeGreaterThan(SALE_STARTS_AT + 10);
      const others = journal.orders().filter(({ shard }) => shard !== 1);
      const kept = [...before.filter(({ shard }) => shard === 1), ...others];
      expect(withoutVersions((await snapshot(pool)).orders)).toEqual(
        kept.toSorted((one, other) => (one.id < other.id ? -1 : 1)),
      );
    });
  });

  test('a record that the journal lost stops nothing but its shard, when it was waited for', async () => {
    const journal = fiveShardSale(40);
    const [missing] = journal.records.splice(5, 1) as [StoredRecord];
    const blocked = journal.records.filter(
      ({ shard, sequence }) => shard === missing.shard && sequence > missing.sequence,
    );
    feed = new MemoryFeed({ handedOutMax: 20 });
    feed.add(journal.records);
    const pump = startPump({ recordsPerPull: 10, gapMsMax: 0 });
    await waitUntil(
      'only the blocked shard is left',
      () => feed.open === blocked.length && feed.handedOut === 0,
      () => pump.stats(),
    );
    const { shard, sequence } = blocked[0]!;
    expect(pump.stats()).toMatchObject({ state: 'incomplete', setAside: [{ shard, sequence }] });
    expect(log.lines).toMatchObject([{ level: 'error', fields: { shard, record: sequence } }]);
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

  test('a divergence sets its shard aside loudly, once; other shards of its lane go on', async () => {
    const journal = new ScriptedJournal((productId) => (productId === 'sku' ? 0 : 1));
    for (const productId of ['sku', 'other']) {
      journal.configure(productId);
      journal.loadStock(productId, 10);
    }
    const order = journal.reserve('sku', 'ann', 'key')!;
    feed.add([journal.append(0), journal.append(1)]);
    const pump = startPump({ workers: 1 });
    await waitUntil('applied', () => feed.open === 0);
    await pool.query('DELETE FROM doorbuster.orders');
    journal.reserve('sku', 'bob', 'key');
    const sound = journal.append(0);
    journal.pay('sku', order);
    const contradicted = journal.append(0);
    journal.reserve('sku', 'cem', 'key');
    const later = journal.append(0);
    journal.reserve('other', 'ann', 'key');
    feed.add([sound, contradicted, later, journal.append(1)]);
    await waitUntil(
      'the others are in',
      () => feed.open === 2,
      () => pump.stats(),
    );
    const { sequence } = contradicted;
    expect(pump.stats()).toMatchObject({ state: 'incomplete', setAside: [{ shard: 0, sequence }] });
    const { orders } = await snapshot(pool);
    const told = orders.map(({ productId, customerId }) => `${productId} ${customerId}`);
    expect(told.toSorted()).toEqual(['other ann', 'sku bob']);
    expect(log.lines).toMatchObject([{ level: 'error', fields: { shard: 0, record: sequence } }]);

    journal.reserve('other', 'bob', 'key');
    feed.add([journal.append(0), journal.append(1)]);
    await waitUntil(
      'the other shard goes on',
      () => feed.open === 3,
      () => pump.stats(),
    );
    expect(log.lines).toHaveLength(1);
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
