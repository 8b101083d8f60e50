// A record of the journal that is damaged, with more records of its shard behind it than the feed hands out at once: the
// orders of other shards go on reaching Postgres, and after a repair and a start those of this one do, too.

import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { tokenOf } from '../harness/crowd.ts';
import { dataFiles } from '../../src/runtime/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { shardOf, writeJournal } from '../harness/journal-file.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { ScriptedJournal } from '../persistence/scripted-journal.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';

const [STUCK, OTHER] = ['sku-stuck', 'sku-other'];
const FOLLOWERS = 60;
const DAMAGED = 2;
const settings = { FEED_IN_FLIGHT_MAX: '10', PROJECTION_RECORDS_MAX: '5', WORKERS: '1' };
const dataDir = temporaryFolder();
let database: Database;
let engine: Engine;

const start = (): Promise<Engine> =>
  Engine.start({ dataDir, demo: false, env: { ...settings, DATABASE_URL: database.url } });

afterAll(async () => {
  await engine?.remove();
  await database?.drop();
});

const audit = async (): Promise<Report> =>
  (await engine.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN })).body;

const metrics = async (): Promise<string> => (await engine.call<string>('GET', '/metrics')).body;

function turnABit(): void {
  const database = new DatabaseSync(dataFiles(dataDir).journal);
  const { bytes } = database.prepare('SELECT bytes FROM records WHERE sequence = ?').get(DAMAGED) as {
    bytes: Uint8Array;
  };
  bytes[bytes.length - 1]! ^= 1;
  database.prepare('UPDATE records SET bytes = ? WHERE sequence = ?').run(bytes, DAMAGED);
  database.close();
}

test('orders of other shards reach Postgres, and the shard is named with its record', async () => {
  expect(shardOf(STUCK)).not.toBe(shardOf(OTHER));
  const journal = new ScriptedJournal(shardOf);
  journal.append(shardOf(STUCK));
  journal.configure(STUCK, { holdSeconds: 0 });
  journal.loadStock(STUCK, 1_000);
  journal.append(shardOf(STUCK));
  for (let number = 0; number < FOLLOWERS; number++) {
    journal.reserve(STUCK, `customer ${number}`, 'key');
    journal.append(shardOf(STUCK));
  }
  database = await createNodeDatabase();
  writeJournal(dataDir, journal);
  turnABit();
  engine = await start();
  await engine.product(OTHER);
  const token = tokenOf('ada');
  expect((await engine.buy(token, OTHER, 'key')).status).toBe(201);
  await waitUntil('the order is in Postgres', async () => {
    const { body } = await engine.call<{ orders: unknown[] }>('GET', '/v1/orders', { token });
    return body.orders.length === 1;
  });
  const name = `doorbuster_projection_set_aside{shard="${shardOf(STUCK)}"} ${DAMAGED}`;
  await waitUntil('the metric names it', async () => (await metrics()).includes(name));
  expect(await metrics()).toContain('doorbuster_projection_state{state="incomplete"} 1');
  const told = engine.output.match(/^.*the projection stands still for this shard.*$/gm);
  expect(told).toHaveLength(1);
  expect(JSON.parse(told?.[0] ?? '{}')).toMatchObject({ shard: shardOf(STUCK), record: DAMAGED });
});

test('the audit names it, too', async () => {
  const { ok, violations, figures } = await audit();
  expect(ok).toBe(false);
  expect(violations.map(({ what }) => what)).toContainEqual(
    expect.stringContaining(`record ${DAMAGED} of shard ${shardOf(STUCK)} is damaged`),
  );
  expect(figures.rows).toBe(1);
});

test('after a repair and a start everything is in Postgres', async () => {
  expect(await engine.stop()).toBe(0);
  turnABit();
  engine = await start();
  await waitUntil('all rows are there', async () => (await audit()).figures.rows === FOLLOWERS + 1);
  expect(await audit()).toMatchObject({ ok: true, violations: [], figures: { recordsNotProjected: 0 } });
  expect(await metrics()).not.toContain('doorbuster_projection_set_aside{');
});
