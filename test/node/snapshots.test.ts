// A node with snapshots: made beside the sale, used by the next start, checked by the audit, and never believed blindly.

import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import type { NodeShard } from '../../src/http/index.ts';
import { dataFiles } from '../../src/runtime/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder } from '../harness/engine.ts';
import { shardOf, soldOut, writeJournal } from '../harness/journal-file.ts';
import { waitUntil } from '../harness/wait-until.ts';
import type { ScriptedJournal } from '../persistence/scripted-journal.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import { doorbuster } from './command.ts';

const PRODUCT = 'sku-large';
const ORDERS = 3_000;
/** Together as long as a snapshot needs; orders that come to that would have to be in Postgres, too. */
const DESCRIPTIONS = 1_000;
const DESCRIPTION_CHARACTERS = 5_000;
const dataDir = temporaryFolder();
const folder = dataFiles(dataDir).snapshots;
let database: Database;
let engine: Engine;

const env = () => ({ WORKERS: '1', DATABASE_URL: database.url });
const start = (): Promise<Engine> => Engine.start({ dataDir, demo: false, env: env() });
const snapshots = (): string[] => readdirSync(folder).filter((file) => file.endsWith('.snapshot'));

async function audit(): Promise<Report> {
  return (await engine.call<Report>('GET', '/v1/admin/audit', { token: ADMIN_TOKEN })).body;
}

/** While no node runs. */
async function auditFiles(): Promise<Report> {
  const { stdout } = await doorbuster(['audit', '--json', '--data-dir', dataDir], env());
  return JSON.parse(stdout) as Report;
}

async function shard(): Promise<NodeShard> {
  const { body } = await engine.call<{ shards: NodeShard[] }>('GET', '/v1/admin/shards', {
    token: ADMIN_TOKEN,
  });
  return body.shards[shardOf(PRODUCT)]!;
}

const stock = () => engine.call('GET', `/v1/admin/products/${PRODUCT}/stock`, { token: ADMIN_TOKEN });

/** Sold out, and described anew again and again. */
function longJournal(): ScriptedJournal {
  const journal = soldOut(PRODUCT, ORDERS);
  for (let number = 0; number < DESCRIPTIONS; number++) {
    const description = `${number}`.padEnd(DESCRIPTION_CHARACTERS, '.');
    journal.configure(PRODUCT, { holdSeconds: 0, description });
    if (number % 50 === 49) journal.append(shardOf(PRODUCT));
  }
  return journal;
}

beforeAll(async () => {
  database = await createNodeDatabase();
  writeJournal(dataDir, longJournal());
  engine = await start();
}, 120_000);
afterAll(async () => {
  await engine?.remove();
  await database?.drop();
});

test('a long journal gets a snapshot beside the running node, which the audit finds to be the replay', async () => {
  await waitUntil('there is a snapshot', () => snapshots().length > 0);
  const report = await audit();
  expect(report.violations).toEqual([]);
  expect(report.figures.rows).toBe(ORDERS);
  expect(report.invariants.find(({ invariant }) => invariant === 7)!.checks).toBeGreaterThan(0);
}, 120_000);

test('after a kill the next start goes on from it', async () => {
  await engine.kill();
  engine = await start();
  expect(await shard()).toMatchObject({ phase: 'open', epoch: 3, products: 1 });
  expect((await stock()).body).toMatchObject({ loaded: ORDERS, sold: ORDERS });
  expect(engine.output).not.toContain('set aside');
}, 120_000);

test('a forged snapshot is a violation of invariant 7', async () => {
  const [name] = snapshots();
  // Of the right bytes, under the name of another record: the claim of the last start. Forged and audited while no node
  // runs: one that starts at that moment would set it aside first.
  const { sequence } = await shard();
  await engine.kill();
  const forged = name!.replace(/^(\d+)-\d+-/, `$1-${sequence}-`);
  renameSync(join(folder, name!), join(folder, forged));
  const { ok, violations } = await auditFiles();
  expect(ok).toBe(false);
  expect(violations).toEqual([
    { invariant: 7, what: `snapshot ${forged} is not the replay up to its record` },
  ]);
  renameSync(join(folder, forged), join(folder, name!));
  expect((await auditFiles()).violations).toEqual([]);
}, 120_000);

test('one that goes beyond the journal: its shard is refused by name, and the others sell', async () => {
  const [name] = snapshots();
  const beyond = name!.replace(/^(\d+)-\d+-/, '$1-900000-');
  renameSync(join(folder, name!), join(folder, beyond));
  engine = await start();
  const { phase, reason } = await shard();
  expect(phase).toBe('refused');
  expect(reason).toMatch(/a snapshot holds shard \d+ up to record 900000, .* the journal lost records/);
  expect(reason).toContain('Restore it from the backup that reaches furthest');
  expect((await stock()).body).toMatchObject({ code: 'overloaded' });
  await engine.product('sku-other');
  await engine.kill();
  renameSync(join(folder, beyond), join(folder, name!));
  engine = await start();
  expect((await stock()).body).toMatchObject({ sold: ORDERS });
}, 120_000);

test('one that is damaged is set aside with a warning, and the journal takes its place', async () => {
  await engine.kill();
  const [name] = snapshots();
  const bytes = readFileSync(join(folder, name!));
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(join(folder, name!), bytes);
  engine = await start();
  expect((await stock()).body).toMatchObject({ loaded: ORDERS, sold: ORDERS });
  expect(engine.output).toContain('a damaged snapshot was set aside');
  expect(readdirSync(folder)).toContain(`${name}.damaged`);
  await waitUntil('there is a new one', () => snapshots().length > 0);
  expect((await audit()).violations).toEqual([]);
  expect(await engine.stop()).toBe(0);
}, 120_000);
