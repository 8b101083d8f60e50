// What this thread answered to purchases, by product, for the live board: a window of counts that main takes away once a
// second. The path of a purchase pays one look into a map and two additions, and allocates nothing.
//
// Only an answer that the actor of a product gave makes its counts, so that strangers' made-up ids push out nobody. What was
// too busy or unknown says nothing about whether the product exists, and counts for products that are known already.

import type { Refusal } from '../actors/index.ts';

/** Products whose counts are kept; at the bound a tenth of them, those used longest ago, make room. */
export const PRODUCTS_COUNTED_MAX = 10_000;

/** In the order of a product's columns behind orders and units; it may grow at its end. */
export const REFUSALS_COUNTED = [
  'sold_out',
  'insufficient_stock',
  'limit_reached',
  'sale_not_started',
  'sale_ended',
  'sale_paused',
  'not_eligible',
  'idempotency_key_reused',
  'overloaded',
  'outcome_unknown',
  'ticket_required',
  'ticket_invalid',
  'too_many_holds',
] as const satisfies readonly Refusal[];
export type RefusalCounted = (typeof REFUSALS_COUNTED)[number];

export const ORDERS = 0;
export const UNITS = 1;
/** Of the first refusal. */
export const REFUSED = 2;
export const TRAFFIC_COLUMNS = REFUSED + REFUSALS_COUNTED.length;

const columnOf = new Map<string, number>(REFUSALS_COUNTED.map((code, at) => [code, REFUSED + at]));
const TELLS_NOTHING: ReadonlySet<string> = new Set(['overloaded', 'outcome_unknown']);

/** What was counted since the window before, by product: columns as above. */
export interface TrafficWindow {
  /** Named by who asks for the next window; without it this one comes again, in that one. */
  readonly number: number;
  readonly products: readonly (readonly [string, Float64Array])[];
}

interface Counts {
  readonly columns: Float64Array;
  /** The window in which it was last used. */
  window: number;
}

export class Traffic {
  readonly #products = new Map<string, Counts>();
  readonly #productsMax: number;
  #window = 0;
  /** Told, and not known to have arrived. */
  #told = new Map<string, Float64Array>();
  /** Of the present window. */
  readonly #forgotten = new Map<string, Float64Array>();

  constructor(productsMax = PRODUCTS_COUNTED_MAX) {
    this.#productsMax = productsMax;
  }

  accepted(productId: string, units: number): void {
    const { columns } = this.#of(productId);
    columns[ORDERS]!++;
    columns[UNITS]! += units;
  }

  /** Codes that stand for no product's refusal count nowhere. */
  refused(productId: string, code: string): void {
    const column = columnOf.get(code);
    if (column === undefined) return;
    if (TELLS_NOTHING.has(code) && !this.#products.has(productId)) return;
    this.#of(productId).columns[column]!++;
  }

  /** @param received number of the last window that arrived */
  take(received: number): TrafficWindow {
    if (received === this.#window) this.#told = new Map();
    for (const [productId, columns] of this.#forgotten) tell(this.#told, productId, columns);
    this.#forgotten.clear();
    for (const [productId, { columns, window }] of this.#products) {
      if (window !== this.#window) continue;
      tell(this.#told, productId, columns);
      columns.fill(0);
    }
    this.#window++;
    return { number: this.#window, products: [...this.#told] };
  }

  #of(productId: string): Counts {
    let counts = this.#products.get(productId);
    if (counts === undefined) {
      if (this.#products.size >= this.#productsMax) this.#forget();
      counts = { columns: new Float64Array(TRAFFIC_COLUMNS), window: this.#window };
      this.#products.set(productId, counts);
    }
    counts.window = this.#window;
    return counts;
  }

  /** What they counted in the present window is still told. */
  #forget(): void {
    const byAge = [...this.#products].toSorted(([, one], [, other]) => one.window - other.window);
    for (const [productId, { columns, window }] of byAge.slice(0, Math.ceil(this.#productsMax / 10))) {
      this.#products.delete(productId);
      if (window === this.#window) tell(this.#forgotten, productId, columns);
    }
  }
}

function tell(told: Map<string, Float64Array>, productId: string, columns: Float64Array): void {
  const before = told.get(productId);
  if (before === undefined) return void told.set(productId, columns.slice());
  for (let column = 0; column < TRAFFIC_COLUMNS; column++) before[column]! += columns[column]!;
}
