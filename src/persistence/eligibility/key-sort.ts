// Keys as they arrive, put in order at the end. They are hashes and lie evenly, so they are dealt out by their first bits into
// places of a few keys each, and those few are sorted: a million take about a quarter of a second. Memory is 32 bytes a key.

import { KEY_BYTES, type Key } from '../../actors/index.ts';
import { orderWordOf } from './key-order.ts';

/** A key is four words, whose numbers order keys as their bytes do. */
const WORDS = 4;
const KEYS_PER_SEGMENT = 65_536;
const KEYS_PER_PLACE = 8;
const PLACE_BITS_MAX = 20;
/** So many are moved one by one; more have the same customer many times among them. */
const MOVED_MAX = 64;

export class KeySort {
  #segments: Uint32Array[] = [];
  #count = 0;

  /** Repeated ones too. */
  get count(): number {
    return this.#count;
  }

  add(key: Key): void {
    const place = this.#count++ % KEYS_PER_SEGMENT;
    if (place === 0) this.#segments.push(new Uint32Array(KEYS_PER_SEGMENT * WORDS));
    const segment = this.#segments.at(-1)!;
    for (let number = 0; number < WORDS; number++) segment[place * WORDS + number] = orderWordOf(key, number);
  }

  /** Each once, in order. What was added is gone. */
  sorted(): SortedKeys {
    const words = this.#dealtOut();
    let kept = 0;
    for (let at = 0; at < words.length; at += WORDS) {
      if (kept > 0 && order(words, kept - WORDS, at) === 0) continue;
      if (kept < at) words.copyWithin(kept, at, at + WORDS);
      kept += WORDS;
    }
    return new SortedKeys(words.subarray(0, kept));
  }

  #dealtOut(): Uint32Array {
    const bits = Math.min(PLACE_BITS_MAX, Math.max(1, Math.ceil(Math.log2(this.#count / KEYS_PER_PLACE))));
    const shift = 32 - bits;
    const ends = new Uint32Array(2 ** bits);
    this.#each((segment, at) => void ends[segment[at]! >>> shift]!++);
    for (let place = 1; place < ends.length; place++) ends[place]! += ends[place - 1]!;
    const starts = Uint32Array.from(ends, (_, place) => (place === 0 ? 0 : ends[place - 1]!));
    const words = new Uint32Array(this.#count * WORDS);
    this.#each((segment, at) => {
      const to = starts[segment[at]! >>> shift]!++ * WORDS;
      for (let number = 0; number < WORDS; number++) words[to + number] = segment[at + number]!;
    });
    this.#segments = [];
    this.#count = 0;
    for (let place = 0; place < ends.length; place++)
      sortFew(words, place === 0 ? 0 : ends[place - 1]!, ends[place]!);
    return words;
  }

  #each(work: (segment: Uint32Array, at: number) => void): void {
    let left = this.#count;
    for (const segment of this.#segments) {
      const keys = Math.min(left, KEYS_PER_SEGMENT);
      for (let key = 0; key < keys; key++) work(segment, key * WORDS);
      left -= keys;
    }
  }
}

export class SortedKeys {
  readonly #words: Uint32Array;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  get count(): number {
    return this.#words.length / WORDS;
  }

  /** Bytes of those from `from` on, `count` at most. */
  bytes(from: number, count: number): Uint8Array<ArrayBuffer> {
    const words = this.#words.subarray(from * WORDS, (from + count) * WORDS);
    const bytes = new Uint8Array((words.length / WORDS) * KEY_BYTES);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < words.length; at++) view.setUint32(at * 4, words[at]!);
    return bytes;
  }
}

/** @param from in keys @param to the first behind them */
function sortFew(words: Uint32Array, from: number, to: number): void {
  if (to - from > MOVED_MAX) return sortMany(words.subarray(from * WORDS, to * WORDS));
  for (let key = from + 1; key < to; key++) {
    let hole = key;
    while (hole > from && order(words, (hole - 1) * WORDS, key * WORDS) > 0) hole--;
    if (hole === key) continue;
    const [first, second, third, fourth] = words.subarray(key * WORDS, (key + 1) * WORDS);
    words.copyWithin((hole + 1) * WORDS, hole * WORDS, key * WORDS);
    words.set([first!, second!, third!, fourth!], hole * WORDS);
  }
}

function sortMany(words: Uint32Array): void {
  const keys = Uint32Array.from({ length: words.length / WORDS }, (_, key) => key);
  keys.sort((one, other) => order(words, one * WORDS, other * WORDS));
  const unsorted = words.slice();
  keys.forEach((key, place) => words.set(unsorted.subarray(key * WORDS, (key + 1) * WORDS), place * WORDS));
}

function order(words: Uint32Array, one: number, other: number): number {
  for (let number = 0; number < WORDS; number++) {
    const difference = words[one + number]! - words[other + number]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
