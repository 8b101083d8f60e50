// Numbers 128-bit keys in the order in which they come: key → row, in about 24 bytes a key.
//
//   index (open addressing)          words (16 bytes a row)
//   ┌───┬───┬───┬───┐                ┌────┬────┬────┬────┐
//   │ 0 │ 3 │ 0 │ 1 │  row + 1  ───▶ │ w0 │ w1 │ w2 │ w3 │ row 0
//   └───┴───┴───┴───┘   0 = free     └────┴────┴────┴────┘
//
// The upper byte of an entry holds eight more bits of its key. A walk over taken slots then stays within one line of the
// cache: only one foreign entry in 256 makes it look at a row, which lies anywhere in memory.
//
// A small table has one index; past 8,192 keys it is split into 128 segments, each of which grows by itself. Their shares of
// the keys differ, from one to two: with equal shares all of them would be full at the same time, and a table that doubles
// within a few batches stops its owner for as long as one that is moved whole. So they grow one after the other, evenly
// spread over each doubling of the table. Keys are never removed; a table whose sale is long over is dropped whole.

import { invariant } from './invariant.ts';
import { KEY_WORDS, writeKey, type Key } from './key.ts';

const SPLIT_AT = 8_192;
const SEGMENTS = 128;
/** Of each segment when the table is split: room for the largest share. */
const SEGMENT_SLOTS = 128;
const FIRST_SLOTS = 32;
const CHUNK_BITS = 13;
const CHUNK_ROWS = 1 << CHUNK_BITS;
const FIRST_ROWS = 16;
/** The lower bits of an entry: row + 1. */
const ROW_MASK = 0xff_ffff;
const TAG_MASK = ~ROW_MASK;

/** The word of a key by which it finds its segment, and the one by which it finds its slot there. */
const SEGMENT_WORD = 2;
const HASH_WORD = 3;

/** More than the orders that one product may have. */
const ROWS_MAX = ROW_MASK - 1;

/** Bits of a key → its segment. */
const SHARES = 4_096;
const SHARE_MASK = SHARES - 1;
const SEGMENT_OF_SHARE = segmentsByShare();

/** Entries that a growing segment moves at a time. */
const MOVED_AT_ONCE = 256;
const movedEntries = new Int32Array(MOVED_AT_ONCE);
const movedHashes = new Uint32Array(MOVED_AT_ONCE);

/** The words of a key that comes as a string: a scratch, so that a lookup allocates nothing. */
const scratch = new Uint32Array(KEY_WORDS);

/** What looking ahead saw: V8 leaves out a read that nothing comes of. */
const seen = new Int32Array(1);

interface Segment {
  slots: Int32Array;
  used: number;
}

const emptySegment = (slots: number): Segment => ({ slots: new Int32Array(slots), used: 0 });

export class KeyTable {
  /** Four words a row, in chunks as a column has them; an array of its own kind, since every lookup ends here. */
  readonly #chunks: Uint32Array[] = [new Uint32Array(FIRST_ROWS * 4)];
  #segments: Segment[] = [emptySegment(FIRST_SLOTS)];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The row of the key, or -1. */
  find(key: Key): number {
    writeKey(scratch, 0, key);
    const { slots } = this.#segmentOf(scratch[SEGMENT_WORD]!);
    return (slots[this.#slotOf(slots, scratch, 0)]! & ROW_MASK) - 1;
  }

  /** The row of a key that was not there, or -1 when it was. One walk through the index, not two. @param at its first word */
  addNew(words: Uint32Array, at: number): number {
    const segment = this.#segmentOf(words[at + SEGMENT_WORD]!);
    const slot = this.#slotOf(segment.slots, words, at);
    return segment.slots[slot] === 0 ? this.#append(segment, slot, words, at) : -1;
  }

  /** The row of the key, which is added when it was not there. */
  findOrAdd(words: Uint32Array, at: number): number {
    const segment = this.#segmentOf(words[at + SEGMENT_WORD]!);
    const slot = this.#slotOf(segment.slots, words, at);
    const entry = segment.slots[slot]!;
    return entry === 0 ? this.#append(segment, slot, words, at) : (entry & ROW_MASK) - 1;
  }

  /**
   * Looks at the slots of many keys that are about to be looked up, and does nothing. In a large table each is a miss of the
   * cache: here they overlap, since none waits for another.
   * @param step words from one key to the next
   */
  lookAhead(words: Uint32Array, from: number, step: number): void {
    let entries = 0;
    for (let at = from; at < words.length; at += step) {
      const { slots } = this.#segmentOf(words[at + SEGMENT_WORD]!);
      entries ^= slots[words[at + HASH_WORD]! & (slots.length - 1)]!;
    }
    seen[0] = entries;
  }

  /** Makes room for so many rows at once: a table that grows moves each key several times. Only an empty one. */
  reserve(rows: number): void {
    invariant(this.#size === 0 && rows < ROWS_MAX, `no room for ${rows} keys`);
    if (rows <= SPLIT_AT) return;
    this.#segments = Array.from({ length: SEGMENTS }, (_, segment) => emptySegment(slotsFor(rows, segment)));
  }

  /** Four words a row, rows `from` to `to` (not included): a snapshot's way out. */
  wordsOf(from: number, to: number): Uint32Array {
    const words = new Uint32Array((to - from) * 4);
    for (let row = from; row < to;) {
      const end = Math.min(to, (row | (CHUNK_ROWS - 1)) + 1);
      const first = (row & (CHUNK_ROWS - 1)) * 4;
      const chunk = this.#chunks[row >>> CHUNK_BITS]!;
      words.set(chunk.subarray(first, first + (end - row) * 4), (row - from) * 4);
      row = end;
    }
    return words;
  }

  keyAt(row: number): Key {
    const chunk = this.#chunks[row >>> CHUNK_BITS]!;
    const at = (row & (CHUNK_ROWS - 1)) * 4;
    let key = '';
    for (let offset = 0; offset < 4; offset++) {
      const value = chunk[at + offset]!;
      key += String.fromCharCode(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
    }
    return key;
  }

  get bytes(): number {
    const words = this.#chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    return words + this.#segments.reduce((sum, segment) => sum + segment.slots.byteLength, 0);
  }

  #segmentOf(word: number): Segment {
    const segments = this.#segments;
    return segments.length === 1 ? segments[0]! : segments[SEGMENT_OF_SHARE[word & SHARE_MASK]!]!;
  }

  /** Where the key stands, or would stand. */
  #slotOf(slots: Int32Array, words: Uint32Array, at: number): number {
    const mask = slots.length - 1;
    const chunks = this.#chunks;
    const tag = words[at + 2]!;
    for (let slot = words[at + 3]! & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === 0) return slot;
      if (((entry ^ tag) & TAG_MASK) !== 0) continue;
      const row = (entry & ROW_MASK) - 1;
      const chunk = chunks[row >>> CHUNK_BITS]!;
      const from = (row & (CHUNK_ROWS - 1)) * KEY_WORDS;
      const isSame =
        chunk[from + 3] === words[at + 3] &&
        chunk[from + 2] === tag &&
        chunk[from + 1] === words[at + 1] &&
        chunk[from] === words[at];
      if (isSame) return slot;
    }
  }

  /** The key becomes the next row, at the slot that was found free for it. */
  #append(segment: Segment, slot: number, words: Uint32Array, at: number): number {
    const row = this.#size++;
    invariant(row < ROWS_MAX, 'a table of keys is full');
    const chunk = this.#chunkFor(row);
    const to = (row & (CHUNK_ROWS - 1)) * KEY_WORDS;
    chunk[to] = words[at]!;
    chunk[to + 1] = words[at + 1]!;
    chunk[to + 2] = words[at + 2]!;
    chunk[to + 3] = words[at + 3]!;
    if (row === SPLIT_AT && this.#segments.length === 1) {
      this.#split();
    } else {
      segment.slots[slot] = (words[at + 2]! & TAG_MASK) | (row + 1);
      if (++segment.used * 4 > segment.slots.length * 3) this.#grow(segment);
    }
    return row;
  }

  #chunkFor(row: number): Uint32Array {
    const number = row >>> CHUNK_BITS;
    const chunk = this.#chunks[number];
    if (chunk !== undefined && (row & (CHUNK_ROWS - 1)) * 4 < chunk.length) return chunk;
    const grown = new Uint32Array(row >= CHUNK_ROWS ? CHUNK_ROWS * 4 : chunk!.length * 2);
    if (chunk !== undefined) grown.set(chunk);
    this.#chunks[number] = grown;
    return grown;
  }

  #word(row: number, offset: number): number {
    return this.#chunks[row >>> CHUNK_BITS]![(row & (CHUNK_ROWS - 1)) * 4 + offset]!;
  }

  /** Rows lie anywhere in memory: asked for one after the other with nothing between, the processor fetches many at once. */
  #grow(segment: Segment): void {
    const old = segment.slots;
    const slots = new Int32Array(old.length * 2);
    for (let next = 0; next < old.length;) {
      let count = 0;
      for (; next < old.length && count < MOVED_AT_ONCE; next++) {
        const entry = old[next]!;
        if (entry !== 0) movedEntries[count++] = entry;
      }
      for (let at = 0; at < count; at++)
        movedHashes[at] = this.#word((movedEntries[at]! & ROW_MASK) - 1, HASH_WORD);
      for (let at = 0; at < count; at++) place(slots, movedEntries[at]!, movedHashes[at]!);
    }
    segment.slots = slots;
  }

  #split(): void {
    this.#segments = Array.from({ length: SEGMENTS }, () => emptySegment(SEGMENT_SLOTS));
    for (let row = 0; row < this.#size; row++) {
      const word = this.#word(row, SEGMENT_WORD);
      const segment = this.#segmentOf(word);
      place(segment.slots, (word & TAG_MASK) | (row + 1), this.#word(row, HASH_WORD));
      if (++segment.used * 4 > segment.slots.length * 3) this.#grow(segment);
    }
  }
}

function place(slots: Int32Array, entry: number, hash: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = entry;
}

/** The last segment gets twice as many keys as the first, each one a little more than the one before. */
function segmentsByShare(): Uint8Array {
  const segments = new Uint8Array(SHARES);
  for (let share = 0; share < SHARES; share++)
    segments[share] = Math.floor(Math.log2(1 + share / SHARES) * SEGMENTS);
  return segments;
}

/** Of a segment in a table of so many rows, as it would have grown to. */
function slotsFor(rows: number, segment: number): number {
  const share = 2 ** ((segment + 1) / SEGMENTS) - 2 ** (segment / SEGMENTS);
  let slots = FIRST_SLOTS;
  while (slots * 3 < rows * share * 4) slots *= 2;
  return slots;
}
