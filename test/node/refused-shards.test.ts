// A journal that lost the end of its write-ahead log: SQLite would go on with what is left. The shard that lost an order is
// refused by name, whoever knows of it, and the others sell.

import { copyFileSync, cpSync, existsSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import type { NodeShard } from '../../src/http/index.ts';
import { dataFiles, markPathOf } from '../../src/runtime/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { tokenOf } from '../harness/crowd.ts';
import { shardOf } from '../harness/journal-file.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import { doorbuster } from './command.ts';
import { emptyPostgres } from './empty-postgres.ts';

const [WHOLE, CUT] = ['sku-whole', 'sku-cut'];
const dataDir = temporaryFolder();
const { journal } = dataFiles(dataDir);
const wal = `${journal}-wal`;
const mark = markPathOf(journal);
const kept = (path: string): string => `${path}.kept`;
const admin = { token: ADMIN_TOKEN };
let database: Database;
let engine: Engine;

const start = (): Promise<Engine> =>
  Engine.start({ dataDir, demo: false, env: { WORKERS: '1', DATABASE_URL: database.url } });

beforeAll(async () => {
  database = await createNodeDatabase();
});
afterAll(async () => {
  await engine?.remove();
  await database?.drop();
});

async function shard(productId: string): Promise<NodeShard> {
  const { body } = await engine.call<{ shards: NodeShard[] }>('GET', '/v1/admin/shards', admin);
  return body.shards[shardOf(productId)]!;
}

const audit = async (): Promise<Report> => (await engine.call<Report>('GET', '/v1/admin/audit', admin)).body;

const buy = async (productId: string, customer: string): Promise<number> =>
  (await engine.buy(tokenOf(customer), productId, 'key')).status;

/** The folder as a kill left it, with the end of the log cut off. */
function restoreCut(bytes: number): void {
  for (const path of [journal, wal, mark]) copyFileSync(kept(path), path);
  rmSync(`${journal}-shm`, { force: true });
  truncateSync(wal, bytes);
}

let bytesBefore = 0;

test('an order whose record is cut off is missed by the mark and by Postgres, each by name', async () => {
  expect(shardOf(WHOLE)).not.toBe(shardOf(CUT));
  engine = await start();
  await engine.product(WHOLE);
  await engine.product(CUT);
  expect(await buy(WHOLE, 'ada')).toBe(201);
  expect((await audit()).violations).toEqual([]);
  bytesBefore = statSync(wal).size;
  expect(await buy(CUT, 'bob')).toBe(201);
  // Waits until Postgres has it.
  expect((await audit()).figures.rows).toBe(2);
  await engine.kill();
  for (const path of [journal, wal, mark]) cpSync(path, kept(path));

  restoreCut(bytesBefore);
  engine = await start();
  const { phase, reason } = await shard(CUT);
  expect(phase).toBe('refused');
  const name = `shard ${shardOf(CUT)} up to record`;
  expect(reason).toContain(`the mark beside the journal knows ${name}`);
  expect(reason).toContain(`Postgres has ${name}`);
  expect(engine.output).toContain('this shard is refused');
});

test('its products are not sold, those of other shards are', async () => {
  expect(await buy(CUT, 'carol')).toBe(503);
  expect(await shard(WHOLE)).toMatchObject({ phase: 'open', reason: null });
  expect(await buy(WHOLE, 'carol')).toBe(201);
});

test('the list of shards says it below a table that fits a terminal', async () => {
  const { stdout } = await doorbuster(['shards', '--data-dir', dataDir]);
  const reason = `\n\nshard ${shardOf(CUT)} is refused: the mark beside the journal knows`;
  expect(stdout).toContain(reason);
  const table = stdout.slice(0, stdout.indexOf(reason));
  expect(table).toMatch(new RegExp(`^ *${shardOf(CUT)} .*refused`, 'm'));
  expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('the audit says it, too', async () => {
  const report = await audit();
  expect(report.ok).toBe(false);
  const name = `shard ${shardOf(CUT)} up to record`;
  expect(report.violations).toContainEqual({
    invariant: 6,
    what: expect.stringContaining(`the mark beside the journal knows ${name}`),
  });
  expect(report.violations).toContainEqual({
    invariant: 3,
    what: expect.stringContaining(`Postgres has ${name}`),
  });
});

test('it stays refused from start to start, and nothing was appended to it', async () => {
  const before = await shard(CUT);
  await engine.kill();
  engine = await start();
  expect(await shard(CUT)).toEqual(before);
  expect(await shard(WHOLE)).toMatchObject({ phase: 'open' });
});

test('without the mark Postgres alone says it', async () => {
  await engine.kill();
  restoreCut(bytesBefore);
  rmSync(mark);
  engine = await start();
  expect(engine.output).toContain('the journal had no mark beside it');
  const { phase, reason } = await shard(CUT);
  expect(phase).toBe('refused');
  expect(reason).toMatch(/^Postgres has shard/);
});

test('without Postgres the mark alone says it', async () => {
  await engine.kill();
  restoreCut(bytesBefore);
  await emptyPostgres(database.connection);
  engine = await start();
  const { phase, reason } = await shard(CUT);
  expect(phase).toBe('refused');
  expect(reason).toMatch(/^the mark beside the journal knows shard/);
  expect(reason).not.toContain('Postgres');
});

test('with the whole log back in its place all shards sell, and the order is there', async () => {
  await engine.kill();
  restoreCut(statSync(kept(wal)).size);
  await emptyPostgres(database.connection);
  engine = await start();
  expect(await shard(CUT)).toMatchObject({ phase: 'open' });
  await waitUntil('all rows are back', async () => (await audit()).figures.rows === 2);
  expect((await audit()).violations).toEqual([]);
  expect(await buy(CUT, 'carol')).toBe(201);
});

test('a journal that is gone, or another, is refused by the mark with what to do', async () => {
  await engine.kill();
  for (const path of [journal, wal]) renameSync(path, `${path}.away`);
  rmSync(`${journal}-shm`, { force: true });
  await expect(start()).rejects.toThrow(/is journal [0-9a-f-]{36}, which acknowledged orders/);
  expect(existsSync(journal)).toBe(false);
  for (const path of [journal, wal]) renameSync(`${path}.away`, path);
  truncateSync(mark, 100);
  await expect(start()).rejects.toThrow(/journal\.mark is damaged, both copies in it/);
});
