// Worker threads of a running node hang, throw and exit in the middle of a rush: the node goes on, and nobody is misled.

import { rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { temporaryFolder } from '../harness/engine.ts';
import { Crowd } from '../harness/crowd.ts';
import { expectTruth } from '../harness/truth.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { EventReader } from '../http/event-stream.ts';
import { LivingLine } from './living-line.ts';
import { FaultyEngine, type Fault, type ShardRow } from './worker-faults.ts';

const SOON = { WORKERS: '2', WORKER_STALL_MS: '2000' };
const PRODUCTS_PER_WORKER = 4;
const MANY = { quantity: 100_000 };

let node: FaultyEngine | undefined;
afterEach(async () => {
  await node?.engine.remove();
  node = undefined;
});

const DEATHS: readonly { fault: Fault; reason: string; env: Record<string, string> }[] = [
  // Five seconds, as it is unless somebody sets it; commands wait longer, so that some of them see the takeover.
  { fault: 'spin', reason: 'hang', env: { WORKERS: '2', COMMAND_TIMEOUT_MS: '30000' } },
  { fault: 'throw', reason: 'error', env: SOON },
  { fault: 'exit', reason: 'exit', env: SOON },
];

describe.each(DEATHS)('a worker thread that ends by: $fault', ({ fault, reason, env }) => {
  test('loses nothing; its products are sold by another thread, in the same process', async () => {
    node = await FaultyEngine.start(env);
    const { engine } = node;
    const [staying, dying] = [
      await node.productsOf(0, PRODUCTS_PER_WORKER),
      await node.productsOf(1, PRODUCTS_PER_WORKER),
    ];
    for (const id of [...staying, ...dying]) await engine.product(id, MANY);
    // Few, since they buy all the while, and each of them asks again afterwards.
    const beside = new Crowd(engine, staying, { clickers: 6 });
    const within = new Crowd(engine, dying);
    const watchers = await Promise.all(
      Array.from({ length: 24 }, () => EventReader.open(engine, `/v1/products/${dying[0]}/events`)),
    );
    await waitUntil('the rush is on', () => beside.soldSince(0) > 25 && within.soldSince(0) > 100);

    const before = await node.shards();
    await node.order(1, fault);
    const orderedAt = performance.now();
    await waitUntil('the products of the dead thread sell again', () => within.soldSince(orderedAt) > 100);
    const pause = within.longestPause();
    const meanwhile = beside.soldBetween(pause.from, pause.to);
    const unsettled = JSON.stringify(Object.fromEntries(within.unsettled));
    console.log(
      `${fault}: ${pause.ms} ms from the last purchase of its products to the next; ` +
        `${meanwhile} sold beside it meanwhile; 503s ${unsettled}`,
    );
    if (reason === 'hang') expect(meanwhile, 'sold while the other thread hung').toBeGreaterThan(0);
    const left = watchers.filter(({ isEnded }) => !isEnded);
    const heard = left.map(({ events }) => events.length);
    await waitUntil('streams of the living thread go on', () =>
      left.every(({ events }, at) => events.length > heard[at]!),
    );
    expect(left.length).toBeGreaterThan(0);
    for (const watcher of watchers) watcher.close();
    await waitUntil('the other products sell', () => beside.soldSince(orderedAt) > 100);
    await Promise.all([beside.goHome(), within.goHome()]);

    expect(await node.metric(`doorbuster_worker_deaths_total{reason="${reason}"}`)).toBe(1);
    expect(await node.metric('doorbuster_worker_takeovers_total')).toBe(1);
    const repeated = await node.metric('doorbuster_commands_repeated_total');
    console.log(`${fault}: ${repeated} commands repeated`);
    if (reason === 'hang') expect(repeated, 'commands of the other thread that waited').toBeGreaterThan(0);
    const rows = await node.shards();
    expect(new Set(rows.map(({ worker }) => worker))).toEqual(new Set([0]));
    expect(new Set(rows.map(({ phase }) => phase))).toEqual(new Set(['open']));
    for (const { shard, worker, epoch } of before) {
      const claimed = worker === 1 ? epoch! + 1 : epoch;
      expect([shard, rows[shard]!.epoch], 'fenced by a claim').toEqual([shard, claimed]);
    }
    await waitUntil('another thread serves', async () => {
      return (await node!.metric('doorbuster_worker_threads{state="answering"}')) === 2;
    });
    const orders = await expectTruth(engine, [beside, within]);
    // What was waited for: a hundred of the dead thread's before and after, a hundred beside them.
    expect(orders).toBeGreaterThan(300);
    expect(await engine.stop()).toBe(0);
  }, 240_000);
});

describe('the only worker thread', () => {
  test.each<Fault>(['hang', 'exit'])(
    'is replaced by one that claims everything itself: %s',
    async (fault) => {
      node = await FaultyEngine.start({ ...SOON, WORKERS: '1' });
      const { engine } = node;
      await engine.product('only', MANY);
      const crowd = new Crowd(engine, ['only']);
      await waitUntil('the rush is on', () => crowd.soldSince(0) > 100);
      await node.order(0, fault);
      const orderedAt = performance.now();
      await waitUntil('it sells again', () => crowd.soldSince(orderedAt) > 200);
      console.log(`${fault} of the only thread: sold again after ${crowd.longestPause().ms} ms`);
      await crowd.goHome();
      const rows = await node.shards();
      expect(rows.every(({ worker, phase }) => worker === 0 && phase === 'open')).toBe(true);
      await expectTruth(engine, [crowd]);
      expect(await engine.stop()).toBe(0);
    },
    240_000,
  );
});

test('when all worker threads die at once, their successors take everything', async () => {
  node = await FaultyEngine.start(SOON);
  const { engine } = node;
  const products = [...(await node.productsOf(0, 2)), ...(await node.productsOf(1, 2))];
  for (const id of products) await engine.product(id, MANY);
  const crowd = new Crowd(engine, products);
  await waitUntil('the rush is on', () => crowd.soldSince(0) > 200);
  await Promise.all([node.order(0, 'hang'), node.order(1, 'hang')]);
  const orderedAt = performance.now();
  await waitUntil('each product sells again', () =>
    products.every(
      (id) => crowd.sales.filter(({ productId, at }) => productId === id && at > orderedAt).length > 20,
    ),
  );
  await crowd.goHome();
  expect(await node.metric('doorbuster_worker_deaths_total{reason="hang"}')).toBe(2);
  await expectTruth(engine, [crowd]);
  expect(await engine.stop()).toBe(0);
}, 240_000);

test('a stampede for one product sells every unit once, though its thread hangs in the middle', async () => {
  const units = 300;
  node = await FaultyEngine.start(SOON);
  const { engine } = node;
  const [hot] = await node.productsOf(1, 1);
  await engine.product(hot!, { quantity: units });
  const crowd = new Crowd(engine, [hot!], { wishesMax: units * 3, clickers: 60 });
  await waitUntil('some are sold', () => crowd.soldSince(0) > units / 4);
  await node.order(1, 'hang');
  expect(crowd.soldSince(0), 'sold when it hung').toBeLessThan(units);
  await crowd.allAnswered();
  expect(await node.metric('doorbuster_worker_deaths_total{reason="hang"}')).toBe(1);
  expect(await expectTruth(engine, [crowd])).toBe(units);
  expect(await engine.stop()).toBe(0);
}, 240_000);

test('more than five deaths within a minute end the node, and it says why', async () => {
  node = await FaultyEngine.start(SOON);
  const { engine } = node;
  for (let death = 1; death <= 6; death++) {
    await node.order(death % 2, 'throw');
    if (death === 6) break;
    await waitUntil(`another thread serves after death ${death}`, async () => {
      const deaths = await node!.metric('doorbuster_worker_deaths_total{reason="error"}');
      const answering = await node!.metric('doorbuster_worker_threads{state="answering"}');
      return deaths === death && answering === 2;
    });
  }
  expect(await engine.exited()).toBe(1);
  expect(engine.output).toMatch(
    /A part of the node died.*more than 5 worker threads died within 60 s.*thrown by the test/,
  );
}, 240_000);

test('a successor that hangs before it gives a sign of life is replaced by another, which serves', async () => {
  node = await FaultyEngine.start({ ...SOON, WORKER_START_MS: '5000' });
  node.orderFirst(1, 'hang');
  await node.order(1, 'exit');
  await waitUntil('the successor was ended and another thread serves', async () => {
    const hangs = await node!.metric('doorbuster_worker_deaths_total{reason="hang"}');
    const answering = await node!.metric('doorbuster_worker_threads{state="answering"}');
    return hangs === 1 && answering === 2;
  });
  expect(node.engine.output).toMatch(/worker 1 gave no sign of life within 5000 ms of its start/);
  expect(await node.engine.stop()).toBe(0);
}, 120_000);

test.each<[Fault, boolean, RegExp]>([
  ['throw', false, /thrown by the test/],
  ['exit', false, /worker 1 ended with code 7/],
  ['hang', true, /worker 1 gave no sign of life within 10000 ms of its start/],
])(
  'a worker thread that ends before its shards are open ends the start, and it says why: %s',
  async (fault, isFirst, why) => {
    const dataDir = temporaryFolder();
    const env = { ...SOON, WORKER_START_MS: '10000' };
    const start = FaultyEngine.start(env, { early: { worker: 1, fault, isFirst }, dataDir });
    const failure = await start.then(
      () => 'it started',
      (error: Error) => error.message,
    );
    expect(failure).toMatch(/the node ended with code 1/);
    expect(failure).toMatch(/A thread died before the node was ready: .*Nothing was sold/);
    expect(failure).toMatch(why);
    expect(failure.match(/a worker thread died/g), 'deaths in the log').toHaveLength(1);
    expect(failure).not.toMatch(/^\s+at /m);

    rmSync(dataDir, { recursive: true, force: true });
  },
  120_000,
);

test('a process that was stopped for longer than a thread may stall accuses no thread', async () => {
  node = await FaultyEngine.start({ ...SOON, WORKER_STALL_MS: '1000' });
  const { engine } = node;
  for (let round = 0; round < 3; round++) {
    engine.signal('SIGSTOP');
    const since = performance.now();
    await waitUntil('a later moment', () => performance.now() - since > 1_500);
    engine.signal('SIGCONT');
    await waitUntil('it answers again', async () => (await engine.call('GET', '/livez')).status === 200);
  }
  const since = performance.now();
  await waitUntil('the watchdog has looked', () => performance.now() - since > 1_500);
  for (const reason of ['hang', 'error', 'exit']) {
    expect(await node.metric(`doorbuster_worker_deaths_total{reason="${reason}"}`)).toBe(0);
  }
  expect(await engine.stop()).toBe(0);
}, 120_000);

describe('while a worker thread hangs', () => {
  /** It hangs for as long as the test likes. */
  const FOR_EVER = { WORKERS: '2', WORKER_STALL_MS: '600000', COMMAND_TIMEOUT_MS: '1000' };

  test('the node answers what it can, says what it cannot, and stops in bounded time', async () => {
    node = await FaultyEngine.start(FOR_EVER);
    const { engine } = node;
    const [alive] = await node.productsOf(0, 1);
    const [stuck] = await node.productsOf(1, 1);
    for (const id of [alive!, stuck!]) await engine.product(id);
    const lines = await LivingLine.several(engine);
    await node.order(1, 'hang');
    const line = await LivingLine.first(lines);

    const { shards } = await line.json<{ shards: ShardRow[] }>('/v1/admin/shards');
    for (const { worker, phase, reason } of shards) {
      expect([worker, phase, reason]).toEqual(
        worker === 0 ? [0, 'open', null] : [1, 'silent', 'worker 1 does not answer'],
      );
    }
    expect(shards).toHaveLength(16);
    const metrics = await line.text('/metrics');
    expect(metrics).toContain('doorbuster_worker_threads{state="silent"} 1\n');
    expect(metrics).toContain('doorbuster_shards{phase="silent"} 8\n');
    expect(metrics).toContain('doorbuster_shards{phase="open"} 8\n');
    const report = await line.json<Report & { silentWorkers: number[] }>('/v1/admin/audit');
    expect(report).toMatchObject({ ok: true, violations: [], silentWorkers: [1] });
    expect(await line.json(`/v1/products/${alive}`)).toMatchObject({ id: alive });
    expect(await line.json(`/v1/products/${stuck}`)).toMatchObject({ code: 'outcome_unknown' });
    expect(await line.json(`/v1/products/${stuck}/events`)).toMatchObject({ code: 'outcome_unknown' });
    LivingLine.closeAll(lines);
    expect(await engine.stop()).toBe(0);
  }, 240_000);
});
