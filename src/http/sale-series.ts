// Figures of a sale second by second, as they travel between threads, between nodes, and to the live board: one list for each
// figure, all of the same length, so that ten minutes are a few kilobytes.

import { REFUSALS_COUNTED, type RefusalCounted } from './traffic.ts';

/** Of some products together. */
export interface SaleSeries {
  /** The first second, counted from 1970; the others follow without a gap. */
  readonly from: number;
  readonly seconds: number;
  readonly orders: number[];
  readonly units: number[];
  /** Of the reasons that occurred. */
  readonly refused: Partial<Record<RefusalCounted, number[]>>;
  /** How many of the products the stock of a second is known of; the three lists behind it are sums over these. */
  readonly known: number[];
  readonly available: number[];
  readonly held: number[];
  readonly sold: number[];
}

/** What was counted of one product within some seconds. */
export interface SaleCounts {
  readonly productId: string;
  readonly orders: number;
  readonly units: number;
  readonly refused: Partial<Record<RefusalCounted, number>>;
}

const zeros = (seconds: number): number[] => Array.from({ length: seconds }, () => 0);

export function emptySeries(from: number, seconds: number): SaleSeries {
  return {
    from,
    seconds,
    orders: zeros(seconds),
    units: zeros(seconds),
    refused: {},
    known: zeros(seconds),
    available: zeros(seconds),
    held: zeros(seconds),
    sold: zeros(seconds),
  };
}

/** What several nodes tell of the same seconds: traffic adds up; stock is the product's own, and whoever knows most is taken. */
export function mergeSeries(told: readonly SaleSeries[], from: number, seconds: number): SaleSeries {
  const merged = emptySeries(from, seconds);
  for (const series of told) {
    const shift = series.from - from;
    for (let at = Math.max(0, -shift); at < series.seconds && at + shift < seconds; at++) {
      const into = at + shift;
      merged.orders[into]! += series.orders[at]!;
      merged.units[into]! += series.units[at]!;
      for (const code of REFUSALS_COUNTED) {
        const count = series.refused[code]?.[at] ?? 0;
        if (count > 0) (merged.refused[code] ??= zeros(seconds))[into]! += count;
      }
      if (series.known[at]! <= merged.known[into]!) continue;
      for (const figure of ['known', 'available', 'held', 'sold'] as const)
        merged[figure][into] = series[figure][at]!;
    }
  }
  return merged;
}

/** By product. */
export function mergeCounts(told: readonly (readonly SaleCounts[])[]): Map<string, SaleCounts> {
  const merged = new Map<string, SaleCounts>();
  for (const counts of told.flat()) {
    const before = merged.get(counts.productId);
    if (before === undefined) {
      merged.set(counts.productId, counts);
      continue;
    }
    const refused = { ...before.refused };
    for (const code of REFUSALS_COUNTED) {
      const count = (refused[code] ?? 0) + (counts.refused[code] ?? 0);
      if (count > 0) refused[code] = count;
    }
    const { productId } = counts;
    merged.set(productId, {
      productId,
      orders: before.orders + counts.orders,
      units: before.units + counts.units,
      refused,
    });
  }
  return merged;
}
