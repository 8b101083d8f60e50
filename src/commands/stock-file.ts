// A file of stock changes: CSV with a header, `productId,quantity[,requestId]`. Read as a stream, and checked line by line;
// what is wrong with a line is told to whoever collects it, and all lines are looked at.
//
// A line without a requestId is given one, `<batch>-<productId>-<nth line of this product>`. So a run that was killed and is
// repeated counts nothing twice. A wrong line counts as one of its product, so that mending it leaves the others' names.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { ACTOR_LIMITS } from '../actors/index.ts';
import { IDEMPOTENCY_KEY, ProductId, UNITS_PER_LOAD_MAX } from '../http/index.ts';
import { CommandError } from '../node-client.ts';

export interface StockLine {
  /** From 1, as an editor counts; where a line's text begins. */
  readonly line: number;
  readonly productId: string;
  readonly quantity: number;
  readonly requestId: string;
  /** Its requestId stands in the file. */
  readonly isNamed: boolean;
}

export interface BadLine {
  readonly line: number;
  readonly text: string;
  readonly problem: string;
}

export const LINES_MAX = 1_000_000;
const LINE_CHARACTERS_MAX = 1_024;
const COLUMNS = ['productId', 'quantity', 'requestId'] as const;
type Column = (typeof COLUMNS)[number];

interface Parsed {
  readonly info: { readonly lines: number };
  readonly record: readonly string[];
  readonly raw: string;
}

/** @throws CommandError when the file is none of this kind: it cannot be read, has no such header, or is too large */
export async function readStockFile(
  path: string,
  batch: string,
  onBad: (bad: BadLine) => void,
): Promise<StockLine[]> {
  const lines: StockLine[] = [];
  let check: LineCheck | undefined;
  const parser = parse({
    bom: true,
    info: true,
    raw: true,
    relaxColumnCount: true,
    skipEmptyLines: true,
    trim: true,
    maxRecordSize: LINE_CHARACTERS_MAX,
  });
  const file = createReadStream(path);
  file.once('error', (error) => parser.destroy(error));
  try {
    for await (const { info, record, raw } of file.pipe(parser) as AsyncIterable<Parsed>) {
      if (check === undefined) {
        check = new LineCheck(columnsOf(record), batch);
        continue;
      }
      if (lines.length >= LINES_MAX)
        throw new CommandError(`${path} has more than ${LINES_MAX} lines. Split it; keep the --batch.`);
      // The parser says where it stands behind the record.
      const line = info.lines - Math.max(0, raw.trim().split('\n').length - 1);
      const checked = check.line(line, record);
      if (typeof checked === 'string') onBad({ line, text: raw.trim(), problem: checked });
      else lines.push(checked);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  } finally {
    file.destroy();
  }
  if (check === undefined) throw new CommandError(`${path} is empty. ${HEADER_WANTED}`);
  return lines;
}

const HEADER_WANTED =
  'Its first line must name the columns: productId,quantity or productId,quantity,requestId.';

function reasonOf(error: unknown): string {
  if (!(error instanceof CsvError)) return (error as Error).message;
  if (error.code === 'CSV_MAX_RECORD_SIZE')
    return `${error.message}. A line has ${LINE_CHARACTERS_MAX} characters at most; is a quote never closed?`;
  return `${error.message}. A text with quotes in it stands in quotes, with each of them doubled.`;
}

/** @throws CommandError */
function columnsOf(header: readonly string[]): readonly Column[] {
  const unknown = header.filter((name) => !COLUMNS.includes(name as Column));
  const isRight =
    unknown.length === 0 &&
    new Set(header).size === header.length &&
    header.includes('productId') &&
    header.includes('quantity');
  if (isRight) return header as Column[];
  const what =
    unknown.length > 0 ? `unknown: ${unknown.slice(0, 3).join(', ').slice(0, 100)}` : header.join(',');
  throw new CommandError(`The header of the file is wrong (${what}). ${HEADER_WANTED}`);
}

class LineCheck {
  readonly #columns: readonly Column[];
  readonly #batch: string;
  readonly #linesOf = new Map<string, number>();
  /** What each requestId of a product was first used for. */
  readonly #used = new Map<string, { readonly line: number; readonly quantity: number }>();

  constructor(columns: readonly Column[], batch: string) {
    this.#columns = columns;
    this.#batch = batch;
  }

  /** @returns what is wrong with it, and what would be right */
  line(line: number, record: readonly string[]): StockLine | string {
    const {
      productId = '',
      quantity: text = '',
      requestId: name = '',
    } = Object.fromEntries(this.#columns.map((column, at) => [column, record[at]])) as Partial<
      Record<Column, string>
    >;
    const isProduct = ProductId.safeParse(productId).success;
    const nth = (this.#linesOf.get(productId) ?? 0) + 1;
    if (isProduct) this.#linesOf.set(productId, nth);
    if (record.length !== this.#columns.length)
      return `has ${record.length} columns; the header has ${this.#columns.length}: ${this.#columns.join(',')}`;
    if (!isProduct)
      return `productId: must be 1 to 64 letters, digits, dots, dashes or underscores, not ${quoted(productId)}`;
    if (nth > ACTOR_LIMITS.stockRequestsMax)
      return `productId: one product takes ${ACTOR_LIMITS.stockRequestsMax} changes of its stock at most; load more with each`;
    const quantity = /^\d{1,8}$/.test(text) ? Number(text) : 0;
    if (quantity < 1 || quantity > UNITS_PER_LOAD_MAX)
      return `quantity: must be a whole number from 1 to ${UNITS_PER_LOAD_MAX}, not ${quoted(text)}`;
    if (name !== '' && !IDEMPOTENCY_KEY.test(name))
      return `requestId: must be 1 to 128 printable ASCII characters without spaces, not ${quoted(name)}`;
    const requestId = name === '' ? derived(this.#batch, productId, nth) : name;
    const key = `${productId} ${requestId}`;
    const first = this.#used.get(key);
    if (first !== undefined && first.quantity !== quantity)
      return `requestId: ${requestId} stands for ${first.quantity} units in line ${first.line}; another change needs another one`;
    if (first === undefined) this.#used.set(key, { line, quantity });
    return { line, productId, quantity, requestId, isNamed: name !== '' };
  }
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 80));

/** Hashed where it would be no key: a file's name may be long, and in any language. */
function derived(batch: string, productId: string, nth: number): string {
  const plain = `${batch}-${productId}-${nth}`;
  if (IDEMPOTENCY_KEY.test(plain)) return plain;
  return `batch-${createHash('sha256').update(plain).digest('hex')}`;
}
