// The journal of a cluster whose sale is over: archived while no node runs, done without, asked for again, and applied to
// Postgres, by real nodes on a real NATS and a real Postgres, and by the command line.

import { spawn } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeRecord } from '../../src/actors/index.ts';
import type { AuditReport } from '../../src/audit.ts';
import type { ClusterArchiveResult } from '../../src/cluster-archive.ts';
import { whileAtRest } from '../../src/cluster-at-rest.ts';
import { withCluster } from '../../src/open-cluster.ts';
import { openPool, Projection } from '../../src/persistence/index.ts';
import {
  ARCHIVER,
  ArchivingExcluded,
  ClusterBucket,
  dataFiles,
  firstDocument,
  Membership,
  JetStreamJournal,
  JetStreamNames,
  openLink,
  readClusterArchives,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
  type ArchiveEntry,
} from '../../src/runtime/index.ts';
import type { ClusterStore } from '../../src/runtime/cluster/cluster-store.ts';
import { ADMIN_TOKEN, AUTH_SECRET, Engine, temporaryFolder } from '../harness/engine.ts';
import { shardOf, soldOut } from '../harness/journal-file.ts';
import { inSeconds, sign } from '../http/tokens.ts';
import type { ScriptedJournal } from '../persistence/scripted-journal.ts';
import { startNats, type NatsCluster } from '../servers/nats.ts';
import { createNodeDatabase, type Database } from '../servers/node-database.ts';
import type { Archiving } from './archiving-cluster.ts';
import { doorbuster, type Ended } from './command.ts';
import { emptyPostgres } from './empty-postgres.ts';

const OLD = 'sku-old';
const ORDERS = 1_000;
const LEASE_MS = 2_000;
const PROCESS = fileURLToPath(new URL('archiving-cluster.ts', import.meta.url));
const folder = temporaryFolder();
const elsewhere = temporaryFolder();
const dataDir = join(folder, 'operator');
const names = new JetStreamNames();

const named = Array.from({ length: 200 }, (_, number) => `sku-${number}`);
const SISTER = named.find((id) => shardOf(id) === shardOf(OLD))!;
const OTHER = named.find((id) => shardOf(id) !== shardOf(OLD))!;

let nats: NatsCluster;
let database: Database;
let engine: Engine;
let entry: ArchiveEntry;
let moved: string;

const environment = (): Record<string, string> => ({
  NATS_URL: nats.url(),
  DATABASE_URL: database.url,
  SHARDS: '16',
  LEASE_MS: String(LEASE_MS),
});
/** As the user of NATS who may do what archivers need. */
const run = (...args: string[]): Promise<Ended> =>
  doorbuster([...args, '--data-dir', dataDir], {
    ...environment(),
    ...nats.environmentOf('archiver'),
  });
const startNode = (id: string): Promise<Engine> =>
  Engine.start({
    dataDir: join(folder, id),
    demo: false,
    env: { ...environment(), NODE_ID: id, WORKERS: '1' },
  });
const refusedStart = (id: string): Promise<Ended> =>
  doorbuster(['start'], {
    ...environment(),
    ADMIN_TOKEN,
    AUTH_SECRET,
    LOG_LEVEL: 'error',
    PORT: '0',
    WORKERS: '1',
    NODE_ID: id,
    DATA_DIR: join(folder, id),
  });

const expectRefused = ({ code, stdout, stderr }: Ended, why: RegExp): void => {
  expect(stderr).toMatch(why);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe('');
  expect(code).toBe(1);
};

async function withStream<T>(
  of: JetStreamNames,
  work: (parts: {
    journal: JetStreamJournal;
    manager: Awaited<ReturnType<typeof jetstreamManager>>;
    link: Awaited<ReturnType<typeof openLink>>;
  }) => Promise<T>,
): Promise<T> {
  const link = await openLink({ servers: nats.url().split(',') }, timers);
  try {
    const journal = new JetStreamJournal({ link, names: of, clock, timers });
    return await work({ journal, manager: await jetstreamManager(link.connection), link });
  } finally {
    await link.close();
  }
}

const write = (of: JetStreamNames, { records }: ScriptedJournal): Promise<void> =>
  withStream(of, async ({ journal }) => {
    for (const { sequence, shard, bytes } of records) {
      const result = await journal.append(shard, Uint8Array.from(bytes), decodeRecord(bytes).previous);
      if (result.kind !== 'appended' || result.sequence !== sequence) throw new Error(`record ${sequence}`);
    }
  });

/** Messages of a shard in the stream. */
const messagesOf = (of: JetStreamNames, shard: number): Promise<number> =>
  withStream(of, async ({ manager }) => {
    const subject = of.journalOf(shard);
    const { state } = await manager.streams.info(of.journalStream, { subjects_filter: subject });
    return state.subjects?.[subject] ?? 0;
  });

async function buy(productId: string, customer: string): Promise<void> {
  const { status } = await engine.buy(sign({ sub: customer, exp: inSeconds(3_600) }), productId, 'key');
  expect(status).toBe(201);
}

async function audit(): Promise<AuditReport> {
  return (await engine.admin<AuditReport>('GET', '/audit')).body;
}

async function auditStream(...args: string[]): Promise<{ code: number | null; report: AuditReport }> {
  const { code, stdout, stderr } = await run('audit', '--json', ...args);
  expect(stderr).toBe('');
  return { code, report: JSON.parse(stdout) as AuditReport };
}

beforeAll(async () => {
  [nats, database] = await Promise.all([startNats(), createNodeDatabase()]);
  const { NATS_URL } = environment() as { NATS_URL: string };
  await doorbuster(['provision'], { NATS_URL, SHARDS: '16' });
  await doorbuster(['provision'], { NATS_URL, NATS_PREFIX: 'race', SHARDS: '16' });
  await write(names, soldOut(OLD, ORDERS));
  engine = await startNode('a');
  await engine.product(OTHER, { holdSeconds: 0 });
  await buy(OTHER, 'ada');
}, 180_000);
afterAll(async () => {
  await engine?.remove();
  await nats?.stop();
  await database?.drop();
  for (const each of [folder, elsewhere]) rmSync(each, { recursive: true, force: true });
});

test('without a journal there is nothing to list', async () => {
  const none = { NATS_URL: nats.url(), NATS_PREFIX: 'none' };
  const { code, stderr } = await doorbuster(['archive', 'list'], none);
  expect(stderr).toMatch(/^There is no stream none-journal on NATS_URL/);
  expect(code).toBe(1);
});

test('while a node runs, nothing is archived, and the node is named', async () => {
  expect((await audit()).figures).toMatchObject({ rows: ORDERS + 1, recordsNotProjected: 0 });
  expectRefused(await run('archive'), /Nodes of this cluster run: a\. Archives are made while none does/);
  expect((await audit()).ok).toBe(true);
  expect(await engine.stop()).toBe(0);
});

test('an archive takes the records of the sale that is over out of the stream, and leaves the others', async () => {
  const { code, stdout, stderr } = await run('archive', '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as ClusterArchiveResult;
  expect(result.staying).toEqual([
    { shard: shardOf(OTHER), reason: expect.stringContaining(`the sale of ${OTHER} goes on until `) },
  ]);
  entry = result.archived!.entry;
  expect(entry.ranges.map(({ shard }) => shard)).toEqual([shardOf(OLD)]);
  expect(entry.file.startsWith(dataFiles(dataDir).archives)).toBe(true);
  expect(result.finished).toEqual([]);
  expect(await messagesOf(names, shardOf(OLD))).toBe(1);
  const again = await run('archive');
  expect(again.stdout).toContain(`Shard ${shardOf(OLD)} stays: there is nothing new to archive.`);
  expect(again.stdout).toMatch(/Nothing to archive\.\n$/);
  expect((await run('archive', 'list')).stdout).toContain(entry.sha256);
  expect(JSON.parse((await run('archive', 'list', '--json')).stdout)).toEqual([entry]);
});

test('an audit reads the archive where it is, or says what it did not see', async () => {
  const { code, report } = await auditStream();
  expect(report.violations).toEqual([]);
  expect(code).toBe(0);
  expect(report).toMatchObject({ unseen: [], figures: { orders: ORDERS + 1, rowsUnseen: 0 } });
  moved = join(elsewhere, basename(entry.file));
  renameSync(entry.file, moved);
  const without = await auditStream();
  expect(without.code).toBe(2);
  const { file, ranges } = entry;
  expect(without.report).toMatchObject({
    ok: true,
    unseen: [{ file, ranges, why: 'is not where it was written' }],
    figures: { rowsUnseen: ORDERS },
  });
  const known = await auditStream('--archive', elsewhere);
  expect(known.code).toBe(0);
  expect(known.report).toMatchObject({ ok: true, unseen: [], figures: { rowsUnseen: 0 } });
});

test('nodes go on without these records', async () => {
  engine = await startNode('a');
  expect(engine.output).not.toContain('set aside');
  const { body } = await engine.admin('GET', `/products/${OLD}/stock`);
  expect(body).toMatchObject({ loaded: ORDERS, sold: ORDERS });
  await engine.product(SISTER, { holdSeconds: 0 });
  await buy(SISTER, 'ada');
  await buy(OTHER, 'bob');
  const { ok, unseen, figures } = await audit();
  expect(ok).toBe(true);
  expect(unseen).toHaveLength(1);
  expect(figures).toMatchObject({ orders: 3, rows: ORDERS + 3, rowsUnseen: ORDERS });
  expect(await engine.stop()).toBe(0);
});

test('a start refuses when Postgres lacks what was archived, and a restore applies it', async () => {
  await emptyPostgres(database.connection);
  const refused = await refusedStart('a');
  expectRefused(
    refused,
    /Postgres has shard \d+ up to record none, and records up to \d+ are in an archive alone/,
  );
  expect(refused.stderr).toContain(`npx doorbuster archive restore ${entry.file}`);
  expect(refused.stderr).toContain(entry.sha256);
  expectRefused(await run('archive', 'restore', entry.file), /There is no file/);
  const [range] = entry.ranges;
  const restored = await run('archive', 'restore', moved);
  expect(restored.stderr).toBe('');
  expect(restored.stdout).toContain(
    `${moved}: ${range!.records} records were applied to Postgres, which had 0 already.`,
  );
  expect((await run('archive', 'restore', moved)).stdout).toContain(
    `${moved}: 0 records were applied to Postgres, which had ${range!.records} already.`,
  );
  engine = await startNode('a');
  const { violations, figures } = await audit();
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ rows: ORDERS + 3, recordsNotProjected: 0 });
  expect(await engine.stop()).toBe(0);
  const { code, report } = await auditStream('--archive', elsewhere);
  expect(report.violations).toEqual([]);
  expect(code).toBe(0);
  expect(report.figures).toMatchObject({ orders: ORDERS + 3, rows: ORDERS + 3, rowsUnseen: 0 });
});

test('a start refuses when no snapshot stands for them, and a restore makes one', async () => {
  await withStream(names, ({ manager }) =>
    manager.streams.purge(names.snapshotStream, { filter: `${names.snapshotsOf('names', shardOf(OLD))}.>` }),
  );
  expectRefused(
    await refusedStart('a'),
    /Records of shard \d+ up to \d+ are in an archive alone, and the snapshot that stood for them is not in the stream/,
  );
  const restored = await run('archive', 'restore', moved);
  expect(restored.stdout).toContain(`Snapshots were made of the shards ${shardOf(OLD)}.`);
  engine = await startNode('a');
  const { body } = await engine.admin('GET', `/products/${OLD}/stock`);
  expect(body).toMatchObject({ loaded: ORDERS, sold: ORDERS });
  expect(await engine.stop()).toBe(0);
});

test('while an archive is made no node joins, and no second archive begins', async () => {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const address = { servers: nats.url().split(','), leaseMs: LEASE_MS };
  const resting = withCluster(address, (cluster) =>
    whileAtRest(cluster, address, async ({ assertAtRest }) => {
      begin();
      await over;
      await assertAtRest();
    }),
  );
  await begun;
  expectRefused(
    await refusedStart('a'),
    /An archive of this journal is being made .*Start this one again when it is over/s,
  );
  expectRefused(await run('archive'), /Another archive of this journal is being made/);
  resolve();
  await expect(resting).resolves.toBeUndefined();
});

test.each([
  ['a', ARCHIVER],
  [ARCHIVER, 'a'],
])('when %s becomes a member after %s has looked, the second one is refused', async (first, second) => {
  const address = { servers: nats.url().split(','), prefix: 'race', leaseMs: LEASE_MS };
  await withCluster(address, async ({ link, names: of }) => {
    const { promise: isFirstIn, resolve: firstIsIn } = Promise.withResolvers<void>();
    const { promise: hasLooked, resolve: looked } = Promise.withResolvers<void>();
    const buckets = [await ClusterBucket.open(link, of, timers), await ClusterBucket.open(link, of, timers)];
    const late: ClusterStore = {
      watch: (watcher) => buckets[1]!.watch(watcher),
      beat: (beat, after) => buckets[1]!.beat(beat, after),
      endBeat: (node, version) => buckets[1]!.endBeat(node, version),
      async change(change) {
        looked();
        await isFirstIn;
        return buckets[1]!.change(change);
      },
    };
    const one = membershipOf(first, buckets[0]!);
    const other = membershipOf(second, late);
    const refused = other.join().catch((error: unknown) => error);
    await hasLooked;
    await one.join();
    firstIsIn();
    expect(await refused).toBeInstanceOf(ArchivingExcluded);
    expect(one.document.members.map(({ node }) => node)).toEqual([first]);
    other.stop();
    await one.leave();
    for (const bucket of buckets) bucket.close();
  });
});

function membershipOf(node: string, store: ClusterStore): Membership {
  return new Membership({
    store,
    clock,
    timers,
    random,
    node,
    workers: 1,
    projects: false,
    leaseMs: LEASE_MS,
    first: async () => firstDocument(16, 1, 'of the tests'),
    setLease: () => undefined,
    listener: {
      onDocument: () => Promise.resolve(),
      onDeclaredDead: () => undefined,
      onClock: () => undefined,
      onRemoved: () => undefined,
    },
  });
}

describe('killed', () => {
  const killed = new JetStreamNames('killed');
  let own: Database;
  const settings = (): Record<string, string> => ({
    ...environment(),
    NATS_PREFIX: 'killed',
    DATABASE_URL: own.url,
  });
  const archive = async (): Promise<ClusterArchiveResult> => {
    const { stdout, stderr } = await doorbuster(['archive', '--json', '--data-dir', folder], settings());
    expect(stderr).toBe('');
    return JSON.parse(stdout) as ClusterArchiveResult;
  };
  const die = (step: string): Promise<NodeJS.Signals | null> => {
    const request: Archiving = {
      address: { servers: nats.url().split(','), prefix: 'killed', leaseMs: LEASE_MS },
      connection: { connectionString: own.url },
      archives: dataFiles(folder).archives,
    };
    const args = [PROCESS, JSON.stringify(request), step];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    return new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)));
  };
  const total = soldOut(OLD, ORDERS).records.length;

  beforeAll(async () => {
    own = await createNodeDatabase();
    const { NATS_URL } = environment() as { NATS_URL: string };
    await doorbuster(['provision'], { NATS_URL, NATS_PREFIX: 'killed', SHARDS: '16' });
    const sale = soldOut(OLD, ORDERS);
    await write(killed, sale);
    const pool = openPool(own.connection, 1, 'doorbuster test');
    await new Projection(pool).apply(sale.records);
    await pool.end();
  });

  afterAll(() => own?.drop());

  const noted = (): Promise<number> =>
    withStream(killed, async ({ link }) => (await readClusterArchives(link, killed)).length);

  test('behind the file, the next run notes it and removes its records', async () => {
    expect(await die('noting')).toBe('SIGKILL');
    expect(await messagesOf(killed, shardOf(OLD))).toBe(total);
    expect(await noted()).toBe(0);
    expect(await die('purging')).toBe('SIGKILL');
    expect(await noted()).toBe(1);
  });

  test('behind the note, an audit is clean, and the next run removes the records', async () => {
    expect(await messagesOf(killed, shardOf(OLD))).toBe(total);
    const audited = await doorbuster(['audit', '--json', '--data-dir', folder], settings());
    expect(JSON.parse(audited.stdout)).toMatchObject({ ok: true, unseen: [], figures: { orders: ORDERS } });
    const { archived, finished } = await archive();
    expect(archived).toBeUndefined();
    expect(finished).toHaveLength(1);
    expect(await messagesOf(killed, shardOf(OLD))).toBe(1);
    expect(await noted()).toBe(1);
    expect((await archive()).finished).toEqual([]);
  });
});
