// A page that is made once and read by many: its text with gaps, and what each reader finds in them. A gap is marked by a random text
// that nobody outside this process ever sees, so nothing that people write can be taken for one.

import { randomBytes } from 'node:crypto';
import { raw } from 'hono/html';
import { escapeToBuffer, type StringBuffer } from 'hono/utils/html';
import type { Markup } from './layout.ts';

/** What stands in a gap: its kind, and what it is about, such as the id of a product. */
export interface Gap<K extends string> {
  readonly kind: K;
  readonly about: string;
}

const MARK_BYTES = 16;

export class Gaps<K extends string> {
  readonly #mark = `gap-${randomBytes(MARK_BYTES).toString('hex')}-`;
  readonly #gaps: Gap<K>[] = [];
  readonly #numbers = new Map<string, number>();

  /** The text to put where the gap will be; escaping leaves it as it is. */
  mark(kind: K, about = ''): string {
    const name = `${kind} ${about}`;
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#gaps.push({ kind, about }) - 1;
      this.#numbers.set(name, number);
    }
    return `${this.#mark}${number}-`;
  }

  /** @param text with marks of this object */
  cut(text: string): Pieces<K> {
    const [first = '', ...others] = text.split(this.#mark);
    const texts = [first];
    const gaps: Gap<K>[] = [];
    for (const other of others) {
      const end = other.indexOf('-');
      gaps.push(this.#gaps[Number(other.slice(0, end))]!);
      texts.push(other.slice(end + 1));
    }
    return new Pieces(texts, gaps);
  }
}

export class Pieces<K extends string> {
  readonly #texts: readonly string[];
  readonly #gaps: readonly Gap<K>[];
  readonly characters: number;

  constructor(texts: readonly string[], gaps: readonly Gap<K>[]) {
    this.#texts = texts;
    this.#gaps = gaps;
    this.characters = texts.reduce((sum, { length }) => sum + length, 0);
  }

  /** The same with some of its gaps closed. @param write undefined leaves the gap open */
  close(write: (gap: Gap<K>) => string | undefined): Pieces<K> {
    const texts = [this.#texts[0]!];
    const gaps: Gap<K>[] = [];
    for (let at = 0; at < this.#gaps.length; at++) {
      const gap = this.#gaps[at]!;
      const written = write(gap);
      if (written === undefined) {
        gaps.push(gap);
        texts.push(this.#texts[at + 1]!);
      } else texts[texts.length - 1] += written + this.#texts[at + 1]!;
    }
    return new Pieces(texts, gaps);
  }

  encoded(): EncodedPieces<K> {
    return new EncodedPieces(this.#texts, this.#gaps);
  }
}

/**
 * The same as bytes. A text of many pieces is put together and encoded anew each time that it is sent, which costs more than all else
 * of an answer; bytes are only copied.
 */
export class EncodedPieces<K extends string> {
  readonly #pieces: readonly Buffer[];
  readonly #gaps: readonly Gap<K>[];
  readonly #bytes: number;

  constructor(texts: readonly string[], gaps: readonly Gap<K>[]) {
    this.#pieces = texts.map((text) => Buffer.from(text));
    this.#gaps = gaps;
    this.#bytes = this.#pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** @param write markup, so whatever is not ours has to be escaped */
  fill(write: (gap: Gap<K>) => string): Uint8Array<ArrayBuffer> {
    const values: string[] = [];
    let bytes = this.#bytes;
    for (const gap of this.#gaps) {
      const value = write(gap);
      values.push(value);
      bytes += Buffer.byteLength(value);
    }
    const filled = room(bytes);
    let at = this.#pieces[0]!.copy(filled);
    for (let number = 0; number < values.length; number++) {
      const value = values[number]!;
      if (value !== '') at += filled.write(value, at);
      at += this.#pieces[number + 1]!.copy(filled, at);
    }
    return filled;
  }
}

/** Bytes of memory that pages are put together in, one behind the other; a slow reader keeps all of theirs from being freed. */
export const SLAB_BYTES = 256 * 1024;
let slab = Buffer.allocUnsafeSlow(0);
let used = 0;

/** Memory for each page by itself would keep the collector busier than all else. Nobody's page is written over before it is given back. */
function room(bytes: number): Buffer<ArrayBuffer> {
  if (bytes > SLAB_BYTES / 4) return Buffer.allocUnsafeSlow(bytes);
  if (used + bytes > slab.byteLength) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    used = 0;
  }
  return slab.subarray(used, (used += bytes));
}

/** @param page that nobody looks at any more: the next one may be put together in its place */
export function giveBack({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): void {
  if (buffer === slab.buffer && byteOffset + byteLength === used) used = byteOffset;
}

/** Markup that was made before. */
export const rendered = (text: string): Markup => raw(text);

/** What people wrote, as markup. */
export function escaped(text: string): string {
  const buffer: StringBuffer = [''];
  escapeToBuffer(text, buffer);
  return buffer[0] as string;
}
