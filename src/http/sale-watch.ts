// What the live board asks the node, once a second for each campaign that somebody looks at.

import * as z from 'zod';
import type { ProductReading } from '../actors/index.ts';
import type { SaleCounts, SaleSeries } from './sale-series.ts';
import { ProductId } from './schemas.ts';

/** Products of one board. */
export const BOARD_PRODUCTS_MAX = 100;

export const SaleQuestion = z.strictObject({
  productIds: z.array(ProductId).max(BOARD_PRODUCTS_MAX),
  /** Those whose seconds are told, together. */
  plottedIds: z.array(ProductId).max(BOARD_PRODUCTS_MAX),
  /** Seconds since 1970: the first one that is told; at most ten minutes of them are. */
  from: z.int().min(0),
});
export type SaleQuestion = z.infer<typeof SaleQuestion>;

/** Of one node's gateways. */
export interface SaleTold {
  /** Of those that are plotted, together. */
  readonly series: SaleSeries;
  /** Of the last few seconds, by product, of all that were named. */
  readonly counts: readonly SaleCounts[];
}

/** Of all gateways that answered, and of the products' actors. */
export interface SaleWatched extends SaleTold {
  /** The seconds that `counts` are of. */
  readonly countedSeconds: number;
  /** Of products that the engine knows, and whose actors answered. */
  readonly readings: readonly ProductReading[];
  /** Nodes whose answers are missing. */
  readonly silent: readonly string[];
}
