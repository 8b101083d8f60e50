// CSV between bytes and cells. A cell in quotes may have several lines, but a quote that is never closed makes one bad line and
// does not swallow the ones behind it. Spreadsheets take a cell that begins with = + - or @ for a formula: such cells are written
// with an apostrophe in front, as spreadsheets do it themselves, and read without it.

import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';

export const CSV_BYTES_MAX = 2 * 1024 * 1024;
/** Of one record, whose cells may have line breaks. */
const RECORD_LINES_MAX = 200;
const RECORD_CHARACTERS_MAX = 16_384;

export type CsvRecord =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly problem: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Without its byte order mark. @returns undefined when it is not UTF-8 */
export function csvText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** In the order of the file, without empty lines. Lines count from 1. */
export function* csvRecords(text: string): Generator<CsvRecord> {
  const lines = text.replaceAll(/\r\n?/g, '\n').split('\n');
  const delimiter = delimiterOf(lines.find((line) => line.trim() !== '') ?? '');
  for (let at = 0; at < lines.length;) {
    const line = at + 1;
    if (lines[at]!.trim() === '') {
      at++;
      continue;
    }
    const end = endOfRecord(lines, at, delimiter);
    const read = end === undefined ? NEVER_CLOSED : cellsOf(lines.slice(at, end).join('\n'), delimiter);
    if (typeof read === 'string') {
      yield { line, problem: read };
      at++;
    } else {
      yield { line, cells: read };
      at = end!;
    }
  }
}

const NEVER_CLOSED =
  'A cell begins with a quote that is not closed. A text with quotes in it stands in quotes, with each of them doubled.';

function cellsOf(text: string, delimiter: string): readonly string[] | string {
  if (text.length > RECORD_CHARACTERS_MAX)
    return `The line has more than ${RECORD_CHARACTERS_MAX} characters. Shorten its texts.`;
  try {
    const [cells] = parse(text, { relaxColumnCount: true, delimiter });
    return (cells ?? []).map((cell) => withoutApostrophe(cell).trim());
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return 'Its quotes do not fit. A text with quotes in it stands in quotes, with each of them doubled.';
  }
}

/** The line behind the record that begins at `start`; undefined when a quote in it is never closed. */
function endOfRecord(lines: readonly string[], start: number, delimiter: string): number | undefined {
  const last = Math.min(lines.length, start + RECORD_LINES_MAX);
  let isQuoted = false;
  for (let at = start; at < last; at++) {
    isQuoted = endsQuoted(lines[at]!, delimiter, isQuoted);
    if (!isQuoted) return at + 1;
  }
  return undefined;
}

function endsQuoted(line: string, delimiter: string, wasQuoted: boolean): boolean {
  let isQuoted = wasQuoted;
  for (let at = 0; at < line.length; at++) {
    if (line[at] !== '"') continue;
    if (!isQuoted) isQuoted = at === 0 || line[at - 1] === delimiter;
    else if (line[at + 1] === '"') at++;
    else isQuoted = false;
  }
  return isQuoted;
}

/** Spreadsheets write what their language separates lists by. */
function delimiterOf(header: string): string {
  const times = (character: string): number => header.split(character).length;
  return [';', '\t'].find((character) => times(character) > times(',')) ?? ',';
}

/** With the mark of UTF-8, without which spreadsheets take it for something older. */
export function csvOf(rows: readonly (readonly string[])[]): string {
  return `\ufeff${rows.map((cells) => `${cells.map(cellText).join(',')}\r\n`).join('')}`;
}

function cellText(text: string): string {
  const safe = /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",;\t\r\n]|^\s|\s$|^'/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const withoutApostrophe = (cell: string): string => (/^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell);
