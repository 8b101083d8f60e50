// HMAC-SHA-256 for paths that a rush is full of. The library makes and frees a native object for each, which took a sixth of a
// purchase's time; HMAC is two hashes over a padded key, and one-shot hashes cost a third.

import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
/** Of one character of a string. */
const UTF8_BYTES_MAX = 3;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

export class KeyedHash {
  readonly #inner: Buffer;
  readonly #outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);

  /** @param charactersMax of a text; of a longer one only so much counts, so whoever asks looks first */
  constructor(secret: string, charactersMax: number) {
    const bytes = Buffer.from(secret);
    const key = Buffer.alloc(BLOCK_BYTES);
    (bytes.length > BLOCK_BYTES ? hash('sha256', bytes, 'buffer') : bytes).copy(key);
    this.#inner = Buffer.alloc(BLOCK_BYTES + charactersMax * UTF8_BYTES_MAX);
    for (let at = 0; at < BLOCK_BYTES; at++) {
      this.#inner[at] = key[at]! ^ INNER_PAD;
      this.#outer[at] = key[at]! ^ OUTER_PAD;
    }
  }

  /** @param encoding of the text: `latin1` for one-byte characters */
  of(text: string, encoding: 'utf8' | 'latin1'): string {
    return this.#hash(text, encoding, 'base64url');
  }

  /** The same as 32 one-byte characters. */
  charactersOf(text: string, encoding: 'utf8' | 'latin1'): string {
    return this.#hash(text, encoding, 'binary');
  }

  #hash(text: string, encoding: 'utf8' | 'latin1', as: 'base64url' | 'binary'): string {
    const bytes = this.#inner.write(text, BLOCK_BYTES, encoding);
    const digest = hash('sha256', this.#inner.subarray(0, BLOCK_BYTES + bytes), 'binary');
    this.#outer.write(digest, BLOCK_BYTES, 'latin1');
    return hash('sha256', this.#outer, as);
  }
}

/** In a time that does not depend on where they differ. */
export function isSame(given: string, right: string): boolean {
  if (given.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < right.length; at++) difference |= given.charCodeAt(at) ^ right.charCodeAt(at);
  return difference === 0;
}
