// Products as a CSV file: every mistake of every line is told, nothing of a file with mistakes is applied, and what was exported
// is imported as no change.

import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { csvOf, csvRecords, csvText } from '../../src/http/cms/csv-records.ts';
import {
  CSV_MISTAKES_MAX,
  CSV_PRODUCTS_MAX,
  productCsv,
  readProductCsv,
  readProductCsvInTurns,
} from '../../src/http/cms/product-csv.ts';
import type { CatalogueProduct, ProductDraft } from '../../src/persistence/index.ts';

const ZONE = 'Europe/Berlin';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string, present: readonly CatalogueProduct[] = []) =>
  readProductCsv(bytes(text), present, ZONE);

const DRAFT: ProductDraft = {
  name: 'Ember kettle',
  description: 'Two\nlines, with "quotes"',
  sku: 'EK-1',
  // In the hour that Berlin's clocks have twice.
  startsAt: Date.parse('2026-10-25T01:30:00Z'),
  endsAt: Date.parse('2026-10-26T18:00:00Z'),
  listAmount: undefined,
  amount: 4_990,
  currency: 'EUR',
  quantity: 500,
  perCustomerLimit: 2,
  holdSeconds: 60,
  attributes: [{ name: 'Colour', value: 'red: dark' }],
  images: [{ imageId: 'abc', alt: 'A kettle' }],
};

const product = (draft: Partial<ProductDraft> = {}, id = 'ember-kettle-1'): CatalogueProduct => ({
  ...DRAFT,
  ...draft,
  id,
  campaignId: 'c1',
  position: 1,
  version: 1,
  updatedAt: 0,
  updatedBy: 'Ada',
  dataFile: undefined,
  engine: { waiting: 0, confirmedAt: undefined, isCurrent: false, refusal: undefined },
});

test('a file of a spreadsheet is read: any order of columns, either separator, with or without its mark', () => {
  const comma = 'SKU,name,price,currency,startsAt\nA-1,Kettle,49.90,EUR,2026-07-31T18:00\n\n';
  const semicolon = '\ufeffname;sku;startsAt;currency;price\r\nKettle;A-1;2026-07-31 18:00;eur;"49,90"\r\n';
  for (const text of [comma, semicolon])
    expect(read(text)).toMatchObject({
      products: [
        {
          line: 2,
          id: undefined,
          draft: {
            sku: 'A-1',
            amount: 4_990,
            startsAt: Date.parse('2026-07-31T16:00:00Z'),
            perCustomerLimit: 1,
          },
        },
      ],
    });
});

test('a line with a known SKU changes the columns that the file has, and no other', () => {
  const present = [product()];
  const { products } = read(
    'sku,name,perCustomerLimit,attributes\nEK-1,New name,,\n',
    present,
  ) as unknown as {
    products: { id: string; draft: object }[];
  };
  expect(products).toEqual([
    { line: 2, id: 'ember-kettle-1', draft: { ...DRAFT, name: 'New name', attributes: [] } },
  ]);
});

test('all mistakes of all lines are told, each with its line', () => {
  const text = [
    'sku,name,price,currency,quantity',
    'A-1,Kettle,49.905,EUR,-3',
    ',Nameless,1,EUR,1',
    'A-3,"never closed,1,EUR,1',
    'A-4,Fine,1,EUR,1',
    'A-4,Twice,1,EUR,1',
    'A-6,Short',
    '"A-7" x,Quotes,1,EUR,1',
    'A-8,,1,XXQ,1',
  ].join('\n');
  const { mistakes, count } = read(text) as { mistakes: { line: number; message: string }[]; count: number };
  expect(mistakes).toEqual([
    { line: 2, message: expect.stringMatching(/Sale price must have at most 2 decimals/) },
    { line: 2, message: expect.stringMatching(/Quantity must be a whole number/) },
    { line: 3, message: expect.stringMatching(/SKU must not be empty/) },
    { line: 4, message: expect.stringMatching(/quotes do not fit/) },
    { line: 6, message: 'The SKU A-4 stands in line 5 already.' },
    { line: 7, message: 'It has 2 cells; the header has 5.' },
    { line: 8, message: expect.stringMatching(/quotes do not fit/) },
    { line: 9, message: 'Name must not be empty.' },
    { line: 9, message: expect.stringMatching(/Currency must be/) },
  ]);
  expect(count).toBe(9);
});

test('a file that is none is refused in words', () => {
  const files: [Uint8Array, RegExp][] = [
    [bytes(''), /empty/],
    [bytes('\n\n'), /empty/],
    [new Uint8Array([0x73, 0x6b, 0x75, 0xe4]), /not UTF-8/],
    [bytes('name\nKettle\n'), /column sku is missing/],
    [bytes('sku,name,colour\nA,B,C\n'), /No column is named “colour”.*at least sku and name/],
    [bytes('sku,name,SKU\nA,B,C\n'), /sku is there twice/],
    [bytes('sku,name,currency\nA,"B,EUR\nC,D,EUR\n'), /begins with a quote that is not closed/],
    [bytes('sku,name\n'), /no line below the header/],
    [bytes(`sku,name\n${'A,B\n'.repeat(CSV_PRODUCTS_MAX + 1)}`), /more than 500 products/],
    [bytes(`sku,name\nA,${'x'.repeat(20_000)}\n`), /more than 16384 characters/],
    [bytes('sku,name,currency,attributes\nA,B,EUR,red\n'), /has no colon/],
  ];
  for (const [file, message] of files)
    expect(readProductCsv(file, [], ZONE)).toMatchObject({
      mistakes: [{ message: expect.stringMatching(message) }],
      count: 1,
    });
});

test('of a file with very many lines no more are read than products fit in', () => {
  const files = ['a\n'.repeat(1_000_000), 'a","\n'.repeat(400_000), `a,b${',c'.repeat(500)}\n`.repeat(1_000)];
  for (const lines of files) {
    const parsed = vi.spyOn(String.prototype, 'slice');
    try {
      expect(read(`sku,name\n${lines}`)).toEqual({
        mistakes: [{ line: 1, message: expect.stringMatching(/more than 500 products/) }],
        count: 1,
      });
      expect(parsed.mock.calls.length).toBeLessThan(10 * CSV_PRODUCTS_MAX);
    } finally {
      parsed.mockRestore();
    }
  }
  expect(read(`sku,name\nA${','.repeat(100)}\n`)).toMatchObject({
    mistakes: [{ line: 2, message: expect.stringMatching(/more than 100 cells/) }],
  });
});

test('between turns of reading the thread does something else, and what is read is the same', async () => {
  const file = bytes(`sku,name\n${Array.from({ length: 100 }, (_, at) => `S${at},Kettle,\n`).join('')}`);
  let others = 0;
  const reading = readProductCsvInTurns(file, [], ZONE).finally(() => (others = -others));
  const other = (): void => {
    if (others >= 0) {
      others++;
      setImmediate(other);
    }
  };
  other();
  const inTurns = await reading;
  expect(others).toBeLessThan(-5);
  expect(inTurns).toEqual(readProductCsv(file, [], ZONE));
});

test('of very many mistakes the first are told and all are counted', () => {
  const read200 = read(`sku,name,price\n${'A,,x\n'.repeat(400)}`);
  expect(read200).toMatchObject({ count: 400 * 3 - 1 });
  expect((read200 as { mistakes: readonly unknown[] }).mistakes).toHaveLength(CSV_MISTAKES_MAX);
});

test('what was exported is imported as no change', () => {
  const drafts: ProductDraft[] = [
    DRAFT,
    {
      ...DRAFT,
      sku: '=1+1',
      name: "'=SUM(A1)",
      description: '@home; "x"',
      attributes: [],
      quantity: undefined,
    },
    {
      ...DRAFT,
      sku: '-3',
      name: "'Tis",
      startsAt: undefined,
      endsAt: undefined,
      amount: undefined,
      currency: 'JPY',
    },
  ];
  const present = drafts.map((draft, at) => product(draft, `p${at}`));
  const again = readProductCsv(bytes(productCsv(present, ZONE)), present, ZONE);
  if ('mistakes' in again) throw new Error(JSON.stringify(again.mistakes));
  expect(again.products.map(({ id, draft }) => ({ id, draft }))).toEqual(
    drafts.map((draft, at) => ({ id: `p${at}`, draft })),
  );
});

test('an old export changes nothing that somebody saved since, and one SKU in turns is told apart by the ids', () => {
  const present = [
    product({ name: 'Morning' }, 'p1'),
    product({ name: 'Evening' }, 'p2'),
    product({ sku: 'ek-2' }, 'p3'),
  ];
  const exported = productCsv(present, ZONE);
  const again = read(exported, present) as unknown as { products: { id: string }[] };
  expect(again.products.map(({ id }) => id)).toEqual(['p1', 'p2', 'p3']);
  expect(read('sku,name\nEK-1,Which\n', present)).toMatchObject({
    mistakes: [{ message: 'The campaign has 2 products with the SKU EK-1: name one in the column id.' }],
  });
  expect(read('sku,name\nEK-2,Renamed\n', present)).toMatchObject({ products: [{ id: 'p3' }] });

  const saved = [
    { ...present[0]!, version: 2, description: 'Of Bob', updatedBy: 'Bob' },
    ...present.slice(1),
  ];
  expect(read(exported, saved)).toMatchObject({
    count: 1,
    mistakes: [
      { line: 2, message: expect.stringMatching(/^Bob saved “Morning” since the file was exported/) },
    ],
  });
  // Of another campaign: its versions say nothing here.
  const clones = saved.map((each, at) => ({ ...each, id: `c${at}`, sku: `EK-${at}`, version: 7 }));
  const old = productCsv([{ ...clones[0]!, id: 'p1', version: 1, name: 'Old' }], ZONE);
  expect(read(old, clones)).toMatchObject({ products: [{ id: 'c0', draft: { name: 'Old' } }] });
});

test('no exported cell is a formula for a spreadsheet, and each is read as it was', () => {
  const cells = fc.string({ unit: fc.constantFrom('=', '+', '-', '@', "'", '"', ',', ';', '\n', 'a', '1') });
  const trimmed = cells.map((cell) => cell.trim());
  fc.assert(
    fc.property(fc.array(fc.tuple(trimmed, trimmed), { minLength: 1, maxLength: 4 }), (rows) => {
      const text = csvOf([['h1', 'h2'], ...rows.map(([one, other]) => [`x${one}`, other])]);
      const records = [...csvRecords(csvText(bytes(text))!)].map((record) =>
        'cells' in record ? record.cells : record,
      );
      expect(records).toEqual([['h1', 'h2'], ...rows.map(([one, other]) => [`x${one}`, other])]);
    }),
  );
  const formula = csvOf([['=1+1', '+2', '-3', '@x']]);
  expect(formula).toBe('\ufeff"\'=1+1","\'+2","\'-3","\'@x"\r\n');
});
