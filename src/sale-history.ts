// The last ten minutes of what is sold or watched through this node, second by second: for each product a ring, in which the
// second that is 600 later takes the place of an older one. Kept by the main thread; pure, so that it asks nobody. A second whose
// stock nobody could read has that of the second before, so that a sum over products does not dip.
//
//   at = second mod 600     seconds[at] says whose figures these are; figures of another second are none

import { emptySeries, type SaleCounts, type SaleSeries, REFUSALS_COUNTED } from './http/index.ts';
import { ORDERS, REFUSED, TRAFFIC_COLUMNS, UNITS } from './http/index.ts';
import type { Stock } from './actors/index.ts';

export const HISTORY_SECONDS = 600;
/** Products with a ring, of 77 KB each; the one that was used longest ago makes room for another. */
export const PRODUCTS_REMEMBERED_MAX = 128;

/** For so long the last reading of a product's stock stands for the seconds in which it was not read. */
export const CARRIED_SECONDS = 60;

const STOCK_COLUMNS = 3;

interface Ring {
  readonly seconds: Float64Array;
  readonly traffic: Float64Array;
  /** Available, held, sold; NaN where nobody asked. */
  readonly stock: Float64Array;
  last: { readonly second: number; readonly figures: readonly number[] } | undefined;
}

export class SaleHistory {
  /** In the order of their use. */
  readonly #rings = new Map<string, Ring>();
  readonly #productsMax: number;

  constructor(productsMax = PRODUCTS_REMEMBERED_MAX) {
    this.#productsMax = productsMax;
  }

  /** @param columns as in a window of traffic */
  count(productId: string, second: number, columns: Float64Array): void {
    const ring = this.#use(productId);
    const at = open(ring, second) * TRAFFIC_COLUMNS;
    for (let column = 0; column < TRAFFIC_COLUMNS; column++) ring.traffic[at + column]! += columns[column]!;
  }

  stock(productId: string, second: number, { available, reserved, sold }: Stock): void {
    const ring = this.#rings.get(productId);
    if (ring === undefined) return;
    carry(ring, second - 1);
    const figures = [available, reserved, sold];
    ring.stock.set(figures, open(ring, second) * STOCK_COLUMNS);
    ring.last = { second, figures };
  }

  /** Nobody will read the stock of the seconds up to this one any more. */
  carry(second: number): void {
    for (const ring of this.#rings.values()) carry(ring, second);
  }

  /** Somebody looks at it: from now on its stock is read, too. */
  watch(productId: string): void {
    this.#use(productId);
  }

  /** Sold or watched, the one whose use is the longest ago first. */
  get productIds(): string[] {
    return [...this.#rings.keys()];
  }

  /** Sums over the products, of the seconds from `from` on, at most ten minutes of them. @param to the last second */
  series(productIds: readonly string[], from: number, to: number): SaleSeries {
    const first = Math.max(from, to - HISTORY_SECONDS + 1);
    const series = emptySeries(first, Math.max(0, to - first + 1));
    for (const productId of productIds) {
      const ring = this.#rings.get(productId);
      if (ring !== undefined) add(series, ring);
    }
    return series;
  }

  counts(productIds: readonly string[], from: number, to: number): SaleCounts[] {
    return productIds.flatMap((productId) => {
      const { orders, units, refused } = this.series([productId], from, to);
      const counts = {
        productId,
        orders: sum(orders),
        units: sum(units),
        refused: Object.fromEntries(Object.entries(refused).map(([code, list]) => [code, sum(list)])),
      };
      return counts.orders === 0 && Object.keys(refused).length === 0 ? [] : [counts];
    });
  }

  #use(productId: string): Ring {
    let ring = this.#rings.get(productId);
    if (ring !== undefined) this.#rings.delete(productId);
    else if (this.#rings.size >= this.#productsMax) this.#rings.delete(this.#rings.keys().next().value!);
    ring ??= {
      seconds: new Float64Array(HISTORY_SECONDS).fill(-1),
      traffic: new Float64Array(HISTORY_SECONDS * TRAFFIC_COLUMNS),
      stock: new Float64Array(HISTORY_SECONDS * STOCK_COLUMNS).fill(NaN),
      last: undefined,
    };
    this.#rings.set(productId, ring);
    return ring;
  }
}

/** @returns the second's place, emptied of an older one's figures */
function open({ seconds, traffic, stock }: Ring, second: number): number {
  const at = second % HISTORY_SECONDS;
  if (seconds[at] !== second) {
    seconds[at] = second;
    traffic.fill(0, at * TRAFFIC_COLUMNS, (at + 1) * TRAFFIC_COLUMNS);
    stock.fill(NaN, at * STOCK_COLUMNS, (at + 1) * STOCK_COLUMNS);
  }
  return at;
}

/** The last reading stands for the seconds after it. */
function carry(ring: Ring, to: number): void {
  if (ring.last === undefined) return;
  const { second: readAt, figures } = ring.last;
  for (let second = readAt + 1; second <= Math.min(to, readAt + CARRIED_SECONDS); second++) {
    const at = open(ring, second) * STOCK_COLUMNS;
    if (Number.isNaN(ring.stock[at]!)) ring.stock.set(figures, at);
  }
}

function add(into: SaleSeries, { seconds, traffic, stock }: Ring): void {
  for (let index = 0; index < into.seconds; index++) {
    const second = into.from + index;
    const at = second % HISTORY_SECONDS;
    if (seconds[at] !== second) continue;
    const columns = at * TRAFFIC_COLUMNS;
    into.orders[index]! += traffic[columns + ORDERS]!;
    into.units[index]! += traffic[columns + UNITS]!;
    for (const [column, code] of REFUSALS_COUNTED.entries()) {
      const count = traffic[columns + REFUSED + column]!;
      if (count === 0) continue;
      into.refused[code] ??= Array.from({ length: into.seconds }, () => 0);
      into.refused[code][index]! += count;
    }
    const available = stock[at * STOCK_COLUMNS]!;
    if (Number.isNaN(available)) continue;
    into.known[index]!++;
    into.available[index]! += available;
    into.held[index]! += stock[at * STOCK_COLUMNS + 1]!;
    into.sold[index]! += stock[at * STOCK_COLUMNS + 2]!;
  }
}

const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0);
