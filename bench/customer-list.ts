// A list of a million customers: how long it takes to put it in force, by step, what it costs a node, and what a check costs.
//
// The loop of this thread, which in a node would sell, is watched meanwhile: its longest stop, and how long it ran in one turn.
// The Postgres is the embedded one, or the server that DATABASE_URL names.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customerKeyOf, type Key } from '../src/actors/index.ts';
import {
  Catalogue,
  CustomerLists,
  CustomerSet,
  ListReader,
  migrateCatalogue,
  openPool,
  type CustomerKeys,
  type Editor,
} from '../src/persistence/index.ts';
import { systemClock, systemRandom } from '../src/runtime/index.ts';
import { startBenchPostgres } from './bench-postgres.ts';
import { longestStops, type Stops } from './loop-stops.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const CUSTOMERS = 1_000_000;
const PIECE_BYTES = 64 * 1024;
const CHECKED = 200_000;
const EDITOR: Editor = { id: 'bench', name: 'Bench', role: 'publisher' };

export const customerList: Scenario = { modes: { sqlite: EMBEDDED_MODE }, run };

async function run({ orders: customers = CUSTOMERS, say }: ScenarioOptions): Promise<ScenarioResult> {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'));
  const postgres = await startBenchPostgres(folder);
  const pool = openPool(postgres.connection, 2, 'doorbuster bench');
  try {
    await migrateCatalogue(pool);
    const lists = new CustomerLists(pool, systemClock, systemRandom);
    const campaignId = await makeCampaign(new Catalogue(pool, systemClock, systemRandom));
    const file = Buffer.from(`customerId\n${ids(customers, 'customer').join('\n')}\n`);
    say(`${customers} customers, ${round(file.length / 1e6)} MB`);

    const read = await timed(() => readOnly(file));
    say(`lines, hashes and order: ${round(read.elapsedMs / 1_000)} s`);
    const first = await timed(() => put(lists, campaignId, file));
    say(`put in force: ${round(first.elapsedMs / 1_000)} s, ${told(first)}`);
    const again = await timed(() => put(lists, campaignId, file));
    say(`in place of another: ${round(again.elapsedMs / 1_000)} s, ${told(again)}`);

    let keys: CustomerKeys | undefined;
    const load = await timed(async () => {
      keys = await lists.load((await lists.current(campaignId))!.id);
    });
    if (keys === undefined) throw new Error('the list in force cannot be loaded');
    say(`loaded by a node: ${round(load.elapsedMs / 1_000)} s, ${told(load)}`);
    const set = new CustomerSet(keys);
    const on = keysOf(customers, 'customer');
    const off = keysOf(customers, 'stranger');
    const missed = on.filter((key) => !set.has(key)).length;
    const falsePositives = off.filter((key) => set.has(key)).length;
    const [onNs, offNs] = [checkNs(set, on), checkNs(set, off)];
    const plainNs = checkNs(plainSet(customers), on);
    const bytesPerCustomer = keys.bytes.byteLength / customers;
    say(
      `a check: ${round(onNs)} ns on it, ${round(offNs)} ns not on it, ${round(plainNs)} ns in a Set of strings; ${bytesPerCustomer} bytes a customer on a node`,
    );
    return {
      ratio: round(onNs / plainNs),
      violations: missed + falsePositives,
      customers,
      fileBytes: file.length,
      readSeconds: seconds(read),
      loadSeconds: seconds(first),
      replaceSeconds: seconds(again),
      nodeLoadSeconds: seconds(load),
      longestStopMs: round(Math.max(first.stopMs, again.stopMs)),
      longestBusyMs: longest(first.busyMs, again.busyMs),
      longestCpuMs: longest(first.cpuMs, again.cpuMs),
      bytesPerCustomer,
      checkOnNs: round(onNs),
      checkOffNs: round(offNs),
      checkPlainSetNs: round(plainNs),
      checked: on.length + off.length,
      missed,
      falsePositives,
    };
  } finally {
    await pool.end();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const timed = (work: () => Promise<unknown>): Promise<Stops> => longestStops(work);
const seconds = ({ elapsedMs }: Stops): number => round(elapsedMs / 1_000);
const longest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : round(Math.max(one, other));
const told = ({ stopMs, busyMs, cpuMs }: Stops): string =>
  `longest stop of the loop ${round(stopMs)} ms` +
  (busyMs === null || cpuMs === null
    ? ''
    : `, of it ${round(busyMs)} ms busy and ${round(cpuMs)} ms on a core`);

const ids = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}-${number}`);

/** As many as are checked, spread over all. */
const keysOf = (customers: number, prefix: string): Key[] => {
  const step = Math.max(1, Math.floor(customers / CHECKED));
  return Array.from({ length: Math.min(customers, CHECKED) }, (_, at) =>
    customerKeyOf(`${prefix}-${at * step}`),
  );
};

/** The reference: a Set of the keys as strings, which each thread would have to have for itself. */
const plainSet = (customers: number): ReadonlySet<Key> =>
  new Set(ids(customers, 'customer').map(customerKeyOf));

async function* pieces(file: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += PIECE_BYTES) {
    yield file.subarray(at, at + PIECE_BYTES);
    // As from a connection: each piece comes with a turn of the loop of its own.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function readOnly(file: Buffer): Promise<void> {
  const reader = new ListReader();
  try {
    await reader.read(pieces(file));
  } finally {
    await reader.end();
  }
}

async function put(lists: CustomerLists, campaignId: string, file: Buffer): Promise<void> {
  const { outcome } = await lists.replace(EDITOR, campaignId, pieces(file), { skipBad: false });
  if (outcome !== 'loaded') throw new Error(`the list was not loaded: ${outcome}`);
}

async function makeCampaign(catalogue: Catalogue): Promise<string> {
  const saved = await catalogue.createCampaign(EDITOR, {
    title: 'Bench',
    slug: `bench-${Date.now()}`,
    description: '',
    startsAt: undefined,
    endsAt: undefined,
    timeZone: 'UTC',
    entry: { kind: 'list' },
  });
  if (saved.outcome !== 'saved') throw new Error(`no campaign: ${saved.outcome}`);
  return saved.value.id;
}

/** CPU time: others may have the core. */
function checkNs(set: Pick<CustomerSet, 'has'>, keys: readonly Key[]): number {
  let found = 0;
  // Short work is less than the system's clock of CPU time tells.
  const rounds = Math.ceil(CHECKED / keys.length);
  const before = process.threadCpuUsage();
  for (let round = 0; round < rounds; round++) for (const key of keys) if (set.has(key)) found++;
  const { user, system } = process.threadCpuUsage(before);
  const checks = rounds * keys.length;
  if (found !== 0 && found !== checks) throw new Error('a check was wrong');
  return ((user + system) * 1e3) / checks;
}
