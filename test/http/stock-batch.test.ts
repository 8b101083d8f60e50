// Many changes of stock in one request: each line by itself, durable when it is answered, and in order where that is asked for.

/* oxlint-disable vitest/expect-expect -- expectProblem asserts, too */

import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { tokenOf } from '../harness/crowd.ts';
import { StockBatchResults } from '../../src/http/stock-schemas.ts';
import { ADMIN_TOKEN, Engine, type Answer } from '../harness/engine.ts';
import { expectProblem } from './problems.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await Engine.start({ demo: false });
});
afterAll(() => engine?.remove());

interface Line {
  readonly productId: string;
  readonly quantity: number;
  readonly requestId: string;
}

const line = (productId: string, quantity: number, requestId: string): Line => ({
  productId,
  quantity,
  requestId,
});
const send = (body: unknown, token = ADMIN_TOKEN): Promise<Answer> =>
  engine.call('POST', '/v1/admin/stock', { token, body });
const shown = async (id: string): Promise<Record<string, unknown>> =>
  (await engine.admin('GET', `/products/${id}/stock`)).body;

async function results(change: string, lines: readonly Line[], stopAtReused = false): Promise<unknown[]> {
  const { status, body } = await send({ change, lines, stopAtReused });
  expect([status, body]).toEqual([200, expect.anything()]);
  const shape = z.strictObject({
    results: z.array(z.strictObject(StockBatchResults.shape.results.element.shape)),
  });
  return shape.parse(body).results;
}

test('each line is counted once, however often and in whatever company it is sent', async () => {
  await engine.product('one', { quantity: 0 });
  await engine.product('two', { quantity: 0 });
  const lines = [line('one', 5, 'a'), line('two', 7, 'a'), line('one', 1, 'b'), line('one', 5, 'a')];
  expect(await results('load', lines)).toEqual([
    { requestId: 'a', duplicate: false },
    { requestId: 'a', duplicate: false },
    { requestId: 'b', duplicate: false },
    { requestId: 'a', duplicate: true },
  ]);
  expect(await results('load', [...lines, line('two', 2, 'c')])).toMatchObject([
    ...lines.map(() => ({ duplicate: true })),
    { duplicate: false },
  ]);
  expect(await shown('one')).toMatchObject({ loaded: 6, available: 6 });
  expect(await shown('two')).toMatchObject({ loaded: 9, available: 9 });
  expect(await results('withdraw', [line('one', 2, 'back')])).toEqual([
    { requestId: 'back', duplicate: false },
  ]);
  expect(await shown('one')).toMatchObject({ loaded: 6, available: 4, withdrawn: 2 });
  // As one of its own, too.
  const alone = await engine.call('POST', '/v1/admin/products/one/stock', {
    token: ADMIN_TOKEN,
    key: 'b',
    body: { quantity: 1 },
  });
  expect(alone.body).toMatchObject({ duplicate: true, loaded: 6 });
});

test('a refused line says why, and the others count', async () => {
  await engine.product('some', { quantity: 0 });
  const lines = [line('some', 3, 'a'), line('none', 1, 'a'), line('some', 4, 'a'), line('some', 1, 'b')];
  expect(await results('load', lines)).toEqual([
    { requestId: 'a', duplicate: false },
    { requestId: 'a', code: 'not_found', detail: expect.stringContaining('Make it first'), retry: 'never' },
    {
      requestId: 'a',
      code: 'idempotency_key_reused',
      detail: expect.stringContaining('another quantity'),
      retry: 'never',
    },
    { requestId: 'b', duplicate: false },
  ]);
  expect(await results('withdraw', [line('some', 5, 'w'), line('some', 4, 'x')])).toMatchObject([
    { code: 'insufficient_stock' },
    { duplicate: false },
  ]);
  expect(await shown('some')).toMatchObject({ loaded: 4, available: 0, withdrawn: 4 });
});

test('where lines are named by their places, nothing of a product counts behind a name that is another line’s', async () => {
  await engine.product('first', { quantity: 0 });
  await engine.product('second', { quantity: 0 });
  const before = [line('first', 1, 'a'), line('first', 9, 'x'), line('first', 1, 'b')];
  await results('load', before, true);
  const lines = [
    line('first', 1, 'a'),
    line('second', 1, 'a'),
    line('first', 3, 'new'),
    line('first', 1, 'x'),
    line('second', 1, 'b'),
    line('first', 1, 'b'),
    line('first', 1, 'c'),
  ];
  expect(await results('load', lines, true)).toMatchObject([
    { duplicate: true },
    { duplicate: false },
    { duplicate: false },
    { code: 'idempotency_key_reused' },
    { duplicate: false },
    { code: 'not_carried_out', retry: 'never' },
    { code: 'not_carried_out' },
  ]);
  expect(await shown('first')).toMatchObject({ loaded: 14 });
  expect(await shown('second')).toMatchObject({ loaded: 2 });
  // Elsewhere each line is by itself.
  expect(await results('load', lines)).toMatchObject([
    { duplicate: true },
    { duplicate: true },
    { duplicate: true },
    { code: 'idempotency_key_reused' },
    { duplicate: true },
    { duplicate: true },
    { duplicate: false },
  ]);
  expect(await results('load', [line('nothing', 1, 'a'), line('nothing', 1, 'b')], true)).toMatchObject([
    { code: 'not_found' },
    { code: 'not_found' },
  ]);
});

test('what is wrong with a request is named, and nothing of it counts', async () => {
  await engine.product('wrong', { quantity: 0 });
  const good = line('wrong', 1, 'good');
  const refused: readonly [RegExp, unknown][] = [
    [/is not JSON/, '{"change":'],
    [/change: /, { lines: [good] }],
    [/change: /, { change: 'steal', lines: [good] }],
    [/lines: /, { change: 'load' }],
    [/lines: /, { change: 'load', lines: [] }],
    [
      /lines: .*128/,
      { change: 'load', lines: Array.from({ length: 129 }, (_, at) => line('wrong', 1, `${at}`)) },
    ],
    [/lines\.1\.quantity: /, { change: 'load', lines: [good, line('wrong', -1, 'a')] }],
    [/lines\.1\.quantity: /, { change: 'load', lines: [good, line('wrong', 1.5, 'a')] }],
    [/lines\.1\.quantity: /, { change: 'load', lines: [good, line('wrong', 10_000_001, 'a')] }],
    [/lines\.1\.productId: /, { change: 'load', lines: [good, line('wr ong', 1, 'a')] }],
    [/lines\.1\.requestId: /, { change: 'load', lines: [good, line('wrong', 1, 'a'.repeat(129))] }],
    [
      /lines\.1\.requestId: must be given/,
      { change: 'load', lines: [good, { productId: 'wrong', quantity: 1 }] },
    ],
    [/note/, { change: 'load', lines: [good, { ...line('wrong', 1, 'a'), note: 'x' }] }],
    [/stopAtReused: /, { change: 'load', lines: [good], stopAtReused: 'yes' }],
    [
      /one name twice/,
      `{"change":"load","lines":[{"productId":"wrong","quantity":1,"quantity":2,"requestId":"a"}]}`,
    ],
    [
      /one name twice/,
      `{"change":"load","lines":[{"productId":"wrong","quantity":1,"requestId":"a\\u0062","requestId":"b"}]}`,
    ],
  ];
  for (const [detail, body] of refused) expectProblem(await send(body), 400, 'invalid_request', detail);
  expectProblem(await send(`"${'x'.repeat(70_000)}"`), 413, 'payload_too_large');
  expectProblem(await send({ change: 'load', lines: [good] }, 'of-somebody'), 403, 'forbidden');
  const shopper = tokenOf('ada');
  expectProblem(await send({ change: 'load', lines: [good] }, shopper), 403, 'forbidden');
  expect(await shown('wrong')).toMatchObject({ loaded: 0 });
});

test('as many lines as a request takes fit into it, with the longest names that there are', async () => {
  const product = 'p'.repeat(64);
  await engine.product(product, { quantity: 0 });
  const lines = Array.from({ length: 128 }, (_, at) => {
    // Escaped in JSON.
    const requestId = `${at}`.padEnd(128, '"\\');
    return line(product, 10_000_000, requestId);
  });
  const told = await results('load', lines, true);
  expect(told).toEqual(lines.map(({ requestId }) => ({ requestId, duplicate: false })));
  expect(await shown(product)).toMatchObject({ loaded: 1_280_000_000 });
});
