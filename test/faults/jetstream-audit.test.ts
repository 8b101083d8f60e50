// The audit of a journal on NATS: clean without a difference, and each thing that is planted is found and named.

import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { decodeRecord, encodeRecord, keyOf } from '../../src/actors/index.ts';
import { audit, type AuditReport } from '../../src/audit.ts';
import { Projection } from '../../src/persistence/index.ts';
import {
  JetStreamRecords,
  restore,
  systemTimers,
  type CheckedRecord,
  type JetStreamNames,
} from '../../src/runtime/index.ts';
import { JetStreamBench } from '../harness/jetstream-bench.ts';
import { doorbuster } from '../node/command.ts';
import { empty, openEmptyPool, SERVER_MS_MAX } from '../persistence/postgres-kinds.ts';
import { ScriptedJournal } from '../persistence/scripted-journal.ts';
import { createEmptyDatabase, type Database } from '../servers/node-database.ts';

const SKUS = ['sku', 'other'];
const shardOf = (productId: string): number => SKUS.indexOf(productId) + 1;
const SHARD = 1;

const journal = new ScriptedJournal(shardOf);
for (const sku of SKUS) {
  journal.append(shardOf(sku));
  journal.configure(sku, { holdSeconds: 600 });
  journal.loadStock(sku, 100);
  journal.append(shardOf(sku));
}
for (const customer of ['ada', 'bob', 'eve']) {
  for (const sku of SKUS) journal.reserve(sku, customer, 'key');
  for (const sku of SKUS) journal.append(shardOf(sku));
}

const nats = new JetStreamBench();
let database: Database;
let pool: Pool;

beforeAll(async () => {
  database = await createEmptyDatabase();
  pool = await openEmptyPool(database.connection);
}, SERVER_MS_MAX);
afterEach(() => nats.closeLinks());
afterAll(async () => {
  await pool?.end();
  await database?.drop();
  await nats.stop();
}, SERVER_MS_MAX);

/** The sale in a stream of its own, and in Postgres. */
async function sold(): Promise<JetStreamNames> {
  const names = await nats.stream();
  const written = await nats.journal(names);
  for (const { shard, sequence, bytes } of journal.records) {
    const { previous } = decodeRecord(bytes);
    const result = await written.append(shard, Uint8Array.from(bytes), previous);
    if (result.kind !== 'appended' || result.sequence !== sequence) throw new Error(`record ${sequence}`);
  }
  await empty(pool);
  await new Projection(pool).apply(journal.records);
  return names;
}

const prefixOf = ({ journalStream }: JetStreamNames): string => journalStream.replace('-journal', '');

async function urls(): Promise<string[]> {
  const { servers, user, pass } = (await nats.cluster).connection;
  return servers.map((server) => `nats://${user}:${pass}@${server}`);
}

async function audited(names: JetStreamNames): Promise<AuditReport> {
  const { connection } = database;
  return audit({
    kind: 'jetstream',
    servers: await urls(),
    prefix: prefixOf(names),
    staleMs: 300,
    connection,
    live: [...journal.products].map(([id, { stock }]) => ({
      shard: shardOf(id),
      sequence: journal.records.findLast(({ shard }) => shard === shardOf(id))!.sequence,
      stock: new Map([[id, stock]]),
    })),
  });
}

/** As somebody who does not keep to the expectation. */
async function publish(names: JetStreamNames, shard: number, bytes: Uint8Array): Promise<void> {
  const { connection } = await nats.link();
  await connection.request(names.journalOf(shard), bytes, { timeout: 10_000 });
}

const violationsOf = ({ violations }: AuditReport): string => violations.map(({ what }) => what).join('\n');

test('without a difference it finds none, with the live actors, Postgres and a snapshot', async () => {
  const names = await sold();
  const snapshots = await nats.snapshots(names);
  const ports = { journal: await nats.journal(names), timers: systemTimers };
  const { sequence } = (await ports.journal.head(SHARD))!;
  const state = await restore(SHARD, sequence, ports);
  await snapshots.write({ shard: SHARD, sequence, epoch: state.position.epoch }, state.snapshot());
  const report = await audited(names);
  expect(report.violations).toEqual([]);
  expect(report.unseen).toEqual([]);
  expect(report.figures).toMatchObject({ records: 10, orders: 6, rows: 6, recordsNotProjected: 0 });
  const checks = new Map(report.invariants.map(({ invariant, checks: count }) => [invariant, count]));
  expect(checks.get(7)).toBeGreaterThan(0);
  const command = await doorbuster(['audit', '--json'], {
    NATS_URL: (await urls()).join(','),
    NATS_PREFIX: prefixOf(names),
    DATABASE_URL: database.url,
    DATA_DIR: '/nowhere',
  });
  expect(command).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(command.stdout)).toMatchObject({ ok: true, figures: { orders: 6 } });
});

test('a row that is missing in Postgres is found', async () => {
  const names = await sold();
  const { rowCount } = await pool.query(
    `DELETE FROM doorbuster.orders WHERE customer_id = 'ada' AND product_id = 'sku'`,
  );
  expect(rowCount).toBe(1);
  expect(violationsOf(await audited(names))).toMatch(/^order \w{26} has no row$/m);
});

test('a record that somebody appended without the expectation is found', async () => {
  const names = await sold();
  const foreign = {
    shard: SHARD,
    epoch: 9,
    owner: keyOf('mallory'),
    number: 0,
    previous: 3,
    revision: 0,
    at: 0,
  };
  await publish(names, SHARD, encodeRecord(foreign, []));
  expect(violationsOf(await audited(names))).toMatch(
    /^record 11 of shard 1: .* follows 3, but \d+ is before it/m,
  );
});

test('what is no record, or of another shard, is found', async () => {
  const names = await sold();
  await publish(names, SHARD, new TextEncoder().encode('no record'));
  await publish(names, 2, journal.records[0]!.bytes);
  const found = violationsOf(await audited(names));
  expect(found).toMatch(/^record 11 of shard 1 is damaged: record version/m);
  expect(found).toMatch(/^record 12 of shard 2 is damaged: it says that it is of shard 1/m);
});

test('an order that was accepted twice is found', async () => {
  const names = await sold();
  const head = journal.records.findLast(({ shard }) => shard === SHARD)!;
  const {
    events,
    steps: _,
    ...header
  } = decodeRecord(head.bytes) as ReturnType<typeof decodeRecord> & {
    steps?: unknown;
  };
  const twice = { ...header, number: header.number + 1, previous: head.sequence };
  await publish(names, SHARD, encodeRecord(twice, events));
  const { ok, violations } = await audited(names);
  expect(ok).toBe(false);
  expect(violations.map(({ invariant }) => invariant)).toContain(4);
});

test('records that Postgres knows and the journal does not are found, after the leader was asked again', async () => {
  const names = await sold();
  const sequence = 1_000;
  await pool.query('UPDATE doorbuster.positions SET sequence = $1 WHERE shard = $2', [sequence, SHARD]);
  expect(violationsOf(await audited(names))).toMatch(
    /^Postgres has shard 1 up to record 1000, but the journal’s newest record of that shard is \d+/m,
  );
});

test('a server that lags behind does not hide a record: the leader says what comes next', async () => {
  const names = await sold();
  const link = await nats.link();
  const lagging = Object.create(link, {
    many: {
      value: async (subject: string, payload: string, timeMs: number) => {
        const all = await link.many(subject, payload, timeMs);
        return all.filter((_, at) => at !== 2);
      },
    },
    whileUp: { value: link.whileUp.bind(link) },
    connection: { value: link.connection },
  }) as typeof link;
  const records: CheckedRecord[] = [];
  for await (const piece of new JetStreamRecords({ link: lagging, names, timers: systemTimers }).behind(0, 0))
    records.push(...piece);
  expect(records.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
