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
  readonly #width: number;
  readonly #chunks: A[] = [];

  /** @param width numbers in one row, side by side */
  constructor(make: (length: number) => A, width = 1) {
    this.#make = make;
    this.#width = width;
  }

  get(row: number, offset = 0): number {
    return this.#chunks[row >>> CHUNK_BITS]![(row & (CHUNK_ROWS - 1)) * this.#width + offset]!;
  }

  set(row: number, value: number, offset = 0): void {
    this.#chunks[row >>> CHUNK_BITS]![(row & (CHUNK_ROWS - 1)) * this.#width + offset] = value;
  }

  /** Makes room for the row. Called once for each new row, before it is set. */
  reserve(row: number): void {
    const chunk = this.#chunks[row >>> CHUNK_BITS];
    if (chunk !== undefined && (row & (CHUNK_ROWS - 1)) * this.#width < chunk.length) return;
    if (row >= CHUNK_ROWS) this.#chunks.push(this.#make(CHUNK_ROWS * this.#width));
    else this.#chunks[0] = this.#grownFirst();
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  }

  #grownFirst(): A {
    const old = this.#chunks[0];
    const grown = this.#make(old === undefined ? FIRST_ROWS * this.#width : old.length * 2);
    if (old !== undefined) grown.set(old);
    return grown;
  }
}

export const bytes = (length: number): Uint8Array => new Uint8Array(length);
export const uint16s = (length: number): Uint16Array => new Uint16Array(length);
export const uint32s = (length: number): Uint32Array => new Uint32Array(length);
export const float64s = (length: number): Float64Array => new Float64Array(length);
