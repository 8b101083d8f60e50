// One thing is wrong, planted by hand: a row, a record, an event, a unit. The audit finds it and names it.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeRecord, encodeRecord, orderIdText, type Event } from '../../src/actors/index.ts';
import { audit, type AuditReport } from '../../src/audit.ts';
import { Projection } from '../../src/persistence/index.ts';
import { dataFiles } from '../../src/runtime/index.ts';
import { sumOf } from '../../src/runtime/sqlite/record-rows.ts';
import { temporaryFolder } from '../harness/engine.ts';
import { shardOf, writeJournal } from '../harness/journal-file.ts';
import { empty, openEmptyPool, SERVER_MS_MAX } from '../persistence/postgres-kinds.ts';
import { ScriptedJournal } from '../persistence/scripted-journal.ts';
import { createEmptyDatabase, type Database } from '../servers/node-database.ts';

const SKU = 'sku';
const SHARD = shardOf(SKU);
const LOADED = 100;
/** Records of the sale, by what is in them. */
const [CLAIM, OPENING, PURCHASES, PAYMENTS, LAST] = [1, 2, 3, 4, 5];

const journal = new ScriptedJournal(shardOf);
journal.append(SHARD);
journal.configure(SKU, { holdSeconds: 600 });
journal.loadStock(SKU, LOADED);
journal.append(SHARD);
const [ada, bob, eve] = ['ada', 'bob', 'eve'].map((customer) => journal.reserve(SKU, customer, 'key', 2)!);
journal.append(SHARD);
journal.pay(SKU, ada!);
journal.cancel(SKU, bob!);
journal.append(SHARD);
journal.reserve(SKU, 'zoe', 'key');
journal.append(SHARD);
const stock = { ...journal.products.get(SKU)!.stock };

const whole = temporaryFolder();
const planted = temporaryFolder();
let database: Database;
let pool: Pool;

beforeAll(async () => {
  writeJournal(whole, journal);
  database = await createEmptyDatabase();
  pool = await openEmptyPool(database.connection);
}, SERVER_MS_MAX);
afterAll(async () => {
  await pool?.end();
  await database?.drop();
  for (const folder of [whole, planted]) rmSync(folder, { recursive: true, force: true });
}, SERVER_MS_MAX);

/** Audits a copy of the sale with something changed in it. */
async function audited({
  sql,
  change,
  live,
}: { sql?: string; change?: (file: DatabaseSync) => void; live?: typeof stock } = {}): Promise<AuditReport> {
  await empty(pool);
  await new Projection(pool).apply(journal.records);
  if (sql !== undefined) expect((await pool.query(sql)).rowCount, sql).toBe(1);
  rmSync(planted, { recursive: true, force: true });
  cpSync(whole, planted, { recursive: true });
  const files = dataFiles(planted);
  if (change !== undefined) {
    const database = new DatabaseSync(files.journal);
    change(database);
    database.close();
  }
  return audit({
    ...files,
    archives: join(planted, 'archives'),
    connection: database.connection,
    live: live ? [{ shard: SHARD, sequence: LAST, stock: new Map([[SKU, live]]) }] : [],
  });
}

/** Other events in a record, with the sum that belongs to them: only its meaning is wrong. */
const rewrite =
  (sequence: number, edit: (events: Event[]) => Event[]) =>
  (file: DatabaseSync): void => {
    const { bytes } = file.prepare('SELECT bytes FROM records WHERE sequence = ?').get(sequence) as {
      bytes: Uint8Array;
    };
    const { events, ...header } = decodeRecord(bytes);
    const forged = encodeRecord(header, edit([...events]));
    const crc = sumOf({ sequence, shard: SHARD, bytes: forged });
    file.prepare('UPDATE records SET bytes = ?, crc = ? WHERE sequence = ?').run(forged, crc, sequence);
  };

const execute =
  (sql: string) =>
  (file: DatabaseSync): void =>
    file.exec(sql);

const moreUnits = (event: Event): Event =>
  'quantity' in event ? { ...event, quantity: event.quantity + 1 } : event;

test('without a difference it finds none', async () => {
  const report = await audited({ live: stock });
  expect(report.violations).toEqual([]);
  expect(report.figures).toMatchObject({ orders: 4, rows: 4, recordsNotProjected: 0, unitsLoaded: LOADED });
});

test.each<[string, string, RegExp]>([
  ['a missing row', `DELETE FROM doorbuster.orders WHERE customer_id = 'ada'`, /order \w{26} has no row/],
  [
    'an extra row',
    `INSERT INTO doorbuster.orders SELECT '${'0'.repeat(26)}', product_id, 'nobody', idempotency_key, quantity, unit_amount,
       currency, status, created_at, hold_expires_at, version, shard FROM doorbuster.orders WHERE customer_id = 'ada'`,
    /row 0{26} has no journal event/,
  ],
  [
    'one unit in a row',
    `UPDATE doorbuster.orders SET quantity = quantity + 1 WHERE customer_id = 'ada'`,
    /order \w{26}: Postgres says quantity = 3, the journal 2/,
  ],
  [
    'another status in a row',
    `UPDATE doorbuster.orders SET status = 'reserved' WHERE customer_id = 'ada'`,
    /order \w{26}: Postgres says status = reserved, the journal paid/,
  ],
  [
    'another customer in a row',
    `UPDATE doorbuster.orders SET customer_id = 'mallory' WHERE customer_id = 'ada'`,
    /Postgres says customerId = mallory, the journal ada/,
  ],
  [
    'one cent in a row',
    `UPDATE doorbuster.orders SET unit_amount = unit_amount + 1 WHERE customer_id = 'ada'`,
    /Postgres says unitAmount = 19901, the journal 19900/,
  ],
  [
    'a product row that is missing',
    `DELETE FROM doorbuster.products WHERE id = '${SKU}'`,
    /product sku has no row/,
  ],
  [
    'a product row with another limit',
    `UPDATE doorbuster.products SET per_customer_limit = per_customer_limit + 1`,
    /product sku: Postgres says perCustomerLimit = 6, the journal 5/,
  ],
  [
    'one unit in a stock movement',
    `UPDATE doorbuster.stock_movements SET quantity = quantity + 1`,
    /stock movement load-100 of sku: Postgres says quantity = 101, the journal 100/,
  ],
  [
    'a stock movement that is missing',
    `DELETE FROM doorbuster.stock_movements`,
    /stock movement load-100 of sku has no row/,
  ],
])('%s in Postgres is found and named', async (_, sql, what) => {
  const { ok, violations } = await audited({ sql });
  expect(ok).toBe(false);
  expect(violations).toEqual([{ invariant: 3, what: expect.stringMatching(what) }]);
});

test.each<[string, (file: DatabaseSync) => void, RegExp]>([
  [
    'a byte of a record',
    execute(
      `UPDATE records SET bytes = CAST(substr(bytes, 1, 40) || x'00' || substr(bytes, 42) AS BLOB) WHERE sequence = ${PURCHASES}`,
    ),
    /record 3 of shard \d+ is damaged: the sum of its bytes/,
  ],
  [
    'a lost record',
    execute(`DELETE FROM records WHERE sequence = ${PAYMENTS}`),
    /record 5 of shard \d+.* follows 4, but 3/,
  ],
  [
    'a lost first record',
    execute(`DELETE FROM records WHERE sequence = ${CLAIM}`),
    /record 2 of shard \d+ names 1 before it, not 0/,
  ],
  [
    'a lost newest record',
    execute(`DELETE FROM records WHERE sequence = ${LAST}`),
    /the mark beside the journal knows shard \d+ up to record 5, but .* is 4: .* at least 1 and at most 1/,
  ],
  [
    'an event with one unit more',
    rewrite(PURCHASES, ([first, ...rest]) => [moreUnits(first!), ...rest]),
    /order \w{26}: Postgres says quantity = 2, the journal 3/,
  ],
  [
    'a load of one unit more',
    rewrite(OPENING, ([configured, loaded]) => [configured!, moreUnits(loaded!)]),
    /stock movement load-100 of sku: Postgres says quantity = 100, the journal 101/,
  ],
  [
    'a lost order',
    rewrite(PURCHASES, (events) => events.slice(0, 2)),
    new RegExp(`row ${orderIdText(eve!)} has no journal event`),
  ],
  [
    'a lost payment',
    rewrite(PAYMENTS, (events) => events.slice(1)),
    new RegExp(`order ${orderIdText(ada!)}: Postgres says status = paid, the journal reserved`),
  ],
  [
    'a lost cancellation',
    rewrite(PAYMENTS, (events) => events.slice(0, 1)),
    new RegExp(`order ${orderIdText(bob!)}: Postgres says status = cancelled, the journal reserved`),
  ],
  [
    'an order that nobody made',
    rewrite(LAST, ([zoe]) => [
      zoe!,
      { ...zoe!, orderId: `${eve!.slice(0, 15)}!`, requestKey: ada! } as Event,
    ]),
    /order \w{26} has no row/,
  ],
])('%s in the journal is found and named', async (_, change, what) => {
  const { ok, violations } = await audited({ change, live: stock });
  expect(ok).toBe(false);
  expect(violations.map((violation) => violation.what)).toContainEqual(expect.stringMatching(what));
});

test.each(['available', 'reserved', 'sold', 'withdrawn', 'loaded'] as const)(
  'one unit too many %s in the live actor is found and named',
  async (field) => {
    const { ok, violations } = await audited({ live: { ...stock, [field]: stock[field] + 1 } });
    expect(ok).toBe(false);
    const what = `stock of sku: the actor says ${field} = ${stock[field] + 1}, the journal ${stock[field]}`;
    expect(violations).toEqual([{ invariant: 7, what }]);
  },
);
