// Which bucket a customer or an address has: HalfSipHash-2-4 with a secret key, 64 bits, on 32-bit words alone, so that it costs a
// tenth of a microsecond and allocates nothing. A plain hash would let anybody make up addresses and customers who share a bucket with
// whom they want to shut out. All nodes have the same key: they tell each other of buckets by these bits.

import { hkdfSync } from 'node:crypto';
import { KEY_BYTES, type Key } from '../../../actors/index.ts';

const COMPRESSION_ROUNDS = 2;
const FINAL_ROUNDS = 4;
/** Words of a name, with the last one. */
const WORDS_MAX = 64;
const WIDE = 0xee;
const WIDE_AGAIN = 0xdd;

export class BucketHash {
  /** Of the name that was hashed last. */
  low = 0;
  high = 0;
  readonly #key0: number;
  readonly #key1: number;
  /** Longer names share what begins alike: nobody has such a key or address. */
  readonly #words = new Int32Array(WORDS_MAX);

  constructor(secret: string) {
    const key = Buffer.from(hkdfSync('sha256', secret, '', 'doorbuster limits 1', 8));
    this.#key0 = key.readInt32LE(0);
    this.#key1 = key.readInt32LE(4);
  }

  /** @param domain sets apart what has the same name */
  ofKey(domain: number, key: Key): void {
    const words = this.#words;
    let count = 0;
    for (let at = 0; at < KEY_BYTES; at += 4)
      words[count++] =
        key.charCodeAt(at) |
        (key.charCodeAt(at + 1) << 8) |
        (key.charCodeAt(at + 2) << 16) |
        (key.charCodeAt(at + 3) << 24);
    this.#hash(count, domain);
  }

  /** @param domain sets apart what has the same name */
  ofText(domain: number, text: string): void {
    const words = this.#words;
    const { length } = text;
    let count = 0;
    for (let at = 0; at < length && count < WORDS_MAX - 1; at += 2)
      words[count++] = text.charCodeAt(at) | ((at + 1 < length ? text.charCodeAt(at + 1) : 0) << 16);
    this.#hash(count, domain);
  }

  #hash(count: number, domain: number): void {
    const words = this.#words;
    words[count] = (domain << 24) | count;
    let v0 = this.#key0;
    let v1 = this.#key1 ^ WIDE;
    let v2 = 0x6c_79_67_65 ^ this.#key0;
    let v3 = 0x74_65_64_62 ^ this.#key1;
    let word = 0;
    // Two rounds for each word, four for the first half of what comes out, and four for the second.
    const rounds = (count + 1) * COMPRESSION_ROUNDS;
    for (let round = 0; round < rounds + 2 * FINAL_ROUNDS; round++) {
      if (round < rounds) {
        if ((round & 1) === 0) v3 ^= word = words[round >>> 1]!;
      } else if (round === rounds) v2 ^= WIDE;
      else if (round === rounds + FINAL_ROUNDS) {
        this.low = v1 ^ v3;
        v1 ^= WIDE_AGAIN;
      }
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (round < rounds && (round & 1) === 1) v0 ^= word;
    }
    this.high = v1 ^ v3;
  }
}
