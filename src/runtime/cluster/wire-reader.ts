// Reads MessagePack from somebody who may be wrong or worse. msgpackr writes these bytes but does not read them: it makes a list as
// long as five bytes say before it looks whether it is there, builds sets, patterns and errors on request, and what it
// returned would still have to be checked. Here whoever reads says what comes next, and anything else is refused. The parts of
// MessagePack that no message uses (maps, extensions, integers of 64 bits) are not understood at all.

import { KEY_BYTES, type Key } from '../../actors/index.ts';
import { BYTES_PER_CHARACTER_MAX } from './wire-bounds.ts';

/** Bytes from another node that are no message of this version. Nothing of them was taken. */
export class MessageRefused extends Error {
  override readonly name = 'MessageRefused';
}

const NIL = 0xc0;
const FALSE = 0xc2;
const TRUE = 0xc3;

export class WireReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor({ buffer, byteOffset, byteLength }: Uint8Array, from: number) {
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength);
    this.#at = from;
  }

  /** @returns how many values follow @throws MessageRefused, as all of these */
  list(what: string, lengthMin: number, lengthMax: number): number {
    const byte = this.#byte(what);
    let length = -1;
    if ((byte & 0xf0) === 0x90) length = byte & 0x0f;
    else if (byte === 0xdc) length = this.#unsigned(what, 2);
    else if (byte === 0xdd) length = this.#unsigned(what, 4);
    if (length < 0) throw this.#unexpected(what, 'a list', byte);
    if (length < lengthMin || length > lengthMax) {
      const expected = lengthMin === lengthMax ? `${lengthMin}` : `${lengthMin} to ${lengthMax}`;
      throw new MessageRefused(`${what} has ${length} entries; ${expected} were expected`);
    }
    return length;
  }

  /** Steps over a nil, and says whether there was one. */
  takesNil(): boolean {
    if (this.#bytes[this.#at] !== NIL) return false;
    this.#at++;
    return true;
  }

  integer(what: string, min: number, max: number): number {
    const value = this.#number(what);
    if (value >= min && value <= max && Number.isInteger(value)) return value;
    throw new MessageRefused(`${what} is ${value}; an integer from ${min} to ${max} was expected`);
  }

  /** The first number, then for each other one the step from its predecessor. */
  steps(what: string, lengthMax: number, min: number, max: number): number[] {
    const numbers: number[] = [];
    let value = 0;
    for (let left = this.list(what, 1, lengthMax); left > 0; left--) {
      value += this.#number(what);
      if (!(value >= min && value <= max && Number.isInteger(value)))
        throw new MessageRefused(`${what} comes to ${value}; an integer from ${min} to ${max} was expected`);
      numbers.push(value);
    }
    return numbers;
  }

  flag(what: string): boolean {
    const byte = this.#byte(what);
    if (byte === TRUE) return true;
    if (byte === FALSE) return false;
    throw this.#unexpected(what, 'true or false', byte);
  }

  key(what: string): Key {
    return this.keys(what, 1);
  }

  /** As many, one behind the other. */
  keys(what: string, count: number): string {
    const length = this.#binaryLength(what);
    if (length !== count * KEY_BYTES)
      throw new MessageRefused(`${what} has ${length} bytes; ${count * KEY_BYTES} were expected`);
    const from = this.#take(what, length);
    return this.#bytes.toString('latin1', from, from + length);
  }

  text(what: string, pattern: RegExp, bytesMax: number): string {
    const text = this.#utf8(what, this.#textLength(what), bytesMax);
    if (pattern.test(text)) return text;
    throw new MessageRefused(`${what} is not what it should be`);
  }

  /** @param forbidden characters */
  prose(what: string, charactersMin: number, charactersMax: number, forbidden: RegExp): string {
    const text = this.#utf8(what, this.#textLength(what), charactersMax * BYTES_PER_CHARACTER_MAX);
    if (text.length >= charactersMin && text.length <= charactersMax && !forbidden.test(text)) return text;
    throw new MessageRefused(`${what} is not of ${charactersMin} to ${charactersMax} permitted characters`);
  }

  /** Several with a NUL between each two. @param forbidden characters; the NUL is none of them */
  texts(what: string, count: number, charactersMax: number, forbidden: RegExp): string[] {
    const bytesMax = count * (charactersMax * BYTES_PER_CHARACTER_MAX + 1);
    const all = this.#utf8(what, this.#binaryLength(what), bytesMax);
    if (forbidden.test(all)) throw new MessageRefused(`${what} have characters that are not permitted`);
    const texts = all.split('\0');
    if (texts.length !== count)
      throw new MessageRefused(`${what} are ${texts.length}; ${count} were expected`);
    for (const { length } of texts)
      if (length < 1 || length > charactersMax)
        throw new MessageRefused(
          `one of ${what} has ${length} characters; 1 to ${charactersMax} were expected`,
        );
    return texts;
  }

  /** One of the names that somebody knows; another version may know more. */
  word<Word extends string>(what: string, words: Readonly<Record<Word, unknown>>): Word {
    const word = this.#utf8(what, this.#textLength(what), WORD_BYTES);
    if (Object.hasOwn(words, word)) return word as Word;
    throw new MessageRefused(`${what} ${JSON.stringify(word)} is unknown here`);
  }

  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw new MessageRefused(`${left} bytes follow behind the end`);
  }

  #number(what: string): number {
    const byte = this.#byte(what);
    if (byte < 0x80) return byte;
    if (byte >= 0xe0) return byte - 0x100;
    switch (byte) {
      case 0xcb:
        // Adding 0 makes 0 of the negative one.
        return this.#bytes.readDoubleBE(this.#take(what, 8)) + 0;
      case 0xcc:
        return this.#unsigned(what, 1);
      case 0xcd:
        return this.#unsigned(what, 2);
      case 0xce:
        return this.#unsigned(what, 4);
      case 0xd0:
        return this.#bytes.readInt8(this.#take(what, 1));
      case 0xd1:
        return this.#bytes.readInt16BE(this.#take(what, 2));
      case 0xd2:
        return this.#bytes.readInt32BE(this.#take(what, 4));
      default:
        throw this.#unexpected(what, 'a number', byte);
    }
  }

  #binaryLength(what: string): number {
    const byte = this.#byte(what);
    if (byte === 0xc4) return this.#unsigned(what, 1);
    if (byte === 0xc5) return this.#unsigned(what, 2);
    if (byte === 0xc6) return this.#unsigned(what, 4);
    throw this.#unexpected(what, 'bytes', byte);
  }

  #textLength(what: string): number {
    const byte = this.#byte(what);
    if ((byte & 0xe0) === 0xa0) return byte & 0x1f;
    if (byte === 0xd9) return this.#unsigned(what, 1);
    if (byte === 0xda) return this.#unsigned(what, 2);
    throw this.#unexpected(what, 'a text', byte);
  }

  /** Well-formed whatever the bytes are: what is no UTF-8 becomes U+FFFD. */
  #utf8(what: string, length: number, lengthMax: number): string {
    if (length > lengthMax)
      throw new MessageRefused(`${what} has ${length} bytes; at most ${lengthMax} were expected`);
    const from = this.#take(what, length);
    return this.#bytes.toString('utf8', from, from + length);
  }

  #unsigned(what: string, length: 1 | 2 | 4): number {
    return this.#bytes.readUIntBE(this.#take(what, length), length);
  }

  #byte(what: string): number {
    return this.#bytes[this.#take(what, 1)]!;
  }

  /** @returns where it begins */
  #take(what: string, length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from)
      throw new MessageRefused(`the message ends in the middle of ${what}`);
    this.#at = from + length;
    return from;
  }

  #unexpected(what: string, expected: string, byte: number): MessageRefused {
    return new MessageRefused(`${what} begins with the byte ${byte}; ${expected} was expected`);
  }
}

const WORD_BYTES = 64;
