// Products of a campaign as a CSV file. A line with an id or an SKU that the campaign has changes that product, in the columns that
// the file has, unless somebody saved it since the version that the line names; any other line is a new one. Pictures are not in the file: a product keeps those that it has. All mistakes of all
// lines are told, and whoever gets mistakes must apply nothing.

import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  CATALOGUE_LIMITS,
  skuKey,
  type Attribute,
  type CatalogueProduct,
  type ProductDraft,
} from '../../persistence/index.ts';
import { csvOf, csvRecords, csvText, type CsvRecord } from './csv-records.ts';
import { hourWithOffset } from './local-time.ts';
import {
  ATTRIBUTES_MAX,
  productAsTyped,
  readProduct,
  type ProductField,
  type ProductTyped,
} from './product-form.ts';

export const CSV_PRODUCTS_MAX = CATALOGUE_LIMITS.productsPerCampaign;
/** More are counted. */
export const CSV_MISTAKES_MAX = 200;
/** Some milliseconds. */
const RECORDS_PER_TURN = 10;

export const CSV_COLUMNS = [
  'sku',
  'name',
  'description',
  'startsAt',
  'endsAt',
  'listPrice',
  'price',
  'currency',
  'quantity',
  'perCustomerLimit',
  'holdSeconds',
  'attributes',
  'id',
  'version',
] as const;
type Column = (typeof CSV_COLUMNS)[number];

const FIELD_OF: Readonly<Record<Exclude<Column, 'attributes' | 'id' | 'version'>, ProductField>> = {
  sku: 'sku',
  name: 'name',
  description: 'description',
  startsAt: 'startsAt',
  endsAt: 'endsAt',
  listPrice: 'listAmount',
  price: 'amount',
  currency: 'currency',
  quantity: 'quantity',
  perCustomerLimit: 'perCustomerLimit',
  holdSeconds: 'holdSeconds',
};

/** What an empty cell stands for, and a column that is not there, in a new product. */
const NEW_PRODUCT: ProductTyped = {
  name: '',
  sku: '',
  description: '',
  startsAt: '',
  endsAt: '',
  listAmount: '',
  amount: '',
  currency: '',
  quantity: '',
  perCustomerLimit: '1',
  holdSeconds: '300',
  attributes: [],
  images: [],
};
/** These are never empty: a product keeps what it has. */
const KEPT_WHEN_EMPTY: readonly Column[] = ['currency', 'perCustomerLimit', 'holdSeconds'];

export interface CsvProduct {
  readonly line: number;
  /** Of the product that it changes. */
  readonly id: string | undefined;
  readonly draft: ProductDraft;
}

export interface CsvMistake {
  readonly line: number;
  readonly message: string;
}

export type ProductCsvRead =
  | { readonly products: readonly CsvProduct[] }
  /** The first ones, and how many there are. */
  | { readonly mistakes: readonly CsvMistake[]; readonly count: number };

/** @param present the campaign's products @param zone the campaign's */
export function readProductCsv(
  bytes: Uint8Array,
  present: readonly CatalogueProduct[],
  zone: string,
): ProductCsvRead {
  const reading = readInTurns(bytes, present, zone);
  let turn = reading.next();
  while (!turn.done) turn = reading.next();
  return turn.value;
}

/** The same, with room between its turns for everything else that the thread does. */
export async function readProductCsvInTurns(
  bytes: Uint8Array,
  present: readonly CatalogueProduct[],
  zone: string,
): Promise<ProductCsvRead> {
  const reading = readInTurns(bytes, present, zone);
  let turn = reading.next();
  // oxlint-disable-next-line no-await-in-loop -- that is what it is for
  for (; !turn.done; turn = reading.next()) await setImmediate();
  return turn.value;
}

function* readInTurns(
  bytes: Uint8Array,
  present: readonly CatalogueProduct[],
  zone: string,
): Generator<undefined, ProductCsvRead> {
  const text = csvText(bytes);
  if (text === undefined)
    return refused(1, 'The file is not UTF-8. Save it as “CSV UTF-8” in the spreadsheet program.');
  const all: CsvRecord[] = [];
  for (const record of csvRecords(text).take(CSV_PRODUCTS_MAX + 2))
    if (all.push(record) % RECORDS_PER_TURN === 0) yield;
  const [header, ...records] = all;
  if (header === undefined) return refused(1, `The file is empty. ${HEADER_WANTED}`);
  const columns = 'problem' in header ? header.problem : columnsOf(header.cells);
  if (typeof columns === 'string') return refused(header.line, columns);
  if (records.length === 0) return refused(header.line, 'There is no line below the header.');
  // Nobody counts the others: that would take long.
  if (records.length > CSV_PRODUCTS_MAX)
    return refused(
      1,
      `The file has more than ${CSV_PRODUCTS_MAX} products, the most of a campaign. Split it.`,
    );

  const products: CsvProduct[] = [];
  const mistakes: CsvMistake[] = [];
  const byId = new Map(present.map((product) => [product.id, product]));
  const bySku = Map.groupBy(present, ({ sku }) => skuKey(sku));
  const lineOfSku = new Map<string, number>();
  for (const [at, record] of records.entries()) {
    if ((at + 1) % RECORDS_PER_TURN === 0) yield;
    const { line } = record;
    const wrong = (message: string): number => mistakes.push({ line, message });
    if ('problem' in record) wrong(record.problem);
    else if (record.cells.length !== columns.length)
      wrong(`It has ${record.cells.length} cells; the header has ${columns.length}.`);
    else {
      const cells = new Map(columns.map((column, at) => [column, record.cells[at]!]));
      const sku = cells.get('sku')!;
      const before = lineOfSku.get(sku);
      const named = byId.get(cells.get('id') ?? '');
      const owners = named === undefined && sku !== '' ? (bySku.get(skuKey(sku)) ?? []) : [];
      const owner = named ?? owners[0];
      // One SKU may be sold in turns: then the id says which product is meant.
      if (sku === '' && named === undefined) wrong('SKU must not be empty: products are told apart by it.');
      else if (owners.length > 1)
        wrong(`The campaign has ${owners.length} products with the SKU ${sku}: name one in the column id.`);
      else if (before !== undefined && named === undefined)
        wrong(`The SKU ${sku} stands in line ${before} already.`);
      lineOfSku.set(sku, line);
      const typed = typedOf(cells, owner, zone, wrong);
      const read = readProduct(typed, zone);
      if ('errors' in read) for (const { message } of read.errors) wrong(message);
      else {
        const ofAnother = named === undefined && (cells.get('id') ?? '') !== '';
        const version = ofAnother ? '' : (cells.get('version') ?? '');
        if (owner !== undefined && isOlder(version, owner, read.draft)) wrong(savedSince(owner));
        products.push({ line, id: owner?.id, draft: read.draft });
      }
    }
  }
  return mistakes.length === 0
    ? { products }
    : { mistakes: mistakes.slice(0, CSV_MISTAKES_MAX), count: mistakes.length };
}

/** Whether the line would undo what somebody saved since its version. */
const isOlder = (version: string, owner: CatalogueProduct, draft: ProductDraft): boolean =>
  version !== '' && version !== String(owner.version) && !isDeepStrictEqual(draft, draftOf(owner));

const savedSince = ({ name, updatedBy }: CatalogueProduct): string =>
  `${updatedBy} saved “${name}” since the file was exported. Export it again; or empty the version of this line to write over theirs.`;

const refused = (line: number, message: string): ProductCsvRead => ({
  mistakes: [{ line, message }],
  count: 1,
});

const HEADER_WANTED = `The first line must name the columns, at least sku and name: ${CSV_COLUMNS.join(', ')}.`;

/** In any order, with any capitals. @returns what is wrong with them, when something is */
function columnsOf(header: readonly string[]): readonly Column[] | string {
  const columns: Column[] = [];
  for (const name of header) {
    const column = CSV_COLUMNS.find((known) => known.toLowerCase() === name.toLowerCase());
    if (column === undefined) return `No column is named “${name.slice(0, 40)}”. ${HEADER_WANTED}`;
    if (columns.includes(column)) return `The column ${column} is there twice.`;
    columns.push(column);
  }
  const lacks = (['sku', 'name'] as const).filter((column) => !columns.includes(column));
  return lacks.length === 0 ? columns : `The column ${lacks.join(' and ')} is missing. ${HEADER_WANTED}`;
}

function typedOf(
  cells: ReadonlyMap<Column, string>,
  owner: CatalogueProduct | undefined,
  zone: string,
  wrong: (message: string) => void,
): ProductTyped {
  const typed: { -readonly [Name in keyof ProductTyped]: ProductTyped[Name] } = {
    ...(owner === undefined ? NEW_PRODUCT : productAsTyped(owner, zone)),
  };
  // An hour that the clocks have twice is typed with its offset.
  if (owner !== undefined)
    for (const field of ['startsAt', 'endsAt'] as const)
      if (owner[field] !== undefined) typed[field] = hourWithOffset(owner[field], zone);
  for (const [column, cell] of cells) {
    if (column === 'id' || column === 'version') continue;
    if (column === 'attributes') typed.attributes = attributesOf(cell, wrong);
    else if (cell !== '' || !KEPT_WHEN_EMPTY.includes(column)) typed[FIELD_OF[column]] = cell;
  }
  typed.currency = typed.currency.toUpperCase();
  return typed;
}

/** One a line of the cell, `Colour: red`. */
function attributesOf(cell: string, wrong: (message: string) => void): Attribute[] {
  const lines = cell.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > ATTRIBUTES_MAX) {
    wrong(`A product has at most ${ATTRIBUTES_MAX} attributes.`);
    return [];
  }
  return lines.flatMap((line) => {
    const colon = line.indexOf(':');
    if (colon === -1) {
      wrong(`The attribute “${line.slice(0, 40)}” has no colon; write one a line, as “Colour: red”.`);
      return [];
    }
    return [{ name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() }];
  });
}

/** Without the lines that say what the campaign has already: they are no change of anybody's. */
export function changesOf(
  lines: readonly CsvProduct[],
  present: readonly CatalogueProduct[],
): readonly CsvProduct[] {
  const byId = new Map(present.map((product) => [product.id, product]));
  return lines.filter(({ id, draft }) => {
    const product = id === undefined ? undefined : byId.get(id);
    return product === undefined || !isDeepStrictEqual(draft, draftOf(product));
  });
}

/** Its draft, in the same fields as a file's. */
const draftOf = (product: CatalogueProduct): ProductDraft => ({
  name: product.name,
  description: product.description,
  sku: product.sku,
  startsAt: product.startsAt,
  endsAt: product.endsAt,
  listAmount: product.listAmount,
  amount: product.amount,
  currency: product.currency,
  quantity: product.quantity,
  perCustomerLimit: product.perCustomerLimit,
  holdSeconds: product.holdSeconds,
  attributes: product.attributes.map(({ name, value }) => ({ name, value })),
  images: product.images.map(({ imageId, alt }) => ({ imageId, alt })),
});

/** What `readProductCsv` reads as no change. @param zone the campaign's */
export function productCsv(products: readonly CatalogueProduct[], zone: string): string {
  const rows = products.map((product) => {
    const typed = productAsTyped(product, zone);
    const hour = (epochMs: number | undefined): string =>
      epochMs === undefined ? '' : hourWithOffset(epochMs, zone);
    return CSV_COLUMNS.map((column) => {
      if (column === 'attributes')
        return product.attributes.map(({ name, value }) => `${name}: ${value}`).join('\n');
      if (column === 'startsAt' || column === 'endsAt') return hour(product[column]);
      if (column === 'id') return product.id;
      if (column === 'version') return String(product.version);
      return typed[FIELD_OF[column]];
    });
  });
  return csvOf([CSV_COLUMNS, ...rows]);
}
