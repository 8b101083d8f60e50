// Lines of a list of customers: what is a customer, what is a bad line, and that neither depends on how the file arrives.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { customerKeyOf } from '../../../src/actors/index.ts';
import type { BadLine } from '../../../src/persistence/index.ts';
import { CustomerLines } from '../../../src/persistence/eligibility/customer-lines.ts';
import { KeySort } from '../../../src/persistence/eligibility/key-sort.ts';

interface Read {
  readonly keys: readonly string[];
  readonly bad: readonly BadLine[];
}

function read(file: string | Buffer, pieceBytes = Infinity): Read {
  const bytes = Buffer.from(file);
  const keys: string[] = [];
  const bad: BadLine[] = [];
  const lines = new CustomerLines({ onCustomer: (key) => keys.push(key), onBad: (line) => bad.push(line) });
  for (let at = 0; at < bytes.length; at += pieceBytes)
    lines.take(bytes.subarray(at, Math.min(at + pieceBytes, bytes.length)));
  lines.end();
  return { keys, bad };
}

const keysOf = (...ids: string[]): string[] => ids.map(customerKeyOf);

describe('the lines of a list', () => {
  test.each([
    ['one id a line', 'ada\ngrace\n', ['ada', 'grace']],
    ['without an end of the last line', 'ada\ngrace', ['ada', 'grace']],
    ['line ends of Windows', 'ada\r\ngrace\r\n', ['ada', 'grace']],
    ['line ends of old', 'ada\rgrace\r', ['ada', 'grace']],
    ['blank lines', '\n\nada\n  \n\r\n\ngrace\n\n', ['ada', 'grace']],
    ['a byte order mark', '\uFEFFada\ngrace', ['ada', 'grace']],
    ['a byte order mark and a header', '\uFEFFcustomerId\r\nada', ['ada']],
    ['a header', 'customer\nada', ['ada']],
    ['a header in another way', 'Customer_ID\nada', ['ada']],
    ['a header in quotes', '"customerId"\n"ada"', ['ada']],
    ['spaces around', '  ada \n\tgrace', ['ada', 'grace']],
    ['spaces within, and in quotes around', 'ada lovelace\n" ada "', ['ada lovelace', ' ada ']],
    ['quotes with what stands in them', '"a,b"\n"say ""hi"""\n"c;d"', ['a,b', 'say "hi"', 'c;d']],
    ['letters of everywhere', 'žofie\n李\n🛍️', ['žofie', '李', '🛍️']],
    ['further columns', 'customerId,name\nada,"Lovelace, A."\ngrace,Hopper', ['ada', 'grace']],
    ['the column at another place', 'e-mail;customerId\na@x;ada\n"g@x";"grace"', ['ada', 'grace']],
    ['tabs', 'name\tcustomer\nLovelace\tada', ['ada']],
    ['an id that looks like a header further down', 'ada\ncustomer', ['ada', 'customer']],
    ['the longest id', 'é'.repeat(128), ['é'.repeat(128)]],
    ['nothing', '', []],
    ['a header alone', 'customerId\n', []],
  ])('%s', (_, file, ids) => {
    const { keys, bad } = read(file);
    expect(bad).toEqual([]);
    expect(keys).toEqual(keysOf(...ids));
  });

  test.each([
    ['two columns without a header', 'ada\ngrace,hopper', 2, 'has more than one column'],
    ['two columns in the first line', 'email,id\nada', 1, 'has more than one column'],
    ['too few columns', 'name,customerId\nLovelace,ada\nHopper', 3, 'has 1 column, and the first line 2'],
    ['too many columns', 'customerId,name\nada,Lovelace, A.', 2, 'has 3 columns, and the first line 2'],
    ['no id', 'customerId,name\n,Hopper', 2, 'has no customer'],
    ['empty quotes', 'ada\n""', 2, 'has no customer'],
    ['an id that is too long', `ada\n${'x'.repeat(129)}`, 2, 'with 129 characters'],
    ['a line that is too long', `ada\n${'x'.repeat(5_000)}\ngrace`, 2, 'has more than 4096 bytes'],
    ['a control character', 'ada\ngr\u0007ace', 2, 'control character'],
    ['a NUL', 'ada\ngr\0ace', 2, 'control character'],
    ['a quote that is not closed', 'ada\n"grace\nada', 2, 'quotes that do not fit'],
    ['a quote in the middle', 'ada\ngra"ce', 2, 'quotes that do not fit'],
    ['something behind a quote', 'ada\n"grace"x', 2, 'quotes that do not fit'],
    ['another encoding', Buffer.from('ada\nandr\xe9', 'latin1'), 2, 'is not UTF-8'],
  ])('%s is told with its line', (_, file, line, problem) => {
    const { bad } = read(file);
    expect(bad).toHaveLength(1);
    expect(bad[0]).toMatchObject({ line, problem: expect.stringContaining(problem) as string });
  });

  test('the lines beside a bad one are read, and counted as an editor counts', () => {
    const { keys, bad } = read(`ada\r\n\r\n"x\r\n${'y'.repeat(10_000)}\r\ngrace\r\n,\r\nlin`);
    expect(keys).toEqual(keysOf('ada', 'grace', 'lin'));
    expect(bad.map(({ line }) => line)).toEqual([3, 4, 6]);
  });

  test('what is told of a bad line is short, and shows no control characters', () => {
    const [bad] = read(`ada\n\u001b[31m${'z'.repeat(500)}`).bad;
    expect(bad!.text).toMatch(/^\[31mz+…$/);
    expect(bad!.text.length).toBeLessThan(60);
  });

  test('is the same in whichever pieces it arrives', () => {
    const word = fc.constantFrom(
      'ada',
      'grace',
      ',',
      ';',
      '"',
      '\n',
      '\r\n',
      '\r',
      'é',
      '李',
      '\0',
      ' ',
      'customerId',
      '\uFEFF',
      'x'.repeat(130),
      'y'.repeat(4_200),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }), (words, pieceBytes) => {
        const file = words.join('');
        expect(read(file, pieceBytes)).toEqual(read(file));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the order of keys', () => {
  const bytesOf = (keys: readonly string[]): { bytes: string[]; count: number } => {
    const sort = new KeySort();
    for (const key of keys) sort.add(key);
    expect(sort.count).toBe(keys.length);
    const sorted = sort.sorted();
    const bytes: string[] = [];
    for (let from = 0; from < sorted.count; from += 100) {
      const part = Buffer.from(sorted.bytes(from, 100));
      for (let at = 0; at < part.length; at += 16) bytes.push(part.toString('hex', at, at + 16));
    }
    return { bytes, count: sorted.count };
  };
  const wanted = (keys: readonly string[]): string[] =>
    [...new Set(keys)].map((key) => Buffer.from(key, 'latin1').toString('hex')).toSorted();

  test.each([0, 1, 2, 9, 1_000, 70_000])('%i keys come out in the order of their bytes', (count) => {
    const keys = keysOf(...Array.from({ length: count }, (_, number) => `customer-${number}`));
    expect(bytesOf(keys)).toEqual({ bytes: wanted(keys), count });
  });

  test('each key comes out once, however often it came', () => {
    const some = keysOf('ada', 'grace', 'lin');
    const keys = Array.from({ length: 30_000 }, (_, number) => some[number % 3]!);
    expect(bytesOf(keys)).toEqual({ bytes: wanted(some), count: 3 });
  });

  test('keys that differ in a late byte alone, and many at one place', () => {
    const keys = keysOf(...Array.from({ length: 5_000 }, (_, number) => `c${number}`)).map(
      (key) => `\x7f\x00\x00\x00\x00\x00\x00\x00${key.slice(0, 8)}`,
    );
    expect(bytesOf([...keys, ...keys]).bytes).toEqual(wanted(keys));
  });
});
