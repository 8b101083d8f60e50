// CSV between bytes and cells. A cell in quotes may have several lines, but a quote that is never closed makes one bad line and
// does not swallow the ones behind it. Spreadsheets take a cell that begins with = + - or @ for a formula: such cells are written
// with an apostrophe in front, as spreadsheets do it themselves, and read without it.

import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';

export const CSV_BYTES_MAX = 2 * 1024 * 1024;
/** Of one record, whose cells may have line breaks. */
const RECORD_CELLS_MAX = 100;
const RECORD_LINES_MAX = 200;
const RECORD_CHARACTERS_MAX = 16_384;

export type CsvRecord =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly problem: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Without its byte order mark, with \n for each line end. @returns undefined when it is not UTF-8 */
export function csvText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(withPlainLineEnds(bytes));
  } catch {
    return undefined;
  }
}

/** On bytes: in a text of nothing but \r it would take a second. */
function withPlainLineEnds(bytes: Uint8Array): Uint8Array {
  const plain = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== RETURN) plain[length++] = bytes[at]!;
    else if (bytes[at + 1] !== LINE_FEED) plain[length++] = LINE_FEED;
  }
  return plain.subarray(0, length);
}

const [LINE_FEED, RETURN, TAB, SPACE] = [0x0a, 0x0d, 0x09, 0x20];

/**
 * In the order of the file, without empty lines. Lines count from 1. However the text is, a record costs no more than so many
 * characters: whoever takes so many records and no more is done in milliseconds.
 */
export function* csvRecords(plain: string): Generator<CsvRecord> {
  let delimiter: string | undefined;
  let line = 1;
  for (let at = 0; ;) {
    const skipped = skipEmptyLines(plain, at);
    line += skipped.lines;
    at = skipped.at;
    if (at >= plain.length) return;
    const lineEnd = endOfLine(plain, at);
    delimiter ??= delimiterOf(plain.slice(at, Math.min(lineEnd, at + RECORD_CHARACTERS_MAX)));
    const record = endOfRecord(plain, at, delimiter);
    const read = typeof record === 'string' ? record : cellsOf(plain.slice(at, record.end), delimiter);
    if (typeof read === 'string' || typeof record === 'string') {
      yield { line, problem: read as string };
      at = lineEnd + 1;
      line++;
    } else {
      yield { line, cells: read };
      at = record.end + 1;
      line += record.lines;
    }
  }
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

/** To the start of the first line that has anything in it. */
function skipEmptyLines(text: string, start: number): { at: number; lines: number } {
  let lines = 0;
  let lineStart = start;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED) {
      lines++;
      lineStart = at + 1;
    } else if (code !== SPACE && code !== TAB && (code < 0x80 || text[at]!.trim() !== ''))
      return { at: lineStart, lines };
  }
  return { at: text.length, lines };
}

const TOO_MANY_CELLS = `The line has more than ${RECORD_CELLS_MAX} cells; a text with commas in it stands in quotes.`;
const TOO_LONG = `The line has more than ${RECORD_CHARACTERS_MAX} characters. Shorten its texts.`;
const NEVER_CLOSED =
  `A cell begins with a quote that is not closed within ${RECORD_LINES_MAX} lines and ${RECORD_CHARACTERS_MAX} characters. ` +
  'A text with quotes in it stands in quotes, with each of them doubled.';

function cellsOf(text: string, delimiter: string): readonly string[] | string {
  try {
    const [cells] = parse(text, { relaxColumnCount: true, delimiter });
    return (cells ?? []).map((cell) => withoutApostrophe(cell).trim());
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return 'Its quotes do not fit. A text with quotes in it stands in quotes, with each of them doubled.';
  }
}

/** Of the record that begins at `start`; or why it has none. */
function endOfRecord(
  text: string,
  start: number,
  delimiter: string,
): { end: number; lines: number } | string {
  const last = Math.min(text.length, start + RECORD_CHARACTERS_MAX);
  let isQuoted = false;
  let lines = 1;
  let cells = 1;
  for (let at = start; at < last; at++) {
    const character = text[at];
    if (character === '\n') {
      if (!isQuoted) return { end: at, lines };
      if (++lines > RECORD_LINES_MAX) return NEVER_CLOSED;
    } else if (character === '"') {
      if (!isQuoted) isQuoted = at === start || text[at - 1] === delimiter;
      else if (text[at + 1] === '"') at++;
      else isQuoted = false;
    } else if (character === delimiter && !isQuoted && ++cells > RECORD_CELLS_MAX) return TOO_MANY_CELLS;
  }
  if (isQuoted) return NEVER_CLOSED;
  return last === text.length || text[last] === '\n' ? { end: last, lines } : TOO_LONG;
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
