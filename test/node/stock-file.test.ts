// Files of stock changes: what is read of them, what is wrong with a line or with the whole file, and the names of lines.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readStockFile } from '../../src/commands/stock-file.ts';
import type { BadLine, StockLine } from '../../src/commands/stock-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Read {
  readonly lines: StockLine[];
  readonly bad: BadLine[];
}

async function read(text: string | Uint8Array, batch = 'b'): Promise<Read> {
  const path = join(folder, 'stock.csv');
  writeFileSync(path, text);
  const bad: BadLine[] = [];
  return { lines: await readStockFile(path, batch, (line) => bad.push(line)), bad };
}

const HEADER = 'productId,quantity,requestId\n';

test('each line has its number, its product, its units and its name', async () => {
  const { lines, bad } = await read('productId,quantity\nkettle,5\n\npan,10000000\nkettle,5\n');
  expect(bad).toEqual([]);
  expect(lines).toEqual([
    { line: 2, productId: 'kettle', quantity: 5, requestId: 'b-kettle-1', isNamed: false },
    { line: 4, productId: 'pan', quantity: 10_000_000, requestId: 'b-pan-1', isNamed: false },
    { line: 5, productId: 'kettle', quantity: 5, requestId: 'b-kettle-2', isNamed: false },
  ]);
});

test.each([
  ['a byte order mark', '\uFEFFproductId,quantity\nkettle,5\n'],
  ['lines of Windows', 'productId,quantity\r\nkettle,5\r\n'],
  ['lines of old Macs', 'productId,quantity\rkettle,5\r'],
  ['quotes', '"productId","quantity"\n"kettle","5"\n'],
  ['spaces around', ' productId , quantity \n kettle , 5 \n'],
  ['no line end at the end', 'productId,quantity\nkettle,5'],
  ['columns in another order', 'quantity,productId\n5,kettle\n'],
  ['an empty requestId', `${HEADER}kettle,5,\n`],
])('%s changes nothing of what is read', async (_, text) => {
  const { lines, bad } = await read(text);
  expect(bad).toEqual([]);
  expect(lines).toEqual([
    { line: 2, productId: 'kettle', quantity: 5, requestId: 'b-kettle-1', isNamed: false },
  ]);
});

test('a requestId of the file is kept', async () => {
  const { lines } = await read(
    `${HEADER}kettle,5,"delivery-7,line ""x"""\nkettle,5,d\n`.replace('line ', ''),
  );
  expect(lines.map(({ requestId, isNamed }) => [requestId, isNamed])).toEqual([
    ['delivery-7,"x"', true],
    ['d', true],
  ]);
});

test.each([
  ['no product', ',5,', 'productId: must be 1 to 64'],
  ['a product that cannot be', 'ket tle,5,', 'productId: must be 1 to 64'],
  ['a product that is too long', `${'k'.repeat(65)},5,`, 'productId: must be 1 to 64'],
  ['no quantity', 'kettle,,', 'quantity: must be a whole number from 1 to 10000000, not ""'],
  ['a quantity in words', 'kettle,five,', 'not "five"'],
  ['no unit', 'kettle,0,', 'not "0"'],
  ['less than nothing', 'kettle,-1,', 'not "-1"'],
  ['a part of a unit', 'kettle,1.5,', 'not "1.5"'],
  ['a number with an exponent', 'kettle,1e3,', 'not "1e3"'],
  ['too many units', 'kettle,10000001,', 'not "10000001"'],
  ['a requestId with a space', 'kettle,5,a b', 'requestId: must be 1 to 128 printable'],
  ['a requestId that is too long', `kettle,5,${'r'.repeat(129)}`, 'requestId: must be 1 to 128 printable'],
  ['a column too few', 'kettle,5', 'has 2 columns; the header has 3'],
  ['a column too many', 'kettle,5,a,b', 'has 4 columns; the header has 3'],
])('%s is a bad line with its number and its text, and the others are read', async (_, line, problem) => {
  const { lines, bad } = await read(`${HEADER}kettle,1,\n${line}\npan,2,\n`);
  expect(bad).toEqual([{ line: 3, text: line, problem: expect.stringContaining(problem) }]);
  expect(lines.map((read) => [read.line, read.requestId])).toEqual([
    [2, 'b-kettle-1'],
    [4, 'b-pan-1'],
  ]);
});

test('every bad line is told, however many', async () => {
  const text = `productId,quantity\n${'kettle,x\n'.repeat(5_000)}kettle,1\n`;
  const { lines, bad } = await read(text);
  expect(bad.map(({ line }) => line)).toEqual(Array.from({ length: 5_000 }, (_, at) => at + 2));
  // Mending them leaves the others' names.
  expect(lines).toEqual([expect.objectContaining({ line: 5_002, requestId: 'b-kettle-5001' })]);
});

test('a requestId stands for one quantity of its product', async () => {
  const text = `${HEADER}kettle,5,one\npan,6,one\nkettle,5,one\nkettle,6,one\nkettle,1,b-pan-1\npan,7,\n`;
  const { lines, bad } = await read(text);
  expect(bad).toEqual([
    { line: 5, text: 'kettle,6,one', problem: expect.stringContaining('one stands for 5 units in line 2') },
  ]);
  expect(lines.map(({ line }) => line)).toEqual([2, 3, 4, 6, 7]);
});

test('a name that the file gave away already is no other line’s', async () => {
  const { lines, bad } = await read(`${HEADER}pan,1,b-pan-2\npan,2,\n`);
  expect(lines).toHaveLength(1);
  expect(bad).toEqual([
    { line: 3, text: 'pan,2,', problem: expect.stringContaining('b-pan-2 stands for 1 units in line 2') },
  ]);
});

test('a quote that is never closed spoils its own line alone', async () => {
  const { lines, bad } = await read('productId,quantity\n"kettle,5\npan,1\nket"tle",5\n"pan"x,1\npan,2\n');
  expect(bad.map(({ line, problem }) => [line, problem])).toEqual(
    [2, 4, 5].map((line) => [line, expect.stringContaining('has quotes that do not fit')]),
  );
  expect(lines.map(({ line }) => line)).toEqual([3, 6]);
});

test('a line of two gigabytes would be one bad line: what is beyond the bound is forgotten', async () => {
  const { lines, bad } = await read(`productId,quantity\n${'k'.repeat(5_000_000)}\npan,1\n`);
  expect(bad).toEqual([{ line: 2, text: 'k'.repeat(1_024), problem: 'has more than 1024 characters' }]);
  expect(lines.map(({ line }) => line)).toEqual([3]);
});

test('the name of a batch that is no key is hashed, and the names still differ', async () => {
  const { lines } = await read('productId,quantity\nkettle,1\nkettle,1\npan,1\n', 'Lieferung Mai – Süd.csv');
  const names = lines.map(({ requestId }) => requestId);
  for (const name of names) expect(name).toMatch(/^batch-[0-9a-f]{64}$/);
  expect(new Set(names).size).toBe(3);
});

test('a product has as many lines as its actor counts changes', async () => {
  const { lines, bad } = await read(`productId,quantity\n${'kettle,1\n'.repeat(100_002)}`);
  expect(lines).toHaveLength(100_000);
  expect(bad.map(({ line }) => line)).toEqual([100_002, 100_003]);
  expect(bad[0]!.problem).toContain('one product takes 100000 changes of its stock at most');
});

test.each([
  ['an empty file', '', 'is empty. Its first line must name the columns'],
  ['no header', 'kettle,5\n', 'The header of the file is wrong (unknown: kettle, 5)'],
  ['half a header', 'productId\nkettle\n', 'The header of the file is wrong (productId)'],
  ['a column twice', 'productId,quantity,quantity\n', 'The header of the file is wrong'],
  ['another column', 'productId,quantity,price\n', 'unknown: price'],
  ['other separators', 'productId;quantity\nkettle;5\n', 'unknown: productId;quantity'],
  ['no text', new Uint8Array(4_096), 'The header of the file has more than 1024 characters'],
  ['bytes', new Uint8Array([0xff, 0xfe, 0x70]), 'The header of the file is wrong'],
  [
    'a header with a stray quote',
    'product"Id,quantity\n',
    'The header of the file has quotes that do not fit',
  ],
])('%s is refused as a whole, with what would be right', async (_, text, told) => {
  await expect(read(text)).rejects.toThrow(told);
});

test('lines are counted rightly wherever the file is cut into pieces', async () => {
  // A piece has 65,536 bytes: line ends fall on both sides of its end, and between CR and LF.
  for (let shift = 0; shift < 10; shift++) {
    const { lines, bad } = await read(
      `productId,quantity${' '.repeat(shift)}\r\n${'kettle,1\r\n'.repeat(20_000)}é,1\r\n`,
    );
    expect(lines).toHaveLength(20_000);
    expect(lines.at(-1)).toMatchObject({ line: 20_001, requestId: 'b-kettle-20000' });
    expect(bad).toEqual([{ line: 20_002, text: 'é,1', problem: expect.stringContaining('not "é"') }]);
  }
});

test('a header alone is no line', async () => {
  expect(await read(HEADER)).toEqual({ lines: [], bad: [] });
});

test('a file that is not there, and a folder, are refused by name', async () => {
  const none = join(folder, 'none.csv');
  await expect(readStockFile(none, 'b', () => undefined)).rejects.toThrow(`${none} cannot be read: ENOENT`);
  await expect(readStockFile(folder, 'b', () => undefined)).rejects.toThrow(
    `${folder} cannot be read: EISDIR`,
  );
});

test('more lines than a run takes are refused', async () => {
  const lines = Array.from({ length: 1_000_001 }, (_, at) => `p${at % 20},1`);
  await expect(read(`productId,quantity\n${lines.join('\n')}\n`)).rejects.toThrow(
    'has more than 1000000 lines',
  );
});
