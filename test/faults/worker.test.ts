// Worker threads of a running node hang, throw and exit in the middle of a rush: the node goes on, and nobody is misled.

import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../src/actors/index.ts';
import { temporaryFolder } from '../harness/engine.ts';
import { Crowd, type CrowdOptions } from '../harness/crowd.ts';
import { expectTruth } from '../harness/truth.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { EventReader } from '../http/event-stream.ts';
import { LivingLine } from './living-line.ts';
import { FaultyEngine, type Fault, type ShardRow } from './worker-faults.ts';

const SOON = { WORKERS: '2', WORKER_STALL_MS: '2000' };
const PRODUCTS_PER_WORKER = 4;
const MANY = { quantity: 100_000 };
const SOLD_BEFORE = 40;
/** More than were on their way. */
const SOLD_AGAIN = 50;
const SOLD_BESIDE = 20;
const TEST_MS_MAX = 240_000;

/** It dies several times, at most five within a minute: more would end it. */
let node: FaultyEngine;
/** At this node, so far. */
let crowds: Crowd[];

const begin = async (env: Record<string, string>): Promise<void> => {
  node = await FaultyEngine.start(env);
  crowds = [];
};
const end = async (): Promise<void> => {
  try {
    expect(await node.engine.stop()).toBe(0);
  } finally {
    await node.engine.remove();
  }
};
const crowdAt = (products: readonly string[], options?: CrowdOptions): Crowd => {
  const crowd = new Crowd(node.engine, products, options);
  crowds.push(crowd);
  return crowd;
};
const deathsBy = (reason: string): Promise<number> =>
  node.metric(`doorbuster_worker_deaths_total{reason="${reason}"}`);

const DEATHS: readonly { fault: Fault; reason: string; dying: 0 | 1 }[] = [
  { fault: 'spin', reason: 'hang', dying: 1 },
  // The one that lived, since it has most connections by then.
  { fault: 'throw', reason: 'error', dying: 0 },
  { fault: 'exit', reason: 'exit', dying: 1 },
];

describe('one of two worker threads', () => {
  // A thread may stall for five seconds, unless somebody says otherwise; commands wait longer, so that some of them see the takeover.
  beforeAll(() => begin({ WORKERS: '2', COMMAND_TIMEOUT_MS: '30000' }), TEST_MS_MAX);
  afterAll(end, TEST_MS_MAX);

  describe.each(DEATHS)('a worker thread that ends by: $fault', ({ fault, reason, dying }) => {
    test(
      'loses nothing; its products are sold by another thread, in the same process',
      async () => {
        const { engine } = node;
        const heir = 1 - dying;
        await node.spread();
        const [staying, moving] = [
          await node.productsOf(heir, PRODUCTS_PER_WORKER),
          await node.productsOf(dying, PRODUCTS_PER_WORKER),
        ];
        for (const id of [...staying, ...moving]) await engine.product(id, MANY);
        // Few, since they buy all the while, and each of them asks again afterwards.
        // Whoever came to the thread that hangs asks once more, and so on another connection.
        const beside = crowdAt(staying, { clickers: 4, patienceMs: 1_000 });
        const within = crowdAt(moving, { clickers: 12 });
        const watchers = await Promise.all(
          Array.from({ length: 24 }, () => EventReader.open(engine, `/v1/products/${moving[0]}/events`)),
        );
        await waitUntil(
          'the rush is on',
          () => beside.soldSince(0) > 10 && within.soldSince(0) > SOLD_BEFORE,
        );

        const before = await node.shards();
        const takeovers = await node.metric('doorbuster_worker_takeovers_total');
        await node.order(dying, fault);
        const orderedAt = performance.now();
        await waitUntil(
          'the products of the dead thread sell again',
          () => within.soldSince(orderedAt) > SOLD_AGAIN,
        );
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
        await waitUntil('the other products sell', () => beside.soldSince(orderedAt) > SOLD_BESIDE);
        await Promise.all([beside.goHome(), within.goHome()]);

        expect(await deathsBy(reason)).toBe(1);
        await waitUntil('the takeover is complete', async () => {
          return (await node.metric('doorbuster_worker_takeovers_total')) > takeovers;
        });
        expect(await node.metric('doorbuster_worker_takeovers_total')).toBe(takeovers + 1);
        const repeated = await node.metric('doorbuster_commands_repeated_total');
        console.log(`${fault}: ${repeated} commands repeated`);
        if (reason === 'hang')
          expect(repeated, 'commands of the other thread that waited').toBeGreaterThan(0);
        const rows = await node.shards();
        expect(new Set(rows.map(({ worker }) => worker))).toEqual(new Set([heir]));
        expect(new Set(rows.map(({ phase }) => phase))).toEqual(new Set(['open']));
        for (const { shard, worker, epoch } of before) {
          const claimed = worker === dying ? epoch! + 1 : epoch;
          expect([shard, rows[shard]!.epoch], 'fenced by a claim').toEqual([shard, claimed]);
        }
        await node.bothServe();
        await expectTruth(engine, crowds, [beside, within]);
        // What was waited for, of the dead thread's before and after, and beside them.
        expect(within.sales.length + beside.sales.length).toBeGreaterThan(
          SOLD_BEFORE + SOLD_AGAIN + SOLD_BESIDE,
        );
      },
      TEST_MS_MAX,
    );
  });
});

describe('the only worker thread', () => {
  beforeAll(() => begin({ ...SOON, WORKERS: '1' }), TEST_MS_MAX);
  afterAll(end, TEST_MS_MAX);

  test.each<Fault>(['hang', 'exit'])(
    'is replaced by one that claims everything itself: %s',
    async (fault) => {
      const products = await node.productsOf(0, 1);
      await node.engine.product(products[0]!, MANY);
      const crowd = crowdAt(products, { clickers: 12 });
      await waitUntil('the rush is on', () => crowd.soldSince(0) > SOLD_BEFORE);
      await node.order(0, fault);
      const orderedAt = performance.now();
      await waitUntil('it sells again', () => crowd.soldSince(orderedAt) > SOLD_AGAIN);
      console.log(`${fault} of the only thread: sold again after ${crowd.longestPause().ms} ms`);
      await crowd.goHome();
      expect(await deathsBy(fault)).toBe(1);
      await waitUntil('all shards are open', async () => {
        return (await node.shards()).every(({ worker, phase }) => worker === 0 && phase === 'open');
      });
      await expectTruth(node.engine, crowds, [crowd]);
    },
    TEST_MS_MAX,
  );
});

describe('two worker threads', () => {
  beforeAll(() => begin({ ...SOON, WORKER_START_MS: '10000' }), TEST_MS_MAX);
  afterAll(end, TEST_MS_MAX);

  test(
    'are not accused when the process was stopped for longer than a thread may stall',
    async () => {
      const { engine } = node;
      const later = (): Promise<boolean> => {
        const since = performance.now();
        return waitUntil('a later moment', () => performance.now() - since > 2_500);
      };
      for (let round = 0; round < 3; round++) {
        engine.signal('SIGSTOP');
        await later();
        engine.signal('SIGCONT');
        await waitUntil('it answers again', async () => (await engine.call('GET', '/livez')).status === 200);
      }
      // The watchdog looks at them for so long.
      await later();
      for (const reason of ['hang', 'error', 'exit']) expect(await deathsBy(reason)).toBe(0);
    },
    TEST_MS_MAX,
  );

  test(
    'a stampede for one product sells every unit once, though its thread hangs in the middle',
    async () => {
      const units = 200;
      const [hot] = await node.productsOf(1, 1);
      await node.engine.product(hot!, { quantity: units });
      const crowd = crowdAt([hot!], { wishesMax: units * 2, clickers: 40 });
      await waitUntil('some are sold', () => crowd.soldSince(0) > units / 4);
      await node.order(1, 'hang');
      expect(crowd.soldSince(0), 'sold when it hung').toBeLessThan(units);
      await crowd.allAnswered();
      expect(await deathsBy('hang')).toBe(1);
      expect(await expectTruth(node.engine, crowds)).toBe(units);
    },
    TEST_MS_MAX,
  );

  test(
    'when all die at once, their successors take everything',
    async () => {
      await node.spread();
      const products = [...(await node.productsOf(0, 2)), ...(await node.productsOf(1, 2))];
      for (const id of products) await node.engine.product(id, MANY);
      const crowd = crowdAt(products, { clickers: 12 });
      await waitUntil('the rush is on', () => crowd.soldSince(0) > SOLD_BEFORE);
      const hangs = await deathsBy('hang');
      await Promise.all([node.order(0, 'hang'), node.order(1, 'hang')]);
      const orderedAt = performance.now();
      await waitUntil('each product sells again', () =>
        products.every(
          (id) =>
            crowd.sales.filter(({ productId, at }) => productId === id && at > orderedAt).length >
            SOLD_AGAIN / products.length,
        ),
      );
      await crowd.goHome();
      expect(await deathsBy('hang')).toBe(hangs + 2);
      await expectTruth(node.engine, crowds, [crowd]);
    },
    TEST_MS_MAX,
  );

  test(
    'a successor that hangs before it gives a sign of life is replaced by another, which serves',
    async () => {
      await node.bothServe();
      const hangs = await deathsBy('hang');
      node.orderFirst(1, 'hang');
      await node.order(1, 'exit');
      await waitUntil(
        'the successor was ended',
        async () => (await deathsBy('hang')) === hangs + 1,
        () => node.engine.output,
      );
      await node.bothServe();
      expect(node.engine.output).toMatch(/worker 1 gave no sign of life within 10000 ms of its start/);
    },
    TEST_MS_MAX,
  );
});

describe('a node', () => {
  beforeAll(() => begin(SOON), TEST_MS_MAX);
  afterAll(() => node.engine.remove(), TEST_MS_MAX);

  test(
    'ends with more than five deaths within a minute, and says why',
    async () => {
      for (let death = 1; death <= 6; death++) {
        await node.order(death % 2, 'throw');
        if (death === 6) break;
        await waitUntil(`death ${death}`, async () => (await deathsBy('error')) === death);
        await node.bothServe();
      }
      expect(await node.engine.exited()).toBe(1);
      expect(node.engine.output).toMatch(
        /A part of the node died.*more than 5 worker threads died within 60 s.*thrown by the test/,
      );
    },
    TEST_MS_MAX,
  );
});

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

describe('while a worker thread hangs', () => {
  /** It hangs for as long as the test likes. */
  const FOR_EVER = { WORKERS: '2', WORKER_STALL_MS: '600000', COMMAND_TIMEOUT_MS: '1000' };
  beforeAll(() => begin(FOR_EVER), TEST_MS_MAX);
  afterAll(() => node.engine.remove(), TEST_MS_MAX);

  test('the node answers what it can, says what it cannot, and stops in bounded time', async () => {
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
