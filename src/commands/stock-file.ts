// A file of stock changes: CSV with a header, `productId,quantity[,requestId]`. Read as a stream, and checked line by line;
// what is wrong with a line is told to whoever collects it, and all lines are looked at.

import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { CommandError } from '../node-client.ts';
import { COLUMNS, StockLineCheck, type BadLine, type Column, type StockLine } from './stock-line.ts';

export const LINES_MAX = 1_000_000;
const LINE_CHARACTERS_MAX = 1_024;

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
  let check: StockLineCheck | undefined;
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
        check = new StockLineCheck(columnsOf(record), batch);
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
