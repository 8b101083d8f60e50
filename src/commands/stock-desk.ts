// Who changes stock for a command: a running node, asked over HTTP or over NATS. The command does not care which.

import type { StockChanged, StockCounted, StockResult } from '../http/index.ts';

export type Change = 'load' | 'withdraw';

export interface StockWish {
  readonly productId: string;
  readonly quantity: number;
  readonly requestId: string;
}

export interface StockBatchWish {
  readonly change: Change;
  readonly lines: readonly StockWish[];
  /** Behind a line that was counted with another quantity before, those of its product are `not_carried_out`. */
  readonly stopAtReused: boolean;
}

export interface StockDesk {
  /** For people. */
  readonly name: string;
  /** Batches that may be under way at once. */
  readonly batchesInFlightMax: number;
  /** @throws StockRefused */
  change(change: Change, wish: StockWish): Promise<StockChanged>;
  /** @returns what became of each line, in their order @throws StockRefused when that is known of none */
  changeMany(batch: StockBatchWish): Promise<readonly StockResult[]>;
  /** @throws StockRefused */
  show(productId: string): Promise<StockCounted>;
  close(): Promise<void>;
}

export const ANSWER_MS_MAX = 15_000;

/** Lines may know more of themselves than a node takes. */
export const bodyOf = ({ change, lines, stopAtReused }: StockBatchWish): StockBatchWish => ({
  change,
  stopAtReused,
  lines: lines.map(({ productId, quantity, requestId }) => ({ productId, quantity, requestId })),
});
