// The last ten minutes of what is sold or watched through this node, second by second: for each product a ring, in which the
// second that is 600 later takes the place of an older one. Kept by the main thread; pure, so that it asks nobody.
//
//   at = second mod 600     seconds[at] says whose figures these are; figures of another second are none

import { emptySeries, type SaleCounts, type SaleSeries, REFUSALS_COUNTED } from './http/index.ts';
import { ORDERS, REFUSED, TRAFFIC_COLUMNS, UNITS } from './http/index.ts';
import type { Stock } from './actors/index.ts';

export const HISTORY_SECONDS = 600;
/** Products with a ring, of 77 KB each; the one that was used longest ago makes room for another. */
export const PRODUCTS_REMEMBERED_MAX = 128;

const STOCK_COLUMNS = 3;

interface Ring {
  readonly seconds: Float64Array;
  readonly traffic: Float64Array;
  /** Available, held, sold; NaN where nobody asked. */
  readonly stock: Float64Array;
  usedAt: number;
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
    const ring = this.#use(productId, second);
    const at = open(ring, second) * TRAFFIC_COLUMNS;
    for (let column = 0; column < TRAFFIC_COLUMNS; column++) ring.traffic[at + column]! += columns[column]!;
  }

  stock(productId: string, second: number, { available, reserved, sold }: Stock): void {
    const ring = this.#rings.get(productId);
    if (ring !== undefined) ring.stock.set([available, reserved, sold], open(ring, second) * STOCK_COLUMNS);
  }

  /** Somebody looks at it: from now on its stock is read, too. */
  watch(productId: string, second: number): void {
    this.#use(productId, second);
  }

  /** Sold or watched since then. */
  usedSince(second: number): string[] {
    return [...this.#rings].filter(([, { usedAt }]) => usedAt >= second).map(([productId]) => productId);
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

  #use(productId: string, second: number): Ring {
    let ring = this.#rings.get(productId);
    if (ring !== undefined) this.#rings.delete(productId);
    else if (this.#rings.size >= this.#productsMax) this.#rings.delete(this.#rings.keys().next().value!);
    ring ??= {
      seconds: new Float64Array(HISTORY_SECONDS).fill(-1),
      traffic: new Float64Array(HISTORY_SECONDS * TRAFFIC_COLUMNS),
      stock: new Float64Array(HISTORY_SECONDS * STOCK_COLUMNS).fill(NaN),
      usedAt: second,
    };
    ring.usedAt = second;
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
