// Which bucket a customer or an address has: HalfSipHash-2-4 with a secret key, 64 bits, on 32-bit words alone, so that it costs a
// tenth of a microsecond and allocates nothing. A plain hash would let anybody make up addresses and customers who share a bucket with
// whom they want to shut out. All nodes have the same key: they tell each other of buckets by these bits.

import { hkdfSync } from 'node:crypto';
import type { Key } from '../../../actors/index.ts';

const COMPRESSION_ROUNDS = 2;
const FINAL_ROUNDS = 4;
const WIDE = 0xee;
const WIDE_AGAIN = 0xdd;

export class BucketHash {
  /** Of the name that was hashed last. */
  low = 0;
  high = 0;
  readonly #key0: number;
  readonly #key1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;

  constructor(secret: string) {
    const key = Buffer.from(hkdfSync('sha256', secret, '', 'doorbuster limits 1', 8));
    this.#key0 = key.readInt32LE(0);
    this.#key1 = key.readInt32LE(4);
  }

  /** @param domain sets apart what has the same name */
  ofKey(domain: number, key: Key): void {
    this.#begin();
    const { length } = key;
    for (let at = 0; at < length; at += 4)
      this.#take(
        key.charCodeAt(at) |
          (key.charCodeAt(at + 1) << 8) |
          (key.charCodeAt(at + 2) << 16) |
          (key.charCodeAt(at + 3) << 24),
      );
    this.#end(domain, length);
  }

  /** @param domain sets apart what has the same name */
  ofText(domain: number, text: string): void {
    this.#begin();
    const { length } = text;
    for (let at = 0; at < length; at += 2)
      this.#take(text.charCodeAt(at) | ((at + 1 < length ? text.charCodeAt(at + 1) : 0) << 16));
    this.#end(domain, length);
  }

  #begin(): void {
    this.#v0 = this.#key0;
    this.#v1 = this.#key1 ^ WIDE;
    this.#v2 = 0x6c_79_67_65 ^ this.#key0;
    this.#v3 = 0x74_65_64_62 ^ this.#key1;
  }

  #take(word: number): void {
    this.#v3 ^= word;
    for (let round = 0; round < COMPRESSION_ROUNDS; round++) this.#round();
    this.#v0 ^= word;
  }

  #end(domain: number, length: number): void {
    this.#take((domain << 24) | (length & 0xff_ffff));
    this.#v2 ^= WIDE;
    for (let round = 0; round < FINAL_ROUNDS; round++) this.#round();
    this.low = this.#v1 ^ this.#v3;
    this.#v1 ^= WIDE_AGAIN;
    for (let round = 0; round < FINAL_ROUNDS; round++) this.#round();
    this.high = this.#v1 ^ this.#v3;
  }

  #round(): void {
    let [v0, v1, v2, v3] = [this.#v0, this.#v1, this.#v2, this.#v3];
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
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}
