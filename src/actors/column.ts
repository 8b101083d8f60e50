// A column of numbers that grows without ever copying itself whole.
//
// Rows live in chunks of 8,192; only the first chunk starts small and doubles, so that a product with three orders
// costs little and a product with a million never stops its owner to move them.

type NumberArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const CHUNK_BITS = 13;
const CHUNK_ROWS = 1 << CHUNK_BITS;
const FIRST_ROWS = 16;

export class Column<A extends NumberArray> {
  readonly #make: (length: number) => A;
  readonly #chunks: A[] = [];

  constructor(make: (length: number) => A) {
    this.#make = make;
  }

  get(row: number): number {
    return this.#chunks[row >>> CHUNK_BITS]![row & (CHUNK_ROWS - 1)]!;
  }

  set(row: number, value: number): void {
    this.#chunks[row >>> CHUNK_BITS]![row & (CHUNK_ROWS - 1)] = value;
  }

  /** Sets the row behind the last one. */
  push(row: number, value: number): void {
    const chunk = this.#chunks[row >>> CHUNK_BITS];
    if (chunk === undefined || (row & (CHUNK_ROWS - 1)) >= chunk.length) this.#makeRoom(row);
    this.set(row, value);
  }

  /** Sets the rows behind the last one, `row` and as many as there are values. */
  extend(row: number, values: A): void {
    for (let at = 0; at < values.length;) {
      const first = (row + at) & (CHUNK_ROWS - 1);
      let chunk = this.#chunks[(row + at) >>> CHUNK_BITS];
      if (chunk === undefined || first >= chunk.length) chunk = this.#makeRoom(row + at);
      const end = Math.min(values.length, at + chunk.length - first);
      chunk.set(values.subarray(at, end), first);
      at = end;
    }
  }

  /** Rows `from` to `to` (not included), as one array. */
  slice(from: number, to: number): A {
    const values = this.#make(to - from);
    for (let row = from; row < to;) {
      const end = Math.min(to, (row | (CHUNK_ROWS - 1)) + 1);
      const first = row & (CHUNK_ROWS - 1);
      const chunk = this.#chunks[row >>> CHUNK_BITS]!;
      values.set(chunk.subarray(first, first + (end - row)), row - from);
      row = end;
    }
    return values;
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  }

  #makeRoom(row: number): A {
    const old = this.#chunks[row >>> CHUNK_BITS];
    const rows = row >= CHUNK_ROWS ? CHUNK_ROWS : old === undefined ? FIRST_ROWS : old.length * 2;
    const made = this.#make(rows);
    if (old !== undefined) made.set(old);
    this.#chunks[row >>> CHUNK_BITS] = made;
    return made;
  }
}

export const bytes = (length: number): Uint8Array => new Uint8Array(length);
export const uint16s = (length: number): Uint16Array => new Uint16Array(length);
export const uint32s = (length: number): Uint32Array => new Uint32Array(length);
export const float64s = (length: number): Float64Array => new Float64Array(length);
