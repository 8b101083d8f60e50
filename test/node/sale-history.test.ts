// The seconds of a sale as the main thread keeps them, and as several nodes together tell them.

import { expect, test } from 'vitest';
import type { ProductReading, Stock } from '../../src/actors/index.ts';
import {
  mergeSeries,
  ORDERS,
  REFUSALS_COUNTED,
  REFUSED,
  SaleQuestion,
  TRAFFIC_COLUMNS,
  UNITS,
  type TrafficWindow,
} from '../../src/http/index.ts';
import { ClusterControl } from '../../src/cluster-control.ts';
import { CALL_BYTES_MAX, decodeAnswer, encodeAnswer } from '../../src/runtime/cluster/call-format.ts';
import { CallFailed } from '../../src/runtime/cluster/node-calls.ts';
import { CARRIED_SECONDS, HISTORY_SECONDS, SaleHistory } from '../../src/sale-history.ts';
import { SaleSampler } from '../../src/sale-sampler.ts';

function columns(orders: number, soldOut = 0): Float64Array {
  const counts = new Float64Array(TRAFFIC_COLUMNS);
  counts[ORDERS] = orders;
  counts[UNITS] = 2 * orders;
  counts[REFUSED + REFUSALS_COUNTED.indexOf('sold_out')] = soldOut;
  return counts;
}

const stock = (available: number, reserved: number, sold: number): Stock => ({
  loaded: available + reserved + sold,
  available,
  reserved,
  sold,
  withdrawn: 0,
});

test('tells seconds in a row, with nothing where nothing was, and stock where it was read', () => {
  const history = new SaleHistory();
  history.count('a', 1_000, columns(3, 5));
  history.count('b', 1_000, columns(1));
  history.stock('a', 1_000, stock(7, 1, 2));
  history.count('a', 1_002, columns(4));
  const series = history.series(['a', 'b', 'nobody'], 999, 1_002);
  expect(series).toMatchObject({ from: 999, seconds: 4, orders: [0, 4, 0, 4], units: [0, 8, 0, 8] });
  expect(series.refused).toEqual({ sold_out: [0, 5, 0, 0] });
  expect(series.known).toEqual([0, 1, 0, 0]);
  expect([series.available[1], series.held[1], series.sold[1]]).toEqual([7, 1, 2]);
  expect(history.counts(['a', 'b', 'nobody'], 1_001, 1_002)).toEqual([
    { productId: 'a', orders: 4, units: 8, refused: {} },
  ]);
});

test('keeps ten minutes, and no figure of a second that is over stands for a later one', () => {
  const history = new SaleHistory();
  history.count('a', 5, columns(9, 9));
  history.stock('a', 5, stock(1, 1, 1));
  const unused = history.series(['a'], 6, 5 + HISTORY_SECONDS);
  expect([unused.orders.at(-1), unused.known.at(-1), unused.refused]).toEqual([0, 0, {}]);
  history.count('a', 5 + HISTORY_SECONDS, columns(1));
  const series = history.series(['a'], 0, 5 + HISTORY_SECONDS);
  expect(series.from).toBe(6);
  expect(series.seconds).toBe(HISTORY_SECONDS);
  expect(series.orders.reduce((sum, orders) => sum + orders, 0)).toBe(1);
  expect(series.refused).toEqual({});
  expect(series.known.every((known) => known === 0)).toBe(true);
});

test('remembers a bounded number of products, those used last', () => {
  const history = new SaleHistory(2);
  history.count('a', 1, columns(1));
  history.count('b', 2, columns(1));
  history.count('a', 3, columns(1));
  history.watch('c');
  expect(history.productIds).toEqual(['a', 'c']);
});

test('adds what several nodes counted, and takes the stock from whoever knows most of it', () => {
  const one = new SaleHistory();
  const other = new SaleHistory();
  one.count('a', 10, columns(1, 2));
  other.count('a', 10, columns(2));
  other.stock('a', 10, stock(5, 4, 3));
  // The other node is a second behind.
  one.count('a', 11, columns(7));
  const merged = mergeSeries([one.series(['a'], 9, 11), other.series(['a'], 9, 10)], 9, 3);
  expect(merged).toMatchObject({ from: 9, seconds: 3, orders: [0, 3, 7], refused: { sold_out: [0, 2, 0] } });
  expect(merged.known).toEqual([0, 1, 0]);
  expect(merged.held).toEqual([0, 4, 0]);
});

/** A second at a time, as the test says. */
function sampled(windows: TrafficWindow['products'][][], read: () => ProductReading[]) {
  let nowMs = 50_000_200;
  const due: (() => void)[] = [];
  const sampler = new SaleSampler({
    workers: {
      traffic: async () => windows.shift() ?? [],
      readings: async (ids) => read().filter(({ productId }) => ids.includes(productId)),
    },
    clock: { now: () => nowMs },
    timers: {
      after: (delayMs: number, act: () => void) => {
        due.push(() => {
          nowMs += delayMs;
          act();
        });
        return () => undefined;
      },
    } as never,
  });
  sampler.start();
  const second = async (): Promise<void> => {
    due.shift()!();
    for (let turn = 0; turn < 20 && due.length === 0; turn++) await Promise.resolve();
    expect(due).toHaveLength(1);
  };
  return { sampler, second };
}

const reading = (productId: string, available: number): ProductReading =>
  ({ productId, stock: stock(available, 0, 0) }) as ProductReading;
const nobodyElse = () => Promise.resolve({ told: [], silent: [] });

test('a board that is opened in mid-sale finds the seconds before', async () => {
  const { sampler, second } = sampled(
    [[[['a', columns(3)]], [['a', columns(2)]]], [[['a', columns(1, 8)]]]],
    () => [reading('a', 41)],
  );
  await second();
  await second();
  const { series, counts, readings } = await sampler.watch(
    { productIds: ['a'], plottedIds: ['a'], from: 0 },
    nobodyElse,
  );
  expect(series.from + series.seconds).toBe(50_002);
  expect(series.seconds).toBe(HISTORY_SECONDS);
  expect(series.orders.slice(-3)).toEqual([0, 5, 1]);
  expect(series.available.slice(-3)).toEqual([0, 41, 41]);
  expect(counts).toEqual([{ productId: 'a', orders: 6, units: 12, refused: { sold_out: 8 } }]);
  expect(readings).toEqual([reading('a', 41)]);
});

test('stock that is not read is that of the last reading, for a minute and no longer', () => {
  const history = new SaleHistory();
  history.watch('a');
  history.stock('a', 1_000, stock(7, 1, 2));
  history.count('a', 1_002, columns(1));
  history.stock('a', 1_003, stock(6, 1, 3));
  history.carry(1_200);
  const { known, available, held } = history.series(['a'], 999, 1_200);
  expect(available.slice(0, 6)).toEqual([0, 7, 7, 7, 6, 6]);
  expect(held.slice(0, 6)).toEqual([0, 1, 1, 1, 1, 1]);
  expect(known.lastIndexOf(1)).toBe(4 + CARRIED_SECONDS);
});

test('the start of a rush is in the plot, also when nobody had looked or bought for long', async () => {
  const quiet: TrafficWindow['products'][][] = Array.from({ length: 100 }, () => []);
  let available = 50;
  const { sampler, second } = sampled([...quiet, [[['a', columns(3)]]]], () => [
    reading('a', available),
    reading('b', 20),
  ]);
  const question = { productIds: ['a', 'b'], plottedIds: ['a', 'b'], from: 0 };
  await sampler.watch(question, nobodyElse);
  for (let passed = 0; passed < 100; passed++) await second();
  available = 47;
  await second();
  const { series } = await sampler.watch(question, nobodyElse);
  expect(series.orders.slice(-2)).toEqual([0, 3]);
  expect(series.known.slice(-100)).toEqual(Array.from({ length: 100 }, () => 2));
  expect(series.available.slice(-2)).toEqual([70, 67]);
});

test('a product that nobody bought is read when somebody looks, and from then on', async () => {
  const { sampler, second } = sampled([], () => [reading('quiet', 3)]);
  const first = await sampler.watch(
    { productIds: ['quiet', 'unknown'], plottedIds: ['quiet'], from: 0 },
    nobodyElse,
  );
  expect(first.readings).toEqual([reading('quiet', 3)]);
  await second();
  const later = await sampler.watch(
    { productIds: ['quiet', 'unknown'], plottedIds: ['quiet'], from: 0 },
    nobodyElse,
  );
  expect(later.series.available.at(-1)).toBe(3);
  expect(later.series.known.at(-1)).toBe(1);
});

test('other nodes’ answers are added, and those that are missing are named', async () => {
  const { sampler, second } = sampled([[[['a', columns(3)]]]], () => [reading('a', 41)]);
  await second();
  const other = new SaleHistory();
  other.count('a', 50_000, columns(4, 1));
  const { series, counts, silent } = await sampler.watch(
    { productIds: ['a'], plottedIds: ['a'], from: 49_999 },
    async (asked) => ({
      told: [
        {
          series: other.series(asked.productIds, asked.from, 50_000),
          counts: other.counts(['a'], 0, 50_000),
        },
      ],
      silent: ['b'],
    }),
  );
  expect(series.orders.at(-1)).toBe(7);
  expect(counts).toEqual([{ productId: 'a', orders: 7, units: 14, refused: { sold_out: 1 } }]);
  expect(silent).toEqual(['b']);
});

test('a cluster asks its other nodes at once, as JSON, and names those that are silent', async () => {
  const far = new SaleHistory();
  far.count('a', 10, columns(4, 1));
  const asked: unknown[] = [];
  const control = new ClusterControl({
    membership: {
      number: 1,
      document: { members: ['here', 'far', 'gone'].map((node, at) => ({ node, number: at + 1 })) },
    },
    calls: {
      ask: async (member: number, name: string, value: unknown, { withinMs }: { withinMs: number }) => {
        asked.push([member, name, value]);
        if (member === 3) throw new CallFailed('silent', `no answer within ${withinMs} ms`);
        const { productIds, plottedIds, from } = SaleQuestion.parse(JSON.parse(JSON.stringify(value)));
        const told = { series: far.series(plottedIds, from, 10), counts: far.counts(productIds, 6, 10) };
        return (decodeAnswer(encodeAnswer(told)) as { value: unknown }).value;
      },
    },
  } as never);
  const question = { productIds: ['a', 'b'], plottedIds: ['a'], from: 9 };
  const { told, silent } = await control.othersSale(question);
  expect(asked).toEqual([
    [2, 'sale', question],
    [3, 'sale', question],
  ]);
  expect(silent).toEqual(['gone']);
  expect(told).toHaveLength(1);
  expect(told[0]!.series).toMatchObject({ from: 9, orders: [0, 4], refused: { sold_out: [0, 1] } });
  expect(told[0]!.counts).toEqual([{ productId: 'a', orders: 4, units: 8, refused: { sold_out: 1 } }]);
});

test('ten minutes of a hundred products fit into one answer of a node', () => {
  const history = new SaleHistory();
  const productIds = Array.from({ length: 100 }, (_, at) => `${'p'.repeat(60)}${at}`);
  for (const productId of productIds) {
    for (let second = 1; second <= HISTORY_SECONDS; second++) {
      history.count(productId, second, new Float64Array(TRAFFIC_COLUMNS).fill(99_999));
      history.stock(productId, second, stock(9_999_999, 9_999_999, 9_999_999));
    }
  }
  const told = {
    series: history.series(productIds, 0, HISTORY_SECONDS),
    counts: history.counts(productIds, 1, HISTORY_SECONDS),
  };
  expect(encodeAnswer(told).length).toBeLessThan(CALL_BYTES_MAX);
});

test('an actor that misses a second keeps its figures for a moment, and not for ever', async () => {
  let answers = true;
  const { sampler, second } = sampled([], () => (answers ? [reading('a', 3)] : []));
  const question = { productIds: ['a'], plottedIds: ['a'], from: 0 };
  await sampler.watch(question, nobodyElse);
  await second();
  answers = false;
  await second();
  const missed = await sampler.watch(question, nobodyElse);
  expect(missed.readings).toEqual([reading('a', 3)]);
  expect(missed.series.known.slice(-2)).toEqual([1, 1]);
  expect(missed.series.available.slice(-2)).toEqual([3, 3]);
  for (let passed = 0; passed < 6; passed++) await second();
  expect((await sampler.watch(question, nobodyElse)).readings).toEqual([]);
});
