// Numbers 128-bit keys in the order in which they come: key → row, in about 24 bytes a key.
//
//   index (open addressing)          words (16 bytes a row)
//   ┌───┬───┬───┬───┐                ┌────┬────┬────┬────┐
//   │ 0 │ 3 │ 0 │ 1 │  row + 1  ───▶ │ w0 │ w1 │ w2 │ w3 │ row 0
//   └───┴───┴───┴───┘   0 = free     └────┴────┴────┴────┘
//
// A small table has one index; past 8,192 keys it is split into 64, each of which grows by itself, so that no single
// insertion moves more than a 64th of the keys: at a million keys that is about a millisecond. Keys are never removed; a table
// whose sale is long over is dropped whole.

import { Column, uint32s } from './column.ts';
import type { Key } from './key.ts';

const SPLIT_AT = 8_192;
const SEGMENT_BITS = 6;
const FIRST_SLOTS = 32;

// The words of the key that is being looked up: a scratch register, so that a lookup allocates nothing.
let w0 = 0;
let w1 = 0;
let w2 = 0;
let w3 = 0;

function load(key: Key): void {
  w0 = word(key, 0);
  w1 = word(key, 4);
  w2 = word(key, 8);
  w3 = word(key, 12);
}

function word(key: Key, at: number): number {
  return (
    (key.charCodeAt(at) |
      (key.charCodeAt(at + 1) << 8) |
      (key.charCodeAt(at + 2) << 16) |
      (key.charCodeAt(at + 3) << 24)) >>>
    0
  );
}

interface Segment {
  slots: Int32Array;
  used: number;
}

const emptySegment = (slots: number): Segment => ({ slots: new Int32Array(slots), used: 0 });

export class KeyTable {
  readonly #words = new Column(uint32s, 4);
  #segments: Segment[] = [emptySegment(FIRST_SLOTS)];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The row of the key, or -1. */
  find(key: Key): number {
    load(key);
    const { slots } = this.#segment();
    const mask = slots.length - 1;
    for (let slot = w3 & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === 0) return -1;
      if (this.#matches(entry - 1)) return entry - 1;
    }
  }

  /** Adds a key that is not there yet (the caller has looked), and returns its row. */
  add(key: Key): number {
    load(key);
    const row = this.#size++;
    this.#words.reserve(row);
    this.#words.set(row, w0, 0);
    this.#words.set(row, w1, 1);
    this.#words.set(row, w2, 2);
    this.#words.set(row, w3, 3);
    if (row === SPLIT_AT) this.#split();
    else this.#insert(this.#segment(), row, w3);
    return row;
  }

  keyAt(row: number): Key {
    let key = '';
    for (let offset = 0; offset < 4; offset++) {
      const value = this.#words.get(row, offset);
      key += String.fromCharCode(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
    }
    return key;
  }

  get bytes(): number {
    return this.#words.bytes + this.#segments.reduce((sum, segment) => sum + segment.slots.byteLength, 0);
  }

  #segment(): Segment {
    return this.#segments.length === 1 ? this.#segments[0]! : this.#segments[w2 & ((1 << SEGMENT_BITS) - 1)]!;
  }

  #matches(row: number): boolean {
    const words = this.#words;
    return (
      words.get(row, 3) === w3 &&
      words.get(row, 2) === w2 &&
      words.get(row, 1) === w1 &&
      words.get(row, 0) === w0
    );
  }

  #insert(segment: Segment, row: number, hash: number): void {
    if (++segment.used * 4 > segment.slots.length * 3) this.#grow(segment);
    place(segment.slots, row, hash);
  }

  #grow(segment: Segment): void {
    const old = segment.slots;
    segment.slots = new Int32Array(old.length * 2);
    for (const entry of old) {
      if (entry !== 0) place(segment.slots, entry - 1, this.#words.get(entry - 1, 3));
    }
  }

  #split(): void {
    this.#segments = Array.from({ length: 1 << SEGMENT_BITS }, () =>
      emptySegment((SPLIT_AT >> SEGMENT_BITS) * 2),
    );
    for (let row = 0; row < this.#size; row++) {
      const segment = this.#segments[this.#words.get(row, 2) & ((1 << SEGMENT_BITS) - 1)]!;
      this.#insert(segment, row, this.#words.get(row, 3));
    }
  }
}

function place(slots: Int32Array, row: number, hash: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = row + 1;
}
