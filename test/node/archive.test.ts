// The journal of a sale that is over: archived, done without, asked for again, and put back, by a real node and the command
// line beside it.

import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditReport } from '../../src/audit.ts';
import type { Archived, ArchiveResult } from '../../src/archive.ts';
import { openPool } from '../../src/persistence/index.ts';
import { dataFiles, type ArchiveEntry } from '../../src/runtime/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { shardOf, soldOut, writeJournal } from '../harness/journal-file.ts';
import { inSeconds, sign } from '../http/tokens.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import { doorbuster, type Ended } from './command.ts';
import { emptyPostgres } from './empty-postgres.ts';

/** Its window lies in the past. */
const OLD = 'sku-old';
const ORDERS = 3_000;
const dataDir = temporaryFolder();
const elsewhere = temporaryFolder();
const { journal, snapshots, archives } = dataFiles(dataDir);

/** Products of the shard of `OLD`, and of others. */
const named = Array.from({ length: 200 }, (_, number) => `sku-${number}`);
const SISTER = named.find((id) => shardOf(id) === shardOf(OLD))!;
const OTHER = named.find((id) => shardOf(id) !== shardOf(OLD))!;

let database: Database;
let engine: Engine;
let archived: Archived;
let moved: string;

const env = () => ({ WORKERS: '1', DATABASE_URL: database.url });
const run = (...args: string[]): Promise<Ended> => doorbuster([...args, '--data-dir', dataDir], env());
const start = async (): Promise<void> =>
  void (engine = await Engine.start({ dataDir, demo: false, env: env() }));
const stockOf = async (id: string) =>
  (await engine.call('GET', `/v1/admin/products/${id}/stock`, { token: ADMIN_TOKEN })).body;

async function buy(productId: string, customer: string): Promise<void> {
  const { status } = await engine.buy(sign({ sub: customer, exp: inSeconds(3_600) }), productId, 'key');
  expect(status).toBe(201);
}

/** Of the running node, which first lets Postgres catch up. */
async function audit(): Promise<AuditReport> {
  return (await engine.call<AuditReport>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN })).body;
}

async function auditFiles(...args: string[]): Promise<{ code: number | null; report: AuditReport }> {
  const { code, stdout } = await run('audit', '--json', ...args);
  return { code, report: JSON.parse(stdout) as AuditReport };
}

const expectRefused = ({ code, stdout, stderr }: Ended, why: RegExp): void => {
  expect(stderr).toMatch(why);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe('');
  expect(code).toBe(1);
};

beforeAll(async () => {
  database = await createNodeDatabase();
  writeJournal(dataDir, soldOut(OLD, ORDERS));
  await start();
  await engine.product(OTHER, { holdSeconds: 0 });
  await buy(OTHER, 'ada');
}, 120_000);
afterAll(async () => {
  await engine?.remove();
  await database?.drop();
  rmSync(elsewhere, { recursive: true });
});

test('while no record is archived, Postgres is made from the journal whenever it is gone', async () => {
  expect((await audit()).figures).toMatchObject({ rows: ORDERS + 1, recordsNotProjected: 0 });
  expectRefused(
    await run('archive'),
    /is in use\. Archives are made and put back while no node runs: stop it/,
  );
  expect(await engine.stop()).toBe(0);
  await emptyPostgres(database.connection);
  await start();
  const { ok, figures } = await audit();
  expect(ok).toBe(true);
  expect(figures).toMatchObject({ rows: ORDERS + 1, orders: ORDERS + 1, recordsNotProjected: 0 });
  expect(await engine.stop()).toBe(0);
}, 120_000);

test('an archive takes the records of the sale that is over, and leaves the one that goes on', async () => {
  const before = statSync(journal).size;
  const { code, stdout, stderr } = await run('archive', '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as ArchiveResult;
  archived = result.archived!;
  expect(result.staying).toEqual([
    { shard: shardOf(OTHER), reason: expect.stringContaining(`the sale of ${OTHER} goes on until `) },
  ]);
  expect(archived.entry.ranges.map(({ shard }) => shard)).toEqual([shardOf(OLD)]);
  expect(dirname(archived.entry.file)).toBe(archives);
  expect(statSync(archived.entry.file).size).toBe(archived.entry.bytes);
  expect(statSync(archived.entry.file).mode & 0o077).toBe(0);
  expect(archived).toMatchObject({
    bytesBefore: before,
    isFinished: false,
    space: { bytes: statSync(journal).size },
  });
  expect(statSync(journal).size).toBeLessThan(before / 2);
  const again = await run('archive');
  expect(again.stdout).toContain(`Shard ${shardOf(OLD)} stays: there is nothing new to archive.`);
  expect(again.stdout).toMatch(/Nothing to archive\.\n$/);
  const list = await run('archive', 'list');
  expect(list.stdout).toContain(archived.entry.sha256);
  expect(JSON.parse((await run('archive', 'list', '--json')).stdout)).toEqual([archived.entry]);
}, 120_000);

test('the node goes on without these records, and its audit reads them in the archive', async () => {
  await start();
  expect(engine.output).not.toContain('set aside');
  expect(await stockOf(OLD)).toMatchObject({ loaded: ORDERS, sold: ORDERS });
  await engine.product(SISTER, { holdSeconds: 0 });
  await buy(SISTER, 'ada');
  await buy(OTHER, 'bob');
  const { violations, unseen, figures } = await audit();
  expect(violations).toEqual([]);
  expect(unseen).toEqual([]);
  expect(figures).toMatchObject({ orders: ORDERS + 3, rows: ORDERS + 3, rowsUnseen: 0 });
}, 120_000);

describe('an audit without the archive', () => {
  beforeAll(() => {
    moved = join(elsewhere, basename(archived.entry.file));
    renameSync(archived.entry.file, moved);
  });

  test('of the running node looks at what is there, and says what it did not see', async () => {
    const { ok, unseen, figures } = await audit();
    expect(ok).toBe(true);
    const { file, ranges } = archived.entry;
    expect(unseen).toEqual([{ file, ranges, why: 'is not where it was written' }]);
    // The sister's sale lies behind the archive, and is checked in full.
    expect(figures).toMatchObject({ orders: 3, rows: ORDERS + 3, rowsUnseen: ORDERS });
    expectRefused(
      await run('audit', '--archive', elsewhere),
      /A running node reads archives where they were written/,
    );
    expect(await engine.stop()).toBe(0);
  }, 120_000);

  test('of the files is not called clean, and is complete when somebody names the archive', async () => {
    const without = await run('audit');
    expect(without.code).toBe(2);
    expect(without.stdout).toContain(`not seen: ${archived.entry.file} (is not where it was written)`);
    expect(without.stdout).toMatch(/NOT COMPLETE: what was seen is clean; archived records were not\.\n$/);
    const { code, report } = await auditFiles('--archive', elsewhere);
    expect(code).toBe(0);
    expect(report).toMatchObject({ ok: true, unseen: [], figures: { orders: ORDERS + 3, rowsUnseen: 0 } });
    expectRefused(
      await run('audit', '--archive', journal),
      /journal\.sqlite is not an archive of Doorbuster/,
    );
  }, 120_000);
});

describe('a start refuses, naming the archive and the command,', () => {
  const refusedStart = async (): Promise<string> =>
    await Engine.start({ dataDir, demo: false, env: env() }).then(
      () => expect.unreachable('it started'),
      (error: unknown) => String(error),
    );

  test('when the snapshot that stands for archived records is gone', async () => {
    const away = join(elsewhere, 'snapshots');
    renameSync(snapshots, away);
    const output = await refusedStart();
    expect(output).toMatch(/Records of shard \d+ up to \d+ are in an archive alone, and the snapshot/);
    expect(output).toContain(`npx doorbuster archive restore ${archived.entry.file}`);
    rmSync(snapshots, { recursive: true, force: true });
    renameSync(away, snapshots);
  }, 120_000);

  test('when Postgres lacks what was archived', async () => {
    await emptyPostgres(database.connection);
    const output = await refusedStart();
    expect(output).toMatch(
      /Postgres has shard \d+ up to record none, and records up to \d+ are in an archive alone/,
    );
    expect(output).toContain(archived.entry.sha256);
    expect(output).toContain(`npx doorbuster archive restore ${archived.entry.file}`);
  }, 120_000);
});

test('a restore puts everything back, and Postgres is made again', async () => {
  expectRefused(await run('archive', 'restore', archived.entry.file), /There is no file/);
  const restored = await run('archive', 'restore', moved);
  expect(restored).toMatchObject({ code: 0, stderr: '' });
  expect(restored.stdout).toBe(`${moved}: ${archived.records} records are in the journal again.\n`);
  const again = await run('archive', 'restore', moved);
  expect(again.stdout).toBe(`${moved}: all ${archived.records} records are in the journal already.\n`);
  const [entry] = JSON.parse((await run('archive', 'list', '--json')).stdout) as ArchiveEntry[];
  expect(entry!.restoredAt).toBeGreaterThan(0);
  await start();
  const { violations, unseen, figures } = await audit();
  expect(violations).toEqual([]);
  expect(unseen).toEqual([]);
  expect(figures).toMatchObject({ orders: ORDERS + 3, rows: ORDERS + 3, recordsNotProjected: 0 });
  expect(await stockOf(OLD)).toMatchObject({ loaded: ORDERS, sold: ORDERS });
  expect(await stockOf(SISTER)).toMatchObject({ sold: 1 });
}, 120_000);

test('of a folder that is not clean, nothing is archived', async () => {
  expect(await engine.stop()).toBe(0);
  const pool = openPool(database.connection, 1, 'doorbuster test');
  await pool.query('UPDATE doorbuster.orders SET quantity = 2 WHERE customer_id = $1', ['customer 7']);
  await pool.end();
  const size = statSync(journal).size;
  expectRefused(
    await run('archive'),
    /is not clean\. Violations: 1; the first is of invariant 3: order .* quantity = 2, the journal 1/,
  );
  expect(statSync(journal).size).toBe(size);
  expect(readdirSync(archives)).toEqual([]);
}, 120_000);
