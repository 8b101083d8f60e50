// Who changes stock for a command: a running node, asked over HTTP or over NATS. The command does not care which.

import type { StockChanged, StockCounted } from '../http/index.ts';
import { CommandError } from '../node-client.ts';

export interface StockWish {
  readonly change: 'load' | 'withdraw';
  readonly productId: string;
  readonly quantity: number;
  readonly requestId: string;
}

export interface StockDesk {
  /** For people. */
  readonly name: string;
  /** Requests that may be under way at once. */
  readonly inFlightMax: number;
  /** @throws StockRefused */
  change(wish: StockWish): Promise<StockChanged>;
  /** @throws StockRefused */
  show(productId: string): Promise<StockCounted>;
  close(): Promise<void>;
}

/** What is known of a request that was not done. */
export class StockRefused extends CommandError {
  /** As the HTTP API's, or `no_answer`. */
  readonly code: string;
  readonly detail: string;

  private constructor(message: string, code: string, detail: string) {
    super(message);
    this.code = code;
    this.detail = detail;
  }

  /** @param body a problem of the HTTP API */
  static answered(where: string, status: number, body: string): StockRefused {
    let detail = body.slice(0, 200);
    try {
      const problem = JSON.parse(body) as { code?: unknown; detail?: unknown };
      if (typeof problem.code === 'string') {
        detail = String(problem.detail);
        return new StockRefused(
          `${where} answered ${status}: ${problem.code}: ${detail}`,
          problem.code,
          detail,
        );
      }
    } catch {
      // What stands between us and the node answered in its stead.
    }
    return new StockRefused(`${where} answered ${status}: ${detail}`, NO_ANSWER, detail);
  }

  static silent(where: string, why: string): StockRefused {
    return new StockRefused(`No answer from ${where}: ${why}`, NO_ANSWER, why);
  }
}

const NO_ANSWER = 'no_answer';
export const ANSWER_MS_MAX = 15_000;
