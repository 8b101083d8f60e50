// A file of stock changes: CSV with a header, `productId,quantity[,requestId]`, one change a line. What is wrong with a line is
// told to whoever collects it, and all lines are looked at: no quote runs from one line into the next.

import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { CommandError } from '../node-client.ts';
import { COLUMNS, StockLineCheck, type BadLine, type Column, type StockLine } from './stock-line.ts';
import { textLinesOf, type TextLine } from './text-lines.ts';

export const LINES_MAX = 1_000_000;
const LINE_CHARACTERS_MAX = 1_024;

/** @throws CommandError when the file is none of this kind: it cannot be read, has no such header, or is too large */
export async function readStockFile(
  path: string,
  batch: string,
  onBad: (bad: BadLine) => void,
): Promise<StockLine[]> {
  const lines: StockLine[] = [];
  let check: StockLineCheck | undefined;
  let count = 0;
  for await (const some of readable(path)) {
    for (const { number: line, text, isCut } of some) {
      if (text.trim() === '') continue;
      const cells = isCut ? TOO_LONG : cellsOf(text);
      if (check === undefined) {
        check = new StockLineCheck(columnsOf(cells), batch);
        continue;
      }
      if (++count > LINES_MAX)
        throw new CommandError(`${path} has more than ${LINES_MAX} lines. Split it; keep the --batch.`);
      const checked = typeof cells === 'string' ? cells : check.line(line, cells);
      if (typeof checked === 'string') onBad({ line, text: text.trim(), problem: checked });
      else lines.push(checked);
    }
  }
  if (check === undefined) throw new CommandError(`${path} is empty. ${HEADER_WANTED}`);
  return lines;
}

/** @throws CommandError */
async function* readable(path: string): AsyncGenerator<readonly TextLine[]> {
  try {
    yield* textLinesOf(path, LINE_CHARACTERS_MAX);
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

const TOO_LONG = `has more than ${LINE_CHARACTERS_MAX} characters`;

/** @returns what is wrong with it, when it has no cells */
function cellsOf(text: string): readonly string[] | string {
  if (!text.includes('"')) return text.split(',').map((cell) => cell.trim());
  try {
    const [cells] = parse(text, { relaxColumnCount: true, trim: true });
    return cells ?? [];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return 'has quotes that do not fit: a text with quotes in it stands in quotes, with each of them doubled';
  }
}

const HEADER_WANTED =
  'Its first line must name the columns: productId,quantity or productId,quantity,requestId.';

/** @throws CommandError */
function columnsOf(header: readonly string[] | string): readonly Column[] {
  if (typeof header === 'string')
    throw new CommandError(`The header of the file ${header}. ${HEADER_WANTED}`);
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
