// What may leave the journal, and what must stay: sales of every kind, as a stopped node would have left them.

import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planFolder } from '../../src/archive-plan.ts';
import { dataFiles, readSnapshot, restore, SnapshotFiles, systemTimers } from '../../src/runtime/index.ts';
import { temporaryFolder } from '../harness/engine.ts';
import { SHARDS, shardOf, writeJournal } from '../harness/journal-file.ts';
import { CONFIGURATION, SALE_STARTS_AT, ScriptedJournal } from '../persistence/scripted-journal.ts';

const AFTER_THE_END = CONFIGURATION.endsAt;

let dataDir: string;
let journal: ScriptedJournal;

beforeEach(() => {
  dataDir = temporaryFolder();
  journal = new ScriptedJournal(shardOf);
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const shards = Array.from({ length: SHARDS }, (_, shard) => shard);
/** One product for each shard. */
const [OVER, LATER, UPCOMING, OPEN, CLAIMED] = shards
  .slice(0, 5)
  .map((shard) =>
    Array.from({ length: 1_000 }, (_, at) => `sku-${at}`).find((id) => shardOf(id) === shard)!,
  ) as [string, string, string, string, string];

/** A claim, a product with stock, two orders that are paid, each in a record of its own. */
function sell(productId: string, changes: Parameters<ScriptedJournal['configure']>[1] = {}): void {
  const shard = shardOf(productId);
  journal.append(shard);
  journal.configure(productId, { holdSeconds: 0, ...changes });
  journal.loadStock(productId, 10);
  journal.append(shard);
  for (const customer of ['ada', 'bob']) {
    journal.reserve(productId, customer, 'key');
    journal.append(shard);
  }
}

const sequencesOf = (shard: number): number[] =>
  journal.records.filter((record) => record.shard === shard).map(({ sequence }) => sequence);
const heads = (): Map<number, number> =>
  new Map(shards.map((shard) => [shard, sequencesOf(shard).at(-1) ?? 0]));
const plan = (positions = heads(), now = AFTER_THE_END) => planFolder(dataFiles(dataDir), positions, now);

test('sales that are over may go, up to their newest record; the others stay, each with its reason', async () => {
  sell(OVER);
  sell(LATER, { startsAt: SALE_STARTS_AT, endsAt: AFTER_THE_END + 1 });
  sell(OPEN, { holdSeconds: 600 });
  journal.append(shardOf(CLAIMED));
  journal.append(shardOf(UPCOMING));
  journal.configure(UPCOMING, { startsAt: AFTER_THE_END + 1, endsAt: AFTER_THE_END + 2 });
  journal.append(shardOf(UPCOMING));
  writeJournal(dataDir, journal);
  const { ranges, staying } = await plan();
  const sequences = sequencesOf(shardOf(OVER));
  expect(ranges).toMatchObject([
    { shard: shardOf(OVER), first: sequences[0], last: sequences.at(-2), previous: 0, records: 3 },
  ]);
  const iso = (at: number): string => new Date(at).toISOString();
  expect(staying).toEqual([
    { shard: shardOf(LATER), reason: `the sale of ${LATER} goes on until ${iso(AFTER_THE_END + 1)}` },
    { shard: shardOf(UPCOMING), reason: `the sale of ${UPCOMING} begins ${iso(AFTER_THE_END + 1)}` },
    { shard: shardOf(OPEN), reason: `2 units of ${OPEN} are in orders that are not settled` },
  ]);
  const later = await plan(heads(), AFTER_THE_END + 2);
  expect(later.ranges.map(({ shard }) => shard)).toEqual([OVER, LATER].map(shardOf));
});

test('a product that still sells keeps the records of all that share its shard', async () => {
  const sister = Array.from({ length: 1_000 }, (_, at) => `sister-${at}`).find(
    (id) => shardOf(id) === shardOf(OVER),
  )!;
  sell(OVER);
  journal.configure(sister, { endsAt: AFTER_THE_END + 1 });
  journal.append(shardOf(sister));
  writeJournal(dataDir, journal);
  const { ranges, staying } = await plan();
  expect(ranges).toEqual([]);
  expect(staying).toMatchObject([{ reason: expect.stringContaining(`the sale of ${sister} goes on`) }]);
});

test('what Postgres does not have stays', async () => {
  sell(OVER);
  writeJournal(dataDir, journal);
  const [shard, sequences] = [shardOf(OVER), sequencesOf(shardOf(OVER))];
  const { ranges } = await plan(new Map([[shard, sequences[2]!]]));
  expect(ranges).toMatchObject([{ last: sequences[1], records: 2 }]);
  const { staying } = await plan(new Map());
  expect(staying).toEqual([{ shard, reason: 'Postgres has nothing of it' }]);
});

test('claims alone are not worth an archive', async () => {
  sell(OVER);
  const shard = shardOf(OVER);
  writeJournal(dataDir, journal);
  const [first, second] = sequencesOf(shard);
  const { staying } = await plan(new Map([[shard, second!]]));
  expect(first).toBeLessThan(second!);
  expect(staying).toEqual([{ shard, reason: 'there is nothing new to archive' }]);
});

test('a snapshot as of the newest record stands for what may go', async () => {
  sell(OVER);
  writeJournal(dataDir, journal);
  await plan();
  const snapshots = new SnapshotFiles(dataFiles(dataDir).snapshots);
  const [newest, ...older] = await snapshots.listAll();
  expect(older).toEqual([]);
  expect(newest).toMatchObject({ shard: shardOf(OVER), sequence: sequencesOf(shardOf(OVER)).at(-1) });
  const state = await readSnapshot(newest!, { snapshots, timers: systemTimers });
  expect(state.products.get(OVER)!.stock).toMatchObject({ loaded: 10, sold: 2 });
  await plan();
  expect(await snapshots.listAll()).toEqual([newest]);
});

test('without the snapshot, a shard whose first records are gone is not read as if it had none', async () => {
  sell(OVER);
  writeJournal(dataDir, journal);
  const shard = shardOf(OVER);
  const { ranges } = await plan();
  const { last } = ranges[0]!;
  const tail = {
    replay: (of: number, from: number, to: number) => journal.replay(of, Math.max(from, last + 1), to),
  };
  const snapshots = new SnapshotFiles(dataFiles(dataDir).snapshots);
  const head = heads().get(shard)!;
  const ports = { journal: tail, timers: systemTimers };
  const state = await restore(shard, head, { ...ports, snapshots });
  expect(state.products.get(OVER)!.stock).toMatchObject({ sold: 2 });
  const [name] = await snapshots.listAll();
  await snapshots.remove(name!);
  await expect(restore(shard, head, { ...ports, snapshots })).rejects.toThrow(
    /nothing before it is in the journal, and no whole snapshot stands for it.*archive restore/,
  );
});
