// A hot product's shard goes from thread to thread while a crowd buys: nothing is lost, doubled or told wrongly.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { shardOfProduct } from '../../src/runtime/index.ts';
import { ADMIN_TOKEN, Engine, temporaryFolder, type Answer } from '../harness/engine.ts';
import { Crowd } from '../harness/crowd.ts';
import { expectTruth } from '../harness/truth.ts';
import { waitUntil } from '../harness/wait-until.ts';

interface Status {
  readonly revision: number;
  readonly running: boolean;
  readonly moves: number;
  readonly done: number;
  readonly failures: readonly unknown[];
  readonly longestPauseMs: number;
}

interface Row {
  readonly shard: number;
  readonly worker: number;
  readonly epoch: number;
  readonly phase: string;
}

const PRODUCT = 'hot';
const SHARDS = 16;
const SHARD = shardOfProduct(PRODUCT, SHARDS);
const MOVES = 8;
/** More than are on their way. */
const SOLD_BETWEEN = 15;
const env = { WORKERS: '2', SHARDS: String(SHARDS), NODE_ID: 'a' };
const dataDir = temporaryFolder();

let engine: Engine;

beforeAll(async () => {
  engine = await Engine.start({ dataDir, demo: false, env });
  await engine.product(PRODUCT, { quantity: 1_000_000, perCustomerLimit: 1, holdSeconds: 3_600 });
});
afterAll(async () => {
  await engine.remove();
});

const pinnedTo = (worker: number): string =>
  JSON.stringify({ strategy: 'rendezvous', pins: [{ product: PRODUCT, node: 'a', worker }] });

const placement = <T>(method: string, path = '', body?: object): Promise<Answer<T>> =>
  engine.call<T>(method, `/v1/admin/placement${path}`, { token: ADMIN_TOKEN, body });

async function apply(file: string, revision: number): Promise<Status> {
  const { status } = await placement('POST', '', { file, revision });
  expect(status).toBe(202);
  return waitUntil('the shards have moved', async () => {
    const { body } = await placement<Status>('GET');
    return !body.running && body.revision === revision + 1 && body;
  });
}

async function hotShard(): Promise<Row> {
  const { body } = await engine.call<{ shards: Row[] }>('GET', '/v1/admin/shards', { token: ADMIN_TOKEN });
  return body.shards[SHARD]!;
}

test(`${MOVES} live moves of the hot shard lose nothing, double nothing, and tell nobody anything wrong`, async () => {
  const crowd = new Crowd(engine, [PRODUCT], { clickers: 10, breathMs: 20 });
  const before = await hotShard();
  let worker = before.worker;
  const pauses: number[] = [];
  for (let revision = 0; revision < MOVES; revision++) {
    worker = 1 - worker;
    const since = performance.now();
    const status = await apply(pinnedTo(worker), revision);
    expect(status.failures).toEqual([]);
    expect(status.done).toBe(status.moves);
    pauses.push(status.longestPauseMs);
    expect(await hotShard()).toMatchObject({ worker, phase: 'open' });
    await waitUntil('it sells there', () => crowd.soldSince(since) >= SOLD_BETWEEN);
  }
  await crowd.goHome();
  // One claim each.
  expect((await hotShard()).epoch).toBe(before.epoch + MOVES);
  const orders = await expectTruth(engine, [crowd]);
  expect(orders).toBeGreaterThanOrEqual(MOVES * SOLD_BETWEEN);
  const unsettled = [...crowd.unsettled].map(([code, count]) => `${count} ${code}`).join(', ') || 'none';
  console.log(
    `${orders} orders over ${MOVES} moves; longest pause of a shard ${Math.max(...pauses)} ms; answers to repeat: ${unsettled}`,
  );
});

test('a plan tells the moves and changes nothing; one of an older revision is refused', async () => {
  const { worker } = await hotShard();
  const plan = await placement<{ revision: number; moves: object[] }>('POST', '/plan', {
    file: pinnedTo(1 - worker),
  });
  expect(plan.status).toBe(200);
  expect(plan.body.revision).toBe(MOVES);
  expect(plan.body.moves).toEqual([
    expect.objectContaining({
      shard: SHARD,
      product: PRODUCT,
      from: expect.objectContaining({ node: 'a', worker }),
      to: expect.objectContaining({ node: 'a', worker: 1 - worker }),
    }),
  ]);
  const stale = await placement<{ code: string }>('POST', '', {
    file: pinnedTo(1 - worker),
    revision: MOVES - 1,
  });
  expect([stale.status, stale.body.code]).toEqual([412, 'version_conflict']);
  expect((await hotShard()).worker).toBe(worker);
  const none = await placement<{ moves: object[] }>('POST', '/plan', { file: pinnedTo(worker) });
  expect(none.body.moves).toEqual([]);
});

test('every mistake of a file is told with its line, and nothing changes', async () => {
  const file = [
    '{ "strategy": "rendezvous",',
    '  "nodes": { "b": { "weight": 1 } },',
    `  "pins": [{ "shards": [${SHARDS}], "node": "a" },`,
    '           { "product": "hot", "node": "a", "worker": 2 }] }',
  ].join('\n');
  for (const path of ['', '/plan']) {
    const body = { file, ...(path === '' && { revision: MOVES }) };
    const { status, body: problem } = await placement<{ code: string; errors: { field: string }[] }>(
      'POST',
      path,
      body,
    );
    expect([status, problem.code]).toEqual([400, 'invalid_request']);
    expect(problem.errors.map(({ field }) => field)).toEqual(['line 2', 'line 2', 'line 3', 'line 4']);
  }
  expect((await placement<Status>('GET')).body.revision).toBe(MOVES);
});

test('the next start finds the shards where the file wants them', async () => {
  const { worker } = await hotShard();
  expect((await apply(pinnedTo(1 - worker), MOVES)).failures).toEqual([]);
  await engine.stop();
  engine = await Engine.start({ dataDir, demo: false, env });
  expect(await hotShard()).toMatchObject({ worker: 1 - worker, phase: 'open' });
  expect((await placement<Status>('GET')).body).toMatchObject({ revision: MOVES + 1, running: false });
});
