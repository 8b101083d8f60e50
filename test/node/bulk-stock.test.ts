// Lines of a stock file, carried out at a desk that counts as an actor does, and that fails as it is told to.

import { expect, test } from 'vitest';
import { changeInBulk } from '../../src/commands/bulk-stock.ts';
import type { StockBatchWish, StockDesk } from '../../src/commands/stock-desk.ts';
import type { StockLine } from '../../src/commands/stock-line.ts';
import { StockRefused } from '../../src/commands/stock-refused.ts';
import type { StockResult } from '../../src/http/index.ts';

type Refused = Extract<StockResult, { code: string }>['code'];

/** As src/actors/offer.ts and src/http/stock-batch.ts, for loads. */
class ScriptedDesk implements StockDesk {
  readonly name = 'scripted';
  readonly batchesInFlightMax: number;
  readonly counted = new Map<string, number>();
  readonly batches: StockBatchWish[] = [];
  readonly #busy = new Set<string>();
  /** What a line is refused with in place of being counted, this time. */
  refusal: (requestId: string, times: number) => Refused | undefined = () => undefined;
  /** The answer to a batch is lost, though it was carried out. */
  isLost: (batch: number) => boolean = () => false;
  readonly #times = new Map<string, number>();

  constructor(batchesInFlightMax = 4) {
    this.batchesInFlightMax = batchesInFlightMax;
  }

  change(): never {
    throw new Error('a file goes in batches');
  }

  show(): never {
    throw new Error('a file shows nothing');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get units(): number {
    return [...this.counted.values()].reduce((sum, quantity) => sum + quantity, 0);
  }

  async changeMany(batch: StockBatchWish): Promise<readonly StockResult[]> {
    const number = this.batches.push(batch);
    const products = [...new Set(batch.lines.map(({ productId }) => productId))];
    for (const product of products) {
      if (this.#busy.has(product)) throw new Error(`two requests for ${product} at a time`);
      this.#busy.add(product);
    }
    if (batch.lines.length > 128) throw new Error(`a request has ${batch.lines.length} lines`);
    await Promise.resolve();
    const results = this.#resultsOf(batch);
    for (const product of products) this.#busy.delete(product);
    if (this.isLost(number)) throw StockRefused.silent(this.name, 'the cable is out');
    return results;
  }

  #resultsOf({ lines, stopAtReused }: StockBatchWish): StockResult[] {
    const broken = new Set<string>();
    return lines.map(({ productId, quantity, requestId }): StockResult => {
      const times = (this.#times.get(requestId) ?? 0) + 1;
      this.#times.set(requestId, times);
      const known = this.counted.get(requestId);
      let code = this.refusal(requestId, times);
      if (stopAtReused && broken.has(productId)) code = 'not_carried_out';
      else if (known !== undefined && known !== quantity) {
        code = 'idempotency_key_reused';
        broken.add(productId);
      } else if (known !== undefined) return { requestId, duplicate: true };
      if (code !== undefined) {
        return { requestId, code, detail: `the detail of ${code}`, retry: 'never' };
      }
      this.counted.set(requestId, quantity);
      return { requestId, duplicate: false };
    });
  }
}

const linesOf = (products: number, each: number, isNamed = false): StockLine[] =>
  Array.from({ length: products * each }, (_, at) => ({
    line: at + 2,
    productId: `p${at % products}`,
    quantity: 1 + (at % 3),
    requestId: `p${at % products}-${1 + Math.floor(at / products)}`,
    isNamed,
  }));

async function run(desk: StockDesk, lines: readonly StockLine[]) {
  const bad: [number, string][] = [];
  let done = 0;
  const pause = (): Promise<void> => Promise.resolve();
  const options = { desk, change: 'load', lines, pause, onProgress: (now: number) => (done = now) } as const;
  const result = await changeInBulk({ ...options, onBad: ({ line }, problem) => bad.push([line, problem]) });
  return { counts: result.counts, stopped: result.stopped, bad, done };
}

const unitsIn = (lines: readonly StockLine[]): number =>
  lines.reduce((sum, { quantity }) => sum + quantity, 0);

test.each([
  ['many products with a line each', 1_000, 1, false],
  ['a product with many lines', 1, 1_000, false],
  ['products and lines that fill no request', 7, 301, false],
  ['lines with names of their own', 7, 301, true],
])('%s are each counted once, and a second run counts nothing', async (_, products, each, isNamed) => {
  const desk = new ScriptedDesk();
  const lines = linesOf(products, each, isNamed);
  const first = await run(desk, lines);
  const counts = { lines: lines.length, units: unitsIn(lines), before: 0 };
  expect(first).toEqual({ counts, stopped: undefined, bad: [], done: lines.length });
  expect(desk.units).toBe(unitsIn(lines));
  const second = await run(desk, lines);
  expect(second.counts).toEqual({ lines: 0, units: 0, before: lines.length });
  expect(desk.units).toBe(unitsIn(lines));
});

test('the lines of a product travel together, and in few requests', async () => {
  const desk = new ScriptedDesk();
  await run(desk, linesOf(10, 128));
  expect(desk.batches).toHaveLength(10);
  for (const { lines, stopAtReused } of desk.batches) {
    expect(stopAtReused).toBe(true);
    expect(new Set(lines.map(({ productId }) => productId)).size).toBe(1);
  }
});

test('lines with and without names of their own are in no request together', async () => {
  const desk = new ScriptedDesk(1);
  const lines = [
    ...linesOf(5, 3),
    ...linesOf(5, 3, true).map((line) => ({ ...line, requestId: `own-${line.line}` })),
  ];
  expect(await run(desk, lines)).toMatchObject({ counts: { lines: 30 }, bad: [] });
  const kinds = desk.batches.map(({ lines: some, stopAtReused }) => [
    stopAtReused,
    some.every(({ requestId }) => requestId.startsWith('own') !== stopAtReused),
  ]);
  expect(kinds).toEqual([
    [true, true],
    [false, true],
  ]);
});

test('behind a line that was counted with another quantity, those of its product stay undone', async () => {
  const desk = new ScriptedDesk();
  desk.counted.set('p0-3', 99);
  const { counts, bad, done } = await run(desk, linesOf(2, 5));
  expect(counts).toMatchObject({ lines: 7, before: 0 });
  expect(bad).toEqual([
    [6, expect.stringMatching(/^idempotency_key_reused: .*requestId p0-3/)],
    [8, expect.stringMatching(/^not carried out: line 6 of the same product .*another quantity/)],
    [10, expect.stringMatching(/^not carried out: line 6/)],
  ]);
  expect(done).toBe(10);
  expect([...desk.counted.keys()].filter((name) => name.startsWith('p0-'))).toEqual(['p0-3', 'p0-1', 'p0-2']);
});

test('the same of a line with a name of its own is that line’s affair alone', async () => {
  const desk = new ScriptedDesk();
  desk.counted.set('p0-3', 99);
  const { counts, bad } = await run(desk, linesOf(1, 5, true));
  expect(counts).toMatchObject({ lines: 4 });
  expect(bad.map(([line]) => line)).toEqual([4]);
});

test('behind a line that was refused for itself, the others are carried out', async () => {
  const desk = new ScriptedDesk();
  desk.refusal = (requestId) => (/-[24]$/.test(requestId) ? 'insufficient_stock' : undefined);
  const { counts, bad, done } = await run(desk, linesOf(1, 6));
  expect(counts).toMatchObject({ lines: 4 });
  expect(bad.map(([line, problem]) => [line, problem.split(':')[0]])).toEqual([
    [3, 'insufficient_stock'],
    [5, 'insufficient_stock'],
  ]);
  expect(done).toBe(6);
});

test('a product that is not there is named, with what to do', async () => {
  const desk = new ScriptedDesk();
  desk.refusal = () => 'not_found';
  const { bad } = await run(desk, linesOf(1, 2));
  expect(bad.map(([, problem]) => problem)).toEqual([
    'not_found: there is no product p0; make it first (requestId p0-1)',
    'not_found: there is no product p0; make it first (requestId p0-2)',
  ]);
});

test('what may help is tried again, and the line is counted once', async () => {
  const desk = new ScriptedDesk();
  desk.refusal = (requestId, times) =>
    times === 1 && requestId === 'p0-2'
      ? 'overloaded'
      : times < 3 && requestId === 'p1-1'
        ? 'outcome_unknown'
        : undefined;
  const lines = linesOf(2, 3);
  const { counts, bad, stopped } = await run(desk, lines);
  expect({ counts, bad, stopped }).toEqual({
    counts: { lines: 6, units: unitsIn(lines), before: 0 },
    bad: [],
    stopped: undefined,
  });
});

test('an answer that is lost is asked for again: what was counted is told as counted before', async () => {
  const desk = new ScriptedDesk(1);
  desk.isLost = (batch) => batch === 1;
  const lines = linesOf(1, 200);
  const { counts, bad } = await run(desk, lines);
  expect(counts).toEqual({ lines: 72, units: unitsIn(lines.slice(128)), before: 128 });
  expect(bad).toEqual([]);
  expect(desk.units).toBe(unitsIn(lines));
});

test('a line that is too much to the end is a bad line, and the others are carried out', async () => {
  const desk = new ScriptedDesk();
  desk.refusal = (requestId) => (/^p0-[23]$/.test(requestId) ? 'overloaded' : undefined);
  const { counts, bad, stopped } = await run(desk, linesOf(2, 4));
  expect(counts).toMatchObject({ lines: 6 });
  expect(bad.map(([line, problem]) => [line, problem.split(':')[0]])).toEqual([
    [4, 'overloaded'],
    [6, 'overloaded'],
  ]);
  expect(stopped).toBeUndefined();
});

test('when nobody answers any more it stops, and says how to go on', async () => {
  const desk = new ScriptedDesk(2);
  desk.isLost = (batch) => batch > 2;
  const { counts, stopped } = await run(desk, linesOf(20, 100));
  expect(counts.lines).toBe(256);
  expect(stopped?.message).toMatch(
    /the cable is out \(line \d+, after 8 attempts\)\. Run it again with the same --batch/,
  );
});

test('what is wrong for all lines stops at once', async () => {
  const desk = new ScriptedDesk(1);
  desk.changeMany = () =>
    Promise.reject(StockRefused.answered('http://node', 403, '{"code":"forbidden","detail":"no"}'));
  const { counts, stopped, bad } = await run(desk, linesOf(3, 3));
  expect(counts).toEqual({ lines: 0, units: 0, before: 0 });
  expect(stopped?.message).toBe('http://node answered 403: forbidden: no');
  expect(bad).toEqual([]);
});

test('a node that answers for other lines than were sent stops the run', async () => {
  const desk = new ScriptedDesk(1);
  desk.changeMany = () => Promise.resolve([]);
  const { stopped } = await run(desk, linesOf(1, 3));
  expect(stopped?.message).toBe('scripted gave 0 results for 3 lines.');
});
