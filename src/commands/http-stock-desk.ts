// Stock through the HTTP API of a node.

import type { StockChanged, StockCounted } from '../http/index.ts';
import type { NodeAddress } from '../node-client.ts';
import { ANSWER_MS_MAX, StockRefused, type StockDesk, type StockWish } from './stock-desk.ts';

const IN_FLIGHT_MAX = 64;

export class HttpStockDesk implements StockDesk {
  readonly inFlightMax = IN_FLIGHT_MAX;
  readonly #node: NodeAddress;

  constructor(node: NodeAddress) {
    this.#node = node;
  }

  get name(): string {
    return this.#node.url;
  }

  change({ change, productId, quantity, requestId }: StockWish): Promise<StockChanged> {
    return this.#ask<StockChanged>(productId, {
      method: 'POST',
      headers: { 'Idempotency-Key': requestId },
      body: JSON.stringify({ quantity: change === 'load' ? quantity : -quantity }),
    });
  }

  show(productId: string): Promise<StockCounted> {
    return this.#ask<StockCounted>(productId, { method: 'GET' });
  }

  async close(): Promise<void> {
    // Its connections end with the process.
  }

  async #ask<T>(
    productId: string,
    { headers, ...request }: { method: string; body?: string; headers?: Record<string, string> },
  ): Promise<T> {
    const { url, adminToken } = this.#node;
    let answered: { readonly status: number; readonly ok: boolean; readonly text: string };
    try {
      const response = await fetch(`${url}/v1/admin/products/${encodeURIComponent(productId)}/stock`, {
        ...request,
        headers: { ...headers, Authorization: `Bearer ${adminToken}` },
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      answered = { status: response.status, ok: response.ok, text: await response.text() };
    } catch (error) {
      throw StockRefused.silent(url, String((error as Error).cause ?? error));
    }
    if (!answered.ok) throw StockRefused.answered(url, answered.status, answered.text);
    return JSON.parse(answered.text) as T;
  }
}
