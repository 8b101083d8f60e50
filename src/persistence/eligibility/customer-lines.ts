// The lines of a list of customers, as they arrive: one customer id in each, or in the column that the first line names. Pure, and
// bounded whatever comes: no quote runs from one line into the next, and a line that is too long is not kept.
//
// Nearly every line of a large list is a plain ASCII word. Such a line takes the short way: one look at each byte.

import { CUSTOMER_ID_CHARACTERS_MAX, customerKeyOf, isCustomerId, type Key } from '../../actors/index.ts';
import { cellsOf, separatorOf } from './csv-cells.ts';
import type { BadLine } from './customer-list.ts';
import { LIST_LIMITS } from './list-limits.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');
/** Of the column, in the first line. */
const HEADER = /^customer[ _-]?(id)?$/i;

/** Bytes that a plain line has none of: control characters, what is not ASCII, quotes and separators. */
const IS_UNUSUAL = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x2c || byte === 0x3b ? 1 : 0,
);

export interface LineSink {
  onCustomer(key: Key): void;
  onBad(bad: BadLine): void;
}

interface Header {
  readonly separator: string;
  readonly columns: number;
  readonly column: number;
}

export class CustomerLines {
  readonly #sink: LineSink;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** The beginning of a line whose end has not arrived; never longer than a line may be, and one byte. */
  #rest: Buffer = Buffer.alloc(0);
  #number = 1;
  #isBeginning = true;
  #endedInCarriageReturn = false;
  /** Undefined until the first line that is not blank. */
  #header: Header | 'none' | undefined;
  /** Each line is an id and nothing else. */
  #isOneColumn = false;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  take(arrived: Uint8Array): void {
    let piece = Buffer.from(arrived.buffer, arrived.byteOffset, arrived.byteLength);
    if (this.#rest.length > 0) piece = Buffer.concat([this.#rest, piece]);
    if (this.#isBeginning) {
      if (piece.length < BYTE_ORDER_MARK.length) {
        this.#rest = Buffer.from(piece);
        return;
      }
      piece = this.#withoutMark(piece);
    }
    let from = 0;
    // The other half of a line end that was counted.
    if (this.#endedInCarriageReturn && piece.length > 0) {
      if (piece[0] === LINE_FEED) from = 1;
      this.#endedInCarriageReturn = false;
    }
    // One look at each byte, which tells unusual lines and line ends.
    let isPlain = true;
    for (let at = from; at < piece.length; at++) {
      const byte = piece[at]!;
      if (IS_UNUSUAL[byte] === 0) continue;
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) {
        isPlain = false;
        continue;
      }
      this.#line(piece, from, at, isPlain);
      isPlain = true;
      if (byte === CARRIAGE_RETURN) {
        if (at + 1 === piece.length) this.#endedInCarriageReturn = true;
        else if (piece[at + 1] === LINE_FEED) at++;
      }
      from = at + 1;
    }
    // What is beyond the bound is forgotten; one byte more tells that it was there.
    this.#rest = Buffer.from(piece.subarray(from, from + LIST_LIMITS.lineBytesMax + 1));
  }

  end(): void {
    const last = this.#isBeginning ? this.#withoutMark(this.#rest) : this.#rest;
    this.#rest = Buffer.alloc(0);
    if (last.length > 0) this.#line(last, 0, last.length, false);
  }

  #withoutMark(piece: Buffer): Buffer {
    this.#isBeginning = false;
    const isMarked = piece.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
    return isMarked ? piece.subarray(BYTE_ORDER_MARK.length) : piece;
  }

  #line(piece: Buffer, from: number, to: number, isPlain: boolean): void {
    const number = this.#number++;
    if (isPlain && this.#isOneColumn && to - from <= CUSTOMER_ID_CHARACTERS_MAX) {
      const id = piece.toString('latin1', from, to).trim();
      if (id !== '') this.#sink.onCustomer(customerKeyOf(id));
      return;
    }
    if (to - from > LIST_LIMITS.lineBytesMax)
      return this.#bad(number, `has more than ${LIST_LIMITS.lineBytesMax} bytes`, piece.subarray(from, to));
    const text = this.#textOf(piece.subarray(from, to));
    if (text === undefined)
      return this.#bad(number, 'is not UTF-8: save the file as UTF-8', piece.subarray(from, to));
    if (text.trim() === '') return;
    if (this.#header === undefined) {
      this.#header = headerOf(text) ?? 'none';
      this.#isOneColumn = this.#header === 'none' || this.#header.columns === 1;
      if (this.#header !== 'none') return;
    }
    const id = idOf(text, this.#header);
    if (typeof id !== 'string') return this.#bad(number, id.problem, text);
    if (id === '') return this.#bad(number, 'has no customer', text);
    const { length } = id;
    if (isCustomerId(id)) return this.#sink.onCustomer(customerKeyOf(id));
    this.#bad(
      number,
      length > CUSTOMER_ID_CHARACTERS_MAX
        ? `names a customer with ${length} characters: an id has at most ${CUSTOMER_ID_CHARACTERS_MAX}`
        : 'names a customer with a control character in it: an id has none',
      text,
    );
  }

  #textOf(bytes: Buffer): string | undefined {
    try {
      return this.#utf8.decode(bytes);
    } catch {
      return undefined;
    }
  }

  #bad(line: number, problem: string, text: string | Buffer): void {
    const { toldTextCharactersMax } = LIST_LIMITS;
    const shown = typeof text === 'string' ? text : text.toString('utf8', 0, toldTextCharactersMax * 4);
    // oxlint-disable-next-line no-control-regex -- it is shown to people
    const plain = shown.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').trim();
    const told = plain.slice(0, toldTextCharactersMax).toWellFormed();
    this.#sink.onBad({ line, problem, text: told.length < plain.length ? `${told}…` : told });
  }
}

/** @returns undefined for a first line that names no column of customers: it is a customer already */
function headerOf(text: string): Header | undefined {
  const separator = separatorOf(text);
  const cells = cellsOf(text, separator);
  if (typeof cells === 'string') return undefined;
  const column = cells.findIndex((cell) => HEADER.test(cell));
  return column < 0 ? undefined : { separator, columns: cells.length, column };
}

function idOf(text: string, header: Header | 'none'): string | { readonly problem: string } {
  const cells = cellsOf(text, header === 'none' ? separatorOf(text) : header.separator);
  if (typeof cells === 'string') return { problem: cells };
  if (header === 'none') {
    if (cells.length === 1) return cells[0]!;
    return {
      problem:
        'has more than one column: let the first line of the file name them, customerId among them, or put an id with a comma or ' +
        'semicolon in quotes',
    };
  }
  if (cells.length === header.columns) return cells[header.column]!;
  return {
    problem: `has ${cells.length} ${cells.length === 1 ? 'column' : 'columns'}, and the first line ${header.columns}`,
  };
}
